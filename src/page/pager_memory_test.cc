// Pagers that share a memory budget.
#include <gtest/gtest.h>

#include "io/sim_file_system.h"
#include "page/node.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

constexpr std::size_t kBudgetPages = 256;

struct Owner {
  Owner(io::FileSystem& disk, MemoryBudget& memory, std::string_view path) {
    auto made = Pager::create(disk, path, {.memory = &memory}, {});
    EXPECT_TRUE(made.has_value()) << made.error().text();
    pager = *std::move(made);
  }
  void add_pages(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(pager->reserve(1).has_value());
      const Pager::NewPage made = pager->allocate();
      store_le(made.bytes + offset::kTree, std::uint32_t{1});
      made.bytes[offset::kType] = static_cast<std::byte>(PageType::kLeaf);
      made.bytes[offset::kLog2Size] = std::byte{kLog2PageSize};
      store_le(made.bytes + offset::kCapacity, std::uint16_t{16});
      store_le(made.bytes + offset::kHeapTop, static_cast<std::uint16_t>(kPageSize));
      pages.push_back(made.id);
      pager->publish();
    }
  }
  void checkpoint() { ASSERT_TRUE(pager->write_checkpoint(pager->cut(), {}).has_value()); }
  // As a search does: where the page is not in memory it is loaded.
  void read_all() {
    for (const PageId id : pages) {
      {
        const Pin pin;
        const auto generation = pager->generation(View::newest());
        if (pager->find(id, *generation) != nullptr) continue;
      }
      const auto loaded = pager->load(id);
      ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    }
  }
  [[nodiscard]] std::size_t held_pages() const { return pager->stats().cache_bytes / kPageSize; }

  std::unique_ptr<Pager> pager;
  std::vector<PageId> pages;
};

TEST(PagerMemory, MemoryFollowsWhoeverMissesAndIdlePagersShrinkToTheirFloor) {
  io::SimFileSystem disk(1);
  MemoryBudget memory(kBudgetPages * kPageSize);
  Owner one(disk, memory, "one");
  Owner other(disk, memory, "other");
  one.add_pages(2 * kBudgetPages);
  one.checkpoint();
  EXPECT_EQ(memory.held(), memory.bytes());
  EXPECT_EQ(one.held_pages(), kBudgetPages);

  other.add_pages(2 * kBudgetPages);
  other.checkpoint();
  for (int round = 0; round < 20; ++round) other.read_all();
  EXPECT_LE(memory.held(), memory.bytes());
  EXPECT_EQ(one.held_pages(), 32U);
  EXPECT_EQ(other.held_pages(), kBudgetPages - 32);

  for (int round = 0; round < 20; ++round) one.read_all();
  EXPECT_EQ(other.held_pages(), 32U);
  EXPECT_LE(memory.held(), memory.bytes());
}

TEST(PagerMemory, ChangedPagesOfAnIdlePagerAreWrittenToMakeRoom) {
  io::SimFileSystem disk(1);
  MemoryBudget memory(kBudgetPages * kPageSize);
  Owner idle(disk, memory, "idle");
  Owner busy(disk, memory, "busy");
  idle.add_pages(kBudgetPages - 40);  // and no checkpoint
  busy.add_pages(kBudgetPages);
  for (int round = 0; round < 20; ++round) busy.read_all();
  EXPECT_LE(memory.held(), memory.bytes());
  EXPECT_LT(idle.held_pages(), kBudgetPages / 2);
  idle.read_all();
}

TEST(PagerMemory, EveryPagerHasItsFloorAlthoughTheBudgetIsUsedUp) {
  io::SimFileSystem disk(1);
  MemoryBudget memory(64 * kPageSize);
  std::vector<std::unique_ptr<Owner>> owners;
  for (int i = 0; i < 6; ++i) {
    owners.push_back(std::make_unique<Owner>(disk, memory, "file" + std::to_string(i)));
    owners.back()->add_pages(100);
  }
  for (const auto& owner : owners) {
    owner->read_all();
    EXPECT_LE(owner->held_pages(), 64U);
  }
  EXPECT_LE(memory.held(), owners.size() * 32 * kPageSize);
}

}  // namespace
}  // namespace nacre::page
