// What {$text: {$search: ...}} asks for, against one text index.
//
// Words are looked for one or the other; every "phrase in quotes" must stand in some field as it
//   is; -word and -"phrase" must not. Words go through the index's language, or $language.
// Errors:  kInvalid 2 (BadValue) for what $text does not take or a language there is not, 14;
//          291 (NoQueryExecutionPlans) when a field before the text fields is not given.
// Threads: immutable once parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "document/catalog.h"
#include "match/filter.h"
#include "text/words.h"

namespace nacre::query {

struct TextQuery {
  const document::IndexInfo* index = nullptr;
  const text::Language* language = nullptr;
  text::Sensitivity sensitivity;
  std::string prefix;                      // of all keys: the fields before the words
  std::vector<std::string> terms;          // as the index has them; each once
  std::vector<std::string> close_terms;    // as `sensitivity` has them, when it is not the index's
  std::vector<std::string> negated_terms;  // as `sensitivity` has them
  std::vector<std::string> phrases;        // folded by it
  std::vector<std::string> negated_phrases;

  // Whether the entries of a document do not tell that it matches.
  [[nodiscard]] bool needs_documents() const {
    return !phrases.empty() || !negated_terms.empty() || !negated_phrases.empty() ||
           !close_terms.empty();
  }
  // Of a document that has one of the terms.
  [[nodiscard]] Result<bool> accepts(const bson::View& document) const;
};

// The operand of the filter's $text, at its top or in a top-level $and, or $or of one part; missing
// when it has none.
[[nodiscard]] bson::Element text_condition(const bson::View& filter);
// The filter but for that: what match::Filter reads. It refuses $text anywhere else.
[[nodiscard]] bson::Document without_text(const bson::View& filter);

[[nodiscard]] Result<TextQuery> parse_text_query(const bson::Element& condition,
                                                 const document::IndexInfo& index,
                                                 const match::Filter& filter);

}  // namespace nacre::query
