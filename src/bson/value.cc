#include "bson/value.h"

#include <charconv>

#include "bson/number_internal.h"

namespace nacre::bson {

std::string_view name(Type type) {
  switch (type) {
    case Type::kMissing:
      return "missing";
    case Type::kDouble:
      return "double";
    case Type::kString:
      return "string";
    case Type::kDocument:
      return "object";
    case Type::kArray:
      return "array";
    case Type::kBinary:
      return "binData";
    case Type::kUndefined:
      return "undefined";
    case Type::kObjectId:
      return "objectId";
    case Type::kBool:
      return "bool";
    case Type::kDate:
      return "date";
    case Type::kNull:
      return "null";
    case Type::kRegex:
      return "regex";
    case Type::kDbPointer:
      return "dbPointer";
    case Type::kCode:
      return "javascript";
    case Type::kSymbol:
      return "symbol";
    case Type::kCodeWithScope:
      return "javascriptWithScope";
    case Type::kInt32:
      return "int";
    case Type::kTimestamp:
      return "timestamp";
    case Type::kInt64:
      return "long";
    case Type::kDecimal128:
      return "decimal";
    case Type::kMaxKey:
      return "maxKey";
    case Type::kMinKey:
      return "minKey";
  }
  return "unknown";
}

std::string to_hex(const ObjectId& id) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(24);
  for (const std::byte byte : id.bytes) {
    hex.push_back(kDigits[static_cast<std::size_t>(byte >> 4)]);
    hex.push_back(kDigits[static_cast<std::size_t>(byte & std::byte{0x0f})]);
  }
  return hex;
}

std::optional<ObjectId> object_id_from_hex(std::string_view hex) {
  if (hex.size() != 24) return std::nullopt;
  ObjectId id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    unsigned value = 0;
    const char* first = hex.data() + 2 * i;
    const auto [end, error] = std::from_chars(first, first + 2, value, 16);
    if (error != std::errc{} || end != first + 2) return std::nullopt;
    id.bytes[i] = static_cast<std::byte>(value);
  }
  return id;
}

Bytes View::empty_document() {
  static constexpr std::array<std::byte, 5> kEmpty{std::byte{5}};
  return kEmpty;
}

std::size_t View::count() const {
  std::size_t count = 0;
  for (auto at = begin(); at != end(); ++at) ++count;
  return count;
}

Element View::find(std::string_view name) const {
  for (const Element& element : *this) {
    if (element.name() == name) return element;
  }
  return {};
}

Element View::at(std::size_t index) const {
  for (const Element& element : *this) {
    if (index-- == 0) return element;
  }
  return {};
}

Element View::get(std::string_view dotted_path) const {
  View inside = *this;
  bool in_array = false;
  while (true) {
    const std::size_t dot = dotted_path.find('.');
    const std::string_view step = dotted_path.substr(0, dot);
    Element found;
    if (in_array) {
      const std::optional<std::size_t> index = array_index(step);
      if (!index.has_value()) return {};
      found = inside.at(*index);
    } else {
      found = inside.find(step);
    }
    if (dot == std::string_view::npos || !found) return found;
    if (!found.is(Type::kDocument) && !found.is(Type::kArray)) return {};
    in_array = found.is(Type::kArray);
    inside = found.document();
    dotted_path.remove_prefix(dot + 1);
  }
}

std::optional<std::size_t> array_index(std::string_view step) {
  if (step.empty() || step.size() > 9 || (step.size() > 1 && step[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  for (const char digit : step) {
    if (digit < '0' || digit > '9') return std::nullopt;
    index = index * 10 + static_cast<std::size_t>(digit - '0');
  }
  return index;
}

Regex Element::regex() const {
  NACRE_DCHECK(is(Type::kRegex), "element is a regular expression");
  const std::string_view pattern = reinterpret_cast<const char*>(value());
  return {.pattern = pattern, .options = pattern.data() + pattern.size() + 1};
}

DbPointer Element::db_pointer() const {
  NACRE_DCHECK(is(Type::kDbPointer), "element is a DBPointer");
  const auto size = load<std::uint32_t>();
  DbPointer pointer{.collection = {reinterpret_cast<const char*>(value() + 4), size - 1}, .id = {}};
  std::memcpy(pointer.id.bytes.data(), value() + 4 + size, pointer.id.bytes.size());
  return pointer;
}

CodeWithScope Element::code_with_scope() const {
  NACRE_DCHECK(is(Type::kCodeWithScope), "element is code with scope");
  const auto size = load<std::uint32_t>(4);
  return {.code = {reinterpret_cast<const char*>(value() + 8), size - 1},
          .scope = View::trusted(value_bytes().subspan(8 + size))};
}

std::optional<std::int64_t> Element::as_int64() const {
  switch (type()) {
    case Type::kInt32:
      return int32();
    case Type::kInt64:
      return int64();
    case Type::kDouble:
      return exact_int64(number_double());
    case Type::kDecimal128:
      return exact_int64(decimal128());
    default:
      return std::nullopt;
  }
}

std::optional<double> Element::as_double() const {
  switch (type()) {
    case Type::kInt32:
      return int32();
    case Type::kInt64:
      return static_cast<double>(int64());
    case Type::kDouble:
      return number_double();
    case Type::kDecimal128:
      return to_double(decimal128());
    default:
      return std::nullopt;
  }
}

bool Element::truthy() const {
  switch (type()) {
    case Type::kMissing:
    case Type::kNull:
    case Type::kUndefined:
      return false;
    case Type::kBool:
      return boolean();
    case Type::kInt32:
      return int32() != 0;
    case Type::kInt64:
      return int64() != 0;
    case Type::kDouble:
      return number_double() != 0.0;
    case Type::kDecimal128:
      return !is_zero(decimal128());
    default:
      return true;
  }
}

}  // namespace nacre::bson
