#include "base/codec.h"
#include "base/text.h"
#include "expression/dates_internal.h"

namespace nacre::expression {

std::optional<std::int64_t> moment_of(const bson::Element& value) {
  switch (value.type()) {
    case bson::Type::kDate:
      return value.date().milliseconds;
    case bson::Type::kTimestamp:
      return std::int64_t{value.timestamp().seconds} * kMsPerSecond;
    case bson::Type::kObjectId: {
      const auto seconds = load_be<std::uint32_t>(value.object_id().bytes.data());
      return std::int64_t{static_cast<std::int32_t>(seconds)} * kMsPerSecond;
    }
    default:
      return std::nullopt;
  }
}

Result<std::int64_t> require_moment(const bson::Element& value) {
  const auto moment = moment_of(value);
  if (moment) return *moment;
  return invalid(16006,
                 format("can't convert from BSON type {} to Date", bson::name(value.type())));
}

Result<std::optional<text::TimeZone>> zone_of(const Arguments& arguments, std::size_t index) {
  if (!arguments.given(index)) return text::TimeZone();
  const bson::Element& value = arguments[index];
  if (is_nullish(value)) return std::nullopt;
  if (!value.is(bson::Type::kString)) {
    return invalid(
        40517, format("timezone must evaluate to a string, found {}", bson::name(value.type())));
  }
  // Rows name the same zone again and again.
  struct Last {
    std::string name = "UTC";
    text::TimeZone zone;
  };
  thread_local Last last;
  if (last.name != value.string()) {
    const auto zone = text::TimeZone::find(value.string());
    if (!zone) {
      return invalid(40485, format("unrecognized time zone identifier: \"{}\"", value.string()));
    }
    last = {.name = std::string(value.string()), .zone = *zone};
  }
  return last.zone;
}

Result<Unit> unit_of(const bson::Element& value, std::string_view name, std::int32_t not_text) {
  if (!value.is(bson::Type::kString)) {
    return invalid(not_text, format("{} requires 'unit' to be a string, but got {}", name,
                                    bson::name(value.type())));
  }
  const auto found = time_unit(value.string());
  if (!found) {
    return invalid(
        9, format("{} parameter 'unit' value parsing failed: unknown time unit value: {}", name,
                  value.string()));
  }
  return *found;
}

Result<std::int64_t> weekday_of(const bson::Element& value, std::string_view name) {
  if (!value.is(bson::Type::kString)) {
    return invalid(5439015, format("{} requires 'startOfWeek' to be a string, but got {}", name,
                                   bson::name(value.type())));
  }
  for (std::size_t i = 0; i < std::size(kDayNames); ++i) {
    if (equal_without_case(value.string(), kDayNames[i]) ||
        equal_without_case(value.string(), kDayNames[i].substr(0, 3))) {
      return static_cast<std::int64_t>(i);
    }
  }
  return invalid(5439016,
                 format("{} parameter 'startOfWeek' value cannot be recognized as a day of "
                        "a week: {}",
                        name, value.string()));
}

}  // namespace nacre::expression
