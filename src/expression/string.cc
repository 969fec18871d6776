// $concat $indexOfBytes $indexOfCP $split $strLenBytes $strLenCP $strcasecmp $toLower $toUpper, and
// what all string operators share.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/text.h"
#include "bson/decimal.h"
#include "expression/arrays_internal.h"
#include "expression/calendar_internal.h"
#include "expression/date_text_internal.h"
#include "expression/strings_internal.h"

namespace nacre::expression {

std::string text_of_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.16g", value);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

namespace {

// "Feb 29 13:45:59:7": what MongoDB makes of one, in UTC and without its year.
std::string text_of_timestamp(const bson::Timestamp& value) {
  const std::int64_t local = std::int64_t{value.seconds} * 1000;
  const Civil date = civil_of(day_number(local));
  const std::int64_t second = time_of_day(local) / 1000;
  return format("{} {:2} {:02}:{:02}:{:02}:{}", kMonthNames[date.month - 1].substr(0, 3), date.day,
                second / 3600, second / 60 % 60, second % 60, value.increment);
}

}  // namespace

Result<std::string> text_of(const bson::Element& value) {
  if (is_nullish(value)) return std::string();
  switch (value.type()) {
    case bson::Type::kString:
    case bson::Type::kSymbol:
    case bson::Type::kCode:
      return std::string(value.string());
    case bson::Type::kInt32:
      return format("{}", value.int32());
    case bson::Type::kInt64:
      return format("{}", value.int64());
    case bson::Type::kDouble:
      if (std::isnan(value.number_double())) return "nan";
      if (std::isinf(value.number_double())) return value.number_double() < 0 ? "-inf" : "inf";
      return text_of_double(value.number_double());
    case bson::Type::kDecimal128:
      return bson::decimal::to_string(value.decimal128());
    case bson::Type::kDate:
      return iso_text(value.date().milliseconds);
    case bson::Type::kTimestamp:
      return text_of_timestamp(value.timestamp());
    default:
      return invalid(16007,
                     format("can't convert from BSON type {} to String", bson::name(value.type())));
  }
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return !is_continuation(byte); }));
}

std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && is_continuation(text[end])) ++end;
  return end - at;
}

std::size_t offset_of_character(std::string_view text, std::size_t index) {
  std::size_t offset = 0;
  for (; index > 0 && offset < text.size(); --index) offset += character_bytes(text, offset);
  return offset;
}

namespace {

Result<bson::Element> concatenated(const Arguments& arguments, Evaluation& at) {
  std::string result;
  for (const bson::Element& value : arguments) {
    if (is_nullish(value)) return at.scratch.null();
    if (!value.is(bson::Type::kString) && !value.is(bson::Type::kSymbol)) {
      return invalid(16702,
                     format("$concat only supports strings, not {}", bson::name(value.type())));
    }
    result += value.string();
  }
  return at.scratch.string(result);
}

struct IndexNumbers {
  std::int32_t text;
  std::int32_t token;
};

Result<std::size_t> bound_of(const bson::Element& value, const Arguments& arguments,
                             std::string_view which) {
  const auto whole = whole32(value);
  if (!whole) {
    return invalid(40096, format("{} requires an integral {} index, found a value of type: {}",
                                 arguments.name(), which, bson::name(value.type())));
  }
  if (*whole < 0) {
    return invalid(40097, format("{} requires a nonnegative {} index, found: {}", arguments.name(),
                                 which, *whole));
  }
  return static_cast<std::size_t>(*whole);
}

template <bool by_character>
Result<bson::Element> index_of(const Arguments& arguments, Evaluation& at) {
  constexpr IndexNumbers kNumbers = by_character ? IndexNumbers{.text = 40093, .token = 40094}
                                                 : IndexNumbers{.text = 40091, .token = 40092};
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is(bson::Type::kString)) {
    return invalid(kNumbers.text, format("{} requires a string as the first argument, found: {}",
                                         arguments.name(), bson::name(value.type())));
  }
  if (!arguments[1].is(bson::Type::kString)) {
    return invalid(kNumbers.token, format("{} requires a string as the second argument, found: {}",
                                          arguments.name(), bson::name(arguments[1].type())));
  }
  const std::string_view text = value.string();
  const std::size_t length = by_character ? count_characters(text) : text.size();
  std::size_t start = 0;
  std::size_t end = length;
  if (arguments.size() > 2) start = NACRE_TRY(bound_of(arguments[2], arguments, "starting"));
  if (arguments.size() > 3) {
    end = std::min(length, NACRE_TRY(bound_of(arguments[3], arguments, "ending")));
  }
  if (start > length || end < start) return at.scratch.int32(-1);
  const std::size_t first = by_character ? offset_of_character(text, start) : start;
  const std::size_t last = by_character ? offset_of_character(text, end) : end;
  const std::size_t found = text.substr(0, last).find(arguments[1].string(), first);
  if (found == std::string_view::npos) return at.scratch.int32(-1);
  const std::size_t place = by_character ? count_characters(text.substr(0, found)) : found;
  return at.scratch.integer(static_cast<std::int64_t>(place));
}

