#include <bson/bson.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/codec.h"
#include "base/text.h"
#include "bson/json_extended_internal.h"

namespace nacre::bson {
namespace {

using Complaint = std::optional<std::string>;  // nothing: done

template <class T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The only field of `object`, of that type, or a missing element.
Element only_field(const View& object, Type type) {
  if (object.count() != 1) return {};
  const Element field = *object.begin();
  return field.is(type) ? field : Element();
}

Complaint wrong(std::string_view wrapper, std::string_view expected) {
  return format("{} takes {}", wrapper, expected);
}

std::optional<std::string> from_base64(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  std::uint32_t group = 0;
  std::size_t padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t digit = kAlphabet.find(text[i]);
    if (text[i] == '=' && i + 2 >= text.size()) {
      ++padding;
      digit = 0;
    } else if (digit == std::string_view::npos || padding != 0) {
      return std::nullopt;
    }
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<char>(group >> shift & 0xff));
    group = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

Complaint append_binary(Builder& to, std::string_view name, std::uint8_t subtype,
                        std::string_view bytes) {
  std::string stored;
  if (subtype == 2) append_le(stored, static_cast<std::uint32_t>(bytes.size()));
  stored += bytes;
  to.append(name, Binary{.subtype = subtype, .bytes = as_bytes(stored)});
  return std::nullopt;
}

Complaint binary(Builder& to, std::string_view name, const View& object) {
  const Element inner = only_field(object, Type::kDocument);
  const Element base64 = inner ? inner.document().find("base64") : Element();
  const Element subtype = inner ? inner.document().find("subType") : Element();
  const bool shaped = base64.is(Type::kString) && subtype.is(Type::kString) &&
                      inner.document().count() == 2 && !subtype.string().empty() &&
                      subtype.string().size() <= 2;
  if (!shaped) return wrong("$binary", "{\"base64\": text, \"subType\": two hexadecimal digits}");
  const auto bytes = from_base64(base64.string());
  if (!bytes.has_value()) return wrong("$binary", "base64 text");
  const auto code = whole_number<std::uint8_t>(subtype.string(), 16);
  if (!code.has_value()) return wrong("$binary", "a subType of two hexadecimal digits");
  return append_binary(to, name, *code, *bytes);
}

Complaint uuid(Builder& to, std::string_view name, const View& object) {
  constexpr std::string_view kExpected = "a UUID such as 73ffd264-44b3-4c69-90e8-e7d1dfc035d4";
  const Element field = only_field(object, Type::kString);
  if (!field || field.string().size() != 36) return wrong("$uuid", kExpected);
  std::string bytes;
  for (std::size_t i = 0; i < 36;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (field.string()[i++] != '-') return wrong("$uuid", kExpected);
      continue;
    }
    const auto byte = whole_number<std::uint8_t>(field.string().substr(i, 2), 16);
    if (!byte.has_value()) return wrong("$uuid", kExpected);
    bytes.push_back(static_cast<char>(*byte));
    i += 2;
  }
  return append_binary(to, name, 4, bytes);
}

Complaint object_id(Builder& to, std::string_view name, const View& object) {
  const Element field = only_field(object, Type::kString);
  const auto id = field ? object_id_from_hex(field.string()) : std::nullopt;
  if (!id.has_value()) return wrong("$oid", "24 hexadecimal digits");
  to.append(name, *id);
  return std::nullopt;
}

Complaint number_int(Builder& to, std::string_view name, const View& object) {
  const Element field = only_field(object, Type::kString);
  const auto number = field ? whole_number<std::int32_t>(field.string()) : std::nullopt;
  if (!number.has_value()) return wrong("$numberInt", "a 32-bit integer as text");
  to.append(name, *number);
  return std::nullopt;
}

Complaint number_long(Builder& to, std::string_view name, const View& object) {
  const Element field = only_field(object, Type::kString);
  const auto number = field ? whole_number<std::int64_t>(field.string()) : std::nullopt;
  if (!number.has_value()) return wrong("$numberLong", "a 64-bit integer as text");
  to.append(name, *number);
  return std::nullopt;
}

Complaint number_double(Builder& to, std::string_view name, const View& object) {
  const Element field = only_field(object, Type::kString);
  if (!field) return wrong("$numberDouble", "a number as text");
  const std::string_view text = field.string();
  double number = 0;
  if (text == "NaN") {
    number = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity" || text == "-Infinity") {
    number = text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
  } else {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool spelled = text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
    if (error != std::errc{} || end != text.data() + text.size() || !spelled) {
      return wrong("$numberDouble", "a number as text");
    }
  }
  to.append(name, number);
  return std::nullopt;
}

Complaint number_decimal(Builder& to, std::string_view name, const View& object) {
  const Element field = only_field(object, Type::kString);
  bson_decimal128_t decimal;
  const std::string text(field ? field.string() : "");
  // libbson reads up to a zero byte.
  if (!field || text.find('\0') != std::string::npos ||
      !bson_decimal128_from_string(text.c_str(), &decimal)) {
    return wrong("$numberDecimal", "a decimal128 as text");
  }
  to.append(name, Decimal128{.low = decimal.low, .high = decimal.high});
  return std::nullopt;
}

Complaint date(Builder& to, std::string_view name, const View& object) {
  const Element field = object.count() == 1 ? *object.begin() : Element();
  std::optional<Date> date;
  if (field.is(Type::kInt64)) date = Date{field.int64()};
  if (field.is(Type::kString)) date = date_from_text(field.string());
  if (!date.has_value()) {
    return wrong("$date", "\"1970-01-01T00:00:00.000Z\" or {\"$numberLong\": milliseconds}");
  }
  to.append(name, *date);
  return std::nullopt;
}

Complaint timestamp(Builder& to, std::string_view name, const View& object) {
  const Element inner = only_field(object, Type::kDocument);
  const auto part = [&](std::string_view key) -> std::optional<std::uint32_t> {
    const Element field = inner.document().find(key);
    if (!field.is(Type::kInt32) && !field.is(Type::kInt64)) return std::nullopt;
    const std::int64_t value = field.as_int64().value_or(-1);
    if (!std::in_range<std::uint32_t>(value)) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  };
  if (inner && inner.document().count() == 2) {
    const auto seconds = part("t");
    const auto increment = part("i");
    if (seconds.has_value() && increment.has_value()) {
      to.append(name, Timestamp{.seconds = *seconds, .increment = *increment});
      return std::nullopt;
    }
  }
  return wrong("$timestamp", "{\"t\": u32, \"i\": u32}");
}

Complaint regular_expression(Builder& to, std::string_view name, const View& object) {
  const Element inner = only_field(object, Type::kDocument);
  const Element pattern = inner ? inner.document().find("pattern") : Element();
  const Element options = inner ? inner.document().find("options") : Element();
  const bool shaped = pattern.is(Type::kString) && options.is(Type::kString) &&
                      inner.document().count() == 2 &&
                      pattern.string().find('\0') == std::string_view::npos &&
                      options.string().find('\0') == std::string_view::npos;
  if (!shaped) {
    return wrong("$regularExpression",
                 "{\"pattern\": text, \"options\": text}, neither with a zero byte");
  }
  to.append(name, Regex{.pattern = pattern.string(), .options = options.string()});
  return std::nullopt;
}

Complaint db_pointer(Builder& to, std::string_view name, const View& object) {
  const Element inner = only_field(object, Type::kDocument);
  const Element collection = inner ? inner.document().find("$ref") : Element();
  const Element id = inner ? inner.document().find("$id") : Element();
  const bool shaped =
      collection.is(Type::kString) && id.is(Type::kObjectId) && inner.document().count() == 2;
  if (!shaped) return wrong("$dbPointer", "{\"$ref\": text, \"$id\": {\"$oid\": ...}}");
  to.append(name, DbPointer{.collection = collection.string(), .id = id.object_id()});
  return std::nullopt;
}

Complaint code(Builder& to, std::string_view name, const View& object) {
  const Element text = object.find("$code");
  const Element scope = object.find("$scope");
  const std::size_t expected = scope ? 2 : 1;
  if (!text.is(Type::kString) || object.count() != expected ||
      (scope && !scope.is(Type::kDocument))) {
    return wrong("$code", "text, and beside it at most $scope, an object");
  }
  if (scope) {
    to.append(name, CodeWithScope{.code = text.string(), .scope = scope.document()});
  } else {
    to.append(name, JavaScript{text.string()});
  }
  return std::nullopt;
}

Complaint symbol(Builder& to, std::string_view name, const View& object) {
  const Element field = only_field(object, Type::kString);
  if (!field) return wrong("$symbol", "text");
  to.append(name, Symbol{field.string()});
  return std::nullopt;
}

template <class Tag>
Complaint one(Builder& to, std::string_view name, const View& object) {
  if (!only_field(object, Type::kInt32) || object.begin()->int32() != 1) {
    return wrong(object.begin()->name(), "1");
  }
  to.append(name, Tag{});
  return std::nullopt;
}

Complaint undefined(Builder& to, std::string_view name, const View& object) {
  if (!only_field(object, Type::kBool) || !object.begin()->boolean()) {
    return wrong("$undefined", "true");
  }
  to.append(name, Undefined{});
  return std::nullopt;
}

using Unwrap = Complaint (*)(Builder&, std::string_view, const View&);
constexpr std::pair<std::string_view, Unwrap> kWrappers[] = {
    {"$oid", object_id},
    {"$date", date},
    {"$numberLong", number_long},
    {"$numberInt", number_int},
    {"$numberDouble", number_double},
    {"$numberDecimal", number_decimal},
    {"$binary", binary},
    {"$uuid", uuid},
    {"$timestamp", timestamp},
    {"$regularExpression", regular_expression},
    {"$dbPointer", db_pointer},
    {"$code", code},
    {"$symbol", symbol},
    {"$minKey", one<MinKey>},
    {"$maxKey", one<MaxKey>},
    {"$undefined", undefined}};

}  // namespace

