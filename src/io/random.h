// Random: numbers that a seed decides, so that a failing test can be run again.
//
// Why not <random>: its distributions differ between libraries; a seed must mean the same anywhere.
// Source: xoshiro256** by Blackman and Vigna, its state filled by splitmix64.
// Threads: Random: one thread at a time. system_random: any.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace nacre::io {

class Random {
 public:
  explicit Random(std::uint64_t seed);

  [[nodiscard]] std::uint64_t next();
  // 0 to `bound` - 1, each equally likely. Requires bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // True `part` times out of `whole`.
  [[nodiscard]] bool chance(std::uint64_t part, std::uint64_t whole) { return below(whole) < part; }
  void fill(MutableBytes bytes);

 private:
  std::array<std::uint64_t, 4> state_;
};

// Unpredictable bits of the operating system: for what must be unique, never for what a test
// decides.
[[nodiscard]] std::uint64_t system_random();

}  // namespace nacre::io
