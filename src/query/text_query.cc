#include "query/text_query.h"

#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/key_encoder.h"
#include "document/index_text.h"
#include "query/planner_internal.h"

namespace nacre::query {
namespace {

using error_codes::kBadValue;
using error_codes::kIndexNotFound;
using error_codes::kNoQueryExecutionPlans;

std::unexpected<Error> bad(std::int32_t number, std::string text) {
  return fail(Code::kInvalid, number, std::move(text));
}

void add_once(std::vector<std::string>& to, std::string_view term) {
  if (std::ranges::find(to, term) == to.end()) to.emplace_back(term);
}

// Reads a search string piece by piece.
class SearchText {
 public:
  SearchText(std::string_view text, TextQuery& query) : text_(text), query_(query) {}

  void read() {
    while (at_ < text_.size()) {
      const bool negated = text_[at_] == '-' && (at_ == 0 || is_space(text_[at_ - 1]));
      if (negated) ++at_;
      if (at_ < text_.size() && text_[at_] == '"') {
        phrase(negated);
      } else {
        words(negated);
      }
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    }
  }

 private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  [[nodiscard]] bool sensitive() const {
    return query_.sensitivity.to_case || query_.sensitivity.to_accents;
  }

  void phrase(bool negated) {
    ++at_;
    const std::size_t end = std::min(text_.find('"', at_), text_.size());
    const std::string_view inside = text_.substr(at_, end - at_);
    at_ = std::min(end + 1, text_.size());
    if (inside.empty()) return;
    auto& phrases = negated ? query_.negated_phrases : query_.phrases;
    phrases.push_back(text::folded(inside, query_.sensitivity));
    if (!negated) add_terms(inside);
  }

  void words(bool negated) {
    const std::size_t start = at_;
    while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != '"') ++at_;
    const std::string_view piece = text_.substr(start, at_ - start);
    if (!negated) return add_terms(piece);
    query_.language->terms(
        piece, [&](std::string_view term) { add_once(query_.negated_terms, term); },
        query_.sensitivity);
  }

  void add_terms(std::string_view piece) {
    query_.language->terms(piece, [&](std::string_view term) { add_once(query_.terms, term); });
    if (!sensitive()) return;
    query_.language->terms(
        piece, [&](std::string_view term) { add_once(query_.close_terms, term); },
        query_.sensitivity);
  }

  std::string_view text_;
  TextQuery& query_;
  std::size_t at_ = 0;
};

// The values of the fields before the words, which the filter must give.
Result<std::string> prefix_of(const document::IndexInfo& index, const match::Filter& filter) {
  std::string prefix;
  for (const document::IndexField& field : index.fields) {
    if (field.kind == document::FieldKind::kText) break;
    const auto bounds = filter.bounds(field.path, /*multikey=*/false);
    if (!bounds || bounds->intervals.size() != 1 || !bounds->intervals.front().is_point()) {
      return bad(kNoQueryExecutionPlans,
                 format("failed to use text index to satisfy $text query: there is no equality on "
                        "its prefix field {}",
                        field.path));
    }
    bson::append_key(prefix, bounds->intervals.front().lower.value,
                     field.descending ? bson::Direction::kDescending : bson::Direction::kAscending);
  }
  return prefix;
}

// What of a query a document's strings have been seen to hold.
class Seen {
 public:
  explicit Seen(const TextQuery& query) : query_(query), phrases_(query.phrases.size()) {}

  void look(std::string_view text, const text::Language& language) {
    const bool asks_terms = !query_.close_terms.empty() || !query_.negated_terms.empty();
    if (asks_terms) {
      language.terms(text, [&](std::string_view term) { see_term(term); }, query_.sensitivity);
    }
    if (query_.phrases.empty() && query_.negated_phrases.empty()) return;
    const std::string folded = text::folded(text, query_.sensitivity);
    for (std::size_t i = 0; i < phrases_.size(); ++i) {
      phrases_[i] = phrases_[i] || folded.contains(query_.phrases[i]);
    }
    for (const std::string& phrase : query_.negated_phrases) {
      unwanted_ = unwanted_ || folded.contains(phrase);
    }
  }

