#include "aggregation/time_unit.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace nacre::aggregation {
namespace {

struct Named {
  std::string_view name;
  TimeUnit unit;
  std::int64_t milliseconds;  // 0: not always the same
};

constexpr auto kUnits = std::to_array<Named>({{"year", TimeUnit::kYear, 0},
                                              {"quarter", TimeUnit::kQuarter, 0},
                                              {"month", TimeUnit::kMonth, 0},
                                              {"week", TimeUnit::kWeek, 604'800'000},
                                              {"day", TimeUnit::kDay, 86'400'000},
                                              {"hour", TimeUnit::kHour, 3'600'000},
                                              {"minute", TimeUnit::kMinute, 60'000},
                                              {"second", TimeUnit::kSecond, 1'000},
                                              {"millisecond", TimeUnit::kMillisecond, 1}});

std::int64_t add_months(std::int64_t date, std::int64_t months) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(date)};
  const auto day = floor<std::chrono::days>(at);
  const std::chrono::year_month_day civil{day};
  auto moved = civil.year() / civil.month() + std::chrono::months(static_cast<int>(months));
  const auto last =
      std::chrono::year_month_day_last{moved.year(), std::chrono::month_day_last{moved.month()}};
  const auto to = moved / std::min(civil.day(), last.day());
  return (std::chrono::sys_days{to} - day).count() * 86'400'000 + date;
}

}  // namespace

std::optional<TimeUnit> time_unit(std::string_view name) {
  const auto found = std::ranges::find(kUnits, name, &Named::name);
  return found == kUnits.end() ? std::nullopt : std::optional(found->unit);
}

std::optional<std::int64_t> milliseconds_of(TimeUnit unit) {
  const std::int64_t milliseconds = std::ranges::find(kUnits, unit, &Named::unit)->milliseconds;
  return milliseconds == 0 ? std::nullopt : std::optional(milliseconds);
}

std::int64_t add_units(std::int64_t date, std::int64_t count, TimeUnit unit) {
  constexpr std::int64_t kMonthsMax = 12 * 20'000;
  if (const auto fixed = milliseconds_of(unit)) {
    std::int64_t moved = 0;
    const bool over = __builtin_mul_overflow(count, *fixed, &moved) ||
                      __builtin_add_overflow(date, moved, &moved);
    return over ? (count < 0 ? INT64_MIN : INT64_MAX) : moved;
  }
  const std::int64_t months_each = unit == TimeUnit::kYear      ? 12
                                   : unit == TimeUnit::kQuarter ? 3
                                                                : 1;
  // Dates that a calendar of four-digit years holds; beyond them there is nothing to count.
  const std::int64_t bounded = std::clamp(count, -kMonthsMax, kMonthsMax) * months_each;
  return add_months(date, std::clamp(bounded, -kMonthsMax, kMonthsMax));
}

}  // namespace nacre::aggregation
