// $abs $add $divide $mod $multiply $subtract.
//
// Any operand that is null or missing makes the result null. int32 grows to int64, and int64 to
// double, where a result has no room; a decimal128 makes all decimal.
#include <array>
#include <limits>

#include "base/error_codes.h"
#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

namespace decimal = bson::decimal;

using error_codes::kBadValue;
using error_codes::kOverflow;
using error_codes::kTypeMismatch;

Result<bson::Element> moved_date(std::int64_t date, std::optional<std::int64_t> by, bool forward,
                                 std::string_view name, Evaluation& at) {
  std::int64_t result = 0;
  if (!by || (forward ? __builtin_add_overflow(date, *by, &result)
                      : __builtin_sub_overflow(date, *by, &result))) {
    return invalid(kOverflow, format("date overflow in {}", name));
  }
  return at.scratch.date(result);
}

Result<bson::Element> absolute(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  switch (value.type()) {
    case bson::Type::kInt32:
      return at.scratch.integer(std::abs(std::int64_t{value.int32()}));
    case bson::Type::kInt64:
      if (value.int64() == std::numeric_limits<std::int64_t>::min()) {
        return invalid(28680, "can't take $abs of long long min");
      }
      return at.scratch.int64(std::abs(value.int64()));
    case bson::Type::kDouble:
      return at.scratch.real(std::fabs(value.number_double()));
    case bson::Type::kDecimal128:
      return at.scratch.decimal(decimal::absolute(value.decimal128()));
    default:
      return not_numeric(28765, arguments.name(), value);
  }
}

// A sum as it grows, term by term and without any correction: in the widest type so far. An int64
// that overflows makes it a double for good.
class Addition {
 public:
  void add(const bson::Element& number) {
    if (is_decimal(number) && widest_ != Widest::kDecimal) {
      decimal_ = widest_ == Widest::kDouble ? decimal::from(real_) : decimal::from(whole_);
      widest_ = Widest::kDecimal;
    } else if (number.is(bson::Type::kDouble) && widest_ < Widest::kDouble) {
      real_ = static_cast<double>(whole_);
      widest_ = Widest::kDouble;
    } else if (number.is(bson::Type::kInt64) && widest_ < Widest::kInt64) {
      widest_ = Widest::kInt64;
    }
    if (widest_ == Widest::kDecimal) {
      decimal_ = decimal::add(decimal_, decimal::from(number));
    } else if (widest_ == Widest::kDouble) {
      real_ += real_of(number);
    } else if (std::int64_t sum = 0; __builtin_add_overflow(whole_, integer_of(number), &sum)) {
      real_ = static_cast<double>(whole_) + real_of(number);
      widest_ = Widest::kDouble;
    } else {
      whole_ = sum;
    }
  }

  [[nodiscard]] bson::Element result(Scratch& scratch) const {
    switch (widest_) {
      case Widest::kInt32:
        return scratch.integer(whole_);
      case Widest::kInt64:
        return scratch.int64(whole_);
      case Widest::kDouble:
        return scratch.real(real_);
      case Widest::kDecimal:
        break;
    }
    return scratch.decimal(decimal_);
  }

  // What it moves a date by: doubles are rounded away from zero, decimals to the even neighbour.
  [[nodiscard]] std::optional<std::int64_t> milliseconds() const {
    if (widest_ == Widest::kDecimal) {
      return decimal::to_int64(decimal_, decimal::Rounding::kNearestEven);
    }
    if (widest_ != Widest::kDouble) return whole_;
    const double rounded = std::round(real_);
    if (!(rounded >= -0x1p63 && rounded < 0x1p63)) return std::nullopt;
    return static_cast<std::int64_t>(rounded);
  }

 private:
  enum class Widest : std::uint8_t { kInt32, kInt64, kDouble, kDecimal };

  Widest widest_ = Widest::kInt32;
  std::int64_t whole_ = 0;
  double real_ = 0;
  bson::Decimal128 decimal_;
};

Result<bson::Element> add(const Arguments& arguments, Evaluation& at) {
  Addition sum;
  std::optional<std::int64_t> date;
  for (const bson::Element& value : arguments) {
    if (is_nullish(value)) return at.scratch.null();
    if (value.is_number()) {
      sum.add(value);
    } else if (value.is(bson::Type::kDate)) {
      if (date) return invalid(16612, "only one date allowed in an $add expression");
      date = value.date().milliseconds;
    } else {
      return invalid(kTypeMismatch, format("$add only supports numeric or date types, not {}",
                                           bson::name(value.type())));
    }
  }
  if (date) return moved_date(*date, sum.milliseconds(), true, "$add", at);
  return sum.result(at.scratch);
}

std::optional<std::int64_t> milliseconds_of(const bson::Element& number) {
  Addition sum;
  sum.add(number);
  return sum.milliseconds();
}

