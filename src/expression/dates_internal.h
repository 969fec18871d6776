// What the operators on dates share.
#pragma once

#include <optional>

#include "expression/calendar_internal.h"
#include "expression/node_internal.h"
#include "expression/time_unit.h"
#include "text/time_zone.h"

namespace nacre::expression {

// Dates, timestamps and object ids are moments; nothing for what is none.
[[nodiscard]] std::optional<std::int64_t> moment_of(const bson::Element& value);
// The same or 16006.
[[nodiscard]] Result<std::int64_t> require_moment(const bson::Element& value);

// The zone an argument names: UTC when it was not given; nothing when it is null (the result is
// then null too). 40517 for what is no string, 40485 for what names no zone.
[[nodiscard]] Result<std::optional<text::TimeZone>> zone_of(const Arguments& arguments,
                                                            std::size_t index);

using Unit = TimeUnit;
// `not_text` for what is no string; 9 for what is no unit.
[[nodiscard]] Result<Unit> unit_of(const bson::Element& value, std::string_view name,
                                   std::int32_t not_text);

// 0: Sunday. 5439015 for what is no string, 5439016 for what is no day.
[[nodiscard]] Result<std::int64_t> weekday_of(const bson::Element& value, std::string_view name);

// The civil time that a moment is at a place. At the ends of time, where that has no number, it is
// the moment itself.
[[nodiscard]] inline std::int64_t local_at(std::int64_t moment, const text::TimeZone& zone) {
  std::int64_t local = 0;
  return __builtin_add_overflow(moment, zone.offset_at(moment), &local) ? moment : local;
}

}  // namespace nacre::expression
