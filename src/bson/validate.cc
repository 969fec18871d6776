#include "bson/validate.h"

#include <bson/bson.h>

#include <array>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::bson {
namespace {

using error_codes::kBSONObjectTooLarge;
using error_codes::kInvalidBSON;
constexpr int kDepthCeiling = 250;

class Walk {
 public:
  Walk(Bytes bytes, int depth_max) : bytes_(bytes), depth_max_(depth_max) {}

  Result<> run() {
    NACRE_TRY(enter(bytes_.size()));
    while (depth_ > 0) {
      const std::size_t type_at = at_;
      const auto type = static_cast<Type>(bytes_[at_++]);
      if (type == Type::kMissing) {
        if (at_ != ends_[static_cast<std::size_t>(depth_ - 1)]) {
          return damaged(type_at, "a document ends before its length");
        }
        --depth_;
        continue;
      }
      field_ = {};
      const std::size_t name_at = at_;
      NACRE_TRY(cstring("field name"));
      field_ = as_text(bytes_.subspan(name_at, at_ - name_at - 1));
      NACRE_TRY(value(type, type_at));
    }
    return {};
  }

 private:
  // One past the last byte an element may use: the innermost document's terminator.
  [[nodiscard]] std::size_t end() const { return ends_[static_cast<std::size_t>(depth_ - 1)] - 1; }

  [[nodiscard]] std::unexpected<Error> damaged(std::size_t at, std::string_view what) const {
    std::string text = format("BSON at byte {}", at);
    if (!field_.empty()) text += format(", field \"{}\"", field_.substr(0, 100));
    return fail(nacre::Code::kInvalid, kInvalidBSON, format("{}: {}", text, what));
  }

  // A document starts at at_ and must end at or before `limit`.
  Result<> enter(std::size_t limit) {
    if (depth_ >= depth_max_) {
      return damaged(at_, format("documents are nested deeper than {}", depth_max_));
    }
    if (limit - at_ < 5) return damaged(at_, "a document needs 5 bytes");
    const std::size_t size = load_le<std::uint32_t>(bytes_.data() + at_);
    if (size < 5 || size > limit - at_) {
      return damaged(at_, format("document length {}, {} bytes are there", size, limit - at_));
    }
    if (bytes_[at_ + size - 1] != std::byte{0}) {
      return damaged(at_ + size - 1, "a document does not end in a zero byte");
    }
    ends_[static_cast<std::size_t>(depth_++)] = at_ + size;
    at_ += 4;
    return {};
  }

  Result<> skip(std::size_t size) {
    if (end() - at_ < size) return damaged(at_, "a value runs over the end of its document");
    at_ += size;
    return {};
  }

  Result<> cstring(std::string_view what) {
    const void* zero = at_ < end() ? std::memchr(bytes_.data() + at_, 0, end() - at_) : nullptr;
    if (zero == nullptr)
      return damaged(at_, format("a {} runs over the end of its document", what));
    const auto size =
        static_cast<std::size_t>(static_cast<const std::byte*>(zero) - (bytes_.data() + at_));
    NACRE_TRY(utf8(size));
    at_ += size + 1;
    return {};
  }

  Result<> utf8(std::size_t size) {
    const auto* text = reinterpret_cast<const char*>(bytes_.data() + at_);
    // Most text is ASCII: eight bytes at a time until one is not.
    std::size_t i = 0;
    while (i + 8 <= size && (load_le<std::uint64_t>(bytes_.data() + at_ + i) & kHighBits) == 0) {
      i += 8;
    }
    if (!bson_utf8_validate(text + i, size - i, /*allow_null=*/true)) {
      return damaged(at_, "a string is not UTF-8");
    }
    return {};
  }

  Result<> string(std::size_t limit) {
    if (limit - at_ < 5) return damaged(at_, "a string runs over the end of its document");
    const std::size_t size = load_le<std::uint32_t>(bytes_.data() + at_);
    if (size == 0 || size > limit - at_ - 4) {
      return damaged(at_, format("string length {}, {} bytes are there", size, limit - at_ - 4));
    }
    if (bytes_[at_ + 4 + size - 1] != std::byte{0}) {
      return damaged(at_ + 4 + size - 1, "a string does not end in a zero byte");
    }
    at_ += 4;
    NACRE_TRY(utf8(size - 1));
    at_ += size;
    return {};
  }

