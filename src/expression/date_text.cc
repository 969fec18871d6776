// $dateToString, and dates as text.
#include <array>
#include <cstdlib>

#include "base/text.h"
#include "expression/date_text_internal.h"
#include "expression/dates_internal.h"

namespace nacre::expression {
namespace {

constexpr std::string_view kIsoPattern = "%Y-%m-%dT%H:%M:%S.%LZ";
constexpr std::string_view kIsoPatternWithoutZone = "%Y-%m-%dT%H:%M:%S.%L";
constexpr std::string_view kSpecifiers = "dGHjLmMSwuUVYzZ%bB";
constexpr std::int64_t kYearMax = 9999;

Result<> append_year(std::string& to, std::int64_t year) {
  if (year < 0 || year > kYearMax) {
    return invalid(18537, format("Could not convert date to string: year {} is outside 0 to {}",
                                 year, kYearMax));
  }
  to += format("{:04}", year);
  return {};
}

void append_offset(std::string& to, std::int64_t offset_ms) {
  const std::int64_t minutes = std::abs(offset_ms) / kMsPerMinute;
  to += format("{}{:02}{:02}", offset_ms < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

struct Shown {
  std::int64_t days;
  std::int64_t time;
  std::int64_t offset;
};

Result<> append_part(std::string& to, char specifier, const Shown& shown) {
  const Civil date = civil_of(shown.days);
  const auto two = [&](std::int64_t value) { to += format("{:02}", value); };
  switch (specifier) {
    case 'Y':
      return append_year(to, date.year);
    case 'G':
      return append_year(to, iso_week_of(shown.days).year);
    case 'm':
      two(date.month);
      break;
    case 'd':
      two(date.day);
      break;
    case 'H':
      two(shown.time / kMsPerHour);
      break;
    case 'M':
      two(shown.time / kMsPerMinute % 60);
      break;
    case 'S':
      two(shown.time / kMsPerSecond % 60);
      break;
    case 'L':
      to += format("{:03}", shown.time % kMsPerSecond);
      break;
    case 'j':
      to += format("{:03}", day_of_year(shown.days));
      break;
    case 'U':
      two(week_of_year(shown.days));
      break;
    case 'V':
      two(iso_week_of(shown.days).week);
      break;
    case 'w':
      to += format("{}", weekday(shown.days) + 1);
      break;
    case 'u':
      to += format("{}", iso_weekday(shown.days));
      break;
    case 'b':
      to += kMonthNames[date.month - 1].substr(0, 3);
      break;
    case 'B':
      to += kMonthNames[date.month - 1];
      break;
    case 'z':
      append_offset(to, shown.offset);
      break;
    case 'Z':
      to += format("{}{:03}", shown.offset < 0 ? '-' : '+', std::abs(shown.offset) / kMsPerMinute);
      break;
    default:
      to += specifier;
  }
  return {};
}

constexpr std::array<Parameter, 4> kParameters = {{{.name = "date", .missing_number = 18628},
                                                   {.name = "format"},
                                                   {.name = "timezone"},
                                                   {.name = "onNull", .late = true}}};
constexpr Signature kSignature = {
    .not_object_number = 18629, .unknown_number = 18534, .parameters = kParameters};

Result<bson::Element> to_string(const Arguments& arguments, Evaluation& at) {
  std::string_view pattern;
  if (arguments.given(1) && !is_nullish(arguments[1])) {
    if (!arguments[1].is(bson::Type::kString)) {
      return invalid(18533, format("$dateToString requires that 'format' be a string, found: {}",
                                   bson::name(arguments[1].type())));
    }
    pattern = arguments[1].string();
    NACRE_TRY(check_pattern(pattern, kSpecifiers));
  }
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 2));
  if (is_nullish(arguments[0])) {
    if (arguments.given(3)) return arguments.late(3, at);
    return at.scratch.null();
  }
  if (!zone || (arguments.given(1) && is_nullish(arguments[1]))) return at.scratch.null();
  if (!arguments.given(1)) pattern = zone->is_utc() ? kIsoPattern : kIsoPatternWithoutZone;
  const std::int64_t moment = NACRE_TRY(require_moment(arguments[0]));
  const std::string text = NACRE_TRY(format_date(moment, pattern, *zone));
  return at.scratch.string(text);
}

constexpr std::array kOperators = {
    Operator{.name = "$dateToString", .function = to_string, .signature = &kSignature},
    from_string_operator(),
};

}  // namespace

Result<> check_pattern(std::string_view pattern, std::string_view specifiers) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    if (++i == pattern.size()) return invalid(18535, "Unmatched '%' at end of format string");
    if (!specifiers.contains(pattern[i])) {
      return invalid(18536, format("Invalid format character '%{}' in format string", pattern[i]));
    }
  }
  return {};
}

Result<std::string> format_date(std::int64_t milliseconds, std::string_view pattern,
                                const text::TimeZone& zone) {
  const std::int64_t offset = zone.offset_at(milliseconds);
  std::int64_t local = 0;
  if (__builtin_add_overflow(milliseconds, offset, &local)) local = milliseconds;
  const Shown shown{.days = day_number(local), .time = time_of_day(local), .offset = offset};
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '%' && i + 1 < pattern.size()) {
      NACRE_TRY(append_part(text, pattern[++i], shown));
    } else {
      text += pattern[i];
    }
  }
  return text;
}

Result<std::string> iso_text(std::int64_t milliseconds) {
  return format_date(milliseconds, kIsoPattern, text::TimeZone());
}

std::span<const Operator> date_text_operators() { return kOperators; }

}  // namespace nacre::expression
