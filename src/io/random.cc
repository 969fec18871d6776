#include "io/random.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/scheduler.h"

namespace nacre::io {

Random::Random(std::uint64_t seed) : state_{} {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  NACRE_CHECK(bound > 0, "there is no number below 0");
  const std::uint64_t uneven = (0 - bound) % bound;  // 2^64 mod bound: these would favour the low
  while (true) {
    const std::uint64_t drawn = next();
    if (drawn >= uneven) return drawn % bound;
  }
}

void Random::fill(MutableBytes bytes) {
  while (!bytes.empty()) {
    const std::uint64_t word = next();
    const std::size_t count = std::min(bytes.size(), sizeof word);
    std::memcpy(bytes.data(), &word, count);
    bytes = bytes.subspan(count);
  }
}

std::uint64_t system_random() {
  if (Scheduler::current() != nullptr) return Scheduler::current()->random();
  std::uint64_t word = 0;
  ssize_t got = 0;
  do {
    got = ::getrandom(&word, sizeof word, 0);
  } while (got < 0 && errno == EINTR);
  NACRE_CHECK(got == sizeof word, "getrandom gives up to 256 bytes whole");
  return word;
}

}  // namespace nacre::io
