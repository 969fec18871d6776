// $year $month $dayOfMonth $hour ... $isoWeek: one part of a date; and $dateToParts.
#include <array>

#include "base/text.h"
#include "expression/call_internal.h"
#include "expression/dates_internal.h"

namespace nacre::expression {
namespace {

constexpr std::array<Parameter, 2> kParameters = {
    {{.name = "date", .missing_number = 40539}, {.name = "timezone"}}};
constexpr Signature kSignature = {
    .not_object_number = 40535, .unknown_number = 40535, .parameters = kParameters};

// The argument is {date, timezone}, or the date alone, in an array of one too.
Result<NodePtr> parse_part(const Operator& row, const bson::Element& argument, Parser& parser) {
  if (argument.is(bson::Type::kDocument)) {
    const bson::View object = argument.document();
    if (object.empty() || !object.begin()->name().starts_with('$')) {
      return parser.parse_call(row, argument);
    }
  }
  bson::Element date = argument;
  if (argument.is(bson::Type::kArray)) {
    if (argument.array().count() != 1) {
      return invalid(40536,
                     format("{} accepts exactly one argument if given an array, but was given "
                            "{}",
                            row.name, argument.array().count()));
    }
    date = argument.array().at(0);
  }
  std::vector<NodePtr> parts(kParameters.size());
  parts[0] = NACRE_TRY(parser.parse(date));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Call>(row, std::move(parts)), constant);
}

using Part = std::int64_t (*)(std::int64_t local);

template <Part part>
Result<bson::Element> part_of(const Arguments& arguments, Evaluation& at) {
  if (is_nullish(arguments[0])) return at.scratch.null();
  const std::int64_t moment = NACRE_TRY(require_moment(arguments[0]));
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 1));
  if (!zone) return at.scratch.null();
  return at.scratch.int32(static_cast<std::int32_t>(part(local_at(moment, *zone))));
}

std::int64_t year(std::int64_t local) { return civil_of(day_number(local)).year; }
std::int64_t month(std::int64_t local) { return civil_of(day_number(local)).month; }
std::int64_t day_of_month(std::int64_t local) { return civil_of(day_number(local)).day; }
std::int64_t hour(std::int64_t local) { return time_of_day(local) / kMsPerHour; }
std::int64_t minute(std::int64_t local) { return time_of_day(local) / kMsPerMinute % 60; }
std::int64_t second(std::int64_t local) { return time_of_day(local) / kMsPerSecond % 60; }
std::int64_t millisecond(std::int64_t local) { return time_of_day(local) % kMsPerSecond; }
std::int64_t day_of_week(std::int64_t local) { return weekday(day_number(local)) + 1; }
std::int64_t day_in_year(std::int64_t local) { return day_of_year(day_number(local)); }
std::int64_t week(std::int64_t local) { return week_of_year(day_number(local)); }
std::int64_t iso_day(std::int64_t local) { return iso_weekday(day_number(local)); }
std::int64_t iso_week(std::int64_t local) { return iso_week_of(day_number(local)).week; }
std::int64_t iso_year(std::int64_t local) { return iso_week_of(day_number(local)).year; }

// Of all parts the only one that MongoDB gives as an int64.
Result<bson::Element> iso_week_year(const Arguments& arguments, Evaluation& at) {
  const bson::Element part = NACRE_TRY(part_of<iso_year>(arguments, at));
  return part.is(bson::Type::kInt32) ? at.scratch.int64(part.int32()) : part;
}

constexpr std::array<Parameter, 3> kPartsParameters = {
    {{.name = "date", .missing_number = 40522}, {.name = "timezone"}, {.name = "iso8601"}}};
constexpr Signature kPartsSignature = {
    .not_object_number = 40524, .unknown_number = 40520, .parameters = kPartsParameters};

Result<bson::Element> to_parts(const Arguments& arguments, Evaluation& at) {
  if (is_nullish(arguments[0])) return at.scratch.null();
  bool iso = false;
  if (arguments.given(2)) {
    if (is_nullish(arguments[2])) return at.scratch.null();
    if (!arguments[2].is(bson::Type::kBool)) {
      return invalid(40521, format("iso8601 must evaluate to a bool, found {}",
                                   bson::name(arguments[2].type())));
    }
    iso = arguments[2].boolean();
  }
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 1));
  if (!zone) return at.scratch.null();
  const std::int64_t local = local_at(NACRE_TRY(require_moment(arguments[0])), *zone);
  bson::Builder builder;
  builder.begin_document("");
  const auto append = [&](std::string_view name, std::int64_t value) {
    builder.append(name, static_cast<std::int32_t>(value));
  };
  if (iso) {
    append("isoWeekYear", iso_year(local));
    append("isoWeek", iso_week(local));
    append("isoDayOfWeek", iso_day(local));
  } else {
    append("year", year(local));
    append("month", month(local));
    append("day", day_of_month(local));
  }
  append("hour", hour(local));
  append("minute", minute(local));
  append("second", second(local));
  append("millisecond", millisecond(local));
  builder.end();
  return at.scratch.keep(builder.finish());
}

constexpr Operator row(std::string_view name, Function function) {
  return {.name = name, .function = function, .parse = parse_part, .signature = &kSignature};
}

constexpr std::array kOperators = {
    Operator{.name = "$dateToParts", .function = to_parts, .signature = &kPartsSignature},
    row("$dayOfMonth", part_of<day_of_month>),
    row("$dayOfWeek", part_of<day_of_week>),
    row("$dayOfYear", part_of<day_in_year>),
    row("$hour", part_of<hour>),
    row("$isoDayOfWeek", part_of<iso_day>),
    row("$isoWeek", part_of<iso_week>),
    row("$isoWeekYear", iso_week_year),
    row("$millisecond", part_of<millisecond>),
    row("$minute", part_of<minute>),
    row("$month", part_of<month>),
    row("$second", part_of<second>),
    row("$week", part_of<week>),
    row("$year", part_of<year>),
};

}  // namespace

std::span<const Operator> date_parts_operators() { return kOperators; }

}  // namespace nacre::expression
