#include "io/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace nacre::io {
namespace {

TEST(Random, SameSeedGivesTheSameNumbersAndAnotherSeedOthers) {
  Random first(7);
  Random again(7);
  Random other(8);
  const std::uint64_t drawn = first.next();
  EXPECT_EQ(drawn, again.next());
  EXPECT_NE(drawn, other.next());
}

TEST(Random, BelowReachesEveryNumberAndNoOther) {
  Random random(1);
  std::vector<int> seen(10);
  for (int i = 0; i < 1000; ++i) ++seen.at(random.below(10));
  for (const int count : seen) EXPECT_GT(count, 50);
}

TEST(Random, FillWritesEveryByteOfAnOddSize) {
  std::vector<std::byte> bytes(13);
  std::vector<int> changed(13);
  Random random(2);
  for (int i = 0; i < 8; ++i) {
    random.fill(bytes);
    for (std::size_t at = 0; at < bytes.size(); ++at) changed[at] |= bytes[at] != std::byte{0};
  }
  for (const int byte : changed) EXPECT_EQ(byte, 1);
}

TEST(SystemRandom, DoesNotRepeat) { EXPECT_NE(system_random(), system_random()); }

}  // namespace
}  // namespace nacre::io
