#include "expression/time_unit.h"

#include <algorithm>
#include <array>

namespace nacre::expression {
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

}  // namespace

std::optional<TimeUnit> time_unit(std::string_view name) {
  const auto found = std::ranges::find(kUnits, name, &Named::name);
  return found == kUnits.end() ? std::nullopt : std::optional(found->unit);
}

std::optional<std::int64_t> fixed_milliseconds(TimeUnit unit) {
  const std::int64_t milliseconds = std::ranges::find(kUnits, unit, &Named::unit)->milliseconds;
  return milliseconds == 0 ? std::nullopt : std::optional(milliseconds);
}

}  // namespace nacre::expression
