// $dateAdd $dateDiff $dateSubtract $dateTrunc.
//
// Hours and what is shorter are time that passes; days and what is longer are what calendars and
// clocks of the time zone show.
#include <array>
#include <limits>

#include "base/text.h"
#include "expression/dates_internal.h"

namespace nacre::expression {
namespace {

constexpr std::array<Parameter, 4> kAddParameters = {
    {{.name = "startDate", .missing_number = 5166402},
     {.name = "unit", .missing_number = 5166402},
     {.name = "amount", .missing_number = 5166402},
     {.name = "timezone"}}};
constexpr Signature kAddSignature = {
    .not_object_number = 5166400, .unknown_number = 5166401, .parameters = kAddParameters};

constexpr std::int64_t kDaysMax = std::numeric_limits<std::int64_t>::max() / kMsPerDay;

// Whole days of that many units, at least; what no date could be moved by is refused before it is
// computed with.
std::int64_t least_days(Unit unit) {
  switch (unit) {
    case Unit::kYear:
      return 365;
    case Unit::kQuarter:
      return 90;
    case Unit::kMonth:
      return 28;
    case Unit::kWeek:
      return 7;
    default:
      return 1;
  }
}

bool is_in_range(std::int64_t amount, Unit unit) {
  const std::int64_t max =
      unit < Unit::kHour ? kDaysMax / least_days(unit)
                         : std::numeric_limits<std::int64_t>::max() / *fixed_milliseconds(unit);
  return amount <= max && amount >= -max;
}

std::optional<std::int64_t> moved_local(std::int64_t local, Unit unit, std::int64_t amount) {
  std::int64_t days = day_number(local);
  switch (unit) {
    case Unit::kYear:
    case Unit::kQuarter:
    case Unit::kMonth: {
      const std::int64_t months = amount * (unit == Unit::kYear      ? 12
                                            : unit == Unit::kQuarter ? 3
                                                                     : 1);
      Civil date = civil_of(days);
      const std::int64_t month = date.year * 12 + date.month - 1 + months;
      date.year = floor_div(month, 12);
      date.month = floor_mod(month, 12) + 1;
      date.day = std::min(date.day, days_in_month(date.year, date.month));
      days = days_of(date);
      break;
    }
    case Unit::kWeek:
      days += amount * 7;
      break;
    default:
      days += amount;
  }
  std::int64_t result = 0;
  if (__builtin_mul_overflow(days, kMsPerDay, &result) ||
      __builtin_add_overflow(result, time_of_day(local), &result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<std::int64_t> moved(std::int64_t moment, Unit unit, std::int64_t amount,
                                  const text::TimeZone& zone) {
  std::int64_t result = 0;
  if (unit >= Unit::kHour) {
    if (__builtin_add_overflow(moment, amount * *fixed_milliseconds(unit), &result)) {
      return std::nullopt;
    }
    return result;
  }
  // An offset is less than a day: keep that far from the ends of time.
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max() - 2 * kMsPerDay;
  if (moment > kEnd || moment < -kEnd) return std::nullopt;
  const auto local = moved_local(local_at(moment, zone), unit, amount);
  if (!local || *local > kEnd || *local < -kEnd) return std::nullopt;
  return zone.to_utc(*local);
}

template <bool backward>
Result<bson::Element> add(const Arguments& arguments, Evaluation& at) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (is_nullish(arguments[i])) return at.scratch.null();
  }
  const auto start = moment_of(arguments[0]);
  if (!start) {
    return invalid(5166403,
                   format("{} requires startDate to be convertible to a date", arguments.name()));
  }
  const Unit unit = NACRE_TRY(unit_of(arguments[1], arguments.name(), 5166404));
  const auto given = arguments[2].as_int64();
  if (!given) {
    return invalid(5166405, format("{} expects integer amount of time units", arguments.name()));
  }
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 3));
  if (!zone) return at.scratch.null();
  std::int64_t amount = *given;
  if (backward) {
    if (amount == std::numeric_limits<std::int64_t>::min()) {
      return invalid(6045000,
                     format("invalid {} 'amount' parameter value: {}", arguments.name(), amount));
    }
    amount = -amount;
  }
  if (!is_in_range(amount, unit)) {
    return invalid(5976500,
                   format("invalid {} 'amount' parameter value: {}", arguments.name(), *given));
  }
  const auto result = moved(*start, unit, amount, *zone);
  if (!result) return invalid(5166406, format("{} overflowed", arguments.name()));
  return at.scratch.date(*result);
}

constexpr std::array<Parameter, 5> kDiffParameters = {
    {{.name = "startDate", .missing_number = 5166303},
     {.name = "endDate", .missing_number = 5166304},
     {.name = "unit", .missing_number = 5166305},
     {.name = "timezone"},
     {.name = "startOfWeek"}}};
constexpr Signature kDiffSignature = {
    .not_object_number = 5166301, .unknown_number = 5166302, .parameters = kDiffParameters};

std::int64_t month_number(std::int64_t local) {
  const Civil date = civil_of(day_number(local));
  return date.year * 12 + date.month - 1;
}

// Boundaries of the unit between two moments. For the hour and below they lie in passing time, from
// where the zone's clocks have them.
std::int64_t boundaries(std::int64_t start, std::int64_t end, Unit unit, std::int64_t week_start,
                        const text::TimeZone& zone) {
  const std::int64_t from = local_at(start, zone);
  const std::int64_t to = local_at(end, zone);
  switch (unit) {
    case Unit::kYear:
      return floor_div(month_number(to), 12) - floor_div(month_number(from), 12);
    case Unit::kQuarter:
      return floor_div(month_number(to), 3) - floor_div(month_number(from), 3);
    case Unit::kMonth:
      return month_number(to) - month_number(from);
    case Unit::kWeek: {
      const auto week = [&](std::int64_t local) {
        return floor_div(day_number(local) + 4 - week_start, 7);
      };
      return week(to) - week(from);
    }
    case Unit::kDay:
      return day_number(to) - day_number(from);
    default: {
      const std::int64_t size = *fixed_milliseconds(unit);
      const std::int64_t first = from - floor_mod(from, size) - zone.offset_at(start);
      const std::int64_t last = to - floor_mod(to, size) - zone.offset_at(end);
      return floor_div(last, size) - floor_div(first, size);
    }
  }
}

// Requires that it was given. Nothing when null.
Result<std::optional<std::int64_t>> week_start_of(const Arguments& arguments, std::size_t index,
                                                  Unit unit) {
  if (unit != Unit::kWeek || !arguments.given(index)) return 0;
  if (is_nullish(arguments[index])) return std::nullopt;
  return NACRE_TRY(weekday_of(arguments[index], arguments.name()));
}

constexpr std::int64_t kMomentMax = std::numeric_limits<std::int64_t>::max() - 2 * kMsPerDay;
bool is_usual(std::int64_t moment) { return moment <= kMomentMax && moment >= -kMomentMax; }

Result<bson::Element> difference(const Arguments& arguments, Evaluation& at) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (is_nullish(arguments[i])) return at.scratch.null();
  }
  const auto start = moment_of(arguments[0]);
  const auto end = moment_of(arguments[1]);
  if (!start || !end) {
    return invalid(5166307, format("$dateDiff requires '{}' to be a date, but got {}",
                                   start ? "endDate" : "startDate",
                                   bson::name(arguments[start ? 1 : 0].type())));
  }
  const Unit unit = NACRE_TRY(unit_of(arguments[2], arguments.name(), 5439013));
  const auto week_start = NACRE_TRY(week_start_of(arguments, 4, unit));
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 3));
  if (!week_start || !zone) return at.scratch.null();
  std::int64_t distance = 0;
  if (!is_usual(*start) || !is_usual(*end) || __builtin_sub_overflow(*end, *start, &distance)) {
    return invalid(5166308, "$dateDiff overflowed");
  }
  if (unit == Unit::kMillisecond) return at.scratch.int64(distance);
  return at.scratch.int64(boundaries(*start, *end, unit, *week_start, *zone));
}

