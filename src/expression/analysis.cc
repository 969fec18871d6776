// $exp $ln $log $log10 $pow $sigmoid $sqrt.
#include <array>
#include <limits>

#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

namespace decimal = bson::decimal;

constexpr std::int32_t kNotNumeric = 28765;

bool is_nan(const bson::Element& number) {
  if (is_decimal(number)) return decimal::is_nan(number.decimal128());
  return number.is(bson::Type::kDouble) && std::isnan(number.number_double());
}

bool is_positive(const bson::Element& number) {
  if (is_decimal(number)) {
    return decimal::less(decimal::from(std::int64_t{0}), number.decimal128());
  }
  return real_of(number) > 0;
}

bool is_negative(const bson::Element& number) {
  return is_decimal(number) ? decimal::is_negative(number.decimal128()) : real_of(number) < 0;
}

// Two functions of the same mathematics, over doubles and over decimals.
template <double (*of_real)(double), bson::Decimal128 (*of_decimal)(bson::Decimal128)>
bson::Element applied(const bson::Element& value, Evaluation& at) {
  if (is_decimal(value)) return at.scratch.decimal(of_decimal(value.decimal128()));
  return at.scratch.real(of_real(real_of(value)));
}

Result<bson::Element> exponential(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(kNotNumeric, arguments.name(), value);
  return applied<std::exp, decimal::exp>(value, at);
}

template <double (*of_real)(double), bson::Decimal128 (*of_decimal)(bson::Decimal128),
          std::int32_t not_positive>
Result<bson::Element> logarithm(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(kNotNumeric, arguments.name(), value);
  // A NaN comes out as a double even when it went in as a decimal.
  if (is_nan(value)) return at.scratch.real(real_of(value));
  if (!is_positive(value)) {
    return invalid(not_positive,
                   format("{}'s argument must be a positive number", arguments.name()));
  }
  return applied<of_real, of_decimal>(value, at);
}

Result<bson::Element> logarithm_to_base(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  const bson::Element& base = arguments[1];
  if (is_nullish(value) || is_nullish(base)) return at.scratch.null();
  if (!value.is_number()) {
    return invalid(28756,
                   format("$log's argument must be numeric, not {}", bson::name(value.type())));
  }
  if (!base.is_number()) {
    return invalid(28757, format("$log's base must be numeric, not {}", bson::name(base.type())));
  }
  if (!is_positive(value) && !is_nan(value)) {
    return invalid(28758, "$log's argument must be a positive number");
  }
  if (!is_nan(base) && (!is_positive(base) || base.as_int64() == 1)) {
    return invalid(28759, "$log's base must be a positive number not equal to 1");
  }
  // As with $ln, a NaN comes out as a double.
  if (is_nan(value) || is_nan(base)) {
    return at.scratch.real(std::numeric_limits<double>::quiet_NaN());
  }
  if (is_decimal(value) || is_decimal(base)) {
    return at.scratch.decimal(
        decimal::divide(decimal::ln(decimal::from(value)), decimal::ln(decimal::from(base))));
  }
  return at.scratch.real(std::log(real_of(value)) / std::log(real_of(base)));
}

Result<bson::Element> square_root(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(kNotNumeric, arguments.name(), value);
  if (is_negative(value)) {
    return invalid(28714, "$sqrt's argument must be greater than or equal to 0");
  }
  return applied<std::sqrt, decimal::sqrt>(value, at);
}

// Nothing when it is no int64.
std::optional<std::int64_t> whole_power(std::int64_t base, std::int64_t exponent) {
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  if (exponent >= 64) return std::nullopt;
  std::int64_t result = 1;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(result, base, &result)) return std::nullopt;
  }
  return result;
}

Result<bson::Element> power(const Arguments& arguments, Evaluation& at) {
  const bson::Element& base = arguments[0];
  const bson::Element& exponent = arguments[1];
  if (is_nullish(base) || is_nullish(exponent)) return at.scratch.null();
  if (!base.is_number()) {
    return invalid(28762, format("$pow's base must be numeric, not {}", bson::name(base.type())));
  }
  if (!exponent.is_number()) {
    return invalid(28763,
                   format("$pow's exponent must be numeric, not {}", bson::name(exponent.type())));
  }
  if (!base.truthy() && is_negative(exponent)) {
    return invalid(28764, "$pow cannot take a base of 0 and a negative exponent");
  }
  if (is_decimal(base) || is_decimal(exponent)) {
    // MongoDB adds a zero of the lowest exponent, which writes out all 34 digits and makes any zero
    // that one.
    return at.scratch.decimal(decimal::add(
        decimal::power(decimal::from(base), decimal::from(exponent)), bson::Decimal128{}));
  }
  if (is_integer(base) && is_integer(exponent)) {
    const std::int64_t number = integer_of(base);
    const std::int64_t times = integer_of(exponent);
    const bool is_unit = number == 1 || number == -1;
    if (times >= 0 || is_unit) {
      const bool narrow = base.is(bson::Type::kInt32) && exponent.is(bson::Type::kInt32);
      if (const auto whole = whole_power(number, times)) {
        return narrow ? at.scratch.integer(*whole) : at.scratch.int64(*whole);
      }
    }
  }
  return at.scratch.real(std::pow(real_of(base), real_of(exponent)));
}

// 1 / (1 + e^-x). Its argument is one expression, never a list of them.
Result<bson::Element> sigmoid(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(14, arguments.name(), value);
  if (is_decimal(value)) {
    const bson::Decimal128 one = decimal::from(std::int64_t{1});
    const bson::Decimal128 power =
        decimal::exp(decimal::multiply(decimal::from(std::int64_t{-1}), value.decimal128()));
    return at.scratch.decimal(decimal::divide(one, decimal::add(one, power)));
  }
  return at.scratch.real(1.0 / (1.0 + std::exp(-real_of(value))));
}

constexpr std::array kOperators = {
    Operator{.name = "$exp", .arity_min = 1, .arity_max = 1, .function = exponential},
    Operator{.name = "$ln",
             .arity_min = 1,
             .arity_max = 1,
             .function = logarithm<std::log, decimal::ln, 28766>},
    Operator{.name = "$log", .arity_min = 2, .arity_max = 2, .function = logarithm_to_base},
    Operator{.name = "$log10",
             .arity_min = 1,
             .arity_max = 1,
             .function = logarithm<std::log10, decimal::log10, 28761>},
    Operator{.name = "$pow", .arity_min = 2, .arity_max = 2, .function = power},
    Operator{.name = "$sigmoid",
             .arity_min = 1,
             .arity_max = 1,
             .function = sigmoid,
             .whole_argument = true},
    Operator{.name = "$sqrt", .arity_min = 1, .arity_max = 1, .function = square_root},
};

}  // namespace

std::span<const Operator> analysis_operators() { return kOperators; }

}  // namespace nacre::expression
