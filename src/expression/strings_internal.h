// What the operators on strings share.
#pragma once

#include <string>
#include <string_view>

#include "expression/node_internal.h"

namespace nacre::expression {

// A value as the text that $toLower, $substr and the like take it for: numbers and dates written
// out, null and missing empty. 16007 for what has no text.
[[nodiscard]] Result<std::string> text_of(const bson::Element& value);

// Doubles as MongoDB writes them: 16 digits at most, "NaN", "Infinity".
[[nodiscard]] std::string text_of_double(double value);

[[nodiscard]] inline bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}
[[nodiscard]] std::size_t count_characters(std::string_view text);
// Bytes of the character that starts there.
[[nodiscard]] std::size_t character_bytes(std::string_view text, std::size_t at);
// Where the character of that number starts; the end when there are fewer.
[[nodiscard]] std::size_t offset_of_character(std::string_view text, std::size_t index);

}  // namespace nacre::expression
