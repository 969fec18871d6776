#include "page/pager.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <random>
#include <thread>
#include <vector>

#include "io/sim_file_system.h"
#include "page/node.h"
#include "page/pager_testing_internal.h"

namespace nacre::page {
namespace {

std::vector<PageId> add_pages(Pager& pager, std::size_t count) {
  std::vector<PageId> ids(count);
  for (PageId& id : ids) id = add_page(pager, 0);
  return ids;
}

TEST(Pager, EachGenerationKeepsItsOwnVersionOfAPage) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const PageId id = add_page(*pager, 1);
  pager->publish();
  std::vector<Hold> holds;
  for (std::uint64_t mark = 2; mark < 6; ++mark) {
    holds.push_back(pager->hold());
    ASSERT_TRUE(set_mark(*pager, id, mark).has_value());
    EXPECT_EQ(read_mark(*pager, id, View::newest()), mark - 1) << "not published yet";
    EXPECT_EQ(read_mark(*pager, id, View::open()), mark);
    pager->publish();
    EXPECT_EQ(read_mark(*pager, id, View::newest()), mark);
  }
  for (std::uint64_t i = 0; i < holds.size(); ++i) {
    EXPECT_EQ(read_mark(*pager, id, holds[i].view()), i + 1);
  }
}

TEST(Pager, MorePagesThanMemoryAreReadBackAsTheyWere) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  std::vector<PageId> ids;
  for (std::uint64_t mark = 0; mark < 200; ++mark) {
    ids.push_back(add_page(*pager, mark));
    pager->publish();
  }
  for (std::uint64_t mark = 0; mark < 200; ++mark) {
    EXPECT_EQ(read_mark(*pager, ids[mark], View::newest()), mark);
  }
  const PagerStats stats = pager->stats();
  EXPECT_GT(stats.cache_misses, 150U);
  EXPECT_LE(stats.cache_bytes, kSmall.cache_bytes);
  EXPECT_EQ(stats.page_count, 200U);
}

TEST(Pager, ABatchLargerThanMemoryIsFullNotADeadlock) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  Result<> reserved;
  for (int i = 0; i < 100 && reserved.has_value(); ++i) {
    reserved = pager->reserve(1);
    if (reserved.has_value()) fill(pager->allocate().bytes, 1);
  }
  ASSERT_FALSE(reserved.has_value());
  EXPECT_EQ(reserved.error().code(), Code::kFull);
  EXPECT_NE(reserved.error().text().find("cache_bytes"), std::string::npos);
  pager->publish();
  EXPECT_TRUE(pager->reserve(1).has_value()) << "published pages can be written and given up";
}

// PAGE-4
TEST(Pager, WhatNoHoldSeesChangesInPlaceAndTheRestIsCopied) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const PageId seen = add_page(*pager, 1);
  pager->publish();
  const Hold hold = pager->hold();
  const PageId unseen = add_page(*pager, 2);
  pager->publish();
  const auto address = [&](PageId id) {
    const Pin pin;
    return pager->find(id, *pager->generation(View::open()));
  };
  const std::byte* before_seen = address(seen);
  const std::byte* before_unseen = address(unseen);
  ASSERT_TRUE(pager->change_in_place(4));
  const std::uint64_t changes = pager->changes();
  ASSERT_TRUE(set_mark(*pager, seen, 3).has_value());
  ASSERT_TRUE(set_mark(*pager, unseen, 4).has_value());
  EXPECT_EQ(pager->changes(), changes + 2);
  EXPECT_NE(address(seen), before_seen);
  EXPECT_EQ(address(unseen), before_unseen);
  EXPECT_EQ(read_mark(*pager, seen, hold.view()), 1U);
  pager->publish();
  EXPECT_EQ(read_mark(*pager, seen, View::newest()), 3U);
  EXPECT_EQ(read_mark(*pager, unseen, View::newest()), 4U);
  // Published, it is copied again until somebody says that nobody looks.
  ASSERT_TRUE(set_mark(*pager, unseen, 5).has_value());
  EXPECT_NE(address(unseen), before_unseen);
  pager->publish();
  EXPECT_FALSE(pager->change_in_place(1000)) << "more frames than there are";
}

// PAGE-4
TEST(Pager, AVersionUnderAPinStaysThoughNoHoldSeesIt) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const PageId id = add_page(*pager, 1);
  pager->publish();
  std::latch found(1);
  std::latch written(1);
  std::uint64_t mark = 0;
  std::jthread reader([&] {
    const Pin pin;
    const std::byte* page = pager->find(id, *pager->generation(View::newest()));
    found.count_down();
    written.wait();
    mark = mark_of(page);
  });
  found.wait();
  for (std::uint64_t later = 2; later < 20; ++later) {
    EXPECT_TRUE(set_mark(*pager, id, later).has_value());
    pager->publish();
  }
  written.count_down();
  reader.join();
  EXPECT_EQ(mark, 1U);
}

