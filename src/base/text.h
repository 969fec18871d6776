// Text formatting: the one place that names fmt.
#pragma once

#include <fmt/core.h>

#include <concepts>
#include <string>

namespace nacre {

using fmt::format;

// "0x1a2b"
template <std::unsigned_integral T>
[[nodiscard]] std::string hex(T value) {
  return fmt::format("{:#x}", value);
}

}  // namespace nacre
