#include <cmath>

#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

__extension__ using Int128 = __int128;

}  // namespace

void DoubleDouble::add(double value) {
  const double sum = sum_ + value;
  if (!std::isfinite(sum)) {
    // Infinities and NaN have no rest.
    sum_ = sum;
    rest_ = 0;
    return;
  }
  const double virtual_part = sum - sum_;
  const double lost = (sum_ - (sum - virtual_part)) + (value - virtual_part);
  const double low = rest_ + lost;
  sum_ = sum + low;
  rest_ = low - (sum_ - sum);
}

void DoubleDouble::add(std::int64_t value) {
  constexpr std::int64_t kLow = 0xffffffff;
  add(static_cast<double>(value & ~kLow));
  add(static_cast<double>(value & kLow));
}

bson::Decimal128 DoubleDouble::decimal() const {
  if (const auto whole = integer()) return bson::decimal::from(*whole);
  return bson::decimal::add(bson::decimal::exactly(sum_), bson::decimal::exactly(rest_));
}

std::optional<std::int64_t> DoubleDouble::integer() const {
  if (!std::isfinite(sum_) || std::abs(sum_) > 0x1p63) return std::nullopt;
  if (std::trunc(sum_) != sum_ || std::trunc(rest_) != rest_) return std::nullopt;
  const Int128 whole = static_cast<Int128>(sum_) + static_cast<Int128>(rest_);
  const auto narrow = static_cast<std::int64_t>(whole);
  if (Int128{narrow} != whole) return std::nullopt;
  return narrow;
}

void Sum::add(const bson::Element& number) {
  switch (number.type()) {
    case bson::Type::kInt32:
      return rest_.add(std::int64_t{number.int32()});
    case bson::Type::kInt64:
      widen(Widest::kInt64);
      return rest_.add(number.int64());
    case bson::Type::kDouble:
      widen(Widest::kDouble);
      return rest_.add(number.number_double());
    default:
      widen(Widest::kDecimal);
      decimal_ = bson::decimal::add(decimal_, number.decimal128());
  }
}

bson::Decimal128 Sum::as_decimal() const { return bson::decimal::add(rest_.decimal(), decimal_); }

bson::Element Sum::result(Scratch& scratch) const {
  if (widest_ == Widest::kDecimal) return scratch.decimal(as_decimal());
  const auto whole = widest_ == Widest::kDouble ? std::nullopt : rest_.integer();
  if (!whole) return scratch.real(rest_.value());
  return widest_ == Widest::kInt32 ? scratch.integer(*whole) : scratch.int64(*whole);
}

}  // namespace nacre::expression
