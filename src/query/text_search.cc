#include "query/text_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/codec.h"
#include "document/index_text.h"
#include "query/scan.h"

namespace nacre::query {
namespace {

constexpr double kSaturation = 1.2;    // k1
constexpr double kLengthShare = 0.75;  // b

void append_list(bson::Builder& to, std::string_view name, const std::vector<std::string>& list) {
  to.begin_array(name);
  for (const std::string& one : list) to.push(one);
  to.end();
}

}  // namespace

Result<> TextSearch::read_term(std::string_view term, std::vector<Hit>& hits) {
  std::string prefix = query_->prefix;
  document::append_term(prefix, term);
  auto cursor = NACRE_TRY(execution_.reader.cursor(query_->index->table));
  std::string key;
  bool row = NACRE_TRY(cursor->seek(as_bytes(prefix)));
  while (row) {
    NACRE_TRY(execution_.limits.check());
    const auto some = NACRE_TRY(cursor->read_rows({}));
    for (const auto& view : some.rows) {
      key.assign(as_text(view.prefix)).append(as_text(view.suffix));
      if (!key.starts_with(prefix)) return {};
      const auto posting = NACRE_TRY(document::decode_posting(as_bytes(key), view.value));
      hits.push_back({.id = ids_.size(),
                      .id_size = static_cast<std::uint32_t>(posting.id_key.size()),
                      .count = static_cast<float>(posting.count),
                      .length = static_cast<float>(posting.length),
                      .score = 0});
      append_bytes(ids_, posting.id_key);
      ++counters_.keys;
    }
    row = some.more;
  }
  return {};
}

void TextSearch::weigh(std::vector<Hit>& hits) const {
  const auto with_term = static_cast<double>(hits.size());
  // The totals may lag a little behind the snapshot; a word is never rarer than its documents.
  const double all = std::max(static_cast<double>(totals_.documents), with_term);
  const double rarity = std::log1p((all - with_term + 0.5) / (with_term + 0.5));
  const double average = totals_.documents > 0
                             ? std::max(1.0, static_cast<double>(totals_.words) /
                                                 static_cast<double>(totals_.documents))
                             : 1.0;
  for (Hit& hit : hits) {
    const double f = hit.count;
    const double length = 1 - kLengthShare + kLengthShare * hit.length / average;
    hit.score = rarity * f * (kSaturation + 1) / (f + kSaturation * length);
  }
}

void TextSearch::add(std::vector<Hit> hits) {
  const auto before = [&](const Hit& a, const Hit& b) { return id_of(a) < id_of(b); };
  // Entries of one word are in the order of _id, but for fields between the two.
  if (!std::ranges::is_sorted(hits, before)) std::ranges::sort(hits, before);
  if (hits_.empty()) {
    hits_ = std::move(hits);
    return;
  }
  std::vector<Hit> both;
  both.reserve(hits_.size() + hits.size());
  std::ranges::merge(hits_, hits, std::back_inserter(both), before);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < both.size(); ++i) {
    if (id_of(both[i]) == id_of(both[kept])) {
      both[kept].score += both[i].score;
    } else {
      both[++kept] = both[i];
    }
  }
  both.resize(kept + 1);
  hits_ = std::move(both);
}

Result<> TextSearch::search() {
  searched_ = true;
  if (query_->terms.empty()) return {};
  totals_ = NACRE_TRY(execution_.reader.text_totals(*query_->index));
  for (const std::string& term : query_->terms) {
    std::vector<Hit> hits;
    NACRE_TRY(read_term(term, hits));
    weigh(hits);
    if (!hits.empty()) add(std::move(hits));
  }
  if (best_first_) {
    std::ranges::make_heap(hits_, [&](const Hit& a, const Hit& b) {
      return a.score < b.score || (a.score == b.score && id_of(a) > id_of(b));
    });
  }
  return {};
}

Result<std::optional<Row>> TextSearch::next() {
  NACRE_TRY(execution_.step());
  if (!searched_) NACRE_TRY(search());
  ++counters_.works;
  Hit hit;
  if (best_first_) {
    if (hits_.empty()) return std::nullopt;
    std::ranges::pop_heap(hits_, [&](const Hit& a, const Hit& b) {
      return a.score < b.score || (a.score == b.score && id_of(a) > id_of(b));
    });
    hit = hits_.back();
    hits_.pop_back();
  } else {
    if (at_ == hits_.size()) return std::nullopt;
    hit = hits_[at_++];
  }
  ++counters_.returned;
  return Row{.key = as_bytes(id_of(hit)), .document = {}, .stored = {}, .text_score = hit.score};
}

void TextSearch::describe(bson::Builder& to) const {
  to.append("indexName", query_->index->name);
  to.append("keyPattern", query_->index->specification.find("key"));
}

Result<std::optional<Row>> TextMatch::next() {
  while (true) {
    auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) return std::nullopt;
    if (query_->needs_documents()) {
      const bool taken = NACRE_TRY(query_->accepts(row->document));
      if (!taken) continue;
    }
    ++counters_.returned;
    return row;
  }
}

void TextMatch::describe(bson::Builder& to) const {
  to.begin_document("indexPrefix").end().append("indexName", query_->index->name);
  to.begin_document("parsedTextQuery");
  append_list(to, "terms", query_->terms);
  append_list(to, "negatedTerms", query_->negated_terms);
  append_list(to, "phrases", query_->phrases);
  append_list(to, "negatedPhrases", query_->negated_phrases);
  to.end().append("textIndexVersion", 3);
}

std::unique_ptr<Operator> open_text(Execution& execution, Access access,
                                    const match::Filter* filter, Need need) {
  std::shared_ptr<const TextQuery> query = std::move(access.text);
  auto keys = std::make_unique<TextSearch>(execution, query, access.sorted);
  const bool keys_will_do = need == Need::kCount && filter == nullptr && !query->needs_documents();
  if (keys_will_do) return keys;
  auto documents = std::make_unique<Fetch>(execution, std::move(keys), *access.collection, filter);
  return std::make_unique<TextMatch>(std::move(documents), std::move(query));
}

}  // namespace nacre::query
