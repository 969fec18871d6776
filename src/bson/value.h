// View and Element: reading a BSON document in place.
//
// Why our own views: libbson's iterator is a 100-byte object behind a C header. A View is a pointer
//   and a size, an Element a pointer and two sizes; both copy freely and never allocate.
// Format:     bsonspec.org 1.1, little-endian.
// Invariants: BSON-1 a View is only ever made of bytes that passed validate() (bson/validate.h) or
//             that our own code built; reading through it therefore checks no lengths.
// Errors:     none here. An accessor of the wrong type is a defect of the caller (checked in
// debug). Cost:       find is a forward walk over the elements of one document. Threads:    plain
// values; valid for as long as the bytes they look at.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/codec.h"

namespace nacre::bson {

// The type bytes of the format; kMissing is the type of "no element" and never stored.
enum class Type : std::uint8_t {
  kMissing = 0x00,
  kDouble = 0x01,
  kString = 0x02,
  kDocument = 0x03,
  kArray = 0x04,
  kBinary = 0x05,
  kUndefined = 0x06,
  kObjectId = 0x07,
  kBool = 0x08,
  kDate = 0x09,
  kNull = 0x0a,
  kRegex = 0x0b,
  kDbPointer = 0x0c,
  kCode = 0x0d,
  kSymbol = 0x0e,
  kCodeWithScope = 0x0f,
  kInt32 = 0x10,
  kTimestamp = 0x11,
  kInt64 = 0x12,
  kDecimal128 = 0x13,
  kMaxKey = 0x7f,
  kMinKey = 0xff
};

// The name MongoDB gives a type in messages and in $type: "double", "string", "object", ...
[[nodiscard]] std::string_view name(Type type);

struct ObjectId {
  std::array<std::byte, 12> bytes{};
  auto operator<=>(const ObjectId&) const = default;
};

// 24 lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(const ObjectId& id);
[[nodiscard]] std::optional<ObjectId> object_id_from_hex(std::string_view hex);

struct Date {
  std::int64_t milliseconds = 0;  // since the epoch; may be negative
  auto operator<=>(const Date&) const = default;
};

struct Timestamp {
  std::uint32_t seconds = 0;
  std::uint32_t increment = 0;
  auto operator<=>(const Timestamp&) const = default;
};

// IEEE 754 decimal128 in the binary integer significand form, as stored.
struct Decimal128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Decimal128&) const = default;  // of the bits, not of the number
};

struct Binary {
  std::uint8_t subtype = 0;
  Bytes bytes;
};

struct Regex {
  std::string_view pattern;
  std::string_view options;
};

struct DbPointer {
  std::string_view collection;
  ObjectId id;
};

class Element;

// One document or array.
class View {
 public:
  class Iterator;

  View() : View(empty_document()) {}

  // Requires: `bytes` is one whole document that validate() accepts (BSON-1).
  [[nodiscard]] static View trusted(Bytes bytes) { return View(bytes); }

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.size() == 5; }
  [[nodiscard]] std::size_t count() const;  // elements; walks them

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

  // The first element of that name, or a missing one.
  [[nodiscard]] Element find(std::string_view name) const;

  // Follows a dotted path through documents by name and through arrays by position; one value at
  // most, so it is not how filters see arrays (bson/path.h is). Missing when any step
  // is.
  [[nodiscard]] Element get(std::string_view dotted_path) const;

  // The element at that position (of an array), or a missing one.
  [[nodiscard]] Element at(std::size_t index) const;

 private:
  explicit View(Bytes bytes) : bytes_(bytes) {}
  [[nodiscard]] static Bytes empty_document();

  Bytes bytes_;
};

struct CodeWithScope {
  std::string_view code;
  View scope;
};

// One name and value inside a document, or nothing ("missing": tests false, type kMissing).
// Views it returns are valid as long as the document's bytes.
class Element {
 public:
  Element() = default;

