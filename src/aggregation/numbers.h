// Whole numbers in stage specifications.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "bson/value.h"

namespace nacre::aggregation {

// A number that is whole and fits 64 bits; nothing for all else.
[[nodiscard]] inline std::optional<std::int64_t> whole_number(const bson::Element& value) {
  return value.is_number() ? value.as_int64() : std::nullopt;
}

}  // namespace nacre::aggregation
