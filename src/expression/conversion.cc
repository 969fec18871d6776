// One value as another type.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/codec.h"
#include "base/text.h"
#include "expression/conversion_internal.h"
#include "expression/date_text_internal.h"
#include "expression/dates_internal.h"
#include "expression/numbers_internal.h"
#include "expression/strings_internal.h"

namespace nacre::expression {
namespace {

namespace decimal = bson::decimal;

std::unexpected<Error> unsupported(const bson::Element& value, bson::Type to) {
  return conversion_failure(
      format("Unsupported conversion from {} to {} in $convert with no onError value",
             bson::name(value.type()), bson::name(to)));
}

std::unexpected<Error> out_of_range(const bson::Element& value) {
  return conversion_failure(
      format("Conversion would overflow target type in $convert with no "
             "onError value: {}",
             text_of(value).value_or("")));
}

// A number cut off behind the point; nothing beyond 64 bits and for NaN.
std::optional<std::int64_t> cut_off(const bson::Element& number) {
  if (is_integer(number)) return integer_of(number);
  if (is_decimal(number)) {
    return decimal::to_int64(number.decimal128(), decimal::Rounding::kTowardZero);
  }
  const double value = std::trunc(number.number_double());
  if (!(value >= -0x1p63 && value < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::unexpected<Error> not_a_number(std::string_view text, std::string_view why) {
  return conversion_failure(
      format("Failed to parse number '{}' in $convert with no onError value: {}", text, why));
}

Result<std::int64_t> whole_of(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
  std::int64_t value = 0;
  const char* const first = digits.data();
  const char* const last = first + digits.size();
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::result_out_of_range) return not_a_number(text, "Overflow");
  if (error != std::errc{} || end != last)
    return not_a_number(text, "Did not consume whole string.");
  return value;
}

Result<double> real_of_text(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
  double value = 0;
  const char* const first = digits.data();
  const char* const last = first + digits.size();
  const auto [end, error] = std::from_chars(first, last, value);
  if (error == std::errc::result_out_of_range) return not_a_number(text, "Out of range");
  if (error != std::errc{} || end != last)
    return not_a_number(text, "Did not consume whole string.");
  return value;
}

// Numbers in binary data, of 4 or 8 bytes (2 and 1 too for whole ones).
Result<std::uint64_t> bits_of(const bson::Binary& value, const Target& target) {
  std::uint64_t bits = 0;
  const std::size_t size = value.bytes.size();
  for (std::size_t i = 0; i < size; ++i) {
    const std::byte byte = value.bytes[target.big_endian ? i : size - 1 - i];
    bits = bits << 8 | static_cast<std::uint64_t>(byte);
  }
  return bits;
}

Result<bson::Element> number_of_binary(const bson::Element& value, const Target& target,
                                       Evaluation& at) {
  const bson::Binary data = value.binary();
  const std::size_t size = data.bytes.size();
  const bool is_real = target.type == bson::Type::kDouble;
  const std::size_t max = target.type == bson::Type::kInt32 ? 4 : 8;
  const bool fits = is_real ? size == 4 || size == 8
                            : (size == 1 || size == 2 || size == 4 || size == 8) && size <= max;
  if (!fits) {
    return conversion_failure(
        format("Failed to convert BinData of {} bytes to {} in $convert with "
               "no onError value",
               size, bson::name(target.type)));
  }
  const std::uint64_t bits = NACRE_TRY(bits_of(data, target));
  if (is_real) {
    if (size == 8) return at.scratch.real(std::bit_cast<double>(bits));
    return at.scratch.real(
        static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits))));
  }
  const auto unused = static_cast<int>(64 - 8 * size);
  const auto whole = static_cast<std::int64_t>(bits << unused) >> unused;
  return target.type == bson::Type::kInt32 ? at.scratch.int32(static_cast<std::int32_t>(whole))
                                           : at.scratch.int64(whole);
}

Result<bson::Element> to_double(const bson::Element& value, const Target& target, Evaluation& at) {
  switch (value.type()) {
    case bson::Type::kDouble:
      return value;
    case bson::Type::kInt32:
    case bson::Type::kInt64:
      return at.scratch.real(real_of(value));
    case bson::Type::kDecimal128: {
      const double real = real_of(value);
      if (std::isinf(real) && !decimal::is_infinite(value.decimal128())) return out_of_range(value);
      return at.scratch.real(real);
    }
    case bson::Type::kBool:
      return at.scratch.real(value.boolean() ? 1 : 0);
    case bson::Type::kDate:
      return at.scratch.real(static_cast<double>(value.date().milliseconds));
    case bson::Type::kString:
      return at.scratch.real(NACRE_TRY(real_of_text(value.string())));
    case bson::Type::kBinary:
      return number_of_binary(value, target, at);
    default:
      return unsupported(value, bson::Type::kDouble);
  }
}

Result<bson::Element> to_whole(const bson::Element& value, const Target& target, Evaluation& at) {
  const bool narrow = target.type == bson::Type::kInt32;
  std::int64_t whole = 0;
  switch (value.type()) {
    case bson::Type::kInt32:
    case bson::Type::kInt64:
    case bson::Type::kDouble:
    case bson::Type::kDecimal128: {
      const auto cut = cut_off(value);
      if (!cut) return out_of_range(value);
      whole = *cut;
      break;
    }
    case bson::Type::kBool:
      whole = value.boolean() ? 1 : 0;
      break;
    case bson::Type::kDate:
      if (narrow) return unsupported(value, target.type);
      whole = value.date().milliseconds;
      break;
    case bson::Type::kString:
      whole = NACRE_TRY(whole_of(value.string()));
      if (narrow && !std::in_range<std::int32_t>(whole)) {
        return not_a_number(value.string(), "Overflow");
      }
      break;
    case bson::Type::kBinary:
      return number_of_binary(value, target, at);
    default:
      return unsupported(value, target.type);
  }
  if (!narrow) return at.scratch.int64(whole);
  if (!std::in_range<std::int32_t>(whole)) return out_of_range(value);
  return at.scratch.int32(static_cast<std::int32_t>(whole));
}

Result<bson::Element> to_decimal(const bson::Element& value, Evaluation& at) {
  switch (value.type()) {
    case bson::Type::kDecimal128:
      return value;
    case bson::Type::kInt32:
    case bson::Type::kInt64:
    case bson::Type::kDouble:
      return at.scratch.decimal(decimal::from(value));
    case bson::Type::kBool:
      return at.scratch.decimal(decimal::from(std::int64_t{value.boolean() ? 1 : 0}));
    case bson::Type::kDate:
      return at.scratch.decimal(decimal::from(value.date().milliseconds));
    case bson::Type::kString: {
      const auto number = decimal::from(value.string());
      if (!number) return not_a_number(value.string(), "Failed to parse string to decimal");
      return at.scratch.decimal(*number);
    }
    default:
      return unsupported(value, bson::Type::kDecimal128);
  }
}

Result<bson::Element> to_date(const bson::Element& value, Evaluation& at) {
  switch (value.type()) {
    case bson::Type::kInt64:
    case bson::Type::kDouble:
    case bson::Type::kDecimal128: {
      const auto moment = cut_off(value);
      if (!moment) return out_of_range(value);
      return at.scratch.date(*moment);
    }
    case bson::Type::kDate:
      return value;
    case bson::Type::kObjectId:
    case bson::Type::kTimestamp:
      return at.scratch.date(moment_of(value).value_or(0));
    case bson::Type::kString:
      return at.scratch.date(NACRE_TRY(parse_date(value.string(), nullptr)));
    default:
      return unsupported(value, bson::Type::kDate);
  }
}

Result<bson::Element> to_text(const bson::Element& value, const Target& target, Evaluation& at) {
  switch (value.type()) {
    case bson::Type::kString:
      return value;
    case bson::Type::kBool:
      return at.scratch.string(value.boolean() ? "true" : "false");
    case bson::Type::kObjectId:
      return at.scratch.string(bson::to_hex(value.object_id()));
    case bson::Type::kDouble:
      return at.scratch.string(text_of_double(value.number_double()));
    case bson::Type::kInt32:
    case bson::Type::kInt64:
    case bson::Type::kDecimal128:
    case bson::Type::kDate: {
      const std::string text = NACRE_TRY(text_of(value));
      return at.scratch.string(text);
    }
    case bson::Type::kBinary: {
      const std::string text = NACRE_TRY(binary_to_text(value.binary(), target));
      return at.scratch.string(text);
    }
    default:
      return unsupported(value, bson::Type::kString);
  }
}

Result<bson::Element> to_object_id(const bson::Element& value, Evaluation& at) {
  if (value.is(bson::Type::kObjectId)) return value;
  if (!value.is(bson::Type::kString)) return unsupported(value, bson::Type::kObjectId);
  const auto id = bson::object_id_from_hex(value.string());
  if (!id) {
    return conversion_failure(
        format("Failed to parse objectId '{}' in $convert with no onError "
               "value: it takes 24 hexadecimal digits",
               value.string()));
  }
  return at.scratch.object_id(*id);
}

Result<bson::Element> to_binary(const bson::Element& value, const Target& target, Evaluation& at) {
  std::string bytes;
  switch (value.type()) {
    case bson::Type::kBinary:
      if (value.binary().subtype != target.subtype) {
        return conversion_failure(
            "Conversions between different binData subtypes are not "
            "supported");
      }
      return value;
    case bson::Type::kString:
      return text_to_binary(value.string(), target, at);
    case bson::Type::kInt32:
      append_le(bytes, static_cast<std::uint32_t>(value.int32()));
      break;
    case bson::Type::kInt64:
      append_le(bytes, static_cast<std::uint64_t>(value.int64()));
      break;
    case bson::Type::kDouble:
      append_le(bytes, std::bit_cast<std::uint64_t>(value.number_double()));
      break;
    default:
      return unsupported(value, bson::Type::kBinary);
  }
  if (target.big_endian) std::ranges::reverse(bytes);
  return at.scratch.binary(target.subtype, as_bytes(bytes));
}

}  // namespace

Result<bson::Element> converted(const bson::Element& value, const Target& target, Evaluation& at) {
  switch (target.type) {
    case bson::Type::kDouble:
      return to_double(value, target, at);
    case bson::Type::kString:
      return to_text(value, target, at);
    case bson::Type::kBinary:
      return to_binary(value, target, at);
    case bson::Type::kObjectId:
      return to_object_id(value, at);
    case bson::Type::kBool:
      return value.is(bson::Type::kBool) ? value : at.scratch.boolean(value.truthy());
    case bson::Type::kDate:
      return to_date(value, at);
    case bson::Type::kInt32:
    case bson::Type::kInt64:
      return to_whole(value, target, at);
    case bson::Type::kDecimal128:
      return to_decimal(value, at);
    default:
      return unsupported(value, target.type);
  }
}

}  // namespace nacre::expression
