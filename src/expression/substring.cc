// $ltrim $replaceAll $replaceOne $rtrim $substr $substrBytes $substrCP $trim.
#include <algorithm>
#include <array>

#include "base/error_codes.h"
#include "base/text.h"
#include "expression/arrays_internal.h"
#include "expression/strings_internal.h"

namespace nacre::expression {
namespace {

constexpr std::size_t kStringBytesMax = std::size_t{64} * 1024 * 1024;

// Any number as an int64, cut off; 31109 when it is out of range.
Result<std::int64_t> cut_to_long(const bson::Element& number) {
  if (const auto whole = number.as_int64()) return *whole;
  const double value = number.as_double().value_or(0);
  if (!(value >= -0x1p63 && value < 0x1p63)) {
    return invalid(31109, format("Can't coerce out of range value {} to long", value));
  }
  return static_cast<std::int64_t>(value);
}

Result<bson::Element> by_bytes(const Arguments& arguments, Evaluation& at) {
  const std::string text = NACRE_TRY(text_of(arguments[0]));
  if (!arguments[1].is_number()) {
    return invalid(16034, format("{}: starting index must be a numeric type (is BSON type {})",
                                 arguments.name(), bson::name(arguments[1].type())));
  }
  if (!arguments[2].is_number()) {
    return invalid(16035, format("{}: length must be a numeric type (is BSON type {})",
                                 arguments.name(), bson::name(arguments[2].type())));
  }
  const std::int64_t start = NACRE_TRY(cut_to_long(arguments[1]));
  if (start < 0) {
    return invalid(50752, format("{}: starting index must be non-negative (got: {})",
                                 arguments.name(), start));
  }
  const std::int64_t wanted = NACRE_TRY(cut_to_long(arguments[2]));
  const std::string_view all(text);
  const auto first = static_cast<std::size_t>(start);
  if (first < all.size() && is_continuation(all[first])) {
    return invalid(28656, format("{}: Invalid range, starting index is a UTF-8 continuation byte.",
                                 arguments.name()));
  }
  if (first >= all.size()) return at.scratch.string("");
  // A negative length is all that is left.
  const std::size_t left = all.size() - first;
  const std::size_t taken = wanted < 0 ? left : std::min(left, static_cast<std::size_t>(wanted));
  if (taken < left && is_continuation(all[first + taken])) {
    return invalid(28657,
                   format("{}: Invalid range, ending index is in the middle of a UTF-8 character.",
                          arguments.name()));
  }
  return at.scratch.string(all.substr(first, taken));
}

struct PartNumbers {
  std::string_view name;
  std::int32_t not_numeric;
  std::int32_t not_whole;
};

Result<std::int32_t> character_argument(const bson::Element& value, const PartNumbers& part) {
  if (!value.is_number()) {
    return invalid(part.not_numeric, format("$substrCP: {} must be a numeric type (is BSON type "
                                            "{})",
                                            part.name, bson::name(value.type())));
  }
  const auto whole = whole32(value);
  if (!whole) {
    return invalid(part.not_whole,
                   format("$substrCP: {} cannot be represented as a 32-bit integral "
                          "value",
                          part.name));
  }
  return *whole;
}

Result<bson::Element> by_characters(const Arguments& arguments, Evaluation& at) {
  const std::string text = NACRE_TRY(text_of(arguments[0]));
  const std::int32_t start = NACRE_TRY(character_argument(
      arguments[1], {.name = "starting index", .not_numeric = 34450, .not_whole = 34451}));
  const std::int32_t length = NACRE_TRY(character_argument(
      arguments[2], {.name = "length", .not_numeric = 34452, .not_whole = 34453}));
  if (length < 0) return invalid(34454, "$substrCP: length must be a nonnegative integer.");
  if (start < 0)
    return invalid(34455, "$substrCP: the starting index must be nonnegative integer.");
  const std::string_view all(text);
  const std::string_view rest =
      all.substr(offset_of_character(all, static_cast<std::size_t>(start)));
  return at.scratch.string(
      rest.substr(0, offset_of_character(rest, static_cast<std::size_t>(length))));
}

// White space as $trim has it when no characters are given.
constexpr std::string_view kWhiteSpace(
    "\0 \t\n\v\f\r\xc2\xa0\xe1\x9a\x80\xe2\x80\x80\xe2\x80\x81\xe2\x80\x82\xe2\x80\x83\xe2\x80\x84"
    "\xe2\x80\x85\xe2\x80\x86\xe2\x80\x87\xe2\x80\x88\xe2\x80\x89\xe2\x80\x8a",
    45);

bool has_character(std::string_view characters, std::string_view wanted) {
  for (std::size_t i = 0; i < characters.size();) {
    const std::size_t size = character_bytes(characters, i);
    if (characters.substr(i, size) == wanted) return true;
    i += size;
  }
  return false;
}

std::string_view last_character(std::string_view text) {
  std::size_t start = text.size() - 1;
  while (start > 0 && is_continuation(text[start])) --start;
  return text.substr(start);
}

enum class Side : std::uint8_t { kLeft, kRight, kBoth };

constexpr std::array<Parameter, 2> kTrimParameters = {
    {{.name = "input", .missing_number = 50695}, {.name = "chars"}}};
constexpr Signature kTrimSignature = {
    .not_object_number = 50696, .unknown_number = 50694, .parameters = kTrimParameters};

template <Side side>
Result<bson::Element> trimmed(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is(bson::Type::kString)) {
    return invalid(50699, format("{} requires its input to be a string, got {}", arguments.name(),
                                 bson::name(value.type())));
  }
  std::string_view characters = kWhiteSpace;
  if (arguments.given(1)) {
    if (is_nullish(arguments[1])) return at.scratch.null();
    if (!arguments[1].is(bson::Type::kString)) {
      return invalid(50700, format("{} requires 'chars' to be a string, got {}", arguments.name(),
                                   bson::name(arguments[1].type())));
    }
    characters = arguments[1].string();
  }
  std::string_view text = value.string();
  while (side != Side::kRight && !text.empty() &&
         has_character(characters, text.substr(0, character_bytes(text, 0)))) {
    text.remove_prefix(character_bytes(text, 0));
  }
  while (side != Side::kLeft && !text.empty() && has_character(characters, last_character(text))) {
    text.remove_suffix(last_character(text).size());
  }
  return at.scratch.string(text);
}

constexpr std::array<Parameter, 3> kReplaceParameters = {
    {{.name = "input", .missing_number = 51749},
     {.name = "find", .missing_number = 51748},
     {.name = "replacement", .missing_number = 51747}}};
constexpr Signature kReplaceSignature = {
    .not_object_number = 51751, .unknown_number = 51750, .parameters = kReplaceParameters};
constexpr std::array<std::int32_t, 3> kReplaceNumbers = {10503904, 10503901, 10503902};

Result<std::string> replaced(std::string_view text, std::string_view find,
                             std::string_view replacement, bool all) {
  std::string result;
  std::size_t from = 0;
  while (true) {
    const std::size_t found = text.find(find, from);
    if (found == std::string_view::npos) break;
    result += text.substr(from, found - from);
    result += replacement;
    from = found + find.size();
    if (!all) break;
    if (find.empty()) {
      // Nothing is everywhere: before each character and at the end.
      if (from == text.size()) break;
      const std::size_t size = character_bytes(text, from);
      result += text.substr(from, size);
      from += size;
    }
    if (result.size() > kStringBytesMax) {
      return fail(Code::kFull, error_codes::kExceededMemoryLimit,
                  "$replaceAll would make a string of more than 64 MiB");
    }
  }
  result += text.substr(from);
  return result;
}

template <bool all>
Result<bson::Element> replacing(const Arguments& arguments, Evaluation& at) {
  bool has_null = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (is_nullish(arguments[i])) {
      has_null = true;
    } else if (!arguments[i].is(bson::Type::kString)) {
      return invalid(kReplaceNumbers[i],
                     format("{} requires that '{}' be a string, found: {}", arguments.name(),
                            kReplaceParameters[i].name, bson::name(arguments[i].type())));
    }
  }
  if (has_null) return at.scratch.null();
  const std::string text =
      NACRE_TRY(replaced(arguments[0].string(), arguments[1].string(), arguments[2].string(), all));
  return at.scratch.string(text);
}

constexpr std::array kOperators = {
    Operator{.name = "$ltrim", .function = trimmed<Side::kLeft>, .signature = &kTrimSignature},
    Operator{.name = "$replaceAll", .function = replacing<true>, .signature = &kReplaceSignature},
    Operator{.name = "$replaceOne", .function = replacing<false>, .signature = &kReplaceSignature},
    Operator{.name = "$rtrim", .function = trimmed<Side::kRight>, .signature = &kTrimSignature},
    Operator{.name = "$substr", .arity_min = 3, .arity_max = 3, .function = by_bytes},
    Operator{.name = "$substrBytes", .arity_min = 3, .arity_max = 3, .function = by_bytes},
    Operator{.name = "$substrCP", .arity_min = 3, .arity_max = 3, .function = by_characters},
    Operator{.name = "$trim", .function = trimmed<Side::kBoth>, .signature = &kTrimSignature},
};

}  // namespace

std::span<const Operator> substring_operators() { return kOperators; }

}  // namespace nacre::expression
