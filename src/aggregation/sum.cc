#include "aggregation/sum.h"

#include <cmath>
#include <limits>
#include <string>

#include "bson/decimal.h"

namespace nacre::aggregation {
namespace {

namespace decimal = bson::decimal;

std::string digits_of(WholeSum value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string digits;
  while (value != 0) {
    const int digit = static_cast<int>(value % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    value /= 10;
  }
  return negative ? "-" + digits : digits;
}

}  // namespace

bool Sum::add(const bson::Element& value) {
  switch (value.type()) {
    case bson::Type::kInt32:
      whole_ += value.int32();
      return true;
    case bson::Type::kInt64:
      ++longs_;
      whole_ += value.int64();
      return true;
    case bson::Type::kDouble:
      ++doubles_;
      add_double(value.number_double());
      return true;
    case bson::Type::kDecimal128:
      decimal_ = decimals_ == 0 ? value.decimal128() : decimal::add(decimal_, value.decimal128());
      ++decimals_;
      return true;
    default:
      return false;
  }
}

// Neumaier's compensated summation; what is not finite is only counted.
void Sum::add_double(double value) {
  if (std::isnan(value)) {
    ++nans_;
  } else if (std::isinf(value)) {
    ++(value > 0 ? infinities_ : negative_infinities_);
  } else {
    const double sum = double_ + value;
    correction_ +=
        std::abs(double_) >= std::abs(value) ? (double_ - sum) + value : (value - sum) + double_;
    double_ = sum;
  }
}

void Sum::remove(const bson::Element& value) {
  switch (value.type()) {
    case bson::Type::kInt32:
      whole_ -= value.int32();
      return;
    case bson::Type::kInt64:
      --longs_;
      whole_ -= value.int64();
      return;
    case bson::Type::kDouble: {
      --doubles_;
      const double number = value.number_double();
      if (std::isnan(number)) {
        --nans_;
      } else if (std::isinf(number)) {
        --(number > 0 ? infinities_ : negative_infinities_);
      } else {
        add_double(-number);
      }
      if (doubles_ == 0) double_ = correction_ = 0;
      return;
    }
    case bson::Type::kDecimal128:
      --decimals_;
      decimal_ =
          decimals_ == 0 ? bson::Decimal128{} : decimal::subtract(decimal_, value.decimal128());
      return;
    default:
      return;
  }
}

double Sum::as_double() const {
  const bool both = infinities_ > 0 && negative_infinities_ > 0;
  if (nans_ > 0 || both) return std::numeric_limits<double>::quiet_NaN();
  if (infinities_ > 0) return std::numeric_limits<double>::infinity();
  if (negative_infinities_ > 0) return -std::numeric_limits<double>::infinity();
  // The whole part in two halves, each of which a double holds.
  const auto high = static_cast<double>(whole_);
  const auto low = static_cast<double>(whole_ - static_cast<WholeSum>(high));
  const double sum = double_ + high;
  const double lost =
      std::abs(double_) >= std::abs(high) ? (double_ - sum) + high : (high - sum) + double_;
  const double rest = correction_ + low + lost;
  return std::isfinite(rest) ? sum + rest : sum;
}

bson::Decimal128 Sum::as_decimal() const {
  bson::Decimal128 sum = decimal_;
  if (whole_ != 0) {
    sum = decimal::add(sum, decimal::from(std::string_view(digits_of(whole_))).value_or(sum));
  }
  if (nans_ > 0 || infinities_ > 0 || negative_infinities_ > 0) {
    return decimal::add(sum, decimal::from(as_double()));
  }
  if (double_ != 0) sum = decimal::add(sum, decimal::exactly(double_));
  if (correction_ != 0) sum = decimal::add(sum, decimal::exactly(correction_));
  // Zero has no sign, and no more digits than it needs.
  const bson::Decimal128 zero = decimal::from(std::int64_t{0});
  return decimal::is_zero(sum) ? decimal::add(decimal::absolute(sum), zero) : sum;
}

void Sum::append_to(bson::Builder& to, std::string_view name) const {
  const bool fits = whole_ >= std::numeric_limits<std::int64_t>::min() &&
                    whole_ <= std::numeric_limits<std::int64_t>::max();
  if (decimals_ > 0) {
    to.append(name, as_decimal());
  } else if (doubles_ > 0 || !fits) {
    to.append(name, as_double());
  } else if (longs_ > 0) {
    to.append(name, static_cast<std::int64_t>(whole_));
  } else {
    to.append_number(name, static_cast<std::int64_t>(whole_));
  }
}

void Sum::append_average_to(bson::Builder& to, std::string_view name, std::int64_t count) const {
  if (decimals_ == 0) {
    to.append(name, as_double() / static_cast<double>(count));
    return;
  }
  to.append(name, decimal::divide(as_decimal(), decimal::from(count)));
}

void Sum::append_partial(bson::Builder& to, std::string_view name) const {
  to.begin_array(name);
  to.push(static_cast<std::int64_t>(whole_ >> 64)).push(static_cast<std::int64_t>(whole_));
  to.push(double_).push(correction_);
  to.push(longs_).push(doubles_).push(decimals_);
  to.push(nans_).push(infinities_).push(negative_infinities_);
  if (decimals_ > 0) to.push(decimal_);
  to.end();
}

void Sum::merge(const bson::View& partial) {
  auto at = partial.begin();
  const std::int64_t high = (at++)->int64();
  const std::int64_t low = (at++)->int64();
  whole_ +=
      (static_cast<WholeSum>(high) << 64) + static_cast<WholeSum>(static_cast<std::uint64_t>(low));
  add_double((at++)->number_double());
  correction_ += (at++)->number_double();
  longs_ += (at++)->int64();
  doubles_ += (at++)->int64();
  const bool had_decimals = decimals_ > 0;
  decimals_ += (at++)->int64();
  nans_ += (at++)->int64();
  infinities_ += (at++)->int64();
  negative_infinities_ += (at++)->int64();
  if (!*at) return;
  decimal_ = had_decimals ? decimal::add(decimal_, at->decimal128()) : at->decimal128();
}

}  // namespace nacre::aggregation
