#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace nacre {
namespace {

TEST(Nearest, CountsEditsAndSwapsOfNeighbours) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("import", "improt"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, IsNobodyWhenNothingIsNear) {
  constexpr std::array<std::string_view, 3> kNames = {"$gt", "$group", "$graphLookup"};
  EXPECT_EQ(nearest_name("$gruop", kNames), "$group");
  EXPECT_EQ(nearest_name("$tg", kNames), "$gt");
  EXPECT_EQ(nearest_name("$frob", kNames), "");
  EXPECT_EQ(nearest_name("$x", {}), "");
}

}  // namespace
}  // namespace nacre
