// From the objects that Extended JSON spells values with, {"$oid": "..."}, to those values.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::bson {

// Whether an object whose first field has that name stands for a value of another type.
[[nodiscard]] bool is_wrapper(std::string_view first_field);

// Appends that value to `to`. `object` is the wrapper as read, what is inside it already turned
// into values. The error is the sentence alone; the caller knows the place.
[[nodiscard]] std::optional<std::string> append_unwrapped(Builder& to, std::string_view name,
                                                          const View& object);

// Milliseconds of "2012-12-24T12:15:30.501Z" or with an offset, "+01:00" or "+0100".
[[nodiscard]] std::optional<Date> date_from_text(std::string_view text);

}  // namespace nacre::bson
