#include "base/result.h"

#include <gtest/gtest.h>

namespace nacre {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(Code::kInvalid, "value is odd, expected even");
  return value / 2;
}

Result<int> quarter(int value) {
  const int once = NACRE_TRY(half(value));
  return NACRE_TRY(half(once));
}

TEST(Result, TryPassesTheValueOnAndReturnsTheError) {
  EXPECT_EQ(*quarter(12), 3);
  const auto odd = quarter(6);
  ASSERT_FALSE(odd.has_value());
  EXPECT_EQ(odd.error().code(), Code::kInvalid);
}

TEST(Result, TextNamesTheCodeAndEveryStepOutward) {
  auto error = Error(Code::kCorrupt, "page 9: stored page id is 0x7, expected 0x9")
                   .while_doing("reading a leaf")
                   .while_doing("scanning users");
  EXPECT_EQ(error.text(),
            "corrupt: page 9: stored page id is 0x7, expected 0x9\n"
            "  while reading a leaf\n  while scanning users");
  EXPECT_EQ(error.clone().text(), error.text());
}

TEST(Result, StaysSmall) { EXPECT_LE(sizeof(Result<std::uint64_t>), 16U); }

}  // namespace
}  // namespace nacre
