#include "page/free_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace nacre::page {
namespace {

TEST(FreeBlocks, RunsNeverOverlapAndHolesAreUsedWhenMuchIsFree) {
  std::mt19937 random(5);
  FreeBlocks blocks(4);
  std::vector<bool> used(1 << 16);
  std::fill_n(used.begin(), 4, true);
  std::vector<FreeBlocks::Run> taken;
  std::uint64_t count = 4;
  const auto mark = [&](const FreeBlocks::Run& run, bool value) {
    for (std::uint64_t i = run.block; i < run.block + run.count; ++i) {
      ASSERT_NE(used.at(i), value) << i;
      used[i] = value;
    }
    count = value ? count + run.count : count - run.count;
  };
  for (int step = 0; step < 5000; ++step) {
    if (taken.size() > 200 || (!taken.empty() && random() % 3 == 0)) {
      std::swap(taken[random() % taken.size()], taken.back());
      mark(taken.back(), false);
      blocks.release(taken.back().block, taken.back().count);
      taken.pop_back();
    } else if (random() % 3 == 0) {
      const std::uint32_t size = random() % 2 == 0 ? 1 : 2;
      taken.push_back({blocks.allocate(size), size});
      mark(taken.back(), true);
    } else {
      const std::uint32_t min = 1 + static_cast<std::uint32_t>(random() % 70);
      const std::uint32_t max = min + static_cast<std::uint32_t>(random() % 200);
      taken.push_back(blocks.allocate_run(min, max));
      ASSERT_GE(taken.back().count, min);
      ASSERT_LE(taken.back().count, max);
      mark(taken.back(), true);
    }
    ASSERT_EQ(blocks.used(), count);
  }
  const auto last = std::find(used.rbegin(), used.rend(), true);
  EXPECT_EQ(blocks.end(), static_cast<std::uint64_t>(used.rend() - last));
  EXPECT_LT(blocks.end(), 4 * 200 * 135U) << "holes are found again";
}

TEST(FreeBlocks, AHoleOfThreeBlocksServesWhenAQuarterIsFreeAndTheEndOtherwise) {
  FreeBlocks blocks(4);
  const FreeBlocks::Run all = blocks.allocate_run(96, 96);
  EXPECT_EQ(all.block, 4U);
  blocks.release(20, 3);
  EXPECT_EQ(blocks.allocate_run(3, 64).block, 100U) << "a small hole is not worth a write";
  blocks.release(40, 60);
  EXPECT_EQ(blocks.allocate_run(50, 64).block, 40U);
  blocks.release(40, 60);
  EXPECT_EQ(blocks.allocate_run(3, 3).block, 20U);
}

}  // namespace
}  // namespace nacre::page
