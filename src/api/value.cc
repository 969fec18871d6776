#include "api/state_internal.h"
#include "bson/json.h"

namespace nacre {

using detail::Access;

namespace {

template <class T>
std::string one(const T& value) {
  return bson::Builder().append("", value).finish().release();
}

}  // namespace

Value::Value() : Value(nullptr) {}
Value::Value(std::nullptr_t) : bson_(one(bson::Null{})) {}
Value::Value(double number) : bson_(one(number)) {}
Value::Value(const char* text) : Value(std::string_view(text)) {}
Value::Value(std::string_view text) : bson_(one(text)) {}
Value::Value(const std::string& text) : Value(std::string_view(text)) {}
Value::Value(const Document& document) : bson_(one(Access::view(document))) {}
Value::Value(std::initializer_list<Field> fields) : Value(Document::of(fields)) {}
Value::Value(std::chrono::sys_time<std::chrono::milliseconds> date)
    : bson_(one(bson::Date{date.time_since_epoch().count()})) {}
Value::Value(Boolean flag) : bson_(one(flag.value)) {}
Value::Value(Whole number)
    : bson_(bson::Builder().append_number("", number.value).finish().release()) {}

Value::Value(const std::vector<Value>& elements) {
  bson::Builder builder;
  builder.begin_array("");
  for (const Value& element : elements) builder.push(Access::element(element));
  bson_ = builder.end().finish().release();
}

Value Value::array(std::initializer_list<Value> elements) {
  return Value(std::vector<Value>(elements));
}

Result<Value> Value::object_id(std::string_view hex) {
  const auto id = bson::object_id_from_hex(hex);
  if (id) return Access::value(one(*id));
  return fail(Code::kInvalid,
              "an ObjectId has 24 hexadecimal digits, found \"" + std::string(hex) + "\"");
}

Value Value::binary(std::span<const std::byte> bytes) {
  return Access::value(one(bson::Binary{.subtype = 0, .bytes = bytes}));
}

Result<Value> Value::from_json(std::string_view json) {
  std::string text = "[";
  text.append(json).push_back(']');
  const bson::Document array = NACRE_TRY(bson::array_from_json(text));
  if (array.view().count() != 1) {
    return fail(Code::kInvalid, "expected one JSON value, found \"" + std::string(json) + "\"");
  }
  return Access::value(array.view().at(0));
}

std::optional<std::int64_t> Value::as_int64() const { return Access::element(*this).as_int64(); }
std::optional<double> Value::as_double() const { return Access::element(*this).as_double(); }

std::optional<std::string> Value::as_string() const {
  const bson::Element element = Access::element(*this);
  if (!element.is(bson::Type::kString)) return std::nullopt;
  return std::string(element.string());
}

std::optional<bool> Value::as_bool() const {
  const bson::Element element = Access::element(*this);
  if (!element.is(bson::Type::kBool)) return std::nullopt;
  return element.boolean();
}

std::optional<Document> Value::as_document() const {
  const bson::Element element = Access::element(*this);
  if (!element.is(bson::Type::kDocument)) return std::nullopt;
  return Access::document(element.document());
}

std::optional<std::vector<Value>> Value::as_array() const {
  const bson::Element element = Access::element(*this);
  if (!element.is(bson::Type::kArray)) return std::nullopt;
  std::vector<Value> values;
  for (const bson::Element& each : element.array()) values.push_back(Access::value(each));
  return values;
}

bool Value::is_null() const { return Access::element(*this).is(bson::Type::kNull); }
std::string_view Value::type_name() const { return bson::name(Access::element(*this).type()); }
std::string Value::to_json() const { return bson::to_json(Access::element(*this)); }

Value Access::value(const bson::Element& element) {
  return value(bson::Builder().append("", element).finish().release());
}

}  // namespace nacre
