#include "geo/cover_sets.h"

#include <gtest/gtest.h>

#include <limits>

namespace nacre::geo {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(CoverSets, JoinedRangesAreAscendingAndDoNotTouch) {
  EXPECT_EQ(joined({{5, 9}, {1, 2}}), (Cover{{1, 2}, {5, 9}}));
  EXPECT_EQ(joined({{3, 4}, {1, 2}, {6, 6}}), (Cover{{1, 4}, {6, 6}}));
  EXPECT_EQ(joined({{1, 9}, {2, 3}, {9, 12}}), (Cover{{1, 12}}));
  EXPECT_EQ(joined({{kMost, kMost}, {kLeast, kLeast}, {kLeast, 0}, {5, kMost}}),
            (Cover{{kLeast, 0}, {5, kMost}}));
  EXPECT_EQ(joined({{kLeast, kMost}, {kMost, kMost}}), (Cover{{kLeast, kMost}}));
  EXPECT_TRUE(joined({}).empty());
}

TEST(CoverSets, ADifferenceIsWhatIsNotInTheOther) {
  const Cover all = {{kLeast, kMost}};
  EXPECT_EQ(difference(all, {}), all);
  EXPECT_TRUE(difference(all, all).empty());
  EXPECT_EQ(difference(all, {{1, 5}, {7, kMost}}), (Cover{{kLeast, 0}, {6, 6}}));
  EXPECT_EQ(difference({{1, 3}, {5, 9}}, {{2, 5}, {8, 8}}), (Cover{{1, 1}, {6, 7}, {9, 9}}));
  EXPECT_EQ(difference({{1, 2}, {3, 4}}, {{kLeast, 0}, {9, 9}}), (Cover{{1, 2}, {3, 4}}));
  EXPECT_TRUE(difference({{3, 4}}, {{1, 2}, {3, 3}, {4, 10}}).empty());
}

}  // namespace
}  // namespace nacre::geo
