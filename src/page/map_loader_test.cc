// The map is read as it is needed, and space inside the file is given out only when all is known.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "io/sim_file_system.h"
#include "page/pager.h"
#include "page/pager_testing_internal.h"

namespace nacre::page {
namespace {

constexpr std::uint32_t kPages = 5 * kMapFanout;

// A file of kPages pages, page id = mark, of which every third was freed by a second checkpoint.
void make_file(io::SimFileSystem& disk) {
  const auto pager = make_pager(disk);
  for (std::uint32_t i = 1; i <= kPages; ++i) {
    ASSERT_EQ(number(add_page(*pager, i)), i);
    pager->publish();
  }
  ASSERT_TRUE(checkpoint(*pager).has_value());
  for (std::uint32_t i = 3; i <= kPages; i += 3) pager->free(PageId{i});
  pager->publish();
  ASSERT_TRUE(checkpoint(*pager).has_value());
}

std::unique_ptr<Pager> open_pager(io::FileSystem& disk) {
  auto opened = Pager::open(disk, "store.dat", kSmall);
  EXPECT_TRUE(opened.has_value()) << opened.error().text();
  return std::move(*opened);
}

TEST(MapLoader, OpeningReadsOneBlockOfEachLevel) {
  io::SimFileSystem disk(1);
  make_file(disk);
  // Superblocks 4, map 2; a seventh read is refused.
  disk.inject({.target = io::Fault::Target::kRead, .nth = 11, .from_then_on = true});
  const auto pager = open_pager(disk);
  EXPECT_EQ(disk.faults_hit(), 0U);
  EXPECT_GT(pager->stats().page_count, kPages * 2 / 3) << "at most, until free space is derived";
}

TEST(MapLoader, PagesAreFoundAndFreePagesAreAbsentBeforeAllOfTheMapIsRead) {
  io::SimFileSystem disk(1);
  make_file(disk);
  const auto pager = open_pager(disk);
  for (const std::uint32_t id : {2000U, 1U, 700U, 2U, 1300U}) {
    EXPECT_FALSE(pager->is_absent(PageId{id})) << "not known is not absent";
    EXPECT_EQ(read_mark(*pager, PageId{id}, View::newest()), id);
  }
  const auto freed = read_mark(*pager, PageId{999}, View::newest());
  ASSERT_FALSE(freed.has_value());
  EXPECT_EQ(freed.error().code(), Code::kNotFound);
}

TEST(MapLoader, FreeSpaceIsDerivedInStepsAndThenUsed) {
  io::SimFileSystem disk(1);
  make_file(disk);
  const std::uint64_t size = disk.contents("store.dat").size();
  const auto pager = open_pager(disk);
  std::uint32_t steps = 0;
  for (bool done = false; !done; ++steps) {
    const auto derived = pager->derive_free_space(1);
    ASSERT_TRUE(derived.has_value()) << derived.error().text();
    done = *derived;
  }
  EXPECT_EQ(steps, 5U) << "four blocks that opening has not read, and a look around";
  EXPECT_EQ(pager->stats().page_count, kPages - kPages / 3);
  for (std::uint32_t i = 0; i < kPages / 4; ++i) {
    EXPECT_LE(number(add_page(*pager, 1)), kPages) << "free ids are used again";
    pager->publish();
  }
  ASSERT_TRUE(checkpoint(*pager).has_value());
  EXPECT_LE(disk.contents("store.dat").size(), size) << "and free blocks";
}

TEST(MapLoader, NothingInsideTheFileIsOverwrittenBeforeFreeSpaceIsDerived) {  // PAGE-5
  io::SimFileSystem disk(1);
  make_file(disk);
  const std::string before = disk.contents("store.dat");
  {
    const auto pager = open_pager(disk);
    // A cache of 32 pages writes most of these to make room.
    for (std::uint32_t i = 0; i < 200; ++i) {
      static_cast<void>(add_page(*pager, 1));
      ASSERT_TRUE(set_mark(*pager, PageId{i * 3 + 1}, 7).has_value());
      pager->publish();
    }
    EXPECT_EQ(disk.contents("store.dat").substr(0, before.size()), before);
    EXPECT_GT(disk.contents("store.dat").size(), before.size());
    // The checkpoint derives what is left, and what the superblock says still agrees with itself.
    ASSERT_TRUE(checkpoint(*pager).has_value());
    ASSERT_TRUE(checkpoint(*pager).has_value());
    const auto report = pager->check();
    ASSERT_TRUE(report.has_value());
    EXPECT_TRUE(report->problems.empty()) << report->problems.front();
    const std::uint64_t used = pager->stats().used_bytes;
    const auto again = open_pager(disk);
    const auto derived = again->derive_free_space(100);
    ASSERT_TRUE(derived.has_value() && *derived);
    EXPECT_EQ(again->stats().used_bytes, used) << "nothing leaks and nothing is counted twice";
    EXPECT_EQ(again->stats().page_count, pager->stats().page_count);
  }
}

TEST(MapLoader, PagesOfOneCheckpointAreFreedWithoutHavingBeenFound) {
  io::SimFileSystem disk(1);
  make_file(disk);
  const auto pager = open_pager(disk);
  for (std::uint32_t i = 1; i <= kPages; i += 3) pager->free(PageId{i});
  pager->publish();
  ASSERT_TRUE(checkpoint(*pager).has_value());
  EXPECT_EQ(pager->stats().page_count, kPages / 3);
}

// PAGE-8
TEST(MapLoader, ADamagedBlockOfTheMapCostsItsOwnPagesOnly) {
  io::SimFileSystem disk(1);
  make_file(disk);
  const std::string whole = disk.contents("store.dat");
  // Whichever blocks of the file hold map blocks of level 0: flipping one hits at most 504 pages.
  std::uint32_t damaged_blocks = 0;
  for (std::size_t at = 4 * kBlockSize; at < whole.size(); at += kBlockSize) {
    const bool is_map = load_le<std::uint64_t>(as_bytes(whole).data() + at + 24) == UINT64_MAX &&
                        whole[at + 4] == 0 && whole[at + 5] == 0;
    if (!is_map) continue;
    disk.corrupt("store.dat", at + 100, std::byte{1});
    auto opened = Pager::open(disk, "store.dat", kSmall);
    if (opened.has_value()) {
      std::uint32_t unreadable = 0;
      for (std::uint32_t id = 1; id < kPages; id += kMapFanout / 2) {
        if (id % 3 == 0) continue;
        const auto mark = read_mark(**opened, PageId{id}, View::newest());
        if (mark.has_value()) {
          EXPECT_EQ(*mark, id);
          continue;
        }
        ++unreadable;
        EXPECT_EQ(mark.error().code(), Code::kCorrupt);
        EXPECT_NE(mark.error().text().find("store.dat: map block"), std::string::npos);
      }
      EXPECT_LE(unreadable, 2U);
      damaged_blocks += unreadable > 0 ? 1 : 0;
      const auto derived = (*opened)->derive_free_space(100);
      EXPECT_EQ(derived.has_value(), unreadable == 0);
    }
    disk.replace_contents("store.dat", whole);
  }
  EXPECT_GE(damaged_blocks, 3U);
}

TEST(FreeSpace, TheFreeEndOfTheFileIsGivenBackAtACheckpoint) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  for (std::uint32_t i = 1; i <= kPages; ++i) {
    static_cast<void>(add_page(*pager, i));
    pager->publish();
  }
  ASSERT_TRUE(checkpoint(*pager).has_value());
  const std::uint64_t full = disk.contents("store.dat").size();
  for (std::uint32_t i = 200; i <= kPages; ++i) pager->free(PageId{i});
  pager->publish();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(checkpoint(*pager).has_value());
  }
  EXPECT_LT(disk.contents("store.dat").size(), full / 4);
  const auto again = open_pager(disk);
  EXPECT_EQ(read_mark(*again, PageId{199}, View::newest()), 199U);
}

}  // namespace
}  // namespace nacre::page
