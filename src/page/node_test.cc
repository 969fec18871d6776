// Search in one page: every fast road must agree with the plain one, which must agree with the
// definition.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "page/node_check.h"
#include "page/node_search.h"

namespace nacre::page {
namespace {

// Only what counting heads looks at.
std::array<std::byte, kPageSize> page_with_heads(const std::vector<std::uint32_t>& heads) {
  std::array<std::byte, kPageSize> page{};
  store_le(page.data() + offset::kCount, static_cast<std::uint16_t>(heads.size()));
  for (std::size_t i = 0; i < heads.size(); ++i) {
    store_le(page.data() + kHeadsOffset + 4 * i, heads[i]);
  }
  for (std::size_t i = 0; i < kHintCount; ++i) {
    const std::uint32_t hint =
        heads.empty() ? UINT32_MAX : heads[(i + 1) * heads.size() / (kHintCount + 1)];
    store_le(page.data() + kHintsOffset + 4 * i, hint);
  }
  return page;
}

TEST(NodeSearch, EveryRoadCountsTheHeadsBelowAsTheDefinitionSays) {
  std::mt19937_64 random(7);
  for (std::size_t count = 0; count <= kNodeCountMax; ++count) {
    // Few different values make runs of equal heads; the extremes test the sign.
    const std::uint32_t range = count % 3 == 0 ? 5 : count % 3 == 1 ? 1000 : 0;
    std::vector<std::uint32_t> heads(count);
    for (auto& head : heads) {
      const auto value = static_cast<std::uint32_t>(random());
      head = range == 0 ? value : 0x7fffffff - range / 2 + value % range;
    }
    std::ranges::sort(heads);
    const auto page = page_with_heads(heads);
    std::vector<std::uint32_t> sought{0, 1, 0x7fffffff, 0x80000000, UINT32_MAX};
    for (int i = 0; i < 20; ++i) sought.push_back(static_cast<std::uint32_t>(random()));
    for (std::size_t i = 0; i < count; i += 1 + count / 20) {
      sought.push_back(heads[i]);
      sought.push_back(heads[i] + 1);
    }
    const CountHeadsList roads = runnable_count_heads();
    for (const std::uint32_t head : sought) {
      const auto expected =
          static_cast<std::size_t>(std::ranges::lower_bound(heads, head) - heads.begin());
      for (std::size_t i = 0; i < roads.size; ++i) {
        ASSERT_EQ(roads.items[i].count(page.data(), head), expected)
            << roads.items[i].name << ", " << count << " heads, sought " << head;
      }
    }
  }
}

TEST(NodeSearch, HeadsOrderShortKeysBeforeLongerOnes) {
  EXPECT_EQ(head_of({}), 0U);
  EXPECT_EQ(head_of(as_bytes("a")), 0x61000000U);
  EXPECT_EQ(head_of(as_bytes("abcd")), 0x61626364U);
  EXPECT_EQ(head_of(as_bytes("abcde")), 0x61626364U);
  EXPECT_EQ(varint_size(0), 1U);
  EXPECT_EQ(varint_size(127), 1U);
  EXPECT_EQ(varint_size(128), 2U);
  EXPECT_EQ(varint_size(7000), 2U);
}

TEST(NodeCheck, NoDamagedPageLeadsTheCheckOutsideIt) {
  // Whatever the bytes say, the check answers; ASan watches it.
  std::mt19937_64 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::array<std::byte, kPageSize> page{};
    for (std::size_t i = 0; i < kHeadsOffset; ++i) page[i] = static_cast<std::byte>(random());
    page[offset::kType] = static_cast<std::byte>(round % 2);
    page[offset::kLevel] = static_cast<std::byte>(round % 2 == 0 ? 1 : 0);
    page[offset::kFlags] = std::byte{0};
    store_le(page.data() + offset::kCapacity, static_cast<std::uint16_t>(16 * (round % 30)));
    store_le(page.data() + offset::kCount, static_cast<std::uint16_t>(random() % 300));
    for (std::size_t i = kHeadsOffset; i < kPageSize; ++i)
      page[i] = static_cast<std::byte>(random());
    static_cast<void>(check_node_bounds(page.data()));
  }
}

}  // namespace
}  // namespace nacre::page
