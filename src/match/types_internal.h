// Sets of BSON types as bits, and their names.
//
// Errors:  types_of_name: kInvalid 2 for a name that is none.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "bson/value.h"

namespace nacre::match {

[[nodiscard]] constexpr std::uint32_t type_bit(bson::Type type) {
  if (type == bson::Type::kMinKey) return 1U << 30;
  if (type == bson::Type::kMaxKey) return 1U << 31;
  return 1U << static_cast<unsigned>(type);
}

inline constexpr std::uint32_t kNumberTypes =
    type_bit(bson::Type::kDouble) | type_bit(bson::Type::kInt32) | type_bit(bson::Type::kInt64) |
    type_bit(bson::Type::kDecimal128);

// Of "int", "object", ... and "number".
[[nodiscard]] Result<std::uint32_t> types_of_name(std::string_view name);

}  // namespace nacre::match
