// The Gregorian calendar over milliseconds that are local already: what a clock shows, as if it
// were UTC.
//
// Years go on in both directions as far as 64 bits of milliseconds do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nacre::expression {

inline constexpr std::int64_t kMsPerSecond = 1000;
inline constexpr std::int64_t kMsPerMinute = 60 * kMsPerSecond;
inline constexpr std::int64_t kMsPerHour = 60 * kMsPerMinute;
inline constexpr std::int64_t kMsPerDay = 24 * kMsPerHour;

// Rounded towards the past.
[[nodiscard]] constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
[[nodiscard]] constexpr std::int64_t floor_mod(std::int64_t a, std::int64_t b) {
  const std::int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

struct Civil {
  std::int64_t year = 1970;
  std::int64_t month = 1;  // 1 to 12
  std::int64_t day = 1;    // 1 to 31
};

// Days since the epoch. A month or day out of its range carries over.
[[nodiscard]] std::int64_t days_of(const Civil& date);
[[nodiscard]] Civil civil_of(std::int64_t days);
[[nodiscard]] std::int64_t days_in_month(std::int64_t year, std::int64_t month);

[[nodiscard]] constexpr std::int64_t day_number(std::int64_t local_ms) {
  return floor_div(local_ms, kMsPerDay);
}
[[nodiscard]] constexpr std::int64_t time_of_day(std::int64_t local_ms) {
  return floor_mod(local_ms, kMsPerDay);
}

[[nodiscard]] constexpr std::int64_t weekday(std::int64_t days) {  // 0: Sunday
  return floor_mod(days + 4, 7);
}
[[nodiscard]] constexpr std::int64_t iso_weekday(std::int64_t days) {  // 1: Monday, 7: Sunday
  return floor_mod(days + 3, 7) + 1;
}
[[nodiscard]] std::int64_t day_of_year(std::int64_t days);   // 1 to 366
[[nodiscard]] std::int64_t week_of_year(std::int64_t days);  // 0 to 53, from Sundays on

struct IsoWeek {
  std::int64_t year;
  std::int64_t week;  // 1 to 53
};
[[nodiscard]] IsoWeek iso_week_of(std::int64_t days);
// The Monday of week 1.
[[nodiscard]] std::int64_t iso_year_start(std::int64_t year);

inline constexpr std::string_view kMonthNames[] = {"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
inline constexpr std::string_view kDayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                 "Thursday", "Friday", "Saturday"};

[[nodiscard]] bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace nacre::expression