Result<bson::Element> subtract(const Arguments& arguments, Evaluation& at) {
  const bson::Element& a = arguments[0];
  const bson::Element& b = arguments[1];
  if (is_nullish(a) || is_nullish(b)) return at.scratch.null();
  if (a.is_number() && b.is_number()) {
    if (is_decimal(a) || is_decimal(b)) {
      return at.scratch.decimal(decimal::subtract(decimal::from(a), decimal::from(b)));
    }
    std::int64_t result = 0;
    if (!is_integer(a) || !is_integer(b) ||
        __builtin_sub_overflow(integer_of(a), integer_of(b), &result)) {
      return at.scratch.real(real_of(a) - real_of(b));
    }
    const bool narrow = a.is(bson::Type::kInt32) && b.is(bson::Type::kInt32);
    return narrow ? at.scratch.integer(result) : at.scratch.int64(result);
  }
  if (a.is(bson::Type::kDate) && b.is(bson::Type::kDate)) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(a.date().milliseconds, b.date().milliseconds, &result)) {
      return invalid(kOverflow, "date overflow in $subtract");
    }
    return at.scratch.int64(result);
  }
  if (a.is(bson::Type::kDate) && b.is_number()) {
    return moved_date(a.date().milliseconds, milliseconds_of(b), false, "$subtract", at);
  }
  return invalid(kTypeMismatch,
                 format("can't $subtract {} from {}", bson::name(b.type()), bson::name(a.type())));
}

// A product as it grows: while it is whole also as an int64.
class Product {
 public:
  void multiply(const bson::Element& number) {
    if (is_decimal(number) && !is_decimal_) {
      decimal_ = is_real_ ? decimal::from(real_) : decimal::from(whole_);
      is_decimal_ = true;
    }
    if (is_decimal_) {
      decimal_ = decimal::multiply(decimal_, decimal::from(number));
      return;
    }
    real_ *= real_of(number);
    if (!is_integer(number)) {
      is_real_ = true;
    } else if (number.is(bson::Type::kInt64)) {
      is_wide_ = true;
    }
    if (!is_real_ && __builtin_mul_overflow(whole_, integer_of(number), &whole_)) is_real_ = true;
  }

  [[nodiscard]] bson::Element result(Scratch& scratch) const {
    if (is_decimal_) return scratch.decimal(decimal_);
    if (is_real_) return scratch.real(real_);
    return is_wide_ ? scratch.int64(whole_) : scratch.integer(whole_);
  }

 private:
  std::int64_t whole_ = 1;
  double real_ = 1;
  bson::Decimal128 decimal_;
  bool is_wide_ = false;
  bool is_real_ = false;
  bool is_decimal_ = false;
};

Result<bson::Element> multiply(const Arguments& arguments, Evaluation& at) {
  Product product;
  for (const bson::Element& value : arguments) {
    if (is_nullish(value)) return at.scratch.null();
    if (!value.is_number()) return not_numeric(kTypeMismatch, arguments.name(), value);
    product.multiply(value);
  }
  return product.result(at.scratch);
}

Result<bson::Element> divide(const Arguments& arguments, Evaluation& at) {
  const bson::Element& a = arguments[0];
  const bson::Element& b = arguments[1];
  if (is_nullish(a) || is_nullish(b)) return at.scratch.null();
  if (!a.is_number() || !b.is_number()) {
    return invalid(kTypeMismatch, format("$divide only supports numeric types, not {} and {}",
                                         bson::name(a.type()), bson::name(b.type())));
  }
  if (!b.truthy()) return invalid(kBadValue, "can't $divide by zero");
  if (is_decimal(a) || is_decimal(b)) {
    return at.scratch.decimal(decimal::divide(decimal::from(a), decimal::from(b)));
  }
  return at.scratch.real(real_of(a) / real_of(b));
}

Result<bson::Element> modulo(const Arguments& arguments, Evaluation& at) {
  const bson::Element& a = arguments[0];
  const bson::Element& b = arguments[1];
  if (is_nullish(a) || is_nullish(b)) return at.scratch.null();
  if (!a.is_number() || !b.is_number()) {
    return invalid(16611, format("$mod only supports numeric types, not {} and {}",
                                 bson::name(a.type()), bson::name(b.type())));
  }
  if (is_decimal(a) || is_decimal(b)) {
    if (!b.truthy()) return invalid(5733415, "can't $mod by zero");
    return at.scratch.decimal(decimal::remainder(decimal::from(a), decimal::from(b)));
  }
  if (!b.truthy()) return invalid(16610, "can't $mod by zero");
  if (!is_integer(a) || !is_integer(b)) {
    return at.scratch.real(std::fmod(real_of(a), real_of(b)));
  }
  // The lowest int64 by -1 would trap.
  const std::int64_t result = integer_of(b) == -1 ? 0 : integer_of(a) % integer_of(b);
  const bool narrow = a.is(bson::Type::kInt32) && b.is(bson::Type::kInt32);
  return narrow ? at.scratch.integer(result) : at.scratch.int64(result);
}

constexpr std::array kOperators = {
    Operator{.name = "$abs", .arity_min = 1, .arity_max = 1, .function = absolute},
    Operator{.name = "$add", .arity_max = kAnyNumber, .function = add},
    Operator{.name = "$divide", .arity_min = 2, .arity_max = 2, .function = divide},
    Operator{.name = "$mod", .arity_min = 2, .arity_max = 2, .function = modulo},
    Operator{.name = "$multiply", .arity_max = kAnyNumber, .function = multiply},
    Operator{.name = "$subtract", .arity_min = 2, .arity_max = 2, .function = subtract},
};

}  // namespace

std::span<const Operator> arithmetic_operators() { return kOperators; }

}  // namespace nacre::expression