  [[nodiscard]] bool accepted() const {
    return !unwanted_ && (query_.close_terms.empty() || close_) &&
           std::ranges::all_of(phrases_, std::identity());
  }

 private:
  void see_term(std::string_view term) {
    const auto among = [&](const std::vector<std::string>& terms) {
      return std::ranges::find(terms, term) != terms.end();
    };
    close_ = close_ || among(query_.close_terms);
    unwanted_ = unwanted_ || among(query_.negated_terms);
  }

  const TextQuery& query_;
  std::vector<bool> phrases_;
  bool close_ = false;
  bool unwanted_ = false;
};

}  // namespace

Result<bool> TextQuery::accepts(const bson::View& document) const {
  Seen seen(*this);
  const document::TextVisit visit = [&](std::string_view text, std::int32_t,
                                        const text::Language& in) { seen.look(text, in); };
  NACRE_TRY(document::visit_text(*index->options.text, document, visit));
  return seen.accepted();
}

namespace {

// Whether all of its parts must hold: an $or of one part is nothing else.
bool is_conjunction(const bson::Element& condition) {
  if (!condition.is(bson::Type::kArray)) return false;
  return condition.name() == "$and" ||
         (condition.name() == "$or" && condition.array().count() == 1);
}

}  // namespace

bson::Element text_condition(const bson::View& filter) {
  if (const bson::Element here = filter.find("$text")) return here;
  for (const bson::Element& condition : filter) {
    if (!is_conjunction(condition)) continue;
    for (const bson::Element& part : condition.array()) {
      if (!part.is(bson::Type::kDocument)) continue;
      if (const bson::Element inside = part.document().find("$text")) return inside;
    }
  }
  return {};
}

bson::Document without_text(const bson::View& filter) {
  bson::Builder rest;
  for (const bson::Element& condition : filter) {
    if (condition.name() == "$text") continue;
    if (!is_conjunction(condition)) {
      rest.append(condition);
      continue;
    }
    bson::Builder parts = bson::Builder::array();
    for (const bson::Element& part : condition.array()) {
      if (!part.is(bson::Type::kDocument) || !part.document().find("$text")) {
        parts.push(part);
        continue;
      }
      const bson::Document left = without_text(part.document());
      parts.push(left);
    }
    rest.append_array(condition.name(), parts.finish());
  }
  return rest.finish();
}

Result<TextQuery> parse_text_query(const bson::Element& condition, const document::IndexInfo& index,
                                   const match::Filter& filter) {
  const match::TextQuery asked = NACRE_TRY(match::parse_text(condition));
  TextQuery query;
  query.index = &index;
  query.language = text::Language::find(asked.language.empty()
                                            ? std::string_view(index.options.text->default_language)
                                            : std::string_view(asked.language));
  query.sensitivity = {.to_case = asked.case_sensitive, .to_accents = asked.diacritic_sensitive};
  query.prefix = NACRE_TRY(prefix_of(index, filter));
  SearchText(asked.search, query).read();
  return query;
}

Result<std::optional<Access>> by_text(const PlanRequest& request) {
  if (!request.text) return std::nullopt;
  if (request.hint) return bad(kBadValue, "$text and hint not allowed in same query");
  for (const document::IndexInfo& index : request.collection->indexes) {
    if (index.options.text == nullptr || !index.is_usable()) continue;
    Access access{.kind = AccessKind::kText, .collection = request.collection, .index = &index};
    access.text = std::make_shared<const TextQuery>(
        NACRE_TRY(parse_text_query(request.text, index, *request.filter)));
    access.bounds.fields.resize(index.fields.size());
    access.sorted = request.by_text_score;
    access.covers_filter = request.filter->matches_everything();
    return access;
  }
  return fail(Code::kInvalid, kIndexNotFound, "text index required for $text query");
}

}  // namespace nacre::query
