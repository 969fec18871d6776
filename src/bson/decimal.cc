#include "bson/decimal.h"

#include <bson/bson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "bson/decimal_library_internal.h"
#include "bson/number_internal.h"

namespace nacre::bson::decimal {
namespace {

// The library's numbers of its rounding modes.
constexpr unsigned kNearest = 0;
constexpr unsigned kInvalidFlag = 1;

unsigned library_mode(Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearestEven:
      return 0;
    case Rounding::kDown:
      return 1;
    case Rounding::kUp:
      return 2;
    case Rounding::kTowardZero:
      return 3;
  }
  return 0;
}

template <auto function>
Decimal128 rounded(Decimal128 a, Decimal128 b) {
  unsigned flags = 0;
  return from_library(function(to_library(a), to_library(b), kNearest, &flags));
}

template <auto function>
Decimal128 rounded(Decimal128 value) {
  unsigned flags = 0;
  return from_library(function(to_library(value), kNearest, &flags));
}

}  // namespace

Decimal128 from(std::int64_t value) { return from_library(bid128_from_int64(value)); }

Decimal128 exactly(double value) {
  unsigned flags = 0;
  return from_library(binary64_to_bid128(value, kNearest, &flags));
}

Decimal128 from(double value) {
  constexpr int kSureDigits = 15;
  std::array<char, 40> text{};
  char* const last = text.data() + text.size() - 1;
  if (std::isfinite(value)) {
    std::to_chars(text.data(), last, value, std::chars_format::scientific, kSureDigits - 1);
  } else {
    std::to_chars(text.data(), last, value);
  }
  unsigned flags = 0;
  return from_library(bid128_from_string(text.data(), kNearest, &flags));
}

Decimal128 from(const Element& value) {
  switch (value.type()) {
    case Type::kInt32:
      return from(std::int64_t{value.int32()});
    case Type::kInt64:
      return from(value.int64());
    case Type::kDouble:
      return from(value.number_double());
    default:
      return value.decimal128();
  }
}

std::optional<Decimal128> from(std::string_view text) {
  if (text.empty() || text.contains('\0')) return std::nullopt;
  // libbson says what is a number, and refuses more digits than a decimal holds; those are the
  // library's to round.
  std::string terminated(text);
  bson_decimal128_t value;
  if (bson_decimal128_from_string(terminated.c_str(), &value)) {
    return Decimal128{.low = value.low, .high = value.high};
  }
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '+' || c == '-' || c == 'e' || c == 'E';
  };
  if (!std::ranges::all_of(text, is_part)) return std::nullopt;
  unsigned flags = 0;
  const Decimal128 parsed = from_library(bid128_from_string(terminated.data(), kNearest, &flags));
  if (is_nan(parsed)) return std::nullopt;
  return parsed;
}

std::string to_string(Decimal128 value) {
  bson_decimal128_t decimal;
  decimal.low = value.low;
  decimal.high = value.high;
  std::array<char, BSON_DECIMAL128_STRING> text{};
  bson_decimal128_to_string(&decimal, text.data());
  return text.data();
}

Decimal128 add(Decimal128 a, Decimal128 b) { return rounded<bid128_add>(a, b); }
Decimal128 subtract(Decimal128 a, Decimal128 b) { return rounded<bid128_sub>(a, b); }
Decimal128 multiply(Decimal128 a, Decimal128 b) { return rounded<bid128_mul>(a, b); }
Decimal128 divide(Decimal128 a, Decimal128 b) { return rounded<bid128_div>(a, b); }
Decimal128 power(Decimal128 base, Decimal128 exponent) {
  return rounded<bid128_pow>(base, exponent);
}
Decimal128 atan2(Decimal128 y, Decimal128 x) { return rounded<bid128_atan2>(y, x); }
Decimal128 remainder(Decimal128 a, Decimal128 b) {
  unsigned flags = 0;
  return from_library(bid128_fmod(to_library(a), to_library(b), &flags));
}

Decimal128 absolute(Decimal128 value) {
  return {.low = value.low, .high = value.high & ~(std::uint64_t{1} << 63)};
}
Decimal128 sqrt(Decimal128 value) { return rounded<bid128_sqrt>(value); }
Decimal128 exp(Decimal128 value) { return rounded<bid128_exp>(value); }
Decimal128 ln(Decimal128 value) { return rounded<bid128_log>(value); }
Decimal128 log10(Decimal128 value) { return rounded<bid128_log10>(value); }
Decimal128 sin(Decimal128 value) { return rounded<bid128_sin>(value); }
Decimal128 cos(Decimal128 value) { return rounded<bid128_cos>(value); }
Decimal128 tan(Decimal128 value) { return rounded<bid128_tan>(value); }
Decimal128 asin(Decimal128 value) { return rounded<bid128_asin>(value); }
Decimal128 acos(Decimal128 value) { return rounded<bid128_acos>(value); }
Decimal128 atan(Decimal128 value) { return rounded<bid128_atan>(value); }
Decimal128 sinh(Decimal128 value) { return rounded<bid128_sinh>(value); }
Decimal128 cosh(Decimal128 value) { return rounded<bid128_cosh>(value); }
Decimal128 tanh(Decimal128 value) { return rounded<bid128_tanh>(value); }
Decimal128 asinh(Decimal128 value) { return rounded<bid128_asinh>(value); }
Decimal128 acosh(Decimal128 value) { return rounded<bid128_acosh>(value); }
Decimal128 atanh(Decimal128 value) { return rounded<bid128_atanh>(value); }

Decimal128 integral(Decimal128 value, Rounding rounding) {
  unsigned flags = 0;
  return from_library(
      bid128_round_integral_exact(to_library(value), library_mode(rounding), &flags));
}

Decimal128 with_places(Decimal128 value, int places, Rounding rounding) {
  if (is_nan(value) || is_infinite(value)) return value;
  constexpr std::uint64_t kBias = 6176;
  const Decimal128 quantum{
      .low = 1,
      .high = (kBias - static_cast<std::uint64_t>(static_cast<std::int64_t>(places))) << 49};
  unsigned flags = 0;
  const BID_UINT128 result =
      bid128_quantize(to_library(value), to_library(quantum), library_mode(rounding), &flags);
  return (flags & kInvalidFlag) != 0 ? value : from_library(result);
}

std::optional<std::int64_t> to_int64(Decimal128 value, Rounding rounding) {
  if (is_nan(value) || is_infinite(value)) return std::nullopt;
  unsigned flags = 0;
  const auto whole = bid128_to_int64_int(to_library(integral(value, rounding)), &flags);
  if ((flags & kInvalidFlag) != 0) return std::nullopt;
  return whole;
}

double to_double(Decimal128 value) { return bson::to_double(value); }
bool is_nan(Decimal128 value) { return bid128_isNaN(to_library(value)) != 0; }
bool is_infinite(Decimal128 value) { return bid128_isInf(to_library(value)) != 0; }
bool is_zero(Decimal128 value) { return bson::is_zero(value); }
bool is_negative(Decimal128 value) { return less(value, from(std::int64_t{0})); }
bool less(Decimal128 a, Decimal128 b) {
  unsigned flags = 0;
  return bid128_quiet_less(to_library(a), to_library(b), &flags) != 0;
}

}  // namespace nacre::bson::decimal
