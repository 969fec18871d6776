// Texts as dates: by a pattern, or in one of the forms that people write.
#include <algorithm>

#include "base/error_codes.h"
#include "base/text.h"
#include "expression/calendar_internal.h"
#include "expression/date_parse_internal.h"
#include "expression/date_text_internal.h"

namespace nacre::expression {
namespace {

using error_codes::kConversionFailure;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Abbreviation {
  std::string_view name;
  std::int64_t hours;
};
constexpr Abbreviation kAbbreviations[] = {
    {"UTC", 0},  {"GMT", 0},  {"Z", 0},    {"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
    {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}, {"CET", 1},  {"CEST", 2}, {"BST", 1},
    {"WET", 0},  {"EET", 2},  {"EEST", 3}, {"MSK", 3},  {"JST", 9}};

Result<std::int64_t> day_of(const Moment& said, std::string_view text) {
  if (said.iso_year || said.iso_week) {
    if (!said.iso_year) return not_a_date(text, "an incomplete date: the ISO year is missing");
    const std::int64_t week = said.iso_week.value_or(1);
    const std::int64_t day = said.iso_day.value_or(1);
    if (week < 1 || week > 53 || day < 1 || day > 7) return not_a_date(text, "no such week or day");
    return iso_year_start(*said.iso_year) + (week - 1) * 7 + day - 1;
  }
  if (said.year && said.day_of_year) {
    if (*said.day_of_year < 1 || *said.day_of_year > 366) return not_a_date(text, "no such day");
    return days_of({.year = *said.year, .month = 1, .day = *said.day_of_year});
  }
  if (!said.year || !said.month || !said.day) {
    return not_a_date(text, "an incomplete date/time string has been found");
  }
  if (*said.month < 1 || *said.month > 12 || *said.day < 1 ||
      *said.day > days_in_month(*said.year, *said.month)) {
    return not_a_date(text, "the parsed date was invalid");
  }
  return days_of({.year = *said.year, .month = *said.month, .day = *said.day});
}

}  // namespace

std::unexpected<Error> not_a_date(std::string_view text, std::string_view why) {
  return invalid(kConversionFailure, format("Error parsing date string '{}'; {}", text, why));
}

std::optional<std::int64_t> DateReader::number(std::size_t digits_min, std::size_t digits_max) {
  std::size_t digits = 0;
  std::int64_t value = 0;
  while (digits < digits_max && digits < rest_.size() && is_digit(rest_[digits])) {
    value = value * 10 + (rest_[digits] - '0');
    ++digits;
  }
  if (digits < digits_min || digits == 0) return std::nullopt;
  rest_.remove_prefix(digits);
  return value;
}

std::string_view DateReader::word() {
  std::size_t size = 0;
  while (size < rest_.size() && is_letter(rest_[size])) ++size;
  const std::string_view found = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return found;
}

std::optional<std::int64_t> DateReader::month_name() {
  const std::string_view name = word();
  for (std::size_t i = 0; i < std::size(kMonthNames); ++i) {
    const std::string_view month = kMonthNames[i];
    if (equal_without_case(name, month) || equal_without_case(name, month.substr(0, 3)) ||
        (i == 8 && equal_without_case(name, "Sept"))) {
      return static_cast<std::int64_t>(i + 1);
    }
  }
  take_back(name);
  return std::nullopt;
}

std::optional<std::int64_t> DateReader::fraction() {
  std::size_t digits = 0;
  std::int64_t value = 0;
  for (; digits < rest_.size() && is_digit(rest_[digits]); ++digits) {
    if (digits < 3) value = value * 10 + (rest_[digits] - '0');
  }
  if (digits == 0) return std::nullopt;
  for (std::size_t i = digits; i < 3; ++i) value *= 10;
  rest_.remove_prefix(digits);
  return value;
}

std::optional<text::TimeZone> DateReader::zone() {
  const std::string_view before = rest_;
  if (rest_.starts_with('+') || rest_.starts_with('-')) {
    std::size_t size = 1;
    while (size < rest_.size() && (is_digit(rest_[size]) || rest_[size] == ':')) ++size;
    const auto zone = text::TimeZone::find(rest_.substr(0, size));
    if (zone) rest_.remove_prefix(size);
    return zone;
  }
  std::size_t size = 0;
  while (size < rest_.size() &&
         (is_letter(rest_[size]) || rest_[size] == '/' || rest_[size] == '_')) {
    ++size;
  }
  const std::string_view name = rest_.substr(0, size);
  rest_.remove_prefix(size);
  for (const Abbreviation& known : kAbbreviations) {
    if (!equal_without_case(name, known.name)) continue;
    return text::TimeZone::at_offset(known.hours * kMsPerHour);
  }
  if (name.contains('/')) {
    if (const auto zone = text::TimeZone::find(name)) return zone;
  }
  rest_ = before;
  return std::nullopt;
}

Result<std::int64_t> moment_in(const Moment& said, std::string_view text,
                               const text::TimeZone* zone) {
  if (said.zone && zone != nullptr) {
    return not_a_date(text,
                      "you cannot pass in a date/time string with time zone information "
                      "together with a timezone argument");
  }
  const bool midnight = said.hour == 24 && said.minute == 0 && said.second == 0;
  if ((said.hour > 23 && !midnight) || said.minute > 59 || said.second > 59) {
    return not_a_date(text, "the parsed time was invalid");
  }
  const std::int64_t days = NACRE_TRY(day_of(said, text));
  const std::int64_t local = days * kMsPerDay + said.hour * kMsPerHour +
                             said.minute * kMsPerMinute + said.second * kMsPerSecond +
                             said.millisecond;
  if (said.zone) return said.zone->to_utc(local);
  return zone == nullptr ? local : zone->to_utc(local);
}

namespace {

bool starts_with_year(std::string_view text) {
  return text.size() >= 4 && std::ranges::all_of(text.substr(0, 4), is_digit);
}

// Behind a date: a time, and perhaps a zone. False when something else is there.
bool read_time(DateReader& reader, Moment& said) {
  reader.skip_spaces();
  if (reader.rest().starts_with('T') || reader.rest().starts_with('t')) {
    const std::string_view rest = reader.rest();
    if (rest.size() < 2 || !is_digit(rest[1])) return false;
    reader.skip(rest.front());
  }
  if (!reader.done() && is_digit(reader.rest().front())) {
    const auto hour = reader.number(1, 2);
    said.hour = *hour;
    const bool colons = reader.skip(':');
    const auto minute = reader.number(2, 2);
    if (!minute) return false;
    said.minute = *minute;
    if (colons ? reader.skip(':') : !reader.done() && is_digit(reader.rest().front())) {
      const auto second = reader.number(2, 2);
      if (!second) return false;
      said.second = *second;
      if (reader.skip('.') || reader.skip(',')) {
        const auto fraction = reader.fraction();
        if (!fraction) return false;
        said.millisecond = *fraction;
      }
    }
    reader.skip_spaces();
    const std::string_view half = reader.word();
    const bool morning = equal_without_case(half, "am");
    if (morning || equal_without_case(half, "pm")) {
      if (said.hour < 1 || said.hour > 12) return false;
      said.hour = said.hour % 12 + (morning ? 0 : 12);
    } else {
      reader.take_back(half);
    }
  }
  reader.skip_spaces();
  if (!reader.done()) {
    said.zone = reader.zone();
    if (!said.zone) return false;
  }
  reader.skip_spaces();
  return reader.done();
}

// "2017-07-04", "2017/07/04", "20170704", "2017-185", "2017-W27-2", "2017-07".
bool read_year_first(DateReader& reader, Moment& said) {
  said.year = reader.number(4, 4);
  if (!said.year) return false;
  const bool dashes = reader.skip('-');
  const bool slashes = !dashes && reader.skip('/');
  if (reader.skip('W')) {
    said.iso_year = said.year;
    said.iso_week = reader.number(2, 2);
    if (dashes && reader.skip('-')) said.iso_day = reader.number(1, 1);
    return said.iso_week.has_value();
  }
  if (!dashes && !slashes) {
    said.month = reader.number(2, 2);
    said.day = reader.number(2, 2);
    return said.month && said.day;
  }
  if (dashes) {
    if (const auto name = reader.month_name()) {
      said.month = name;
      if (!reader.skip('-')) return false;
      said.day = reader.number(1, 2);
      return said.day.has_value();
    }
  }
  const std::size_t before = reader.rest().size();
  const auto first = reader.number(1, 3);
  if (!first) return false;
  if (before - reader.rest().size() == 3 && dashes) {
    said.day_of_year = first;
    return true;
  }
  said.month = first;
  if (reader.skip(dashes ? '-' : '/')) {
    said.day = reader.number(1, 2);
    return said.day.has_value();
  }
  // A month is its first day.
  said.day = 1;
  return dashes && (reader.done() || reader.rest().starts_with(' '));
}

// "7/4/2017", "4 July 2017", "4-Jul-2017".
bool read_number_first(DateReader& reader, Moment& said) {
  const auto first = reader.number(1, 2);
  if (!first) return false;
  if (reader.skip('/')) {
    said.month = first;
    said.day = reader.number(1, 2);
    if (!said.day || !reader.skip('/')) return false;
    said.year = reader.number(4, 4);
    return said.year.has_value();
  }
  said.day = first;
  const bool dashes = reader.skip('-');
  const std::string_view suffix = reader.word();
  if (suffix != "st" && suffix != "nd" && suffix != "rd" && suffix != "th") {
    reader.take_back(suffix);
  }
  reader.skip_spaces();
  said.month = reader.month_name();
  if (!said.month) return false;
  if (dashes && !reader.skip('-')) return false;
  reader.skip(',');
  reader.skip_spaces();
  said.year = reader.number(4, 4);
  return said.year.has_value();
}

// "July 4, 2017", "July 2017", and any of the others behind the name of a day.
bool read_name_first(DateReader& reader, Moment& said) {
  const std::string_view name = reader.word();
  const bool is_day = std::ranges::any_of(kDayNames, [&](std::string_view day) {
    return equal_without_case(name, day) || equal_without_case(name, day.substr(0, 3));
  });
  if (is_day) {
    reader.skip(',');
    reader.skip_spaces();
    if (reader.rest().empty()) return false;
    if (is_digit(reader.rest().front())) return read_number_first(reader, said);
  } else {
    reader.take_back(name);
  }
  said.month = reader.month_name();
  if (!said.month) return false;
  if (!reader.skip('.')) reader.skip('-');
  reader.skip_spaces();
  if (starts_with_year(reader.rest())) {
    said.day = 1;
    said.year = reader.number(4, 4);
    return true;
  }
  said.day = reader.number(1, 2);
  if (!said.day) return false;
  const std::string_view suffix = reader.word();
  if (suffix != "st" && suffix != "nd" && suffix != "rd" && suffix != "th") {
    reader.take_back(suffix);
  }
  reader.skip(',');
  reader.skip_spaces();
  said.year = reader.number(4, 4);
  return said.year.has_value();
}

}  // namespace

Result<std::int64_t> parse_date(std::string_view text, const text::TimeZone* zone) {
  DateReader reader(text);
  reader.skip_spaces();
  Moment said;
  bool read = false;
  if (starts_with_year(reader.rest())) {
    read = read_year_first(reader, said);
  } else if (!reader.done() && is_digit(reader.rest().front())) {
    read = read_number_first(reader, said);
  } else if (!reader.done()) {
    read = read_name_first(reader, said);
  }
  if (!read || !read_time(reader, said)) return not_a_date(text, "it is in no form that is known");
  return moment_in(said, text, zone);
}

}  // namespace nacre::expression
