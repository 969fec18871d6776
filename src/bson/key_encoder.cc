#include "bson/key_encoder.h"

#include <algorithm>
#include <cmath>

#include "base/codec.h"
#include "bson/hash128_internal.h"
#include "bson/key_format_internal.h"
#include "bson/number_internal.h"

namespace nacre::bson {
namespace {

void put_tag(std::string& to, Tag tag) { to.push_back(static_cast<char>(tag)); }

// Zero ends the text, so 00 becomes 01 01 and 01 becomes 01 02: still in order, and no text is the
// start of another (KEY-3).
void put_text(std::string& to, std::string_view text) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) > 1) continue;
    to.append(text, written, i - written);
    to.push_back('\1');
    to.push_back(static_cast<char>(text[i] + 1));
    written = i + 1;
  }
  to.append(text, written);
  to.push_back('\0');
}

// A magnitude: the 63 bits of the double next to it towards zero, seven to a byte from the top, the
// low bit of each byte saying whether any bit set is still to come. The last bit of the ninth byte
// says that the number lies above that double; then follow its decimal exponent and 34 digits.
void put_magnitude(std::string& to, const TruncatedDouble& base, const DecimalParts& whole) {
  auto bits = std::bit_cast<std::uint64_t>(base.value) << 1;  // the sign bit is 0
  for (int group = 0; group < 9; ++group) {
    const auto top = static_cast<unsigned char>(bits >> 57);
    bits <<= 7;
    const bool more = bits != 0 || !base.exact;
    to.push_back(static_cast<char>(top << 1 | (more ? 1 : 0)));
    if (!more) return;
  }
  const DecimalParts digits = normalised(whole);
  append_be(to, static_cast<std::uint16_t>(digits.exponent + kDecimalExponentBias));
  append_be(to, static_cast<std::uint64_t>(digits.coefficient >> 64));
  append_be(to, static_cast<std::uint64_t>(digits.coefficient));
}

void put_signed_magnitude(std::string& to, bool negative, const TruncatedDouble& base,
                          const DecimalParts& whole) {
  put_tag(to, negative ? Tag::kNegative : Tag::kPositive);
  const std::size_t start = to.size();
  put_magnitude(to, base, whole);
  if (!negative) return;
  for (std::size_t i = start; i < to.size(); ++i) to[i] = static_cast<char>(~to[i]);
}

void put_integer(std::string& to, std::int64_t value) {
  if (value == 0) return put_tag(to, Tag::kZero);
  const TruncatedDouble base = truncated(value);
  put_signed_magnitude(to, value < 0, base, base.exact ? DecimalParts{} : decompose(value));
}

void put_double(std::string& to, double value) {
  if (std::isnan(value)) return put_tag(to, Tag::kNan);
  if (value == 0) return put_tag(to, Tag::kZero);
  put_signed_magnitude(to, value < 0, {.value = std::fabs(value), .exact = true}, {});
}

void put_decimal(std::string& to, const DecimalParts& parts) {
  if (parts.kind == DecimalParts::Kind::kNan) return put_tag(to, Tag::kNan);
  if (parts.kind == DecimalParts::Kind::kInfinity) {
    return put_double(to, parts.negative ? -HUGE_VAL : HUGE_VAL);
  }
  if (parts.coefficient == 0) return put_tag(to, Tag::kZero);
  put_signed_magnitude(to, parts.negative, truncated(parts), parts);
}

// The bits that a double's or decimal's key does not tell. A double: one more byte for -0, all of
// it for NaN. A decimal: all of it where the key is that of NaN, infinity or zero, else its
// exponent.
void put_number_bits(std::string& to, const Element& value) {
  if (value.is(Type::kInt32)) {
    to.push_back(static_cast<char>(NumberBits::kDefault));
  } else if (value.is(Type::kInt64)) {
    to.push_back(static_cast<char>(NumberBits::kInt64));
  } else if (value.is(Type::kDouble)) {
    to.push_back(static_cast<char>(NumberBits::kDouble));
    const double number = value.number_double();
    if (number == 0) to.push_back(std::signbit(number) ? '\1' : '\0');
    if (std::isnan(number)) append_bytes(to, value.value_bytes());
  } else {
    to.push_back(static_cast<char>(NumberBits::kDecimal128));
    const DecimalParts parts = decompose(value.decimal128());
    if (parts.kind != DecimalParts::Kind::kFinite || parts.coefficient == 0) {
      append_bytes(to, value.value_bytes());
    } else {
      append_be(to, static_cast<std::uint16_t>(parts.exponent + kDecimalExponentBias));
    }
  }
}