constexpr std::array<Parameter, 5> kTruncParameters = {{{.name = "date", .missing_number = 5439009},
                                                        {.name = "unit", .missing_number = 5439010},
                                                        {.name = "binSize"},
                                                        {.name = "timezone"},
                                                        {.name = "startOfWeek"}}};
constexpr Signature kTruncSignature = {
    .not_object_number = 5439007, .unknown_number = 5439008, .parameters = kTruncParameters};

// Bins are counted from the start of the year 2000, a Saturday.
constexpr std::int64_t kReferenceDay = 10957;
constexpr std::int64_t kReferenceWeekday = 6;
constexpr std::int64_t kReferenceMonth = 2000 * 12;
// Bins of more than this reach over all dates there are.
constexpr std::int64_t kBinMax = std::numeric_limits<std::int64_t>::max() / kMsPerDay;

std::int64_t floored(std::int64_t value, std::int64_t bin, std::int64_t reference) {
  return reference + floor_div(value - reference, bin) * bin;
}

// The first day of the bin.
std::int64_t truncated_day(std::int64_t local, Unit unit, std::int64_t bin,
                           std::int64_t week_start) {
  switch (unit) {
    case Unit::kYear:
    case Unit::kQuarter:
    case Unit::kMonth: {
      const std::int64_t months = bin * (unit == Unit::kYear ? 12 : unit == Unit::kQuarter ? 3 : 1);
      const std::int64_t month = floored(month_number(local), months, kReferenceMonth);
      return days_of({.year = floor_div(month, 12), .month = floor_mod(month, 12) + 1, .day = 1});
    }
    case Unit::kWeek: {
      const std::int64_t first = kReferenceDay + floor_mod(week_start - kReferenceWeekday, 7);
      return floored(day_number(local), bin * 7, first);
    }
    default:
      return floored(day_number(local), bin, kReferenceDay);
  }
}

