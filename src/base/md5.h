// MD5 (RFC 1321), for what MongoDB defines by it. It keeps nothing safe from those who look for
// collisions.
//
// Threads: a digest belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace nacre {

class Md5 {
 public:
  using Digest = std::array<std::uint8_t, 16>;

  Md5& add(Bytes bytes);
  // Of all that was added; nothing is added afterwards.
  [[nodiscard]] Digest digest();
  // The same in hexadecimal digits.
  [[nodiscard]] std::string hex();

 private:
  std::array<std::uint32_t, 4> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::string rest_;  // less than a block
  std::uint64_t size_ = 0;
};

}  // namespace nacre
