#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "bson/number_internal.h"

namespace nacre::bson {
namespace {

constexpr int kDigits = 34;
constexpr int kExponentBias = 6176;

constexpr Uint128 power_of_ten(int exponent) {
  Uint128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

constexpr Uint128 kCoefficientEnd = power_of_ten(kDigits);

// Decimal digits of a magnitude, most significant first, no leading zeros: 0.d1d2d3... * 10^scale.
// 767 digits are the most that an exact double needs.
struct Digits {
  std::array<char, 800> text{};
  int count = 0;
  int scale = 0;
};

void drop_trailing_zeros(Digits& digits) {
  while (digits.count > 0 && digits.text[static_cast<std::size_t>(digits.count - 1)] == '0') {
    --digits.count;
  }
}

Digits digits_of(const DecimalParts& parts) {
  std::array<char, 40> reversed{};
  int count = 0;
  for (Uint128 rest = parts.coefficient; rest != 0; rest /= 10) {
    reversed[static_cast<std::size_t>(count++)] =
        static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  Digits digits;
  std::reverse_copy(reversed.begin(), reversed.begin() + count, digits.text.begin());
  digits.count = count;
  digits.scale = count + parts.exponent;
  drop_trailing_zeros(digits);
  return digits;
}

// Requires a finite value > 0.
Digits digits_of(double value) {
  std::array<char, 800> printed{};
  const auto written = std::to_chars(printed.data(), printed.data() + printed.size(), value,
                                     std::chars_format::scientific, 766);
  NACRE_CHECK(written.ec == std::errc{}, "767 digits and an exponent fit");
  Digits digits;
  const char* at = printed.data();
  for (; *at != 'e'; ++at) {
    if (*at != '.') digits.text[static_cast<std::size_t>(digits.count++)] = *at;
  }
  if (*++at == '+') ++at;
  int exponent = 0;
  std::from_chars(at, written.ptr, exponent);
  digits.scale = exponent + 1;
  drop_trailing_zeros(digits);
  return digits;
}

std::strong_ordering compare_digits(const Digits& a, const Digits& b) {
  if (a.scale != b.scale) return a.scale <=> b.scale;
  const std::string_view left(a.text.data(), static_cast<std::size_t>(a.count));
  const std::string_view right(b.text.data(), static_cast<std::size_t>(b.count));
  return left <=> right;
}

// The double nearest to a finite magnitude; infinity when it lies beyond the range.
double nearest(const DecimalParts& parts) {
  if (parts.coefficient == 0) return 0;
  const Digits digits = digits_of(parts);
  std::array<char, 64> text{};
  char* at = std::copy_n(digits.text.begin(), digits.count, text.data());
  *at++ = 'e';
  at = std::to_chars(at, text.data() + text.size(), digits.scale - digits.count).ptr;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), at, value);
  if (error == std::errc::result_out_of_range) {
    return digits.scale > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  }
  return value;
}

// The order of a magnitude and a double >= 0.
std::strong_ordering compare_magnitude(const DecimalParts& parts, double value) {
  if (std::isinf(value)) {
    return parts.kind == DecimalParts::Kind::kInfinity ? std::strong_ordering::equal
                                                       : std::strong_ordering::less;
  }
  if (parts.kind == DecimalParts::Kind::kInfinity) return std::strong_ordering::greater;
  if (parts.coefficient == 0 || value == 0) {
    return (parts.coefficient != 0) <=> (value != 0);
  }
  return compare_digits(digits_of(parts), digits_of(value));
}

std::strong_ordering compare_magnitude(const DecimalParts& a, const DecimalParts& b) {
  const bool a_infinite = a.kind == DecimalParts::Kind::kInfinity;
  const bool b_infinite = b.kind == DecimalParts::Kind::kInfinity;
  if (a_infinite || b_infinite) return a_infinite <=> b_infinite;
  if (a.coefficient == 0 || b.coefficient == 0)
    return (a.coefficient != 0) <=> (b.coefficient != 0);
  const DecimalParts left = normalised(a);
  const DecimalParts right = normalised(b);
  if (left.exponent != right.exponent) return left.exponent <=> right.exponent;
  return left.coefficient <=> right.coefficient;
}

int sign_of(const DecimalParts& parts) {
  if (parts.kind == DecimalParts::Kind::kFinite && parts.coefficient == 0) return 0;
  return parts.negative ? -1 : 1;
}

int sign_of(double value) { return value < 0 ? -1 : value > 0 ? 1 : 0; }

std::weak_ordering oriented(std::strong_ordering magnitudes, bool negative) {
  return negative ? 0 <=> magnitudes : magnitudes;
}

// Neither is NaN.
std::weak_ordering compare_decimals(const DecimalParts& a, const DecimalParts& b) {
  if (sign_of(a) != sign_of(b)) return sign_of(a) <=> sign_of(b);
  return oriented(compare_magnitude(a, b), sign_of(a) < 0);
}

std::weak_ordering compare_decimal_double(const DecimalParts& a, double b) {
  if (sign_of(a) != sign_of(b)) return sign_of(a) <=> sign_of(b);
  return oriented(compare_magnitude(a, std::fabs(b)), sign_of(a) < 0);
}

std::weak_ordering compare_double_int(double a, std::int64_t b) {
  if (a >= 0x1p63) return std::weak_ordering::greater;
  if (a < -0x1p63) return std::weak_ordering::less;
  const double whole = std::trunc(a);
  const auto integer = static_cast<std::int64_t>(whole);
  if (integer != b) return integer <=> b;
  return sign_of(a - whole) <=> 0;
}

bool is_nan(const Element& element) {
  if (element.is(Type::kDouble)) return std::isnan(element.number_double());
  return element.is(Type::kDecimal128) &&
         decompose(element.decimal128()).kind == DecimalParts::Kind::kNan;
}

std::int64_t integer(const Element& element) {
  return element.is(Type::kInt32) ? element.int32() : element.int64();
}

DecimalParts parts_of(const Element& element) {
  return element.is(Type::kDecimal128) ? decompose(element.decimal128())
                                       : decompose(integer(element));
}

}  // namespace

DecimalParts decompose(Decimal128 value) {
  DecimalParts parts;
  parts.negative = (value.high >> 63) != 0;
  const std::uint64_t combination = (value.high >> 58) & 0x1f;
  if (combination == 0x1f || combination == 0x1e) {
    parts.kind = combination == 0x1f ? DecimalParts::Kind::kNan : DecimalParts::Kind::kInfinity;
    return parts;
  }
  if ((combination >> 3) == 3) {
    // The second form of the significand only spells numbers above the maximum: they count as 0.
    parts.exponent = static_cast<int>((value.high >> 47) & 0x3fff) - kExponentBias;
    return parts;
  }
  parts.exponent = static_cast<int>((value.high >> 49) & 0x3fff) - kExponentBias;
  parts.coefficient = (Uint128{value.high & ((1ULL << 49) - 1)} << 64) | value.low;
  if (parts.coefficient >= kCoefficientEnd) parts.coefficient = 0;
  return parts;
}

DecimalParts decompose(std::int64_t value) {
  DecimalParts parts;
  parts.negative = value < 0;
  parts.coefficient =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  return parts;
}

DecimalParts normalised(DecimalParts parts) {
  NACRE_DCHECK(parts.coefficient != 0, "zero has no leading digit");
  while (parts.coefficient < kCoefficientEnd / 10) {
    parts.coefficient *= 10;
    --parts.exponent;
  }
  return parts;
}

TruncatedDouble truncated(const DecimalParts& parts) {
  const double near = nearest(parts);
  const std::strong_ordering order = compare_magnitude(parts, near);
  if (order == std::strong_ordering::less)
    return {.value = std::nextafter(near, 0.0), .exact = false};
  return {.value = near, .exact = order == std::strong_ordering::equal};
}

TruncatedDouble truncated(std::int64_t value) {
  std::uint64_t magnitude =
      value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const int excess_bits = std::max(0, static_cast<int>(std::bit_width(magnitude)) - 53);
  const std::uint64_t lost = magnitude & ((1ULL << excess_bits) - 1);
  magnitude -= lost;
  return {.value = static_cast<double>(magnitude), .exact = lost == 0};
}

std::optional<std::int64_t> exact_int64(double value) {
  if (!(value >= -0x1p63 && value < 0x1p63) || std::trunc(value) != value) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<DecimalParts> exact_decimal(double value) {
  const Digits digits = digits_of(value);
  if (digits.count > kDigits) return std::nullopt;
  DecimalParts parts;
  parts.exponent = digits.scale - digits.count;
  for (int i = 0; i < digits.count; ++i) {
    parts.coefficient = parts.coefficient * 10 +
                        static_cast<Uint128>(digits.text[static_cast<std::size_t>(i)] - '0');
  }
  return parts;
}

std::optional<DecimalParts> with_exponent(DecimalParts parts, int exponent) {
  for (; parts.exponent < exponent; ++parts.exponent) {
    if (parts.coefficient % 10 != 0) return std::nullopt;
    parts.coefficient /= 10;
  }
  for (; parts.exponent > exponent; --parts.exponent) {
    if (parts.coefficient >= kCoefficientEnd / 10) return std::nullopt;
    parts.coefficient *= 10;
  }
  if (parts.coefficient >= kCoefficientEnd) return std::nullopt;
  return parts;
}

Decimal128 compose(const DecimalParts& parts) {
  const auto exponent = static_cast<std::uint64_t>(parts.exponent + kExponentBias);
  NACRE_CHECK(exponent < 0x3000, "an exponent of the format");
  NACRE_CHECK(parts.coefficient < kCoefficientEnd, "at most 34 digits");
  return {.low = static_cast<std::uint64_t>(parts.coefficient),
          .high = static_cast<std::uint64_t>(parts.coefficient >> 64) | exponent << 49 |
                  (parts.negative ? 1ULL << 63 : 0)};
}

std::optional<std::int64_t> exact_int64(Decimal128 value) { return exact_int64(decompose(value)); }

std::optional<std::int64_t> exact_int64(DecimalParts parts) {
  if (parts.kind != DecimalParts::Kind::kFinite) return std::nullopt;
  if (parts.coefficient == 0) return 0;
  for (; parts.exponent < 0; ++parts.exponent) {
    if (parts.coefficient % 10 != 0) return std::nullopt;
    parts.coefficient /= 10;
  }
  const Uint128 end = (Uint128{1} << 63) + (parts.negative ? 1 : 0);
  for (; parts.exponent > 0 && parts.coefficient < end; --parts.exponent) parts.coefficient *= 10;
  if (parts.coefficient >= end) return std::nullopt;
  const auto magnitude = static_cast<std::uint64_t>(parts.coefficient);
  return static_cast<std::int64_t>(parts.negative ? 0 - magnitude : magnitude);
}

double to_double(Decimal128 value) {
  const DecimalParts parts = decompose(value);
  double magnitude = 0;
  switch (parts.kind) {
    case DecimalParts::Kind::kNan:
      return std::numeric_limits<double>::quiet_NaN();
    case DecimalParts::Kind::kInfinity:
      magnitude = std::numeric_limits<double>::infinity();
      break;
    case DecimalParts::Kind::kFinite:
      magnitude = nearest(parts);
      break;
  }
  return parts.negative ? -magnitude : magnitude;
}

bool is_zero(Decimal128 value) {
  const DecimalParts parts = decompose(value);
  return parts.kind == DecimalParts::Kind::kFinite && parts.coefficient == 0;
}

std::weak_ordering compare_numbers(const Element& a, const Element& b) {
  const bool a_whole = a.is(Type::kInt32) || a.is(Type::kInt64);
  const bool b_whole = b.is(Type::kInt32) || b.is(Type::kInt64);
  if (a_whole && b_whole) return integer(a) <=> integer(b);
  const bool a_nan = is_nan(a);
  const bool b_nan = is_nan(b);
  if (a_nan || b_nan) return b_nan <=> a_nan;

  const bool a_double = a.is(Type::kDouble);
  const bool b_double = b.is(Type::kDouble);
  if (a_double && b_double) {
    const double left = a.number_double();
    const double right = b.number_double();
    return left < right   ? std::weak_ordering::less
           : left > right ? std::weak_ordering::greater
                          : std::weak_ordering::equivalent;
  }
  if (a_double && b_whole) return compare_double_int(a.number_double(), integer(b));
  if (a_whole && b_double) return 0 <=> compare_double_int(b.number_double(), integer(a));
  if (a_double) return 0 <=> compare_decimal_double(parts_of(b), a.number_double());
  if (b_double) return compare_decimal_double(parts_of(a), b.number_double());
  return compare_decimals(parts_of(a), parts_of(b));
}

}  // namespace nacre::bson
