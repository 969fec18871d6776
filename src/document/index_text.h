// What a text index holds, for whoever searches it.
//
// Its table has for each document that has words one entry under kTextLengthPrefix and its _id that
//   tells how many they are, and for each word one under the fields before the words, the word, the
//   fields behind and its _id, that tells how much the word counts in the document (the sum of the
//   weights of its occurrences) and again the number of words.
// Format:  docs/format/documents.md, "Text".
// Errors:  kInvalid 17261 and 17262 for a document's language; kCorrupt for an entry.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "bson/value.h"
#include "document/catalog.h"
#include "text/words.h"

namespace nacre::document {

inline constexpr std::string_view kTextLengthPrefix{"\x01", 1};  // before any value and word

// Each string at a path that has a weight, with the language it is in.
using TextVisit =
    std::function<void(std::string_view text, std::int32_t weight, const text::Language& language)>;
[[nodiscard]] Result<> visit_text(const TextOptions& options, bson::View document,
                                  const TextVisit& visit);

// A word as part of a key. Words hold no zero byte.
void append_term(std::string& to, std::string_view term);

struct TextPosting {
  Bytes id_key;
  std::uint64_t count = 0;   // weighted, of the word in the document
  std::uint64_t length = 0;  // words of the document
};
// Of an entry; of one under kTextLengthPrefix the count is the length.
[[nodiscard]] Result<TextPosting> decode_posting(Bytes key, Bytes value);

}  // namespace nacre::document
