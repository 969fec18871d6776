// Sums and products of numbers of any types, as $inc, $mul and $sum promote them.
//
// int32 with int32 stays int32 when it fits and becomes int64 when it does not; int64 overflow is
// nothing; a double makes it a double, a decimal128 a decimal128 (34 digits, nearest, ties to even;
// a double enters with the 15 digits it is sure of).
// Threads: pure functions.
#pragma once

#include <optional>

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::bson {

// Require is_number() of both; nothing when an int64 overflows.
[[nodiscard]] std::optional<Value> add(const Element& a, const Element& b);
[[nodiscard]] std::optional<Value> multiply(const Element& a, const Element& b);

}  // namespace nacre::bson
