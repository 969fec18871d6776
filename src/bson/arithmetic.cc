#include "bson/arithmetic.h"

#include <array>
#include <charconv>
#include <cmath>

#include "bson/decimal_library_internal.h"
#include "bson/number_internal.h"

namespace nacre::bson {
namespace {

BID_UINT128 to_decimal(const Element& value) {
  unsigned flags = 0;
  if (value.is(Type::kDecimal128)) return to_library(value.decimal128());
  if (value.is(Type::kInt32)) return bid128_from_int64(value.int32());
  if (value.is(Type::kInt64)) return bid128_from_int64(value.int64());
  std::array<char, 40> text{};
  const double number = value.number_double();
  if (std::isfinite(number)) {
    std::to_chars(text.data(), text.data() + text.size() - 1, number, std::chars_format::scientific,
                  14);
  } else {
    std::to_chars(text.data(), text.data() + text.size() - 1, number);
  }
  return bid128_from_string(text.data(), /*rounding: nearest, ties to even*/ 0, &flags);
}

bool is_integer(const Element& value) { return value.is(Type::kInt32) || value.is(Type::kInt64); }

std::int64_t integer(const Element& value) {
  return value.is(Type::kInt32) ? value.int32() : value.int64();
}

double real(const Element& value) { return value.as_double().value_or(0); }

std::optional<Value> as_promoted(const Element& a, const Element& b, std::int64_t result) {
  const bool narrow = a.is(Type::kInt32) && b.is(Type::kInt32);
  if (narrow && std::in_range<std::int32_t>(result)) {
    return Value(static_cast<std::int32_t>(result));
  }
  return Value(result);
}

}  // namespace

std::optional<Value> add(const Element& a, const Element& b) {
  if (a.is(Type::kDecimal128) || b.is(Type::kDecimal128)) {
    unsigned flags = 0;
    return Value(from_library(bid128_add(to_decimal(a), to_decimal(b), 0, &flags)));
  }
  if (!is_integer(a) || !is_integer(b)) return Value(real(a) + real(b));
  std::int64_t sum = 0;
  if (__builtin_add_overflow(integer(a), integer(b), &sum)) return std::nullopt;
  return as_promoted(a, b, sum);
}

std::optional<Value> multiply(const Element& a, const Element& b) {
  if (a.is(Type::kDecimal128) || b.is(Type::kDecimal128)) {
    unsigned flags = 0;
    return Value(from_library(bid128_mul(to_decimal(a), to_decimal(b), 0, &flags)));
  }
  if (!is_integer(a) || !is_integer(b)) return Value(real(a) * real(b));
  std::int64_t product = 0;
  if (__builtin_mul_overflow(integer(a), integer(b), &product)) return std::nullopt;
  return as_promoted(a, b, product);
}

}  // namespace nacre::bson
