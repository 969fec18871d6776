// hash128: 128 bits that stand for a value too long to be a key.
//
// Why SipHash: a stored format needs a function that is specified to the bit and mixes well; this
//   one is 40 lines. The key is fixed, as the format is, so it does not resist someone who looks
//   for collisions: those who compare by hash compare the documents too.
// Source: Aumasson, Bernstein: "SipHash: a fast short-input PRF" (2012), SipHash-2-4, 128-bit
// output.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace nacre::bson {

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Hash128&) const = default;
};

// `key0` and `key1` are given only by the test that checks the published vectors.
[[nodiscard]] Hash128 hash128(Bytes bytes, std::uint64_t key0 = 0x6e61637265206b65,
                              std::uint64_t key1 = 0x7920656e636f6465);

}  // namespace nacre::bson