class Writer {
 public:
  Writer(std::string& to, std::string* type_bits, const text::Collator* collator)
      : to_(to), type_bits_(type_bits), collator_(collator) {}

  void put(const Element& value) {
    switch (value.type()) {
      case Type::kMinKey:
        return put_tag(to_, Tag::kMinKey);
      case Type::kMissing:
      case Type::kUndefined:
        return put_tag(to_, Tag::kUndefined);
      case Type::kNull:
        return put_tag(to_, Tag::kNull);
      case Type::kMaxKey:
        return put_tag(to_, Tag::kMaxKey);
      case Type::kInt32:
      case Type::kInt64:
      case Type::kDouble:
      case Type::kDecimal128:
        return number(value);
      case Type::kString:
      case Type::kSymbol:
        put_tag(to_, Tag::kString);
        if (type_bits_ != nullptr)
          type_bits_->push_back(value.is(Type::kSymbol) ? kSymbolBit : '\0');
        if (collator_ == nullptr) return put_text(to_, value.string());
        // COLLATE-1: no zero byte inside, so nothing need be escaped.
        collator_->append_sort_key(to_, value.string());
        return to_.push_back('\0');
      case Type::kDocument:
        put_tag(to_, Tag::kDocument);
        return members(value.document());
      case Type::kArray:
        put_tag(to_, Tag::kArray);
        for (const Element& element : value.array()) put(element);
        return put_tag(to_, Tag::kEnd);
      case Type::kBool:
        return put_tag(to_, value.boolean() ? Tag::kTrue : Tag::kFalse);
      case Type::kObjectId:
        put_tag(to_, Tag::kObjectId);
        return append_bytes(to_, value.value_bytes());
      case Type::kDate:
        put_tag(to_, Tag::kDate);
        // The sign bit flipped: negative before positive.
        return append_be(to_, static_cast<std::uint64_t>(value.date().milliseconds) ^ (1ULL << 63));
      case Type::kTimestamp:
        put_tag(to_, Tag::kTimestamp);
        append_be(to_, value.timestamp().seconds);
        return append_be(to_, value.timestamp().increment);
      default:
        return rare(value);
    }
  }

 private:
  void number(const Element& value) {
    if (type_bits_ != nullptr) put_number_bits(*type_bits_, value);
    if (value.is(Type::kInt32)) return put_integer(to_, value.int32());
    if (value.is(Type::kInt64)) return put_integer(to_, value.int64());
    if (value.is(Type::kDouble)) return put_double(to_, value.number_double());
    put_decimal(to_, decompose(value.decimal128()));
  }

  // Documents compare by type before name: the rank stands in front of each element.
  void members(const View& document) {
    for (const Element& element : document) {
      to_.push_back(static_cast<char>(rank(element.type())));
      put_text(to_, element.name());
      put(element);
    }
    put_tag(to_, Tag::kEnd);
  }

