// Keys: values as bytes whose order under memcmp is MongoDB's order of the values.
//
// Format:     docs/format/keys.md (this file and that document change together)
// Invariants: KEY-1 memcmp of two encodings has the sign of compare() of the values
//             KEY-2 values that compare equal have equal encodings, whatever their types
//             KEY-3 no encoding is a prefix of another, so encodings can be put one after another
//                   and a range over one component is a range over all keys that start with it
//             KEY-4 a key is never longer than kKeyBytesMax: a longer one keeps its first
//                   kKeyPrefixBytes and ends in a hash of all of it; equal keys stay equal and, but
//                   for a collision of 128 bits, different ones different; their order among
//                   keys of one prefix is that of the hashes, so they are flagged inexact
// With a collator a string is stored as its sort key, so KEY-1 and KEY-2 hold for the order of that
// collator; such a string cannot be decoded.
// What is lost (the type of a number, -0, a decimal's exponent, symbol or string) goes into the
// type bits, which are empty for int32 and string; decode_key turns both back into values.
// Cost:       one pass; a byte or so more than the value. Numbers: 2 bytes for 1, at most 10 for
//             any double, 27 for a decimal that is no double.
// Threads:    pure functions; a KeyBuilder belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/compare.h"
#include "bson/value.h"
#include "text/collator.h"

namespace nacre::bson {

inline constexpr std::size_t kKeyPrefixBytes = 900;
inline constexpr std::size_t kKeyBytesMax = kKeyPrefixBytes + 17;  // prefix, marker, 128-bit hash

enum class Direction : std::uint8_t { kAscending, kDescending };

// Appends the encoding of `value` (missing counts as undefined), inverted when descending, and its
// type bits when they are asked for. Never shortened.
void append_key(std::string& to, const Element& value, Direction direction,
                std::string* type_bits = nullptr, const text::Collator* collator = nullptr);

// The key of one or more components: what a table is ordered by.
class KeyBuilder {
 public:
  // The collator outlives the builder.
  explicit KeyBuilder(const text::Collator* collator = nullptr) : collator_(collator) {}

  KeyBuilder& append(const Element& value, Direction direction = Direction::kAscending) {
    append_key(bytes_, value, direction, &type_bits_, collator_);
    return *this;
  }

  struct Key {
    std::string bytes;
    std::string type_bits;  // trailing defaults dropped
    bool exact = true;      // false: shortened (KEY-4)
  };
  // The key; the builder is empty afterwards.
  [[nodiscard]] Key finish();

 private:
  const text::Collator* collator_;
  std::string bytes_;
  std::string type_bits_;
};

// The key of one value ascending: what a collection is ordered by, for _id.
[[nodiscard]] KeyBuilder::Key encode_key(const Element& value,
                                         const text::Collator* collator = nullptr);

// The values that `key` was made of, one for each direction, as an array (missing comes back as
// undefined). Bytes behind them are left alone: a key of an index may go on with that of _id.
// Requires an exact key. Errors: kCorrupt for bytes that no encoder wrote.
[[nodiscard]] Result<Document> decode_key(Bytes key, Bytes type_bits,
                                          std::span<const Direction> directions);

// What becomes of an encoding that is longer than kKeyPrefixBytes (KEY-4).
[[nodiscard]] std::string shortened_key(std::string encoding);

// 64 bits that stand for a value in an index of hashes: the same on every machine, forever.
[[nodiscard]] std::uint64_t stable_hash(std::string_view encoding);

// Bounds. A range of values is the range of keys [lower, upper); these make the ends from
// encodings (of whole components) so that shortened keys are inside whenever their value is.

// The first key that does not start with `prefix`; empty when there is none (then: no upper end).
[[nodiscard]] std::string key_after_prefix(std::string prefix);

// At or before every key that starts with `encoding` or sorts behind it.
[[nodiscard]] std::string lower_bound_key(std::string encoding);
// Behind every key that starts with `encoding`.
[[nodiscard]] std::string upper_bound_key(std::string encoding);
// True when the two above had to widen: what a scan finds must then be compared with the document.
[[nodiscard]] inline bool is_widened(const std::string& encoding) {
  return encoding.size() > kKeyPrefixBytes;
}

// The encodings of all values of a rank (type bracket), NaN left out of the numbers, lie in
// [first, last): appended to the encodings of the components before.
struct RankRange {
  std::string first;
  std::string last;
};
[[nodiscard]] RankRange keys_of_rank(std::uint8_t rank, Direction direction);

}  // namespace nacre::bson
