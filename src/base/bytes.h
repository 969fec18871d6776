// Bytes: a view of raw bytes, and the few conversions everybody needs.
//
// Views are parameters and short-lived returns; whoever returns one says until when it is valid.
// Threads: plain values and pure functions.
#pragma once

#include <compare>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace nacre {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline std::string to_string(Bytes bytes) { return std::string(as_text(bytes)); }

// Lexicographic by unsigned byte; a proper prefix comes first. The order of every key in Nacre.
[[nodiscard]] inline std::strong_ordering compare(Bytes a, Bytes b) {
  return as_text(a) <=> as_text(b);
}

[[nodiscard]] inline bool equal(Bytes a, Bytes b) { return as_text(a) == as_text(b); }

}  // namespace nacre
