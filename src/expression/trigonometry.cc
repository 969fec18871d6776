// $sin $cos $tan, their inverses and hyperbolic forms, $atan2, $degreesToRadians $radiansToDegrees.
#include <array>
#include <numbers>

#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

namespace decimal = bson::decimal;

constexpr std::int32_t kNotNumeric = 28765;
constexpr std::int32_t kOutOfDomain = 50989;
constexpr std::int32_t kTypeMismatch = 51044;

// Where a function is defined; the ends belong to it.
enum class Domain : std::uint8_t {
  kAll,
  kFinite,     // of the circle: an infinity has no angle
  kOneAround,  // -1 to 1
  kFromOne
};

bool contains(Domain domain, const bson::Element& number) {
  const double value = real_of(number);
  if (std::isnan(value)) return true;
  if (is_decimal(number) && (domain == Domain::kOneAround || domain == Domain::kFromOne)) {
    // A decimal just outside may be a double that is not.
    const bson::Decimal128 exact = number.decimal128();
    const bson::Decimal128 one = decimal::from(std::int64_t{1});
    if (domain == Domain::kFromOne) return !decimal::less(exact, one);
    return !decimal::less(one, decimal::absolute(exact));
  }
  switch (domain) {
    case Domain::kAll:
      return true;
    case Domain::kFinite:
      return std::isfinite(value) ||
             (is_decimal(number) && !decimal::is_infinite(number.decimal128()));
    case Domain::kOneAround:
      return value >= -1 && value <= 1;
    case Domain::kFromOne:
      return value >= 1;
  }
  return true;
}

std::string_view description(Domain domain) {
  switch (domain) {
    case Domain::kAll:
      break;
    case Domain::kFinite:
      return "(-inf,inf)";
    case Domain::kOneAround:
      return "[-1,1]";
    case Domain::kFromOne:
      return "[1,inf]";
  }
  return "[-inf,inf]";
}

template <double (*of_real)(double), bson::Decimal128 (*of_decimal)(bson::Decimal128),
          Domain domain>
Result<bson::Element> function(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(kNotNumeric, arguments.name(), value);
  if (!contains(domain, value)) {
    return invalid(kOutOfDomain, format("cannot apply {} to {}, value must be in {}",
                                        arguments.name(), real_of(value), description(domain)));
  }
  if (is_decimal(value)) return at.scratch.decimal(of_decimal(value.decimal128()));
  return at.scratch.real(of_real(real_of(value)));
}

Result<bson::Element> angle(const Arguments& arguments, Evaluation& at) {
  const bson::Element& y = arguments[0];
  const bson::Element& x = arguments[1];
  if (is_nullish(y) || is_nullish(x)) return at.scratch.null();
  if (!y.is_number()) return not_numeric(kTypeMismatch, arguments.name(), y);
  if (!x.is_number()) return not_numeric(kTypeMismatch + 1, arguments.name(), x);
  if (is_decimal(y) || is_decimal(x)) {
    return at.scratch.decimal(decimal::atan2(decimal::from(y), decimal::from(x)));
  }
  return at.scratch.real(std::atan2(real_of(y), real_of(x)));
}

bson::Decimal128 pi() { return *decimal::from("3.141592653589793238462643383279503"); }
bson::Decimal128 half_circle() { return decimal::from(std::int64_t{180}); }

double radians(double degrees) { return degrees * (std::numbers::pi / 180.0); }
double degrees(double radians) { return radians * (180.0 / std::numbers::pi); }
bson::Decimal128 radians(bson::Decimal128 degrees) {
  return decimal::multiply(degrees, decimal::divide(pi(), half_circle()));
}
bson::Decimal128 degrees(bson::Decimal128 radians) {
  return decimal::multiply(radians, decimal::divide(half_circle(), pi()));
}

template <Function of>
constexpr Operator row(std::string_view name) {
  return {.name = name, .arity_min = 1, .arity_max = 1, .function = of};
}

constexpr std::array kOperators = {
    row<function<std::acos, decimal::acos, Domain::kOneAround>>("$acos"),
    row<function<std::acosh, decimal::acosh, Domain::kFromOne>>("$acosh"),
    row<function<std::asin, decimal::asin, Domain::kOneAround>>("$asin"),
    row<function<std::asinh, decimal::asinh, Domain::kAll>>("$asinh"),
    row<function<std::atan, decimal::atan, Domain::kAll>>("$atan"),
    Operator{.name = "$atan2", .arity_min = 2, .arity_max = 2, .function = angle},
    row<function<std::atanh, decimal::atanh, Domain::kOneAround>>("$atanh"),
    row<function<std::cos, decimal::cos, Domain::kFinite>>("$cos"),
    row<function<std::cosh, decimal::cosh, Domain::kAll>>("$cosh"),
    row<function<radians, radians, Domain::kAll>>("$degreesToRadians"),
    row<function<degrees, degrees, Domain::kAll>>("$radiansToDegrees"),
    row<function<std::sin, decimal::sin, Domain::kFinite>>("$sin"),
    row<function<std::sinh, decimal::sinh, Domain::kAll>>("$sinh"),
    row<function<std::tan, decimal::tan, Domain::kFinite>>("$tan"),
    row<function<std::tanh, decimal::tanh, Domain::kAll>>("$tanh"),
};

}  // namespace

std::span<const Operator> trigonometry_operators() { return kOperators; }

}  // namespace nacre::expression
