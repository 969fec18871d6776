// $arrayElemAt $concatArrays $first $in $indexOfArray $isArray $last $range $reverseArray $size
// $slice $zip.
#include <algorithm>
#include <array>
#include <limits>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/compare.h"
#include "expression/arrays_internal.h"

namespace nacre::expression {

std::optional<std::int32_t> whole32(const bson::Element& number) {
  const auto whole = number.as_int64();
  if (!whole || !std::in_range<std::int32_t>(*whole)) return std::nullopt;
  return static_cast<std::int32_t>(*whole);
}

bson::Element item_at(const bson::View& array, std::int64_t index) {
  if (index < 0) {
    index += static_cast<std::int64_t>(array.count());
    if (index < 0) return {};
  }
  return array.at(static_cast<std::size_t>(index));
}

namespace {

constexpr std::int32_t kNotArray = 28689;

Result<bson::Element> element_at(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  const bson::Element& index = arguments[1];
  if (is_nullish(array) || is_nullish(index)) return at.scratch.null();
  if (!array.is(bson::Type::kArray)) {
    return invalid(kNotArray, format("$arrayElemAt's first argument must be an array, but is {}",
                                     bson::name(array.type())));
  }
  if (!index.is_number()) {
    return invalid(28690, format("$arrayElemAt's second argument must be a numeric value, but is "
                                 "{}",
                                 bson::name(index.type())));
  }
  const auto position = whole32(index);
  if (!position) {
    return invalid(28691,
                   "$arrayElemAt's second argument must be representable as a 32-bit "
                   "integer");
  }
  return item_at(array.array(), *position);
}

template <std::int64_t position>
Result<bson::Element> element_at_end(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (is_nullish(array)) return at.scratch.null();
  if (!array.is(bson::Type::kArray)) {
    return invalid(kNotArray, format("{}'s argument must be an array, but is {}", arguments.name(),
                                     bson::name(array.type())));
  }
  return item_at(array.array(), position);
}

Result<bson::Element> concatenated(const Arguments& arguments, Evaluation& at) {
  ArrayResult result;
  for (const bson::Element& array : arguments) {
    if (is_nullish(array)) return at.scratch.null();
    if (!array.is(bson::Type::kArray)) {
      return invalid(
          28664, format("$concatArrays only supports arrays, not {}", bson::name(array.type())));
    }
    for (const bson::Element& item : array.array()) result.push(item);
  }
  return result.finish(at);
}

Result<bson::Element> contains(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[1];
  if (!array.is(bson::Type::kArray)) {
    return invalid(40081, format("$in requires an array as a second argument, found: {}",
                                 bson::name(array.type())));
  }
  for (const bson::Element& item : array.array()) {
    if (bson::equal(item, arguments[0], at.environment.collator())) {
      return at.scratch.boolean(true);
    }
  }
  return at.scratch.boolean(false);
}

Result<std::int64_t> bound_of(const bson::Element& value, std::string_view which) {
  const auto whole = whole32(value);
  if (!whole) {
    return invalid(9711600, format("$indexOfArray requires an integral {} index, found a value of "
                                   "type: {}",
                                   which, bson::name(value.type())));
  }
  if (*whole < 0) {
    return invalid(
        9711601, format("$indexOfArray requires a nonnegative {} index, found: {}", which, *whole));
  }
  return *whole;
}

Result<bson::Element> index_of(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (is_nullish(array)) return at.scratch.null();
  if (!array.is(bson::Type::kArray)) {
    return invalid(40090, format("$indexOfArray requires an array as a first argument, found: {}",
                                 bson::name(array.type())));
  }
  std::int64_t start = 0;
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
  if (arguments.size() > 2) start = NACRE_TRY(bound_of(arguments[2], "starting"));
  if (arguments.size() > 3) end = NACRE_TRY(bound_of(arguments[3], "ending"));
  std::int64_t position = 0;
  for (const bson::Element& item : array.array()) {
    if (position >= end) break;
    if (position >= start && bson::equal(item, arguments[1], at.environment.collator())) {
      return at.scratch.integer(position);
    }
    ++position;
  }
  return at.scratch.int32(-1);
}

Result<bson::Element> is_array(const Arguments& arguments, Evaluation& at) {
  return at.scratch.boolean(arguments[0].is(bson::Type::kArray));
}

struct RangeNumbers {
  std::string_view name;
  std::int32_t not_numeric;
  std::int32_t not_whole;
};

Result<std::int64_t> range_argument(const bson::Element& value, const RangeNumbers& numbers) {
  if (!value.is_number()) {
    return invalid(numbers.not_numeric, format("$range requires a numeric {} value, found value of "
                                               "type: {}",
                                               numbers.name, bson::name(value.type())));
  }
  const auto whole = whole32(value);
  if (!whole) {
    return invalid(numbers.not_whole,
                   format("$range requires a {} value that can be represented as a 32-bit integer",
                          numbers.name));
  }
  return *whole;
}

Result<bson::Element> range(const Arguments& arguments, Evaluation& at) {
  const std::int64_t start = NACRE_TRY(
      range_argument(arguments[0], {.name = "starting", .not_numeric = 34443, .not_whole = 34444}));
  const std::int64_t end = NACRE_TRY(
      range_argument(arguments[1], {.name = "ending", .not_numeric = 34445, .not_whole = 34446}));
  std::int64_t step = 1;
  if (arguments.size() > 2) {
    step = NACRE_TRY(
        range_argument(arguments[2], {.name = "step", .not_numeric = 34447, .not_whole = 34448}));
    if (step == 0) return invalid(34449, "$range requires a non-zero step value");
  }
  constexpr std::int64_t kBytesEach = 16;
  const std::int64_t count = (end - start) / step;
  if (count > 0 &&
      static_cast<std::size_t>(count * kBytesEach) > at.environment.limits().memory_bytes_max) {
    return fail(Code::kFull, error_codes::kExceededMemoryLimit,
                format("$range would use too much memory for {} numbers", count));
  }
  ArrayResult result;
  for (std::int64_t i = start; step > 0 ? i < end : i > end; i += step) {
    result.builder().push(static_cast<std::int32_t>(i));
  }
  return result.finish(at);
}

Result<bson::Element> reversed(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (is_nullish(array)) return at.scratch.null();
  if (!array.is(bson::Type::kArray)) {
    return invalid(34435, format("The argument to $reverseArray must be an array, but was of type: "
                                 "{}",
                                 bson::name(array.type())));
  }
  std::vector<bson::Element> items = items_of(array);
  std::ranges::reverse(items);
  return array_of(items, at);
}

Result<bson::Element> size(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (!array.is(bson::Type::kArray)) {
    return invalid(17124, format("The argument to $size must be an array, but was of type: {}",
                                 bson::name(array.type())));
  }
  return at.scratch.integer(static_cast<std::int64_t>(array.array().count()));
}

Result<std::int64_t> slice_argument(const bson::Element& value, std::string_view which) {
  if (!value.is_number()) {
    return invalid(28725, format("{} argument to $slice must be numeric, but is of type: {}", which,
                                 bson::name(value.type())));
  }
  const auto whole = whole32(value);
  if (!whole) {
    return invalid(28726,
                   format("{} argument to $slice can't be represented as a 32-bit integer", which));
  }
  return *whole;
}

Result<bson::Element> slice(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (is_nullish(array) || is_nullish(arguments[1])) return at.scratch.null();
  if (!array.is(bson::Type::kArray)) {
    return invalid(28724, format("First argument to $slice must be an array, but is of type: {}",
                                 bson::name(array.type())));
  }
  const std::int64_t second = NACRE_TRY(slice_argument(arguments[1], "Second"));
  const auto count = static_cast<std::int64_t>(array.array().count());
  std::int64_t start = second >= 0 ? 0 : std::max<std::int64_t>(0, count + second);
  std::int64_t end = second >= 0 ? std::min(second, count) : count;
  if (arguments.size() > 2) {
    if (is_nullish(arguments[2])) return at.scratch.null();
    const std::int64_t third = NACRE_TRY(slice_argument(arguments[2], "Third"));
    if (third <= 0) {
      return invalid(28729, format("Third argument to $slice must be positive: {}", third));
    }
    start = second >= 0 ? std::min(second, count) : std::max<std::int64_t>(0, count + second);
    end = std::min(start + third, count);
  }
  ArrayResult result;
  std::int64_t position = 0;
  for (const bson::Element& item : array.array()) {
    if (position >= end) break;
    if (position >= start) result.push(item);
    ++position;
  }
  return result.finish(at);
}

constexpr std::array kOperators = {
    Operator{.name = "$arrayElemAt", .arity_min = 2, .arity_max = 2, .function = element_at},
    Operator{.name = "$concatArrays", .arity_max = kAnyNumber, .function = concatenated},
    Operator{.name = "$first", .arity_min = 1, .arity_max = 1, .function = element_at_end<0>},
    Operator{.name = "$in", .arity_min = 2, .arity_max = 2, .function = contains},
    Operator{.name = "$indexOfArray", .arity_min = 2, .arity_max = 4, .function = index_of},
    Operator{.name = "$isArray", .arity_min = 1, .arity_max = 1, .function = is_array},
    Operator{.name = "$last", .arity_min = 1, .arity_max = 1, .function = element_at_end<-1>},
    Operator{.name = "$range", .arity_min = 2, .arity_max = 3, .function = range},
    Operator{.name = "$reverseArray", .arity_min = 1, .arity_max = 1, .function = reversed},
    Operator{.name = "$size", .arity_min = 1, .arity_max = 1, .function = size},
    Operator{.name = "$slice", .arity_min = 2, .arity_max = 3, .function = slice},
    Operator{.name = "$zip", .arity_min = 1, .arity_max = 1, .parse = parse_zip},
};

}  // namespace

std::span<const Operator> array_operators() { return kOperators; }

}  // namespace nacre::expression
