// Documents and values of a Nacre database; a part of nacre/nacre.hpp.
//
//   auto city = nacre::Document::of({{"_id", 42}, {"name", "Bern"}, {"area", {{"km2", 51.6}}}});
//   city.get_double("area.km2");                  // 51.6, or nothing
//   NACRE_TRY(city.require_int64("popluation"));  // kNotFound, naming the nearest field there is
//
// Errors: kInvalid names the byte of the JSON text or BSON where it goes wrong.
// Threads: values; one thread at a time, or any number that only read.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nacre/result.hpp"

namespace nacre {

namespace detail {
struct Access;
}

class Filter;
class Document;
class Update;
class Value;

// A field of a document in the making.
using Field = std::pair<std::string_view, Value>;

// One value of any type MongoDB knows.
class Value {
 public:
  Value();                                    // null
  Value(std::nullptr_t);                      // NOLINT(google-explicit-constructor): {"a", nullptr}
  Value(double number);                       // NOLINT(google-explicit-constructor)
  Value(const char* text);                    // NOLINT(google-explicit-constructor)
  Value(std::string_view text);               // NOLINT(google-explicit-constructor)
  Value(const std::string& text);             // NOLINT(google-explicit-constructor)
  Value(const Document& document);            // NOLINT(google-explicit-constructor)
  Value(const std::vector<Value>& elements);  // NOLINT(google-explicit-constructor): an array
  // NOLINTNEXTLINE(google-explicit-constructor): a date, in milliseconds as MongoDB keeps it
  Value(std::chrono::sys_time<std::chrono::milliseconds> date);
  template <std::same_as<bool> T>
  Value(T flag) : Value(Boolean{flag}) {}  // NOLINT(google-explicit-constructor)
  // An int32 where it fits, else an int64.
  template <std::integral T>
    requires(!std::same_as<T, bool> && sizeof(T) <= sizeof(std::int64_t))
  Value(T number) : Value(Whole{static_cast<std::int64_t>(number)}) {}  // NOLINT

  // {"x": 1, "y": 2} as a value.
  Value(std::initializer_list<Field> fields);
  [[nodiscard]] static Value array(std::initializer_list<Value> elements);
  // 24 hexadecimal digits.
  [[nodiscard]] static Result<Value> object_id(std::string_view hex);
  [[nodiscard]] static Value binary(std::span<const std::byte> bytes);
  // Any JSON value; MongoDB Extended JSON gives the types that JSON lacks.
  [[nodiscard]] static Result<Value> from_json(std::string_view json);

  // Nothing when it is of another type. Any number that is a whole one counts as an int64.
  [[nodiscard]] std::optional<std::int64_t> as_int64() const;
  [[nodiscard]] std::optional<double> as_double() const;
  [[nodiscard]] std::optional<std::string> as_string() const;
  [[nodiscard]] std::optional<bool> as_bool() const;
  [[nodiscard]] std::optional<Document> as_document() const;
  [[nodiscard]] std::optional<std::vector<Value>> as_array() const;
  [[nodiscard]] bool is_null() const;
  // "double", "string", "object", ...: as MongoDB names types.
  [[nodiscard]] std::string_view type_name() const;
  [[nodiscard]] std::string to_json() const;

 private:
  friend struct detail::Access;
  struct Boolean {
    bool value;
  };
  struct Whole {
    std::int64_t value;
  };
  struct Raw {
    std::string bson;
  };
  explicit Value(Boolean flag);
  explicit Value(Whole number);
  explicit Value(Raw raw) : bson_(std::move(raw.bson)) {}
  std::string bson_;  // of a document whose one field, "", it is
};

// One document, by value: the bytes of its BSON.
class Document {
 public:
  Document();  // {}
  // {"_id": 42, "name": "Bern"} as {{"_id", 42}, {"name", "Bern"}}.
  [[nodiscard]] static Document of(std::initializer_list<Field> fields);
  // kInvalid names the offset and what was expected there.
  [[nodiscard]] static Result<Document> from_json(std::string_view json);
  [[nodiscard]] static Result<Document> from_bson(std::span<const std::byte> bson);

  // Relaxed Extended JSON on one line: {"_id": 42, "customer": "Ada"}.
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] std::span<const std::byte> bson() const;  // valid as long as the document
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::vector<std::string> field_names() const;

  // The value at a dotted path ("address.city", "tags.0"); nothing when it is not there or of
  // another type. Any number that is a whole one counts as an int64, any number as a double.
  [[nodiscard]] std::optional<std::string> get_string(std::string_view path) const;
  [[nodiscard]] std::optional<std::int64_t> get_int64(std::string_view path) const;
  [[nodiscard]] std::optional<double> get_double(std::string_view path) const;
  [[nodiscard]] std::optional<bool> get_bool(std::string_view path) const;
  [[nodiscard]] std::optional<Document> get_document(std::string_view path) const;
  [[nodiscard]] std::optional<Value> get(std::string_view path) const;
  [[nodiscard]] bool has(std::string_view path) const;

  // The same for what must be there: kNotFound names the path and the nearest one that is there,
  // kInvalid the type that was found.
  [[nodiscard]] Result<std::string> require_string(std::string_view path) const;
  [[nodiscard]] Result<std::int64_t> require_int64(std::string_view path) const;
  [[nodiscard]] Result<double> require_double(std::string_view path) const;
  [[nodiscard]] Result<bool> require_bool(std::string_view path) const;
  [[nodiscard]] Result<Document> require_document(std::string_view path) const;

 private:
  friend class DocumentInput;
  friend class DocumentOption;
  friend struct detail::Access;
  explicit Document(std::string bson) : bson_(std::move(bson)) {}
  std::string bson_;
};

// How options keep a document: JSON text, a Document or a Filter. What is not JSON is reported by
// the call that is given the options.
class DocumentOption {
 public:
  DocumentOption() = default;                                                          // not given
  DocumentOption(const char* json) : text_(json) {}                                    // NOLINT
  DocumentOption(std::string_view json) : text_(json) {}                               // NOLINT
  DocumentOption(std::string json) : text_(std::move(json)) {}                         // NOLINT
  DocumentOption(const Document& document) : text_(document.bson_), is_bson_(true) {}  // NOLINT
  DocumentOption(const Filter& condition);                                             // NOLINT
  [[nodiscard]] bool is_given() const { return !text_.empty(); }

 private:
  friend class DocumentInput;
  std::string text_;
  bool is_bson_ = false;
};

// How a call takes a document: JSON text, a Document, a Filter or an Update (nacre/build.hpp).
// Lives for the call only.
class DocumentInput {
 public:
  DocumentInput(const char* json) : text_(json) {}                                    // NOLINT
  DocumentInput(std::string_view json) : text_(json) {}                               // NOLINT
  DocumentInput(const std::string& json) : text_(json) {}                             // NOLINT
  DocumentInput(const Document& document) : text_(document.bson_), is_bson_(true) {}  // NOLINT
  DocumentInput(const Filter& condition);                                             // NOLINT
  DocumentInput(const Update& update);                                                // NOLINT
  DocumentInput(const DocumentOption& option)                                         // NOLINT
      : text_(option.text_), is_bson_(option.is_bson_) {}

 private:
  friend struct detail::Access;
  std::string_view text_;
  bool is_bson_ = false;
};

}  // namespace nacre