// What a checkpoint has still to write is not changed under its hands.
TEST(Pager, APageOfACheckpointUnderWayIsCopied) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const PageId id = add_page(*pager, 1);
  pager->publish();
  const Cut cut = pager->cut();
  ASSERT_TRUE(pager->change_in_place(0));
  ASSERT_TRUE(set_mark(*pager, id, 2).has_value());
  pager->publish();
  ASSERT_TRUE(pager->write_checkpoint(cut, {}).has_value());
  const auto reopened = Pager::open(disk, "store.dat", kSmall);
  ASSERT_TRUE(reopened.has_value());
  EXPECT_EQ(read_mark(**reopened, id, View::newest()), 1U);
  EXPECT_EQ(read_mark(*pager, id, View::newest()), 2U);
}

TEST(Pager, TheOldestHoldIsCancelledWhenHoldsKeepTooMuch) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const std::vector<PageId> ids = add_pages(*pager, 12);
  pager->publish();
  const Hold old = pager->hold();
  for (std::uint64_t round = 1; round < 6; ++round) {
    for (const PageId id : ids) {
      ASSERT_TRUE(set_mark(*pager, id, round).has_value());
      pager->publish();
    }
  }
  EXPECT_TRUE(old.is_cancelled());
  const auto read = read_mark(*pager, ids[0], old.view());
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code(), Code::kTooOld);
  const Hold fresh = pager->hold();
  EXPECT_FALSE(fresh.is_cancelled());
  EXPECT_EQ(read_mark(*pager, ids[0], fresh.view()), 5U);
  EXPECT_EQ(pager->stats().holds_cancelled, 1U);
}

TEST(Pager, AFreedPageIsReadableAsLongAsItIsHeldAndThenItsIdIsUsedAgain) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const PageId id = add_page(*pager, 7);
  pager->publish();
  ASSERT_TRUE(checkpoint(*pager).has_value());
  {
    const Hold hold = pager->hold();
    pager->free(id);
    pager->publish();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(checkpoint(*pager).has_value());
      for (int more = 0; more < 20; ++more) {
        static_cast<void>(add_page(*pager, 1));
        pager->publish();
      }
      EXPECT_EQ(read_mark(*pager, id, hold.view()), 7U);
    }
  }
  bool again = false;
  for (int i = 0; i < 100 && !again; ++i) {
    again = add_page(*pager, 8) == id;
    pager->publish();
  }
  EXPECT_TRUE(again);
}

TEST(Pager, WhatNoCheckpointHoldsIsGoneAndItsBlocksAreFree) {
  io::SimFileSystem disk(1);
  PageId kept{};
  {
    const auto pager = make_pager(disk);
    kept = add_page(*pager, 1);
    pager->publish();
    ASSERT_TRUE(checkpoint(*pager).has_value());
    for (std::uint64_t i = 0; i < 100; ++i) {
      static_cast<void>(add_page(*pager, i));
      pager->publish();
    }
  }
  const auto pager = Pager::open(disk, "store.dat", kSmall);
  ASSERT_TRUE(pager.has_value()) << pager.error().text();
  EXPECT_EQ((*pager)->stats().page_count, 1U);
  EXPECT_EQ(read_mark(**pager, kept, View::newest()), 1U);
  EXPECT_LE((*pager)->stats().used_bytes, 8 * kBlockSize);
}

TEST(Pager, RewritingTheSamePagesForEverDoesNotGrowTheFile) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const std::vector<PageId> ids = add_pages(*pager, 20);
  pager->publish();
  std::uint64_t after_three = 0;
  for (std::uint64_t round = 1; round < 20; ++round) {
    for (const PageId id : ids) {
      ASSERT_TRUE(set_mark(*pager, id, round).has_value());
      pager->publish();
    }
    ASSERT_TRUE(checkpoint(*pager).has_value());
    if (round == 3) after_three = pager->stats().file_bytes;
  }
  EXPECT_LE(pager->stats().file_bytes, after_three);
}

// The order of the map is not that of the file: a pass that took what the map has first would leave
// the file's end as it is.
TEST(Pager, CompactingWhatLiesAboveAPlaceFreesTheFilesEnd) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  std::vector<PageId> ids;
  for (std::uint64_t i = 0; i < 400; ++i) {
    ids.push_back(add_page(*pager, i));
    pager->publish();
  }
  std::mt19937_64 random(1);
  std::ranges::shuffle(ids, random);
  for (const PageId id : ids) {
    ASSERT_TRUE(set_mark(*pager, id, number(id)).has_value());
    pager->publish();
  }
  while (ids.size() > 100) {
    pager->free(ids.back());
    pager->publish();
    ids.pop_back();
  }
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(checkpoint(*pager).has_value());
  const std::uint64_t before = pager->stats().file_bytes;
  for (const std::uint64_t from : {before / 4 * 3, before / 2, std::uint64_t{0}}) {
    auto pass = pager->begin_compaction(from / kBlockSize);
    ASSERT_TRUE(pass.has_value()) << pass.error().text();
    while (!pass->is_done) ASSERT_TRUE(pager->compact_step(*pass, 8 * kPageSize).has_value());
    EXPECT_LT(pass->bytes_moved, ids.size() * kPageSize / 2);  // a part of them at a time
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(checkpoint(*pager).has_value());
    EXPECT_LE(pager->stats().file_bytes, std::max(pass->target, pass->from) * kBlockSize);
  }
  for (const PageId id : ids) EXPECT_EQ(read_mark(*pager, id, View::newest()), number(id));
}