  Result<> binary() {
    const std::size_t start = at_;
    NACRE_TRY(skip(5));
    const std::size_t size = load_le<std::uint32_t>(bytes_.data() + start);
    const bool old_form = bytes_[start + 4] == std::byte{2};
    if (size > end() - at_) return damaged(start, "binary data runs over the end of its document");
    if (old_form && (size < 4 || load_le<std::uint32_t>(bytes_.data() + at_) != size - 4)) {
      return damaged(start, "the inner length of binary subtype 2 is not the outer one less 4");
    }
    at_ += size;
    return {};
  }

  Result<> code_with_scope() {
    const std::size_t start = at_;
    if (end() - at_ < 14) return damaged(at_, "code with scope needs 14 bytes");
    const std::size_t size = load_le<std::uint32_t>(bytes_.data() + at_);
    if (size < 14 || size > end() - at_) return damaged(at_, "length of code with scope");
    at_ += 4;
    NACRE_TRY(string(start + size));
    NACRE_TRY(enter(start + size));
    if (ends_[static_cast<std::size_t>(depth_ - 1)] != start + size) {
      return damaged(start, "the scope does not fill its code with scope");
    }
    return {};
  }

  Result<> value(Type type, std::size_t type_at) {
    switch (type) {
      case Type::kUndefined:
      case Type::kNull:
      case Type::kMinKey:
      case Type::kMaxKey:
        return {};
      case Type::kDouble:
      case Type::kDate:
      case Type::kTimestamp:
      case Type::kInt64:
        return skip(8);
      case Type::kInt32:
        return skip(4);
      case Type::kDecimal128:
        return skip(16);
      case Type::kObjectId:
        return skip(12);
      case Type::kBool:
        NACRE_TRY(skip(1));
        if (bytes_[at_ - 1] > std::byte{1}) return damaged(at_ - 1, "a bool is neither 0 nor 1");
        return {};
      case Type::kString:
      case Type::kSymbol:
      case Type::kCode:
        return string(end());
      case Type::kDbPointer:
        NACRE_TRY(string(end()));
        return skip(12);
      case Type::kRegex:
        NACRE_TRY(cstring("pattern"));
        return cstring("regular expression option");
      case Type::kBinary:
        return binary();
      case Type::kDocument:
      case Type::kArray:
        return enter(end());
      case Type::kCodeWithScope:
        return code_with_scope();
      case Type::kMissing:
        break;
    }
    return damaged(type_at, format("unknown type {:#04x}", static_cast<unsigned>(type)));
  }

  static constexpr std::uint64_t kHighBits = 0x8080808080808080;

  Bytes bytes_;
  int depth_max_;
  std::size_t at_ = 0;
  std::string_view field_;
  int depth_ = 0;
  std::array<std::size_t, kDepthCeiling> ends_{};
};

}  // namespace

Result<View> validate(Bytes bytes, Limits limits) {
  const View view = NACRE_TRY(validate_first(bytes, limits));
  if (view.bytes().size() != bytes.size()) {
    return fail(
        nacre::Code::kInvalid, kInvalidBSON,
        format("BSON: document length {}, {} bytes are there", view.bytes().size(), bytes.size()));
  }
  return view;
}

Result<View> validate_first(Bytes bytes, Limits limits) {
  NACRE_CHECK(limits.depth_max <= kDepthCeiling, "the array of open documents is that long");
  if (bytes.size() < 5) {
    return fail(nacre::Code::kInvalid, kInvalidBSON,
                format("BSON: {} bytes, a document needs 5", bytes.size()));
  }
  const std::size_t size = load_le<std::uint32_t>(bytes.data());
  if (size > limits.bytes_max) {
    return fail(
        nacre::Code::kInvalid, kBSONObjectTooLarge,
        format("BSON: document of {} bytes, at most {} are allowed", size, limits.bytes_max));
  }
  if (size > bytes.size()) {
    return fail(nacre::Code::kInvalid, kInvalidBSON,
                format("BSON: document length {}, {} bytes are there", size, bytes.size()));
  }
  Walk walk(bytes.first(size), limits.depth_max);
  NACRE_TRY(walk.run());
  return View::trusted(bytes.first(size));
}

}  // namespace nacre::bson
