#include "bson/builder.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <limits>
#include <random>

#include "base/check.h"
#include "base/codec.h"

namespace nacre::bson {
namespace {

constexpr std::string_view kEmptyDocument("\x05\0\0\0\0", 5);

struct ProcessIdentity {
  std::array<std::byte, 5> random{};
  std::atomic<std::uint32_t> counter{0};

  ProcessIdentity() {
    std::random_device device;
    for (std::byte& byte : random) byte = static_cast<std::byte>(device() & 0xff);
    counter = device();
  }
};

}  // namespace

Document::Document() : bytes_(kEmptyDocument) {}

Builder::Builder() : bytes_(4, '\0') {}

Builder Builder::array() {
  Builder builder;
  builder.innermost().is_array = true;
  return builder;
}

Builder& Builder::header(Type type, std::string_view name, std::size_t value_size) {
  NACRE_CHECK(name.find('\0') == std::string_view::npos, "a field name has no zero byte");
  // A document that outgrows the string itself grows further, as a rule.
  constexpr std::size_t kRoomMin = 120;
  const std::size_t needed = bytes_.size() + 2 + name.size() + value_size;
  if (bytes_.capacity() < needed) bytes_.reserve(std::max({needed, 2 * bytes_.size(), kRoomMin}));
  bytes_.push_back(static_cast<char>(type));
  bytes_.append(name);
  bytes_.push_back('\0');
  return *this;
}

void Builder::append_string(std::string_view text) {
  append_le(bytes_, static_cast<std::uint32_t>(text.size() + 1));
  bytes_.append(text);
  bytes_.push_back('\0');
}

Builder& Builder::append_bool(std::string_view name, bool value) {
  header(Type::kBool, name, 1);
  bytes_.push_back(value ? '\1' : '\0');
  return *this;
}

Builder& Builder::append(std::string_view name, std::int32_t value) {
  header(Type::kInt32, name, 4);
  append_le(bytes_, static_cast<std::uint32_t>(value));
  return *this;
}

Builder& Builder::append(std::string_view name, std::int64_t value) {
  header(Type::kInt64, name, 8);
  append_le(bytes_, static_cast<std::uint64_t>(value));
  return *this;
}

Builder& Builder::append(std::string_view name, double value) {
  header(Type::kDouble, name, 8);
  append_le(bytes_, std::bit_cast<std::uint64_t>(value));
  return *this;
}

Builder& Builder::append(std::string_view name, Decimal128 value) {
  header(Type::kDecimal128, name, 16);
  append_le(bytes_, value.low);
  append_le(bytes_, value.high);
  return *this;
}

Builder& Builder::append(std::string_view name, std::string_view value) {
  header(Type::kString, name, value.size() + 5);
  append_string(value);
  return *this;
}

Builder& Builder::append(std::string_view name, const ObjectId& value) {
  header(Type::kObjectId, name, value.bytes.size());
  append_bytes(bytes_, value.bytes);
  return *this;
}

Builder& Builder::append(std::string_view name, Date value) {
  header(Type::kDate, name, 8);
  append_le(bytes_, static_cast<std::uint64_t>(value.milliseconds));
  return *this;
}

Builder& Builder::append(std::string_view name, Timestamp value) {
  header(Type::kTimestamp, name, 8);
  append_le(bytes_, value.increment);
  append_le(bytes_, value.seconds);
  return *this;
}

Builder& Builder::append(std::string_view name, const Binary& value) {
  header(Type::kBinary, name, value.bytes.size() + 5);
  append_le(bytes_, static_cast<std::uint32_t>(value.bytes.size()));
  bytes_.push_back(static_cast<char>(value.subtype));
  append_bytes(bytes_, value.bytes);
  return *this;
}

Builder& Builder::append(std::string_view name, const Regex& value) {
  NACRE_CHECK(value.pattern.find('\0') == std::string_view::npos, "a pattern has no zero byte");
  header(Type::kRegex, name, value.pattern.size() + value.options.size() + 2);
  bytes_.append(value.pattern);
  bytes_.push_back('\0');
  std::string options(value.options);
  std::ranges::sort(options);
  bytes_.append(options);
  bytes_.push_back('\0');
  return *this;
}

Builder& Builder::append(std::string_view name, const DbPointer& value) {
  header(Type::kDbPointer, name, value.collection.size() + 17);
  append_string(value.collection);
  append_bytes(bytes_, value.id.bytes);
  return *this;
}

Builder& Builder::append(std::string_view name, Symbol value) {
  header(Type::kSymbol, name, value.text.size() + 5);
  append_string(value.text);
  return *this;
}

Builder& Builder::append(std::string_view name, JavaScript value) {
  header(Type::kCode, name, value.text.size() + 5);
  append_string(value.text);
  return *this;
}

Builder& Builder::append(std::string_view name, const CodeWithScope& value) {
  header(Type::kCodeWithScope, name, 9 + value.code.size() + value.scope.bytes().size());
  append_le(bytes_, static_cast<std::uint32_t>(9 + value.code.size() + value.scope.bytes().size()));
  append_string(value.code);
  append_bytes(bytes_, value.scope.bytes());
  return *this;
}

Builder& Builder::append(std::string_view name, const View& document) {
  header(Type::kDocument, name, document.bytes().size());
  append_bytes(bytes_, document.bytes());
  return *this;
}

Builder& Builder::append_array(std::string_view name, const View& array) {
  header(Type::kArray, name, array.bytes().size());
  append_bytes(bytes_, array.bytes());
  return *this;
}

Builder& Builder::append(std::string_view name, const Element& value) {
  NACRE_CHECK(static_cast<bool>(value), "only what is there can be appended");
  header(value.type(), name, value.value_bytes().size());
  append_bytes(bytes_, value.value_bytes());
  return *this;
}

Builder& Builder::append(const Element& element) {
  NACRE_CHECK(static_cast<bool>(element), "only what is there can be appended");
  append_bytes(bytes_, element.bytes());
  return *this;
}

Builder& Builder::append_all(const View& document) {
  append_bytes(bytes_, document.bytes().subspan(4, document.bytes().size() - 5));
  return *this;
}

Builder& Builder::append_number(std::string_view name, std::int64_t value) {
  if (std::in_range<std::int32_t>(value)) return append(name, static_cast<std::int32_t>(value));
  return append(name, value);
}

Builder& Builder::begin(Type type, std::string_view name) {
  header(type, name, 4);
  open_frame({.start = bytes_.size(), .index = 0, .is_array = type == Type::kArray});
  bytes_.append(4, '\0');
  return *this;
}

void Builder::open_frame(const Frame& frame) {
  if (depth_ < kFramesNear) {
    near_[depth_] = frame;
  } else {
    far_.push_back(frame);
  }
  ++depth_;
}

void Builder::close_frame() {
  bytes_.push_back('\0');
  const std::size_t start = innermost().start;
  const std::size_t size = bytes_.size() - start;
  NACRE_CHECK(std::in_range<std::int32_t>(size), "a document's size fits its length field");
  store_le(reinterpret_cast<std::byte*>(bytes_.data()) + start, static_cast<std::uint32_t>(size));
  if (depth_ > kFramesNear) far_.pop_back();
  --depth_;
}

Builder& Builder::end() {
  NACRE_CHECK(depth_ > 1, "each end has its begin");
  close_frame();
  return *this;
}

std::string_view Builder::next_index() {
  NACRE_CHECK(innermost().is_array, "push is for arrays");
  const auto end =
      std::to_chars(index_text_, index_text_ + sizeof index_text_, innermost().index++);
  return {index_text_, end.ptr};
}

Document Builder::finish() {
  NACRE_CHECK(depth_ == 1, "each begin has its end");
  const bool was_array = innermost().is_array;
  close_frame();
  Document document = Document::trusted(std::move(bytes_));
  bytes_.assign(4, '\0');
  open_frame({.start = 0, .index = 0, .is_array = was_array});
  return document;
}

Value::Value(const Element& element) {
  if (!element) return;
  const Bytes value = element.value_bytes();
  std::string bytes;
  bytes.reserve(value.size() + 7);
  append_le(bytes, static_cast<std::uint32_t>(value.size() + 7));
  bytes.push_back(static_cast<char>(element.type()));
  bytes.push_back('\0');  // it has no name
  append_bytes(bytes, value);
  bytes.push_back('\0');
  holder_ = Document::trusted(std::move(bytes));
  missing_ = false;
}

ObjectId new_object_id(std::uint32_t seconds) {
  static ProcessIdentity identity;
  const std::uint32_t count = identity.counter.fetch_add(1);
  ObjectId id;
  store_be(id.bytes.data(), seconds);
  std::ranges::copy(identity.random, id.bytes.begin() + 4);
  id.bytes[9] = static_cast<std::byte>((count >> 16) & 0xff);
  id.bytes[10] = static_cast<std::byte>((count >> 8) & 0xff);
  id.bytes[11] = static_cast<std::byte>(count & 0xff);
  return id;
}

ObjectId new_object_id() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return new_object_id(
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count()));
}

}  // namespace nacre::bson
