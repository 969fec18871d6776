#include "aggregation/sum.h"

#include <cmath>
#include <limits>
#include <string>

#include "base/text.h"
#include "bson/arithmetic.h"
#include "bson/json.h"

namespace nacre::aggregation {
namespace {

bson::Value decimal_from_text(const std::string& text) {
  const auto document = bson::from_json(format(R"({{"":{{"$numberDecimal":"{}"}}}})", text));
  return document ? bson::Value(*document->view().begin()) : bson::Value();
}

bson::Value decimal_sum(const bson::Value& a, const bson::Value& b) {
  auto sum = bson::add(a.element(), b.element());
  return sum ? *std::move(sum) : a;
}

std::string digits_of(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.33e", value);
  return text;
}

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
      ++decimals_;
      decimal_ = decimal_.type() == bson::Type::kMissing
                     ? bson::Value(value)
                     : decimal_sum(decimal_, bson::Value(value));
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
    case bson::Type::kDecimal128: {
      --decimals_;
      const bson::Value minus(-1);
      if (auto negated = bson::multiply(value, minus.element())) {
        decimal_ = decimal_sum(decimal_, *negated);
      }
      if (decimals_ == 0) decimal_ = {};
      return;
    }
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

bson::Value Sum::as_decimal() const {
  bson::Value sum = decimal_;
  if (whole_ != 0) sum = decimal_sum(sum, decimal_from_text(digits_of(whole_)));
  if (nans_ > 0 || infinities_ > 0 || negative_infinities_ > 0) {
    const double special = as_double();
    return decimal_sum(sum, decimal_from_text(std::isnan(special) ? "NaN"
                                              : special > 0       ? "Infinity"
                                                                  : "-Infinity"));
  }
  if (double_ != 0) sum = decimal_sum(sum, decimal_from_text(digits_of(double_)));
  if (correction_ != 0) sum = decimal_sum(sum, decimal_from_text(digits_of(correction_)));
  return sum;
}

void Sum::append_to(bson::Builder& to, std::string_view name) const {
  const bool fits = whole_ >= std::numeric_limits<std::int64_t>::min() &&
                    whole_ <= std::numeric_limits<std::int64_t>::max();
  if (decimals_ > 0) {
    to.append(name, as_decimal().element());
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
  const bson::Value sum = as_decimal();
  to.append(name, sum.element().as_double().value_or(0) / static_cast<double>(count));
}

void Sum::append_partial(bson::Builder& to, std::string_view name) const {
  to.begin_array(name);
  to.push(static_cast<std::int64_t>(whole_ >> 64)).push(static_cast<std::int64_t>(whole_));
  to.push(double_).push(correction_);
  to.push(longs_).push(doubles_).push(decimals_);
  to.push(nans_).push(infinities_).push(negative_infinities_);
  if (decimals_ > 0) to.push(decimal_.element());
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
  decimals_ += (at++)->int64();
  nans_ += (at++)->int64();
  infinities_ += (at++)->int64();
  negative_infinities_ += (at++)->int64();
  if (*at) {
    decimal_ = decimal_.type() == bson::Type::kMissing ? bson::Value(*at)
                                                       : decimal_sum(decimal_, bson::Value(*at));
  }
}

}  // namespace nacre::aggregation