TEST(Pager, DirtyPagesAreThoseWithoutAPlaceInTheFile) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const std::vector<PageId> ids = add_pages(*pager, 8);
  EXPECT_EQ(pager->dirty_pages(), 8U);
  pager->publish();
  ASSERT_TRUE(set_mark(*pager, ids[0], 1).has_value());
  EXPECT_EQ(pager->dirty_pages(), 8U) << "the superseded version needs no place";
  pager->free(ids[1]);
  EXPECT_EQ(pager->dirty_pages(), 7U);
  pager->publish();
  const Hold hold = pager->hold();
  ASSERT_TRUE(checkpoint(*pager).has_value());
  EXPECT_EQ(pager->dirty_pages(), 0U);
  for (std::uint64_t round = 0; round < 10; ++round) {
    ASSERT_TRUE(set_mark(*pager, ids[2], round).has_value());
    pager->publish();
    EXPECT_EQ(pager->dirty_pages(), 1U);
  }
  const Cut cut = pager->cut();
  ASSERT_TRUE(set_mark(*pager, ids[2], 77).has_value());
  pager->free(ids[3]);
  pager->publish();
  ASSERT_TRUE(pager->write_checkpoint(cut, {}).has_value());
  EXPECT_EQ(pager->dirty_pages(), 1U) << "the version after the cut";
}

TEST(Pager, AFailedSyncStopsChangesNamesItsCauseAndLeavesReadsAlone) {
  io::SimFileSystem disk(1);
  const auto pager = make_pager(disk);
  const PageId id = add_page(*pager, 1);
  pager->publish();
  disk.inject({.target = io::Fault::Target::kSync});
  const auto failed = checkpoint(*pager);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), Code::kIo);
  std::vector<PageId> ids;
  Result<> reserved;
  for (int i = 0; i < 40 && reserved.has_value(); ++i)
    reserved = pager->reserve(static_cast<std::size_t>(i));
  ASSERT_FALSE(reserved.has_value());
  EXPECT_EQ(reserved.error().code(), Code::kClosed);
  EXPECT_NE(reserved.error().text().find(failed.error().what()), std::string::npos)
      << reserved.error().text();
  EXPECT_EQ(read_mark(*pager, id, View::newest()), 1U);
}

TEST(Pager, CreateRefusesAFileThatIsThereAndOpenOneThatIsNot) {
  io::SimFileSystem disk(1);
  static_cast<void>(make_pager(disk));
  const auto again = Pager::create(disk, "store.dat", kSmall, {});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), Code::kExists);
  const auto absent = Pager::open(disk, "other.dat", kSmall);
  ASSERT_FALSE(absent.has_value());
  EXPECT_EQ(absent.error().code(), Code::kNotFound);
}

TEST(Pager, TheRootRecordOfTheLastCheckpointIsReadBack) {
  io::SimFileSystem disk(1);
  RootRecord root;
  root.uuid.fill(std::byte{9});
  root.applied = Position{12};
  root.applied_time = Time{34};
  root.horizon = Position{5};
  root.durable = Position{13};
  root.catalog_root = PageId{1};
  root.log_segment = 6;
  root.log_offset = 4096;
  root.clean = true;
  {
    const auto pager = make_pager(disk);
    static_cast<void>(add_page(*pager, 1));
    pager->publish();
    ASSERT_TRUE(pager->write_checkpoint(pager->cut(), root).has_value());
    EXPECT_EQ(pager->root(), root);
  }
  const auto pager = Pager::open(disk, "store.dat", kSmall);
  ASSERT_TRUE(pager.has_value()) << pager.error().text();
  EXPECT_EQ((*pager)->root(), root);
}

TEST(Pager, ManyIdlePagersCostLittleMemory) {
  io::SimFileSystem disk(1);
  std::vector<std::unique_ptr<Pager>> pagers;
  for (int i = 0; i < 50; ++i) {
    auto made = Pager::create(disk, std::to_string(i), {}, {});
    ASSERT_TRUE(made.has_value()) << made.error().text();
    static_cast<void>(add_page(**made, 1));
    (*made)->publish();
    EXPECT_LE((*made)->stats().cache_bytes, 32 * kPageSize);
    pagers.push_back(std::move(*made));
  }
}

}  // namespace
}  // namespace nacre::page