  // Requires: `at` is the type byte of an element inside a valid document.
  explicit Element(const std::byte* at);

  [[nodiscard]] explicit operator bool() const { return at_ != nullptr; }
  [[nodiscard]] Type type() const {
    return at_ == nullptr ? Type::kMissing : static_cast<Type>(*at_);
  }
  [[nodiscard]] bool is(Type type) const { return this->type() == type; }
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_null_like() const { return is(Type::kNull) || is(Type::kUndefined); }

  [[nodiscard]] std::string_view name() const {
    return {reinterpret_cast<const char*>(at_ + 1), name_size_};
  }
  // Type byte, name and value: what a document that contains it contains.
  [[nodiscard]] Bytes bytes() const { return {at_, 2 + name_size_ + value_size_}; }
  // The value alone, as stored.
  [[nodiscard]] Bytes value_bytes() const { return {at_ + 2 + name_size_, value_size_}; }

  // Each requires the type it names.
  [[nodiscard]] std::int32_t int32() const;
  [[nodiscard]] std::int64_t int64() const;
  [[nodiscard]] double number_double() const;
  [[nodiscard]] Decimal128 decimal128() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::string_view string() const;  // kString, kSymbol or kCode
  [[nodiscard]] View document() const;            // kDocument or kArray
  [[nodiscard]] View array() const;
  [[nodiscard]] ObjectId object_id() const;
  [[nodiscard]] Date date() const;
  [[nodiscard]] Timestamp timestamp() const;
  [[nodiscard]] Binary binary() const;
  [[nodiscard]] Regex regex() const;
  [[nodiscard]] DbPointer db_pointer() const;
  [[nodiscard]] CodeWithScope code_with_scope() const;

  // Any number as an int64 when it is one exactly (3, 3.0, NumberDecimal("3"); not 3.5, not NaN).
  [[nodiscard]] std::optional<std::int64_t> as_int64() const;
  // Any number, rounded where it must be; nothing for what is not a number.
  [[nodiscard]] std::optional<double> as_double() const;
  // What MongoDB takes for true: everything but missing, null, undefined, false and zero.
  [[nodiscard]] bool truthy() const;

 private:
  [[nodiscard]] const std::byte* value() const { return at_ + 2 + name_size_; }
  template <std::unsigned_integral T>
  [[nodiscard]] T load(std::size_t offset = 0) const {
    return load_le<T>(value() + offset);
  }

  const std::byte* at_ = nullptr;
  std::uint32_t name_size_ = 0;   // bytes, without the terminator
  std::uint32_t value_size_ = 0;  // bytes
};

// A path step that addresses an array by position ("0", "17"; not "01", not "-1"), as a number.
[[nodiscard]] std::optional<std::size_t> array_index(std::string_view step);

// Bytes that the value of `type` takes at `value`. Requires valid bytes; used by Element.
[[nodiscard]] std::size_t value_size(Type type, const std::byte* value);

class View::Iterator {
 public:
  using value_type = Element;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::forward_iterator_tag;

  Iterator() = default;
  explicit Iterator(const std::byte* at) : at_(at) { load(); }

  const Element& operator*() const { return element_; }
  const Element* operator->() const { return &element_; }
  Iterator& operator++() {
    at_ += element_.bytes().size();
    load();
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator& other) const { return at_ == other.at_; }
  bool operator==(std::default_sentinel_t) const { return !element_; }

 private:
  void load() { element_ = *at_ == std::byte{0} ? Element() : Element(at_); }

  const std::byte* at_ = nullptr;
  Element element_;
};

