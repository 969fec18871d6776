// hashed_key: the number by which MongoDB's hashed indexes and shards know a value.
//
// Format:  the first eight bytes, little-endian, of the MD5 digest of: a seed of four zero bytes,
//          then for the value its class (int32) and its bytes as BSON has them. Numbers are
//          whole int64s, fractions cut off; documents and arrays are their elements, each with its
//          name, and one element of class 0 at the end.
// Why:     nothing here is safe against those who look for collisions; it only has to be the same.
// Threads: pure functions.
#pragma once

#include <cstdint>

#include "bson/value.h"

namespace nacre::expression {

[[nodiscard]] std::int64_t hashed_index_key(const bson::Element& value);

}  // namespace nacre::expression
