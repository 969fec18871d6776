#include <bit>
#include <utility>

#include "base/codec.h"
#include "bson/hash128_internal.h"

namespace nacre::bson {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }

  std::uint64_t squeeze() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

Hash128 hash128(Bytes bytes, std::uint64_t key0, std::uint64_t key1) {
  State state{.v0 = key0 ^ 0x736f6d6570736575,
              .v1 = key1 ^ 0x646f72616e646f6d ^ 0xee,
              .v2 = key0 ^ 0x6c7967656e657261,
              .v3 = key1 ^ 0x7465646279746573};
  const std::size_t size = bytes.size();
  while (bytes.size() >= 8) {
    state.absorb(load_le<std::uint64_t>(bytes.data()));
    bytes = bytes.subspan(8);
  }
  std::uint64_t last = static_cast<std::uint64_t>(size) << 56;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    last |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  }
  state.absorb(last);
  state.v2 ^= 0xee;
  const std::uint64_t first = state.squeeze();
  state.v1 ^= 0xdd;
  return {.high = first, .low = state.squeeze()};
}

}  // namespace nacre::bson
