#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "bson/key_encoder.h"
#include "bson/key_format_internal.h"
#include "bson/number_internal.h"
#include "bson/validate.h"

namespace nacre::bson {
namespace {

std::unexpected<Error> damaged(std::size_t at, std::string_view what) {
  return fail(nacre::Code::kCorrupt, format("index key, byte {}: {}", at, what));
}

// The bytes of a key, each inverted or not.
class KeyReader {
 public:
  explicit KeyReader(Bytes bytes) : bytes_(bytes) {}

  void invert() { mask_ = ~mask_; }
  [[nodiscard]] std::size_t at() const { return at_; }

  Result<std::uint8_t> byte() {
    if (at_ >= bytes_.size()) return damaged(at_, "the key ends inside a value");
    return static_cast<std::uint8_t>(bytes_[at_++] ^ mask_);
  }

  Result<std::string> bytes(std::size_t count) {
    if (bytes_.size() - at_ < count) return damaged(at_, "the key ends inside a value");
    std::string text(count, '\0');
    for (char& c : text) c = static_cast<char>(bytes_[at_++] ^ mask_);
    return text;
  }

  template <std::unsigned_integral T>
  Result<T> big_endian() {
    const std::string raw = NACRE_TRY(bytes(sizeof(T)));
    return load_be<T>(as_bytes(raw).data());
  }

  // put_text of the encoder, undone.
  Result<std::string> text() {
    std::string text;
    while (true) {
      std::uint8_t next = NACRE_TRY(byte());
      if (next == 0) return text;
      if (next == 1) {
        next = NACRE_TRY(byte());
        if (next != 1 && next != 2) return damaged(at_ - 1, "an unknown escape in text");
        --next;
      }
      text.push_back(static_cast<char>(next));
    }
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  std::byte mask_{0};
};

// The type bits; those dropped from the end are zero.
class BitsReader {
 public:
  explicit BitsReader(Bytes bits) : bits_(bits) {}

  std::uint8_t byte() {
    return at_ < bits_.size() ? static_cast<std::uint8_t>(bits_[at_++]) : std::uint8_t{0};
  }

  template <std::unsigned_integral T>
  T little_endian() {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(T{byte()} << (8 * i));
    return value;
  }

  int exponent() {
    const int high = byte();
    return (high << 8 | byte()) - kDecimalExponentBias;
  }

 private:
  Bytes bits_;
  std::size_t at_ = 0;
};

struct Magnitude {
  double base = 0;
  std::optional<DecimalParts> whole;  // of a number that is not `base` exactly
};

class Decoder {
 public:
  Decoder(Bytes key, Bytes type_bits) : key_(key), bits_(type_bits) {}

  Result<> component(Builder& to, std::string_view name, Direction direction) {
    const bool inverted = direction == Direction::kDescending;
    if (inverted) key_.invert();
    NACRE_TRY(value(to, name, 0));
    if (inverted) key_.invert();
    return {};
  }

 private:
  Result<> value(Builder& to, std::string_view name, int depth) {
    return tagged(to, name, static_cast<Tag>(NACRE_TRY(key_.byte())), depth);
  }

  Result<> tagged(Builder& to, std::string_view name, Tag tag, int depth) {
    switch (tag) {
      case Tag::kMinKey:
        to.append(name, MinKey{});
        return {};
      case Tag::kUndefined:
        to.append(name, Undefined{});
        return {};
      case Tag::kNull:
        to.append(name, Null{});
        return {};
      case Tag::kMaxKey:
        to.append(name, MaxKey{});
        return {};
      case Tag::kFalse:
      case Tag::kTrue:
        to.append(name, tag == Tag::kTrue);
        return {};
      case Tag::kNan:
      case Tag::kZero:
        return special_number(to, name, tag == Tag::kNan);
      case Tag::kNegative:
      case Tag::kPositive:
        return number(to, name, tag == Tag::kNegative);
      case Tag::kString:
        return string(to, name);
      case Tag::kDocument:
        to.begin_document(name);
        NACRE_TRY(members(to, depth + 1));
        to.end();
        return {};
      case Tag::kArray:
        return array(to, name, depth + 1);
      case Tag::kDate:
        to.append(name, Date{static_cast<std::int64_t>(NACRE_TRY(key_.big_endian<std::uint64_t>()) ^
                                                       (1ULL << 63))});
        return {};
      default:
        return rare(to, name, tag, depth);
    }
  }

