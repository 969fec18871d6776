// TimeZone: what the clocks of a place show.
//
// Zones are Olson's ("Europe/Berlin"), by ICU's tables, or offsets from UTC ("+02:00", "-0330",
// "+02"). Years are of the Gregorian calendar, carried on before it was made.
// Cost:    find by name reads ICU's tables once for each name (kept); offset_at is a search in
// them,
//          and nothing at all for offsets.
// Threads: immutable; find may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace nacre::text {

class TimeZone {
 public:
  TimeZone() = default;  // UTC

  // Nothing for a name that nobody knows.
  [[nodiscard]] static std::optional<TimeZone> find(std::string_view name);
  [[nodiscard]] static TimeZone at_offset(std::int64_t milliseconds);

  // East of Greenwich is positive; milliseconds since the epoch, UTC.
  [[nodiscard]] std::int64_t offset_at(std::int64_t milliseconds) const;

  // The moment at which the clocks show `local` (milliseconds since the epoch as they would be in
  // UTC). A time that they skip counts from before the change, so it comes out later by what was
  // skipped; of a time that they show twice the first is meant.
  [[nodiscard]] std::int64_t to_utc(std::int64_t local) const;

  [[nodiscard]] bool is_utc() const { return rules_ == nullptr && offset_ms_ == 0; }

 private:
  struct Rules;

  std::int64_t offset_ms_ = 0;
  std::shared_ptr<const Rules> rules_;  // of a place; nullptr: the offset alone
};

}  // namespace nacre::text
