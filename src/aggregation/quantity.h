// Quantities: numbers calculated with as the arithmetic expressions do it, but with no errors.
//
// A decimal makes all decimal. Whole numbers stay whole until they have no room, doubles from then
//   on; a quotient is never whole. Every operand is a number, and no divisor of whole numbers is 0.
// Threads: pure functions.
#pragma once

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::aggregation {

[[nodiscard]] bson::Value added(const bson::Element& a, const bson::Element& b);
[[nodiscard]] bson::Value subtracted(const bson::Element& from, const bson::Element& what);
[[nodiscard]] bson::Value multiplied(const bson::Element& a, const bson::Element& b);
[[nodiscard]] bson::Value divided(const bson::Element& what, const bson::Element& by);

}  // namespace nacre::aggregation