  Result<> rare(Builder& to, std::string_view name, Tag tag, int depth) {
    switch (tag) {
      case Tag::kBinary: {
        const auto size = NACRE_TRY(key_.big_endian<std::uint32_t>());
        const std::uint8_t subtype = NACRE_TRY(key_.byte());
        const std::string bytes = NACRE_TRY(key_.bytes(size));
        to.append(name, Binary{.subtype = subtype, .bytes = as_bytes(bytes)});
        return {};
      }
      case Tag::kObjectId:
        to.append(name, NACRE_TRY(object_id()));
        return {};
      case Tag::kTimestamp: {
        const auto seconds = NACRE_TRY(key_.big_endian<std::uint32_t>());
        const auto increment = NACRE_TRY(key_.big_endian<std::uint32_t>());
        to.append(name, Timestamp{.seconds = seconds, .increment = increment});
        return {};
      }
      case Tag::kRegex: {
        const std::string pattern = NACRE_TRY(key_.text());
        const std::string options = NACRE_TRY(key_.text());
        if (pattern.find('\0') != std::string::npos || options.find('\0') != std::string::npos) {
          return damaged(key_.at(), "a regular expression with a zero byte");
        }
        to.append(name, Regex{.pattern = pattern, .options = options});
        return {};
      }
      case Tag::kDbPointer: {
        const auto size = NACRE_TRY(key_.big_endian<std::uint32_t>());
        const std::string collection = NACRE_TRY(key_.bytes(size));
        to.append(name, DbPointer{.collection = collection, .id = NACRE_TRY(object_id())});
        return {};
      }
      case Tag::kCode:
        to.append(name, JavaScript{NACRE_TRY(key_.text())});
        return {};
      case Tag::kCodeWithScope: {
        const std::string code = NACRE_TRY(key_.text());
        Builder scope;
        NACRE_TRY(members(scope, depth + 1));
        to.append(name, CodeWithScope{.code = code, .scope = scope.finish()});
        return {};
      }
      default:
        return damaged(key_.at() - 1, "an unknown tag");
    }
  }

  Result<ObjectId> object_id() {
    const std::string bytes = NACRE_TRY(key_.bytes(12));
    ObjectId id;
    std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
    return id;
  }

  Result<> string(Builder& to, std::string_view name) {
    const std::string text = NACRE_TRY(key_.text());
    if (bits_.byte() == kSymbolBit) {
      to.append(name, Symbol{text});
    } else {
      to.append(name, text);
    }
    return {};
  }

  [[nodiscard]] Result<> check_depth(int depth) const {
    if (depth <= kDepthMax) return {};
    return damaged(key_.at(), format("nested deeper than {}", kDepthMax));
  }

  // Up to the zero byte in the place of a rank.
  Result<> members(Builder& to, int depth) {
    NACRE_TRY(check_depth(depth));
    while (NACRE_TRY(key_.byte()) != 0) {
      const std::string name = NACRE_TRY(key_.text());
      if (name.find('\0') != std::string::npos) {
        return damaged(key_.at(), "a field name with a zero byte");
      }
      NACRE_TRY(value(to, name, depth));
    }
    return {};
  }

  Result<> array(Builder& to, std::string_view name, int depth) {
    NACRE_TRY(check_depth(depth));
    to.begin_array(name);
    for (std::size_t index = 0;; ++index) {
      const auto tag = static_cast<Tag>(NACRE_TRY(key_.byte()));
      if (tag == Tag::kEnd) break;
      NACRE_TRY(tagged(to, std::to_string(index), tag, depth));
    }
    to.end();
    return {};
  }

