// Entries of text indexes: each word with how much it counts in the document, and one that tells
// how long the document is.
#include "document/index_text.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "document/index_entry_internal.h"
#include "document/index_expansion_internal.h"
#include "text/words.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kArrayBesideText = 16675;
constexpr std::int32_t kLanguageNotString = 17261;
constexpr std::int32_t kLanguageUnknown = 17262;

// The language that a (sub)document names, or `otherwise`.
Result<const text::Language*> language_of(bson::View document, const TextOptions& options,
                                          const text::Language* otherwise) {
  const bson::Element named = document.find(options.language_override);
  if (!named) return otherwise;
  if (!named.is(bson::Type::kString)) {
    return fail(Code::kInvalid, kLanguageNotString,
                "found language override field in document with non-string type");
  }
  const text::Language* language = text::Language::find(named.string());
  if (language == nullptr) {
    return fail(Code::kInvalid, kLanguageUnknown,
                format("language override unsupported: {}", named.string()));
  }
  return language;
}

// Visits the strings at the weighted paths of a document.
class Strings {
 public:
  Strings(const TextOptions& options, const TextVisit& visit) : options_(options), visit_(visit) {}

  // NOLINTNEXTLINE(misc-no-recursion): no deeper than the document
  Result<> document(bson::View inside, const text::Language* language) {
    language = NACRE_TRY(language_of(inside, options_, language));
    const std::size_t size = path_.size();
    for (const bson::Element& element : inside) {
      if (size > 0) path_.push_back('.');
      path_.append(element.name());
      NACRE_TRY(value(element, language));
      path_.resize(size);
    }
    return {};
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  Result<> value(const bson::Element& element, const text::Language* language) {
    if (element.is(bson::Type::kDocument)) return document(element.document(), language);
    if (element.is(bson::Type::kArray)) {
      for (const bson::Element& inside : element.array()) {
        if (!inside.is(bson::Type::kArray)) NACRE_TRY(value(inside, language));
      }
      return {};
    }
    if (!element.is(bson::Type::kString)) return {};
    const std::int32_t weight = weight_here();
    if (weight > 0) visit_(element.string(), weight, *language);
    return {};
  }

  [[nodiscard]] std::int32_t weight_here() const {
    std::int32_t everywhere = 0;
    for (const TextOptions::Weight& weight : options_.weights) {
      if (weight.path == path_) return weight.weight;
      if (weight.path == "$**") everywhere = weight.weight;
    }
    const bool is_language =
        path_ == options_.language_override || path_.ends_with("." + options_.language_override);
    return is_language ? 0 : everywhere;
  }

  const TextOptions& options_;
  const TextVisit& visit_;
  std::string path_;
};

std::vector<IndexField> fields_beside_text(const IndexInfo& index) {
  std::vector<IndexField> fields;
  for (const IndexField& field : index.fields) {
    if (field.kind == FieldKind::kOrdered) fields.push_back(field);
  }
  return fields;
}

// The encodings of the fields before and behind the words.
struct Around {
  std::string before;
  std::string behind;
};

Result<Around> fields_around(const IndexInfo& index, bson::View document) {
  Around around;
  const std::vector<IndexField> beside = fields_beside_text(index);
  if (beside.empty()) return around;
  std::vector<bool> multikey(beside.size());
  const auto emit = [&](const std::vector<Walk>& walks) {
    std::string* to = &around.before;
    std::size_t i = 0;
    for (const IndexField& field : index.fields) {
      if (field.kind == FieldKind::kText) {
        to = &around.behind;
        continue;
      }
      const bson::Element value = walks[i].at ? walks[i].at : null_element();
      bson::append_key(*to, value, direction_of(field));
      ++i;
    }
  };
  NACRE_TRY(expand_fields(beside, document, multikey, emit));
  for (const bool array : multikey) {
    if (array) {
      return fail(Code::kInvalid, kArrayBesideText,
                  "cannot have a multi-key as a prefix to a text index");
    }
  }
  return around;
}

}  // namespace

Result<> visit_text(const TextOptions& options, bson::View document, const TextVisit& visit) {
  return Strings(options, visit).document(document, text::Language::find(options.default_language));
}

Result<> text_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                      IndexEntries& entries) {
  std::map<std::string, std::uint64_t, std::less<>> counts;  // weighted, by term
  std::uint64_t length = 0;
  const TextVisit visit = [&](std::string_view text, std::int32_t weight,
                              const text::Language& language) {
    language.terms(text, [&](std::string_view term) {
      ++length;
      const auto found = counts.find(term);
      if (found != counts.end()) {
        found->second += static_cast<std::uint64_t>(weight);
      } else {
        counts.emplace(term, static_cast<std::uint64_t>(weight));
      }
    });
  };
  NACRE_TRY(visit_text(*index.options.text, document, visit));
  if (counts.empty()) return {};  // a text index is sparse
  const Around around = NACRE_TRY(fields_around(index, document));
  EntryFields whole{.key = std::string(kTextLengthPrefix), .rest = {}};
  append_varint(whole.rest, length);
  entries.entries.push_back(
      finish_entry(index, std::move(whole), id_key, entries.traits.shortened));
  for (const auto& [term, count] : counts) {
    EntryFields fields{.key = around.before, .rest = {}};
    append_term(fields.key, term);
    fields.key += around.behind;
    append_varint(fields.rest, count);
    append_varint(fields.rest, length);
    entries.entries.push_back(
        finish_entry(index, std::move(fields), id_key, entries.traits.shortened));
  }
  return {};
}

void append_term(std::string& to, std::string_view term) {
  to.append(term);
  to.push_back('\0');
}

Result<TextPosting> decode_posting(Bytes key, Bytes value) {
  const EntryValue entry = NACRE_TRY(decode_entry_value(key, value));
  Decoder in(as_bytes(entry.rest));
  const auto count = in.varint();
  const auto length = count ? in.varint() : std::nullopt;
  if (!count || *count == 0) return fail(Code::kCorrupt, "text index: an entry without a count");
  return TextPosting{.id_key = entry.id_key, .count = *count, .length = length.value_or(*count)};
}

}  // namespace nacre::document
