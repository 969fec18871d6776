// Where and why a text is not JSON (RFC 8259), for messages about documents that were refused.
//
// Why beside simdjson: the fast parser says that a text is wrong, this one says where; it runs only
//   on texts already refused, and tests hold the two against each other.
// Cost: O(text), no allocation but the message; nesting is bounded.
// Threads: pure function.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nacre::cli {

inline constexpr std::size_t kJsonDepthMax = 200;  // as deep as BSON documents nest

struct JsonFault {
  std::size_t offset = 0;  // of the first byte that cannot stand, from the text's start
  std::string reason;      // "expected ',' or '}', found 'x'"
};

// The first fault of `text`, which should be one JSON value and nothing but white space around it.
[[nodiscard]] std::optional<JsonFault> find_json_fault(std::string_view text);

// How a message shows the byte at `offset`: "'x'", "byte 0x07" or "the end".
[[nodiscard]] std::string show_byte(std::string_view text, std::size_t offset);

}  // namespace nacre::cli