inline std::size_t value_size(Type type, const std::byte* value) {
  switch (type) {
    case Type::kInt32:
      return 4;
    case Type::kDouble:
    case Type::kDate:
    case Type::kTimestamp:
    case Type::kInt64:
      return 8;
    case Type::kString:
    case Type::kSymbol:
    case Type::kCode:
      return 4 + load_le<std::uint32_t>(value);
    case Type::kDocument:
    case Type::kArray:
    case Type::kCodeWithScope:
      return load_le<std::uint32_t>(value);
    case Type::kObjectId:
      return 12;
    case Type::kBool:
      return 1;
    case Type::kDecimal128:
      return 16;
    case Type::kBinary:
      return 5 + load_le<std::uint32_t>(value);
    case Type::kDbPointer:
      return 4 + load_le<std::uint32_t>(value) + 12;
    case Type::kRegex: {
      const std::size_t pattern = std::strlen(reinterpret_cast<const char*>(value)) + 1;
      return pattern + std::strlen(reinterpret_cast<const char*>(value + pattern)) + 1;
    }
    case Type::kMissing:
    case Type::kUndefined:
    case Type::kNull:
    case Type::kMaxKey:
    case Type::kMinKey:
      return 0;
  }
  NACRE_CHECK(false, "a valid document has only known types");
  return 0;
}

inline Element::Element(const std::byte* at)
    : at_(at),
      name_size_(static_cast<std::uint32_t>(std::strlen(reinterpret_cast<const char*>(at + 1)))),
      value_size_(static_cast<std::uint32_t>(
          bson::value_size(static_cast<Type>(*at), at + 2 + name_size_))) {}

inline View::Iterator View::begin() const { return Iterator(bytes_.data() + 4); }

inline bool Element::is_number() const {
  return is(Type::kInt32) || is(Type::kInt64) || is(Type::kDouble) || is(Type::kDecimal128);
}

inline std::int32_t Element::int32() const {
  NACRE_DCHECK(is(Type::kInt32), "element is an int32");
  return static_cast<std::int32_t>(load<std::uint32_t>());
}

inline std::int64_t Element::int64() const {
  NACRE_DCHECK(is(Type::kInt64), "element is an int64");
  return static_cast<std::int64_t>(load<std::uint64_t>());
}

inline double Element::number_double() const {
  NACRE_DCHECK(is(Type::kDouble), "element is a double");
  return std::bit_cast<double>(load<std::uint64_t>());
}

inline Decimal128 Element::decimal128() const {
  NACRE_DCHECK(is(Type::kDecimal128), "element is a decimal128");
  return {.low = load<std::uint64_t>(), .high = load<std::uint64_t>(8)};
}

inline bool Element::boolean() const {
  NACRE_DCHECK(is(Type::kBool), "element is a bool");
  return *value() != std::byte{0};
}

inline std::string_view Element::string() const {
  NACRE_DCHECK(is(Type::kString) || is(Type::kSymbol) || is(Type::kCode), "element is a string");
  return {reinterpret_cast<const char*>(value() + 4), load<std::uint32_t>() - 1};
}

inline View Element::document() const {
  NACRE_DCHECK(is(Type::kDocument) || is(Type::kArray), "element is a document or an array");
  return View::trusted(value_bytes());
}

inline View Element::array() const {
  NACRE_DCHECK(is(Type::kArray), "element is an array");
  return View::trusted(value_bytes());
}

inline ObjectId Element::object_id() const {
  NACRE_DCHECK(is(Type::kObjectId), "element is an ObjectId");
  ObjectId id;
  std::memcpy(id.bytes.data(), value(), id.bytes.size());
  return id;
}

inline Date Element::date() const {
  NACRE_DCHECK(is(Type::kDate), "element is a date");
  return {static_cast<std::int64_t>(load<std::uint64_t>())};
}

inline Timestamp Element::timestamp() const {
  NACRE_DCHECK(is(Type::kTimestamp), "element is a timestamp");
  return {.seconds = load<std::uint32_t>(4), .increment = load<std::uint32_t>()};
}

inline Binary Element::binary() const {
  NACRE_DCHECK(is(Type::kBinary), "element is binary");
  return {.subtype = static_cast<std::uint8_t>(value()[4]), .bytes = value_bytes().subspan(5)};
}

}  // namespace nacre::bson
