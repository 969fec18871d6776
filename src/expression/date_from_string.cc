// $dateFromString.
#include <array>

#include "base/error_codes.h"
#include "base/text.h"
#include "expression/date_parse_internal.h"
#include "expression/date_text_internal.h"
#include "expression/dates_internal.h"

namespace nacre::expression {
namespace {

using error_codes::kConversionFailure;
constexpr std::string_view kSpecifiers = "dGHjLmMSuVYzZ%bB";

constexpr std::array<Parameter, 5> kParameters = {{{.name = "dateString", .missing_number = 40542},
                                                   {.name = "format"},
                                                   {.name = "timezone"},
                                                   {.name = "onNull", .late = true},
                                                   {.name = "onError", .late = true}}};

std::optional<text::TimeZone> read_minutes_zone(DateReader& reader) {
  const bool minus = reader.rest().starts_with('-');
  if (!reader.skip('+') && !reader.skip('-')) return std::nullopt;
  const auto minutes = reader.number(1, 4);
  if (!minutes) return std::nullopt;
  return text::TimeZone::at_offset((minus ? -*minutes : *minutes) * kMsPerMinute);
}

bool read_into(std::int64_t& to, const std::optional<std::int64_t>& from) {
  if (from) to = *from;
  return from.has_value();
}

// One specifier of the pattern. False when the text has something else there.
bool read_part(DateReader& reader, char specifier, Moment& said) {
  switch (specifier) {
    case 'Y':
      return (said.year = reader.number(4, 4)).has_value();
    case 'm':
      return (said.month = reader.number(1, 2)).has_value();
    case 'd':
      return (said.day = reader.number(1, 2)).has_value();
    case 'b':
    case 'B':
      return (said.month = reader.month_name()).has_value();
    case 'j':
      return (said.day_of_year = reader.number(1, 3)).has_value();
    case 'G':
      return (said.iso_year = reader.number(4, 4)).has_value();
    case 'V':
      return (said.iso_week = reader.number(1, 2)).has_value();
    case 'u':
      return (said.iso_day = reader.number(1, 1)).has_value();
    case 'H':
      return read_into(said.hour, reader.number(1, 2));
    case 'M':
      return read_into(said.minute, reader.number(2, 2));
    case 'S':
      return read_into(said.second, reader.number(2, 2));
    case 'L':
      return read_into(said.millisecond, reader.fraction());
    case 'z':
      return (said.zone = reader.zone()).has_value();
    case 'Z':
      return (said.zone = read_minutes_zone(reader)).has_value();
    default:
      return reader.skip(specifier);
  }
}

Result<std::int64_t> parsed(const Arguments& arguments, const text::TimeZone* zone) {
  if (!arguments[0].is(bson::Type::kString)) {
    return invalid(kConversionFailure,
                   format("$dateFromString requires that 'dateString' be a string, found: {}",
                          bson::name(arguments[0].type())));
  }
  if (!arguments.given(1)) return parse_date(arguments[0].string(), zone);
  return parse_date(arguments[0].string(), arguments[1].string(), zone);
}

}  // namespace

Result<std::int64_t> parse_date(std::string_view text, std::string_view pattern,
                                const text::TimeZone* zone) {
  DateReader reader(text);
  Moment said;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool is_part = pattern[i] == '%' && i + 1 < pattern.size();
    const bool fits = is_part ? read_part(reader, pattern[++i], said) : reader.skip(pattern[i]);
    if (!fits) return not_a_date(text, format("it does not follow the format '{}'", pattern));
  }
  if (!reader.done()) return not_a_date(text, "Trailing data");
  return moment_in(said, text, zone);
}

constinit const Signature kDateFromStringSignature = {
    .not_object_number = 40540, .unknown_number = 40541, .parameters = kParameters};

Result<bson::Element> date_from_string(const Arguments& arguments, Evaluation& at) {
  if (arguments.given(1) && !is_nullish(arguments[1])) {
    if (!arguments[1].is(bson::Type::kString)) {
      return invalid(40684, format("$dateFromString requires that 'format' be a string, found: {}",
                                   bson::name(arguments[1].type())));
    }
    NACRE_TRY(check_pattern(arguments[1].string(), kSpecifiers));
  }
  const std::optional<text::TimeZone> zone = NACRE_TRY(zone_of(arguments, 2));
  if (is_nullish(arguments[0])) {
    if (arguments.given(3)) return arguments.late(3, at);
    return at.scratch.null();
  }
  if (!zone || (arguments.given(1) && is_nullish(arguments[1]))) return at.scratch.null();
  const text::TimeZone* given_zone = arguments.given(2) ? &*zone : nullptr;
  const auto moment = parsed(arguments, given_zone);
  if (moment) return at.scratch.date(*moment);
  if (arguments.given(4) && moment.error().number() == kConversionFailure) {
    return arguments.late(4, at);
  }
  return std::unexpected(moment.error().clone());
}

}  // namespace nacre::expression
