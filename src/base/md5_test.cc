#include "base/md5.h"

#include <gtest/gtest.h>

namespace nacre {
namespace {

std::string md5_of(std::string_view text) { return Md5().add(as_bytes(text)).hex(); }

TEST(Md5, DigestsAreThoseOfTheStandard) {
  EXPECT_EQ(md5_of(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_of("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(
      md5_of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a");
  EXPECT_EQ(md5_of(std::string(56, 'a')), "3b0c8ac703f828b04c6c197006d17218");
}

TEST(Md5, PartsAddUp) {
  std::string whole;
  for (int i = 0; i < 300; ++i) whole.push_back(static_cast<char>('a' + i % 26));
  for (std::size_t first = 0; first < 130; ++first) {
    for (const std::size_t second : {0U, 1U, 63U, 64U, 65U, 128U}) {
      const std::string_view text(whole);
      Md5 md5;
      md5.add(as_bytes(text.substr(0, first))).add(as_bytes(text.substr(first, second)));
      md5.add(as_bytes(text.substr(first + second)));
      ASSERT_EQ(md5.hex(), md5_of(whole)) << first << ' ' << second;
    }
  }
}

}  // namespace
}  // namespace nacre