  void rare(const Element& value) {
    switch (value.type()) {
      case Type::kBinary: {
        const Binary binary = value.binary();
        put_tag(to_, Tag::kBinary);
        append_be(to_, static_cast<std::uint32_t>(binary.bytes.size()));
        to_.push_back(static_cast<char>(binary.subtype));
        return append_bytes(to_, binary.bytes);
      }
      case Type::kRegex:
        put_tag(to_, Tag::kRegex);
        put_text(to_, value.regex().pattern);
        return put_text(to_, value.regex().options);
      case Type::kDbPointer: {
        const DbPointer pointer = value.db_pointer();
        put_tag(to_, Tag::kDbPointer);
        append_be(to_, static_cast<std::uint32_t>(pointer.collection.size()));
        to_.append(pointer.collection);
        return append_bytes(to_, pointer.id.bytes);
      }
      case Type::kCode:
        put_tag(to_, Tag::kCode);
        return put_text(to_, value.string());
      case Type::kCodeWithScope:
        put_tag(to_, Tag::kCodeWithScope);
        put_text(to_, value.code_with_scope().code);
        return members(value.code_with_scope().scope);
      default:
        NACRE_CHECK(false, "every type has an encoding");
    }
  }

  std::string& to_;
  std::string* type_bits_;
  const text::Collator* collator_;
};

Tag first_tag(std::uint8_t rank) {
  static constexpr Tag kTags[] = {Tag::kEnd,           Tag::kMinKey,   Tag::kUndefined, Tag::kNull,
                                  Tag::kNegative,      Tag::kString,   Tag::kDocument,  Tag::kArray,
                                  Tag::kBinary,        Tag::kObjectId, Tag::kFalse,     Tag::kDate,
                                  Tag::kTimestamp,     Tag::kRegex,    Tag::kDbPointer, Tag::kCode,
                                  Tag::kCodeWithScope, Tag::kMaxKey};
  NACRE_CHECK(rank < std::size(kTags), "ranks are those of rank()");
  return kTags[rank];
}

Tag last_tag(std::uint8_t rank) {
  const Tag first = first_tag(rank);
  if (first == Tag::kNegative) return Tag::kPositive;
  return first == Tag::kFalse ? Tag::kTrue : first;
}

void shorten(std::string& encoding) {
  const Hash128 hash = hash128(as_bytes(encoding));
  encoding.resize(kKeyPrefixBytes);
  encoding.push_back(static_cast<char>(kTruncatedMarker));
  append_be(encoding, hash.high);
  append_be(encoding, hash.low);
}

}  // namespace

void append_key(std::string& to, const Element& value, Direction direction, std::string* type_bits,
                const text::Collator* collator) {
  const std::size_t start = to.size();
  Writer(to, type_bits, collator).put(value);
  if (direction == Direction::kAscending) return;
  for (std::size_t i = start; i < to.size(); ++i) to[i] = static_cast<char>(~to[i]);
}

KeyBuilder::Key KeyBuilder::finish() {
  Key key{.bytes = std::move(bytes_), .type_bits = std::move(type_bits_), .exact = true};
  bytes_.clear();
  type_bits_.clear();
  key.type_bits.resize(key.type_bits.find_last_not_of('\0') + 1);  // npos + 1 is 0
  if (key.bytes.size() > kKeyPrefixBytes) {
    shorten(key.bytes);
    key.exact = false;
  }
  return key;
}

std::string shortened_key(std::string encoding) {
  shorten(encoding);
  return encoding;
}

std::uint64_t stable_hash(std::string_view encoding) { return hash128(as_bytes(encoding)).low; }

KeyBuilder::Key encode_key(const Element& value, const text::Collator* collator) {
  return KeyBuilder(collator).append(value).finish();
}

std::string key_after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

std::string lower_bound_key(std::string encoding) {
  if (encoding.size() > kKeyPrefixBytes) encoding.resize(kKeyPrefixBytes);
  return encoding;
}

std::string upper_bound_key(std::string encoding) {
  return key_after_prefix(lower_bound_key(std::move(encoding)));
}

RankRange keys_of_rank(std::uint8_t rank, Direction direction) {
  const auto first = static_cast<std::uint8_t>(first_tag(rank));
  const auto last = static_cast<std::uint8_t>(last_tag(rank));
  const bool ascending = direction == Direction::kAscending;
  const int from = ascending ? first : 0xff - last;
  const int end = (ascending ? last : 0xff - first) + 1;
  return {.first = std::string(1, static_cast<char>(from)),
          .last = std::string(1, static_cast<char>(end))};
}

}  // namespace nacre::bson
