// Dates as text, and text as dates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "expression/node_internal.h"
#include "text/time_zone.h"

namespace nacre::expression {

// "2018-03-27T11:58:51.538Z"; 18537 for years that have more or less than four digits.
[[nodiscard]] Result<std::string> iso_text(std::int64_t milliseconds);

[[nodiscard]] Result<std::string> format_date(std::int64_t milliseconds, std::string_view pattern,
                                              const text::TimeZone& zone);

// 18536 for a letter behind '%' that is none of `specifiers`, 18535 for a '%' with nothing behind
// it.
[[nodiscard]] Result<> check_pattern(std::string_view pattern, std::string_view specifiers);

// The moment that a text means; `zone` is what it is in when it does not say so itself, and must
// not be given when it does. 241 (ConversionFailure) when it is no date.
[[nodiscard]] Result<std::int64_t> parse_date(std::string_view text, const text::TimeZone* zone);
[[nodiscard]] Result<std::int64_t> parse_date(std::string_view text, std::string_view pattern,
                                              const text::TimeZone* zone);

// Of $dateFromString.
[[nodiscard]] Result<bson::Element> date_from_string(const Arguments& arguments, Evaluation& at);
extern const Signature kDateFromStringSignature;
[[nodiscard]] constexpr Operator from_string_operator() {
  return {.name = "$dateFromString",
          .function = date_from_string,
          .signature = &kDateFromStringSignature,
          .remark = "without a format: ISO 8601, and American and English forms; no relative ones"};
}

}  // namespace nacre::expression
