#include <algorithm>

#include "expression/calendar_internal.h"

namespace nacre::expression {
namespace {

constexpr std::int64_t kDaysPerEra = 146097;  // 400 years
constexpr std::int64_t kEpochFromEra = 719468;

bool is_leap(std::int64_t year) {
  return floor_mod(year, 4) == 0 && (floor_mod(year, 100) != 0 || floor_mod(year, 400) == 0);
}

}  // namespace

// Years are counted from March, so that the odd day comes last.
std::int64_t days_of(const Civil& date) {
  std::int64_t year = date.year + floor_div(date.month - 1, 12);
  const std::int64_t month = floor_mod(date.month - 1, 12) + 1;
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = floor_mod(month + 9, 12);
  const std::int64_t day_of_march_year = (153 * month_from_march + 2) / 5;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_march_year;
  return era * kDaysPerEra + day_of_era - kEpochFromEra + date.day - 1;
}

Civil civil_of(std::int64_t days) {
  days += kEpochFromEra;
  const std::int64_t era = floor_div(days, kDaysPerEra);
  const std::int64_t day_of_era = days - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_march_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_march_year + 2) / 153;
  Civil date;
  date.day = day_of_march_year - (153 * month_from_march + 2) / 5 + 1;
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

std::int64_t days_in_month(std::int64_t year, std::int64_t month) {
  constexpr std::int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

std::int64_t day_of_year(std::int64_t days) {
  return days - days_of({.year = civil_of(days).year, .month = 1, .day = 1}) + 1;
}

std::int64_t week_of_year(std::int64_t days) {
  return (day_of_year(days) - 1 + 7 - weekday(days)) / 7;
}

std::int64_t iso_year_start(std::int64_t year) {
  // Week 1 is the one with the fourth of January.
  const std::int64_t fourth = days_of({.year = year, .month = 1, .day = 4});
  return fourth - (iso_weekday(fourth) - 1);
}

IsoWeek iso_week_of(std::int64_t days) {
  // The year is that of the week's Thursday.
  const std::int64_t thursday = days - iso_weekday(days) + 4;
  const std::int64_t year = civil_of(thursday).year;
  return {.year = year, .week = (thursday - iso_year_start(year)) / 7 + 1};
}

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace nacre::expression
