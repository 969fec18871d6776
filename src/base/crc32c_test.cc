#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace nacre {
namespace {

TEST(Crc32c, MatchesThePublishedCheckValue) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c_portable(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, HardwareEqualsPortableAtEveryLengthAroundTheLanes) {
  std::mt19937 random(7);
  std::string bytes(10000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t size = 0; size <= bytes.size(); size += size < 64 ? 1 : 61) {
    const Bytes part = as_bytes(bytes).first(size);
    ASSERT_EQ(crc32c(part), crc32c_portable(part)) << "size " << size;
  }
}

TEST(Crc32c, SeedContinuesAnEarlierChecksum) {
  const Bytes whole = as_bytes("the quick brown fox jumps over the lazy dog");
  EXPECT_EQ(crc32c(whole.subspan(9), crc32c(whole.first(9))), crc32c(whole));
}

}  // namespace
}  // namespace nacre
