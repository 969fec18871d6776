// Units of time: "month", "hour", ..., and dates moved by them.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nacre::expression {

enum class TimeUnit : std::uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond
};

[[nodiscard]] std::optional<TimeUnit> time_unit(std::string_view name);
// Of a unit that always takes the same time; nothing for months, quarters and years.
[[nodiscard]] std::optional<std::int64_t> fixed_milliseconds(TimeUnit unit);
// Moves a date (milliseconds since the epoch, UTC) by `count` units; months keep the day as far as
// the month has it. What lies beyond the ends of time becomes their last millisecond.
[[nodiscard]] std::int64_t add_units(std::int64_t date, std::int64_t count, TimeUnit unit);

}  // namespace nacre::expression
