// $ceil $floor $round $trunc.
#include <array>

#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

namespace decimal = bson::decimal;

using decimal::Rounding;

constexpr std::int32_t kNotNumeric = 51081;
constexpr std::int32_t kNotWhole = 51082;
constexpr std::int32_t kOutOfPlaces = 51083;
constexpr int kPlacesMin = -20;
constexpr int kPlacesMax = 100;

double rounded(double value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearestEven:
      return std::nearbyint(value);
    case Rounding::kDown:
      return std::floor(value);
    case Rounding::kUp:
      return std::ceil(value);
    case Rounding::kTowardZero:
      return std::trunc(value);
  }
  return value;
}

// NaN, as MongoDB has it, for infinities and for what has no room for its units.
bson::Decimal128 whole_decimal(bson::Decimal128 value, Rounding rounding) {
  const bson::Decimal128 whole = decimal::with_places(value, 0, rounding);
  constexpr std::uint64_t kUnits = std::uint64_t{6176} << 49;
  constexpr std::uint64_t kExponent = std::uint64_t{0x3fff} << 49;
  const bool fits = !decimal::is_infinite(whole) && (whole.high & kExponent) == kUnits;
  return fits || decimal::is_nan(whole) ? whole
                                        : bson::Decimal128{.low = 0, .high = 0x7c00ULL << 48};
}

template <Rounding rounding>
Result<bson::Element> to_whole(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(28765, arguments.name(), value);
  if (is_integer(value)) return value;
  if (is_decimal(value)) return at.scratch.decimal(whole_decimal(value.decimal128(), rounding));
  return at.scratch.real(rounded(value.number_double(), rounding));
}

Result<int> places_of(const bson::Element& value, std::string_view name) {
  if (!value.is_number()) {
    return invalid(16004,
                   format("can't convert from BSON type {} to long", bson::name(value.type())));
  }
  if (value.is(bson::Type::kDouble) &&
      !(value.number_double() >= -0x1p63 && value.number_double() < 0x1p63)) {
    return invalid(31109,
                   format("Can't coerce out of range value {} to long", value.number_double()));
  }
  const auto whole = value.as_int64();
  if (!whole)
    return invalid(kNotWhole, format("precision argument to {} must be a whole number", name));
  if (*whole < kPlacesMin || *whole > kPlacesMax) {
    return invalid(kOutOfPlaces, format("cannot apply {} with precision value {}, must be in "
                                        "[{}, {}]",
                                        name, *whole, kPlacesMin, kPlacesMax));
  }
  return static_cast<int>(*whole);
}

Result<bson::Element> at_place(const bson::Element& value, int places, Rounding rounding,
                               std::string_view name, Evaluation& at) {
  if (is_decimal(value)) {
    return at.scratch.decimal(decimal::with_places(value.decimal128(), places, rounding));
  }
  if (value.is(bson::Type::kDouble)) {
    const double number = value.number_double();
    if (!std::isfinite(number)) return value;
    if (places == 0) return at.scratch.real(rounded(number, rounding));
    return at.scratch.real(
        decimal::to_double(decimal::with_places(decimal::exactly(number), places, rounding)));
  }
  if (places >= 0) return value;
  const auto result = decimal::to_int64(
      decimal::with_places(decimal::from(integer_of(value)), places, rounding), rounding);
  if (!result) {
    return invalid(51080, format("invalid conversion from Decimal128 result in {} resulting from "
                                 "arguments: [{}, {}]",
                                 name, integer_of(value), places));
  }
  return value.is(bson::Type::kInt32) ? at.scratch.integer(*result) : at.scratch.int64(*result);
}

template <Rounding rounding>
Result<bson::Element> to_place(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(kNotNumeric, arguments.name(), value);
  int places = 0;
  if (arguments.size() > 1) {
    if (is_nullish(arguments[1])) return at.scratch.null();
    places = NACRE_TRY(places_of(arguments[1], arguments.name()));
  }
  return at_place(value, places, rounding, arguments.name(), at);
}

constexpr std::array kOperators = {
    Operator{.name = "$ceil", .arity_min = 1, .arity_max = 1, .function = to_whole<Rounding::kUp>},
    Operator{
        .name = "$floor", .arity_min = 1, .arity_max = 1, .function = to_whole<Rounding::kDown>},
    Operator{.name = "$round",
             .arity_min = 1,
             .arity_max = 2,
             .function = to_place<Rounding::kNearestEven>},
    Operator{.name = "$trunc",
             .arity_min = 1,
             .arity_max = 2,
             .function = to_place<Rounding::kTowardZero>},
};

}  // namespace

std::span<const Operator> rounding_operators() { return kOperators; }

}  // namespace nacre::expression