  // NaN and zero: the type bits tell which.
  Result<> special_number(Builder& to, std::string_view name, bool nan) {
    const auto type = static_cast<NumberBits>(bits_.byte());
    if (type == NumberBits::kDouble) {
      if (nan) {
        to.append(name, std::bit_cast<double>(bits_.little_endian<std::uint64_t>()));
      } else {
        to.append(name, bits_.byte() == 1 ? -0.0 : 0.0);
      }
    } else if (type == NumberBits::kDecimal128) {
      const auto low = bits_.little_endian<std::uint64_t>();
      const auto high = bits_.little_endian<std::uint64_t>();
      to.append(name, Decimal128{.low = low, .high = high});
    } else if (nan) {
      return damaged(key_.at(), "NaN of a type that has none");
    } else if (type == NumberBits::kInt64) {
      to.append(name, std::int64_t{0});
    } else {
      to.append(name, std::int32_t{0});
    }
    return {};
  }

  Result<Magnitude> magnitude() {
    std::uint64_t bits = 0;
    bool more = true;
    for (int group = 0; group < 9 && more; ++group) {
      const std::uint64_t byte = NACRE_TRY(key_.byte());
      bits |= (byte >> 1) << (56 - 7 * group);
      more = (byte & 1) != 0;
    }
    Magnitude magnitude{.base = std::bit_cast<double>(bits), .whole = std::nullopt};
    if (std::isnan(magnitude.base)) return damaged(key_.at(), "a number that is none");
    if (!more) return magnitude;
    DecimalParts whole;
    whole.exponent = NACRE_TRY(key_.big_endian<std::uint16_t>()) - kDecimalExponentBias;
    const auto high = NACRE_TRY(key_.big_endian<std::uint64_t>());
    const auto low = NACRE_TRY(key_.big_endian<std::uint64_t>());
    whole.coefficient = Uint128{high} << 64 | low;
    magnitude.whole = whole;
    return magnitude;
  }

  Result<> number(Builder& to, std::string_view name, bool negative) {
    if (negative) key_.invert();
    Magnitude magnitude = NACRE_TRY(this->magnitude());
    if (negative) key_.invert();
    const double real = negative ? -magnitude.base : magnitude.base;
    if (magnitude.whole.has_value()) magnitude.whole->negative = negative;
    switch (static_cast<NumberBits>(bits_.byte())) {
      case NumberBits::kDouble:
        to.append(name, real);
        return {};
      case NumberBits::kDecimal128:
        return decimal(to, name, magnitude, negative);
      case NumberBits::kInt64: {
        const auto exact = magnitude.whole ? exact_int64(*magnitude.whole) : exact_int64(real);
        if (!exact.has_value()) return damaged(key_.at(), "an int64 that is not one");
        to.append(name, *exact);
        return {};
      }
      case NumberBits::kDefault: {
        const auto exact = exact_int64(real);
        if (!exact.has_value() || !std::in_range<std::int32_t>(*exact)) {
          return damaged(key_.at(), "an int32 that is not one");
        }
        to.append(name, static_cast<std::int32_t>(*exact));
        return {};
      }
    }
    return damaged(key_.at(), "unknown type bits of a number");
  }

  Result<> decimal(Builder& to, std::string_view name, const Magnitude& magnitude, bool negative) {
    if (std::isinf(magnitude.base)) {
      const auto low = bits_.little_endian<std::uint64_t>();
      const auto high = bits_.little_endian<std::uint64_t>();
      to.append(name, Decimal128{.low = low, .high = high});
      return {};
    }
    const int exponent = bits_.exponent();
    const auto digits = magnitude.whole ? magnitude.whole : exact_decimal(magnitude.base);
    auto parts = digits.has_value() ? with_exponent(*digits, exponent) : std::nullopt;
    if (!parts.has_value() || exponent < -6176 || exponent > 6111) {
      return damaged(key_.at(), "a decimal128 that is not one");
    }
    parts->negative = negative;
    to.append(name, compose(*parts));
    return {};
  }

  KeyReader key_;
  BitsReader bits_;
};

}  // namespace

Result<Document> decode_key(Bytes key, Bytes type_bits, std::span<const Direction> directions) {
  Decoder decoder(key, type_bits);
  Builder array = Builder::array();
  std::size_t index = 0;
  for (const Direction direction : directions) {
    NACRE_TRY(decoder.component(array, std::to_string(index++), direction));
  }
  return array.finish();
}

}  // namespace nacre::bson