bool is_wrapper(std::string_view first_field) {
  for (const auto& [wrapper, unwrap] : kWrappers) {
    if (wrapper == first_field) return true;
  }
  return false;
}

std::optional<std::string> append_unwrapped(Builder& to, std::string_view name,
                                            const View& object) {
  const std::string_view first = object.begin()->name();
  for (const auto& [wrapper, unwrap] : kWrappers) {
    if (wrapper == first) return unwrap(to, name, object);
  }
  return "not an Extended JSON value";
}

std::optional<Date> date_from_text(std::string_view text) {
  using namespace std::chrono;
  // "YYYY-MM-DDTHH:MM:SS", then a fraction, then "Z" or an offset.
  if (text.size() < 20) return std::nullopt;
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t size) {
    return static_cast<int>(*whole_number<unsigned>(text.substr(at, size)));
  };
  const year_month_day day{year(part(0, 4)), month(static_cast<unsigned>(part(5, 2))),
                           std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  if (!day.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59) return std::nullopt;
  milliseconds time = sys_days(day).time_since_epoch() + hours(part(11, 2)) + minutes(part(14, 2)) +
                      seconds(part(17, 2));

  std::string_view rest = text.substr(19);
  if (rest.front() == '.') {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (end < 2 || end > 4) return std::nullopt;
    int fraction = part(20, end - 1);
    for (std::size_t digits = end - 1; digits < 3; ++digits) fraction *= 10;
    time += milliseconds(fraction);
    rest.remove_prefix(end);
  }
  if (rest == "Z") return Date{time.count()};
  if (rest.size() == 6 && rest[3] == ':') {
    const auto hour = whole_number<unsigned>(rest.substr(1, 2));
    const auto minute = whole_number<unsigned>(rest.substr(4, 2));
    if (!hour.has_value() || !minute.has_value() || (rest[0] != '+' && rest[0] != '-')) {
      return std::nullopt;
    }
    const milliseconds offset = hours(*hour) + minutes(*minute);
    return Date{(rest[0] == '+' ? time - offset : time + offset).count()};
  }
  if (rest.size() == 5) {
    std::string spelled(text.substr(0, text.size() - 2));
    spelled.append(":").append(text.substr(text.size() - 2));
    return date_from_text(spelled);
  }
  return std::nullopt;
}

}  // namespace nacre::bson
