// MongoDB's order over all values: the one every sort, range and index in Nacre follows.
//
// MinKey < undefined (and missing) < null < numbers < string, symbol < document < array < binary <
// ObjectId < bool < date < timestamp < regex < DBPointer < code < code with scope < MaxKey.
// Numbers compare exactly across int32, int64, double and decimal128; NaN is the lowest number and
// equals itself; -0 equals 0. Documents compare element by element: type, name, value; arrays
// without names; a prefix comes first. Binary: length, subtype, bytes. Field order matters.
// With a collator the strings (symbols too; not names, not code) are in its order, wherever they
// lie; a null one is the order of bytes.
// Invariants: ORDER-1 equal values have equal hashes and equal keys (bson/key_encoder.h).
// Cost:    no allocation, but for hash, which encodes what it hashes.
// Threads: pure functions.
#pragma once

#include <compare>
#include <cstdint>

#include "bson/value.h"
#include "text/collator.h"

namespace nacre::bson {

// Values of one rank are compared by value, of different ranks by rank. Filters' "type brackets"
// are ranks. Ascending in the order above; never 0.
[[nodiscard]] std::uint8_t rank(Type type);

// Of the values; names play no part at this level.
[[nodiscard]] std::weak_ordering compare(const Element& a, const Element& b,
                                         const text::Collator* collator);
[[nodiscard]] std::weak_ordering compare(const View& a, const View& b,  // as documents
                                         const text::Collator* collator);
[[nodiscard]] std::weak_ordering compare_arrays(const View& a, const View& b,
                                                const text::Collator* collator = nullptr);

[[nodiscard]] inline std::weak_ordering compare(const Element& a, const Element& b) {
  return compare(a, b, nullptr);
}
[[nodiscard]] inline std::weak_ordering compare(const View& a, const View& b) {
  return compare(a, b, nullptr);
}

[[nodiscard]] inline bool equal(const Element& a, const Element& b,
                                const text::Collator* collator = nullptr) {
  return compare(a, b, collator) == 0;
}

[[nodiscard]] std::uint64_t hash(const Element& value, const text::Collator* collator = nullptr);

}  // namespace nacre::bson