Result<std::int64_t> bin_size_of(const Arguments& arguments) {
  if (!arguments.given(2)) return 1;
  const auto bin = arguments[2].as_int64();
  if (!bin) {
    return invalid(5439017, "$dateTrunc requires 'binSize' to be a 64-bit integer");
  }
  if (*bin <= 0) {
    return invalid(5439018,
                   format("$dateTrunc requires 'binSize' to be greater than 0, but got {}", *bin));
  }
  return *bin;
}

Result<> check_bin(std::int64_t bin, Unit unit) {
  constexpr std::array<std::int32_t, 9> kNumbers = {5439006, 5439006, 5439006, 5439005, 5439005,
                                                    5439002, 5439002, 5439002, 5439002};
  const std::int64_t max =
      unit < Unit::kHour ? kBinMax / least_days(unit)
                         : std::numeric_limits<std::int64_t>::max() / *fixed_milliseconds(unit);
  if (bin <= max) return {};
  return invalid(kNumbers[static_cast<std::size_t>(unit)],
                 format("$dateTrunc unsupported binSize value: {}", bin));
}

Result<bson::Element> truncate(const Arguments& arguments, Evaluation& at) {
  const bool null_bin = arguments.given(2) && is_nullish(arguments[2]);
  if (is_nullish(arguments[0]) || is_nullish(arguments[1]) || null_bin) return at.scratch.null();
  const auto moment = moment_of(arguments[0]);
  if (!moment) {
    return invalid(5439012, format("$dateTrunc requires 'date' to be a date, but got {}",
                                   bson::name(arguments[0].type())));
  }
  const Unit unit = NACRE_TRY(unit_of(arguments[1], arguments.name(), 5439013));
  const std::int64_t bin = NACRE_TRY(bin_size_of(arguments));
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 3));
  const auto week_start = NACRE_TRY(week_start_of(arguments, 4, unit));
  if (!zone || !week_start) return at.scratch.null();
  NACRE_TRY(check_bin(bin, unit));
  constexpr std::int64_t kFarthest = std::numeric_limits<std::int64_t>::max() / 2;
  if (*moment > kFarthest || *moment < -kFarthest) return invalid(5439003, "$dateTrunc overflowed");
  if (unit >= Unit::kHour) {
    const std::int64_t reference = zone->to_utc(kReferenceDay * kMsPerDay);
    const std::int64_t size = bin * *fixed_milliseconds(unit);
    const std::int64_t bins = floor_div(*moment - reference, size);
    std::int64_t result = 0;
    if (__builtin_mul_overflow(bins, size, &result) ||
        __builtin_add_overflow(result, reference, &result)) {
      return invalid(5439003, "$dateTrunc overflowed");
    }
    return at.scratch.date(result);
  }
  const std::int64_t day = truncated_day(local_at(*moment, *zone), unit, bin, *week_start);
  if (day > kDaysMax - 2 || day < -kDaysMax + 2) return invalid(5439003, "$dateTrunc overflowed");
  return at.scratch.date(zone->to_utc(day * kMsPerDay));
}

constexpr std::array kOperators = {
    Operator{.name = "$dateAdd", .function = add<false>, .signature = &kAddSignature},
    Operator{.name = "$dateDiff", .function = difference, .signature = &kDiffSignature},
    Operator{.name = "$dateSubtract", .function = add<true>, .signature = &kAddSignature},
    Operator{.name = "$dateTrunc", .function = truncate, .signature = &kTruncSignature},
};

}  // namespace

std::int64_t add_units(std::int64_t date, std::int64_t count, TimeUnit unit) {
  if (is_in_range(count, unit)) {
    if (const auto to = moved(date, unit, count, text::TimeZone())) return *to;
  }
  return count < 0 ? std::numeric_limits<std::int64_t>::min()
                   : std::numeric_limits<std::int64_t>::max();
}

std::span<const Operator> date_arithmetic_operators() { return kOperators; }

}  // namespace nacre::expression
