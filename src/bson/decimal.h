// Decimal arithmetic beyond sums and products: what expressions compute with decimal128.
//
// Results are Intel's decimal library's: 34 digits, nearest, ties to even unless said otherwise.
// What has no result is NaN, as IEEE 754 has it. Cost:    the functions of analysis take
// microseconds. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bson/value.h"

namespace nacre::bson::decimal {

enum class Rounding : std::uint8_t { kNearestEven, kDown, kUp, kTowardZero };

[[nodiscard]] Decimal128 from(std::int64_t value);
// With 15 significant digits: what a double is sure of.
[[nodiscard]] Decimal128 from(double value);
// As many digits as it has, 34 at most.
[[nodiscard]] Decimal128 exactly(double value);
// Of int32, int64, double (15 digits) and decimal128. Requires is_number().
[[nodiscard]] Decimal128 from(const Element& value);
// Nothing for what is no number; more digits than 34 are rounded. "Infinity", "NaN" and the like
// too.
[[nodiscard]] std::optional<Decimal128> from(std::string_view text);
[[nodiscard]] std::string to_string(Decimal128 value);

[[nodiscard]] Decimal128 add(Decimal128 a, Decimal128 b);
[[nodiscard]] Decimal128 subtract(Decimal128 a, Decimal128 b);
[[nodiscard]] Decimal128 multiply(Decimal128 a, Decimal128 b);
[[nodiscard]] Decimal128 divide(Decimal128 a, Decimal128 b);
[[nodiscard]] Decimal128 remainder(Decimal128 a, Decimal128 b);  // with the sign of a
[[nodiscard]] Decimal128 power(Decimal128 base, Decimal128 exponent);
[[nodiscard]] Decimal128 atan2(Decimal128 y, Decimal128 x);

[[nodiscard]] Decimal128 absolute(Decimal128 value);
[[nodiscard]] Decimal128 sqrt(Decimal128 value);
[[nodiscard]] Decimal128 exp(Decimal128 value);
[[nodiscard]] Decimal128 ln(Decimal128 value);
[[nodiscard]] Decimal128 log10(Decimal128 value);
[[nodiscard]] Decimal128 sin(Decimal128 value);
[[nodiscard]] Decimal128 cos(Decimal128 value);
[[nodiscard]] Decimal128 tan(Decimal128 value);
[[nodiscard]] Decimal128 asin(Decimal128 value);
[[nodiscard]] Decimal128 acos(Decimal128 value);
[[nodiscard]] Decimal128 atan(Decimal128 value);
[[nodiscard]] Decimal128 sinh(Decimal128 value);
[[nodiscard]] Decimal128 cosh(Decimal128 value);
[[nodiscard]] Decimal128 tanh(Decimal128 value);
[[nodiscard]] Decimal128 asinh(Decimal128 value);
[[nodiscard]] Decimal128 acosh(Decimal128 value);
[[nodiscard]] Decimal128 atanh(Decimal128 value);

// To a whole number.
[[nodiscard]] Decimal128 integral(Decimal128 value, Rounding rounding);
// To so many places after the point (before it when negative), zeros appended; the value itself
// when it has no room for that many digits, or is infinite or NaN.
[[nodiscard]] Decimal128 with_places(Decimal128 value, int places, Rounding rounding);

// The whole number next to it; nothing when that is no int64, for NaN and for infinities.
[[nodiscard]] std::optional<std::int64_t> to_int64(Decimal128 value, Rounding rounding);
[[nodiscard]] double to_double(Decimal128 value);

[[nodiscard]] bool is_nan(Decimal128 value);
[[nodiscard]] bool is_infinite(Decimal128 value);
[[nodiscard]] bool is_negative(Decimal128 value);  // below zero; -0 is not
[[nodiscard]] bool is_zero(Decimal128 value);
[[nodiscard]] bool less(Decimal128 a, Decimal128 b);

}  // namespace nacre::bson::decimal
