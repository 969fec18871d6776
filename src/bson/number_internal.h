// Numbers of all four types, exactly: taking them apart, comparing, converting.
//
// Why not Intel's decimal library here: order and equality between a decimal and a double must be
//   exact, and converting either into the other's format rounds. Both are finite digit strings; we
//   compare those. (Decimal arithmetic is another matter, and belongs to that library.)
// Cost:    no allocation; a comparison of decimal with double may print the double's exact digits.
// Threads: pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "bson/value.h"

namespace nacre::bson {

__extension__ using Uint128 = unsigned __int128;

// coefficient * 10^exponent, negated when negative. A zero may be negative and has any exponent.
struct DecimalParts {
  enum class Kind : std::uint8_t { kFinite, kInfinity, kNan };
  Kind kind = Kind::kFinite;
  bool negative = false;
  int exponent = 0;
  Uint128 coefficient = 0;  // at most 10^34 - 1
};

[[nodiscard]] DecimalParts decompose(Decimal128 value);
[[nodiscard]] DecimalParts decompose(std::int64_t value);

// The same number with a coefficient of exactly 34 digits (the exponent may leave the format's
// range). Requires a finite number other than zero.
[[nodiscard]] DecimalParts normalised(DecimalParts parts);

// The double next to `parts`' magnitude towards zero, and whether it is that magnitude exactly.
// Requires a finite number.
struct TruncatedDouble {
  double value = 0;  // >= 0
  bool exact = true;
};
[[nodiscard]] TruncatedDouble truncated(const DecimalParts& parts);
[[nodiscard]] TruncatedDouble truncated(std::int64_t value);

// All digits of a double, as coefficient and exponent; nothing when it has more than 34. Requires a
// finite value > 0.
[[nodiscard]] std::optional<DecimalParts> exact_decimal(double value);

// The same number with that exponent; nothing when its coefficient would not be a whole number of
// at most 34 digits.
[[nodiscard]] std::optional<DecimalParts> with_exponent(DecimalParts parts, int exponent);

// Requires a finite number whose coefficient and exponent the format can hold.
[[nodiscard]] Decimal128 compose(const DecimalParts& parts);

[[nodiscard]] std::optional<std::int64_t> exact_int64(double value);
[[nodiscard]] std::optional<std::int64_t> exact_int64(DecimalParts parts);
[[nodiscard]] std::optional<std::int64_t> exact_int64(Decimal128 value);
[[nodiscard]] double to_double(Decimal128 value);  // nearest; beyond the range an infinity
[[nodiscard]] bool is_zero(Decimal128 value);

// MongoDB's order of two numbers of any types: NaN first and equal to NaN, -0 equal to 0.
// Requires is_number() of both.
[[nodiscard]] std::weak_ordering compare_numbers(const Element& a, const Element& b);

}  // namespace nacre::bson
