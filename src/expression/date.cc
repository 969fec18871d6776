// $dateFromParts.
#include <array>

#include "base/text.h"
#include "expression/dates_internal.h"

namespace nacre::expression {
namespace {

enum Field : std::size_t {
  kYear,
  kMonth,
  kDay,
  kIsoWeekYear,
  kIsoWeek,
  kIsoDayOfWeek,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kTimeZone
};

constexpr std::array<Parameter, 11> kParameters = {{{.name = "year"},
                                                    {.name = "month"},
                                                    {.name = "day"},
                                                    {.name = "isoWeekYear"},
                                                    {.name = "isoWeek"},
                                                    {.name = "isoDayOfWeek"},
                                                    {.name = "hour"},
                                                    {.name = "minute"},
                                                    {.name = "second"},
                                                    {.name = "millisecond"},
                                                    {.name = "timezone"}}};
constexpr Signature kSignature = {
    .not_object_number = 40519, .unknown_number = 40518, .parameters = kParameters};

constexpr std::int64_t kYearMax = 9999;
constexpr std::int64_t kPartMin = -32768;
constexpr std::int64_t kPartMax = 32767;

// Nothing when it is null.
Result<std::optional<std::int64_t>> number_of(const Arguments& arguments, Field field,
                                              std::int64_t otherwise) {
  if (!arguments.given(field)) return otherwise;
  const bson::Element& value = arguments[field];
  if (is_nullish(value)) return std::nullopt;
  const auto whole = value.as_int64();
  if (!whole) {
    return invalid(40515, format("'{}' must evaluate to an integer, found {}",
                                 kParameters[field].name, bson::name(value.type())));
  }
  const bool is_year = field == kYear || field == kIsoWeekYear;
  if (is_year && (*whole < 0 || *whole > kYearMax)) {
    return invalid(field == kYear ? 40523 : 31095,
                   format("'{}' must evaluate to an integer in the range 0 to {}, found {}",
                          kParameters[field].name, kYearMax, *whole));
  }
  const bool is_bounded = !is_year && field != kSecond && field != kMillisecond;
  if (is_bounded && (*whole < kPartMin || *whole > kPartMax)) {
    return invalid(31034, format("'{}' must evaluate to a value in the range [{}, {}]; value {} is "
                                 "not in range",
                                 kParameters[field].name, kPartMin, kPartMax, *whole));
  }
  return whole;
}

std::int64_t day_of_parts(std::span<const std::int64_t> parts, bool iso) {
  if (!iso) return days_of({.year = parts[kYear], .month = parts[kMonth], .day = parts[kDay]});
  return iso_year_start(parts[kIsoWeekYear]) + (parts[kIsoWeek] - 1) * 7 + parts[kIsoDayOfWeek] - 1;
}

Result<bson::Element> from_parts(const Arguments& arguments, Evaluation& at) {
  const bool iso = arguments.given(kIsoWeekYear);
  std::array<std::int64_t, kTimeZone> parts{};
  for (std::size_t i = 0; i < kTimeZone; ++i) {
    const std::int64_t otherwise = i >= kHour ? 0 : 1;
    const std::optional<std::int64_t> number =
        NACRE_TRY(number_of(arguments, static_cast<Field>(i), otherwise));
    if (!number) return at.scratch.null();
    parts[i] = *number;
  }
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, kTimeZone));
  if (!zone) return at.scratch.null();
  const std::int64_t days = day_of_parts(parts, iso);
  std::int64_t local = days * kMsPerDay + parts[kHour] * kMsPerHour + parts[kMinute] * kMsPerMinute;
  std::int64_t seconds = 0;
  if (__builtin_mul_overflow(parts[kSecond], kMsPerSecond, &seconds) ||
      __builtin_add_overflow(local, seconds, &local) ||
      __builtin_add_overflow(local, parts[kMillisecond], &local) ||
      local < std::numeric_limits<std::int64_t>::min() + kMsPerDay ||
      local > std::numeric_limits<std::int64_t>::max() - kMsPerDay) {
    return invalid(159, "Overflow when making a date of the parts given to $dateFromParts");
  }
  return at.scratch.date(zone->to_utc(local));
}

constexpr Operator kFromParts = {
    .name = "$dateFromParts", .function = from_parts, .signature = &kSignature};

Result<NodePtr> parse_from_parts(const Operator&, const bson::Element& argument, Parser& parser) {
  if (argument.is(bson::Type::kDocument)) {
    const bson::View object = argument.document();
    const auto has = [&](Field field) { return bool{object.find(kParameters[field].name)}; };
    for (const bson::Element& field : object) {
      if (std::ranges::find(kParameters, field.name(), &Parameter::name) == kParameters.end()) {
        return invalid(40518, format("Unrecognized argument to $dateFromParts: {}", field.name()));
      }
    }
    if (!has(kYear) && !has(kIsoWeekYear)) {
      return invalid(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present");
    }
    if (has(kIsoWeekYear) && (has(kYear) || has(kMonth) || has(kDay))) {
      return invalid(40489, "$dateFromParts does not allow mixing natural dates with ISO dates");
    }
    if (has(kYear) && (has(kIsoWeek) || has(kIsoDayOfWeek))) {
      return invalid(40525, "$dateFromParts does not allow mixing ISO dates with natural dates");
    }
  }
  return parser.parse_call(kFromParts, argument);
}

constexpr std::array kOperators = {
    Operator{.name = "$dateFromParts", .parse = parse_from_parts},
};

}  // namespace

std::span<const Operator> date_operators() { return kOperators; }

}  // namespace nacre::expression