Result<bson::Element> split(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  const bson::Element& separator = arguments[1];
  if (is_nullish(value) || is_nullish(separator)) return at.scratch.null();
  if (!value.is(bson::Type::kString)) {
    return invalid(40085, format("$split requires an expression that evaluates to a string as a "
                                 "first argument, found: {}",
                                 bson::name(value.type())));
  }
  if (!separator.is(bson::Type::kString)) {
    return invalid(10503900, format("$split requires an expression that evaluates to a string as a "
                                    "second argument, found: {}",
                                    bson::name(separator.type())));
  }
  if (separator.string().empty()) return invalid(40087, "$split requires a non-empty separator");
  ArrayResult result;
  std::string_view rest = value.string();
  while (true) {
    const std::size_t found = rest.find(separator.string());
    result.builder().push(rest.substr(0, found));
    if (found == std::string_view::npos) break;
    rest.remove_prefix(found + separator.string().size());
  }
  return result.finish(at);
}

template <bool by_character, std::int32_t number>
Result<bson::Element> length(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (!value.is(bson::Type::kString)) {
    return invalid(number, format("{} requires a string argument, found: {}", arguments.name(),
                                  bson::name(value.type())));
  }
  const std::size_t size = by_character ? count_characters(value.string()) : value.string().size();
  return at.scratch.integer(static_cast<std::int64_t>(size));
}

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char raised(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

// Letters of ASCII only, as MongoDB has it.
template <char (*changed)(char)>
Result<bson::Element> in_case(const Arguments& arguments, Evaluation& at) {
  std::string text = NACRE_TRY(text_of(arguments[0]));
  std::ranges::transform(text, text.begin(), changed);
  return at.scratch.string(text);
}

Result<bson::Element> compared_without_case(const Arguments& arguments, Evaluation& at) {
  std::string a = NACRE_TRY(text_of(arguments[0]));
  std::string b = NACRE_TRY(text_of(arguments[1]));
  std::ranges::transform(a, a.begin(), raised);
  std::ranges::transform(b, b.begin(), raised);
  const int order = a.compare(b);
  return at.scratch.int32(order < 0 ? -1 : order > 0 ? 1 : 0);
}

constexpr std::array kOperators = {
    Operator{.name = "$concat", .arity_max = kAnyNumber, .function = concatenated},
    Operator{.name = "$indexOfBytes", .arity_min = 2, .arity_max = 4, .function = index_of<false>},
    Operator{.name = "$indexOfCP", .arity_min = 2, .arity_max = 4, .function = index_of<true>},
    Operator{.name = "$split", .arity_min = 2, .arity_max = 2, .function = split},
    Operator{
        .name = "$strLenBytes", .arity_min = 1, .arity_max = 1, .function = length<false, 34473>},
    Operator{.name = "$strLenCP", .arity_min = 1, .arity_max = 1, .function = length<true, 34471>},
    Operator{
        .name = "$strcasecmp", .arity_min = 2, .arity_max = 2, .function = compared_without_case},
    Operator{.name = "$toLower", .arity_min = 1, .arity_max = 1, .function = in_case<lowered>},
    Operator{.name = "$toUpper", .arity_min = 1, .arity_max = 1, .function = in_case<raised>},
};

}  // namespace

std::span<const Operator> string_operators() { return kOperators; }

}  // namespace nacre::expression
