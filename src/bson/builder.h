// Document and Builder: BSON that owns its bytes, and how it is written.
//
// Why not libbson's bson_t: ours appends straight into the std::string that the document then is,
//   without a copy and without a C header in front of every user.
// Invariants: a finished Document is valid BSON as long as each string given was UTF-8; no
//             size limit is enforced here (whoever stores a document checks kDocumentBytesMax).
// Errors:     none returned. Field names must not contain a zero byte: a defect of the caller, who
//             checks names that come from outside.
// Threads:    one thread at a time; new_object_id may be called from any.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "bson/value.h"

namespace nacre::bson {

// A document (or array) and its bytes; copying copies them.
class Document {
 public:
  Document();  // the empty document

  // Requires: valid BSON, see View::trusted.
  [[nodiscard]] static Document trusted(std::string bytes) { return Document(std::move(bytes)); }
  explicit Document(View view) : bytes_(to_string(view.bytes())) {}

  // Valid until this document is changed, moved or gone; so is what the View hands out.
  [[nodiscard]] View view() const { return View::trusted(as_bytes(bytes_)); }
  operator View() const { return view(); }  // NOLINT: a document is readable wherever a view is

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  [[nodiscard]] std::string release() && { return std::move(bytes_); }

  [[nodiscard]] Element find(std::string_view name) const { return view().find(name); }
  [[nodiscard]] Element get(std::string_view path) const { return view().get(path); }

 private:
  explicit Document(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

// Tags for the values that are only a type.
struct Null {};
struct Undefined {};
struct MinKey {};
struct MaxKey {};
// Strings that are not of type string.
struct Symbol {
  std::string_view text;
};
struct JavaScript {
  std::string_view text;
};

// Builder().append("a", 1).append("b", "text").finish()
//
// Inside an array use push(), which names the elements "0", "1", ...
class Builder {
 public:
  Builder();
  // A builder of an array: use push().
  [[nodiscard]] static Builder array();

  template <std::same_as<bool> T>
  Builder& append(std::string_view name, T value) {
    return append_bool(name, value);
  }
  Builder& append(std::string_view name, std::int32_t value);
  Builder& append(std::string_view name, std::int64_t value);
  Builder& append(std::string_view name, double value);
  Builder& append(std::string_view name, Decimal128 value);
  Builder& append(std::string_view name, std::string_view value);
  Builder& append(std::string_view name, const char* value) {
    return append(name, std::string_view(value));
  }
  Builder& append(std::string_view name, const std::string& value) {
    return append(name, std::string_view(value));
  }
  Builder& append(std::string_view name, const ObjectId& value);
  Builder& append(std::string_view name, Date value);
  Builder& append(std::string_view name, Timestamp value);
  Builder& append(std::string_view name, const Binary& value);
  Builder& append(std::string_view name, const Regex& value);  // options are stored sorted
  Builder& append(std::string_view name, const DbPointer& value);
  Builder& append(std::string_view name, Symbol value);
  Builder& append(std::string_view name, JavaScript value);
  Builder& append(std::string_view name, const CodeWithScope& value);
  Builder& append(std::string_view name, Null) { return header(Type::kNull, name, 0); }
  Builder& append(std::string_view name, Undefined) { return header(Type::kUndefined, name, 0); }
  Builder& append(std::string_view name, MinKey) { return header(Type::kMinKey, name, 0); }
  Builder& append(std::string_view name, MaxKey) { return header(Type::kMaxKey, name, 0); }
  Builder& append(std::string_view name, const View& document);  // as type document
  Builder& append(std::string_view name, const Document& document) {
    return append(name, document.view());
  }
  Builder& append_array(std::string_view name, const View& array);
  // A copy of a value under another name. Requires that it is not missing.
  Builder& append(std::string_view name, const Element& value);
  // A copy of an element, name included.
  Builder& append(const Element& element);
  // Copies of all elements of a document.
  Builder& append_all(const View& document);
  // An int32 when it fits, otherwise an int64: how MongoDB answers counts.
  Builder& append_number(std::string_view name, std::int64_t value);

  // Everything up to the matching end() goes inside.
  Builder& begin_document(std::string_view name) { return begin(Type::kDocument, name); }
  Builder& begin_array(std::string_view name) { return begin(Type::kArray, name); }
  Builder& end();

  // The next element of an array. Requires that an array is being written.
  template <class T>
  Builder& push(const T& value) {
    return append(next_index(), value);
  }
  Builder& push_array(const View& array) { return append_array(next_index(), array); }
  Builder& push_begin_document() { return begin_document(next_index()); }
  Builder& push_begin_array() { return begin_array(next_index()); }

  // Bytes so far, terminators not counted.
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  // The document; the builder is empty afterwards. Requires that each begin has its end.
  [[nodiscard]] Document finish();

 private:
  struct Frame {
    std::size_t start = 0;    // offset of the length
    std::uint32_t index = 0;  // of the next element
    bool is_array = false;
  };
  static constexpr std::size_t kFramesNear = 4;

  Builder& append_bool(std::string_view name, bool value);
  Builder& begin(Type type, std::string_view name);
  // `value_size`: bytes that are appended next.
  Builder& header(Type type, std::string_view name, std::size_t value_size);
  void append_string(std::string_view text);
  [[nodiscard]] std::string_view next_index();  // valid until the next call
  void open_frame(const Frame& frame);
  void close_frame();
  [[nodiscard]] Frame& innermost() {
    return depth_ <= kFramesNear ? near_[depth_ - 1] : far_.back();
  }

  std::string bytes_;
  // What is open, outermost first: the document itself, ...; what few documents are deep enough for
  // lies apart.
  std::size_t depth_ = 1;
  std::array<Frame, kFramesNear> near_;
  std::vector<Frame> far_;
  char index_text_[12] = {};
};

// One value that owns its bytes: what a bound of an index scan or a constant of a filter is.
class Value {
 public:
  Value() = default;  // missing
  explicit Value(const Element& element);
  template <class T>
    requires(!std::same_as<T, Element> && !std::same_as<T, Value>)
  explicit Value(const T& value) : holder_(Builder().append("", value).finish()), missing_(false) {}

  // Named "". Valid until this value is changed, moved or gone.
  [[nodiscard]] Element element() const { return missing_ ? Element() : *holder_.view().begin(); }
  [[nodiscard]] Type type() const { return element().type(); }

 private:
  Document holder_;
  bool missing_ = true;
};

// A new id for a document: 4 bytes of seconds, 5 bytes random to this process, 3 bytes of counter
// (all big-endian, so that ids of one process ascend).
[[nodiscard]] ObjectId new_object_id();
[[nodiscard]] ObjectId new_object_id(std::uint32_t seconds);  // since the epoch

}  // namespace nacre::bson
