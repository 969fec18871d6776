#include <bson/bson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "bson/json.h"

namespace nacre::bson {
namespace {

void write_value(std::string& to, const Element& value, JsonForm form);

void write_text(std::string& to, std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  to.push_back('"');
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    to.append(text, written, i - written);
    written = i + 1;
    switch (c) {
      case '"':
        to.append("\\\"");
        break;
      case '\\':
        to.append("\\\\");
        break;
      case '\b':
        to.append("\\b");
        break;
      case '\f':
        to.append("\\f");
        break;
      case '\n':
        to.append("\\n");
        break;
      case '\r':
        to.append("\\r");
        break;
      case '\t':
        to.append("\\t");
        break;
      default:
        to.append("\\u00");
        to.push_back(kDigits[c >> 4]);
        to.push_back(kDigits[c & 0xf]);
    }
  }
  to.append(text, written);
  to.push_back('"');
}

template <class Integer>
void write_integer(std::string& to, Integer value) {
  std::array<char, 24> digits;
  to.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

// {"<key>":"<text>"}
void write_wrapped(std::string& to, std::string_view key, std::string_view text) {
  to.append("{\"").append(key).append("\":\"").append(text).append("\"}");
}

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::array<char, 40> digits;
  std::string text(digits.data(),
                   std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  if (text.find_first_of(".e") == std::string::npos) text.append(".0");
  return text;
}

void write_double(std::string& to, double value, JsonForm form) {
  if (form == JsonForm::kRelaxed && std::isfinite(value)) {
    to.append(double_text(value));
  } else {
    write_wrapped(to, "$numberDouble", double_text(value));
  }
}

void write_date(std::string& to, Date date, JsonForm form) {
  using std::chrono::floor;
  constexpr std::int64_t kYear10000 = 253402300800000;  // milliseconds
  if (form == JsonForm::kCanonical || date.milliseconds < 0 || date.milliseconds >= kYear10000) {
    to.append("{\"$date\":{\"$numberLong\":\"");
    write_integer(to, date.milliseconds);
    to.append("\"}}");
    return;
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(date.milliseconds)};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day ymd{day};
  const std::chrono::hh_mm_ss clock{time - day};
  to.append(format("{{\"$date\":\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                   static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                   static_cast<unsigned>(ymd.day()), clock.hours().count(), clock.minutes().count(),
                   clock.seconds().count()));
  if (clock.subseconds().count() != 0) to.append(format(".{:03}", clock.subseconds().count()));
  to.append("Z\"}");
}

void write_binary(std::string& to, const Binary& binary) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  // Subtype 2 stores its length once more in front of the data; the text does not show it.
  const Bytes bytes = binary.subtype == 2 ? binary.bytes.subspan(4) : binary.bytes;
  to.append("{\"$binary\":{\"base64\":\"");
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<std::uint32_t>(bytes[i + j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      to.push_back(j <= count ? kAlphabet[(group >> (18 - 6 * j)) & 0x3f] : '=');
    }
  }
  to.append(format("\",\"subType\":\"{:02x}\"}}}}", binary.subtype));
}

void write_decimal(std::string& to, Decimal128 value) {
  bson_decimal128_t decimal;
  decimal.low = value.low;
  decimal.high = value.high;
  char text[BSON_DECIMAL128_STRING];
  bson_decimal128_to_string(&decimal, text);
  write_wrapped(to, "$numberDecimal", text);
}

void write_members(std::string& to, const View& document, JsonForm form) {
  to.push_back('{');
  bool first = true;
  for (const Element& element : document) {
    if (!first) to.push_back(',');
    first = false;
    write_text(to, element.name());
    to.push_back(':');
    write_value(to, element, form);
  }
  to.push_back('}');
}

void write_array(std::string& to, const View& array, JsonForm form) {
  to.push_back('[');
  bool first = true;
  for (const Element& element : array) {
    if (!first) to.push_back(',');
    first = false;
    write_value(to, element, form);
  }
  to.push_back(']');
}

void write_number(std::string& to, std::string_view key, std::int64_t value, JsonForm form) {
  if (form == JsonForm::kRelaxed) {
    write_integer(to, value);
  } else {
    write_wrapped(to, key, std::to_string(value));
  }
}

// Options are stored in order, but whoever sent them may not have kept to it.
void write_options(std::string& to, std::string_view options) {
  std::string sorted(options);
  std::ranges::sort(sorted);
  write_text(to, sorted);
}

void write_rare(std::string& to, const Element& value, JsonForm form) {
  switch (value.type()) {
    case Type::kUndefined:
      to.append("{\"$undefined\":true}");
      return;
    case Type::kMinKey:
      to.append("{\"$minKey\":1}");
      return;
    case Type::kMaxKey:
      to.append("{\"$maxKey\":1}");
      return;
    case Type::kSymbol:
    case Type::kCode:
      to.append(value.is(Type::kSymbol) ? "{\"$symbol\":" : "{\"$code\":");
      write_text(to, value.string());
      break;
    case Type::kRegex:
      to.append("{\"$regularExpression\":{\"pattern\":");
      write_text(to, value.regex().pattern);
      to.append(",\"options\":");
      write_options(to, value.regex().options);
      to.push_back('}');
      break;
    case Type::kDbPointer:
      to.append("{\"$dbPointer\":{\"$ref\":");
      write_text(to, value.db_pointer().collection);
      to.append(",\"$id\":");
      write_wrapped(to, "$oid", to_hex(value.db_pointer().id));
      to.push_back('}');
      break;
    case Type::kCodeWithScope:
      to.append("{\"$code\":");
      write_text(to, value.code_with_scope().code);
      to.append(",\"$scope\":");
      write_members(to, value.code_with_scope().scope, form);
      break;
    default:
      NACRE_CHECK(false, "every type is written");
  }
  to.push_back('}');
}

void write_value(std::string& to, const Element& value, JsonForm form) {
  switch (value.type()) {
    case Type::kDouble:
      return write_double(to, value.number_double(), form);
    case Type::kString:
      return write_text(to, value.string());
    case Type::kDocument:
      return write_members(to, value.document(), form);
    case Type::kArray:
      return write_array(to, value.array(), form);
    case Type::kBinary:
      return write_binary(to, value.binary());
    case Type::kObjectId:
      return write_wrapped(to, "$oid", to_hex(value.object_id()));
    case Type::kBool:
      to.append(value.boolean() ? "true" : "false");
      return;
    case Type::kDate:
      return write_date(to, value.date(), form);
    case Type::kNull:
      to.append("null");
      return;
    case Type::kInt32:
      return write_number(to, "$numberInt", value.int32(), form);
    case Type::kInt64:
      return write_number(to, "$numberLong", value.int64(), form);
    case Type::kDecimal128:
      return write_decimal(to, value.decimal128());
    case Type::kTimestamp:
      to.append(format("{{\"$timestamp\":{{\"t\":{},\"i\":{}}}}}", value.timestamp().seconds,
                       value.timestamp().increment));
      return;
    default:
      return write_rare(to, value, form);
  }
}

}  // namespace

void append_json(std::string& to, const View& document, JsonForm form) {
  write_members(to, document, form);
}

std::string to_json(const View& document, JsonForm form) {
  std::string text;
  write_members(text, document, form);
  return text;
}

std::string to_json(const Element& value, JsonForm form) {
  std::string text;
  if (value) write_value(text, value, form);
  return text;
}

}  // namespace nacre::bson
