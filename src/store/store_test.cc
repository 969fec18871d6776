#include "store/store.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "io/sim_file_system.h"

namespace nacre::store {
namespace {

constexpr TableId kTable{3};

class StoreTest : public ::testing::Test {
 protected:
  void open() {
    store_.reset();
    auto opened = Store::open("s", options());
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    store_ = std::move(*opened);
  }

  Options options() {
    Options options;
    options.file_system = disk_.get();
    options.create_if_missing = true;
    options.cache_bytes = std::size_t{2} << 20;
    options.checkpoint_log_bytes = checkpoint_log_bytes_;
    options.history_bytes = history_bytes_;
    return options;
  }

  // Appends, makes durable, applies and publishes one batch, as a pipeline would.
  Result<> commit(const BatchWriter& batch) {
    const Time time{number(store_->log().last_time()) + 1};
    NACRE_TRY(store_->log().make_room(batch.bytes().size()));
    const Position position = NACRE_TRY(store_->log().append(time, batch.bytes()));
    NACRE_TRY(store_->log().wait_durable(position));
    NACRE_TRY(store_->apply(position, time, batch.bytes()));
    store_->publish();
    return {};
  }

  void put(std::string_view key, std::string_view value, TableId table = kTable) {
    BatchWriter batch;
    batch.put(table, as_bytes(key), as_bytes(value));
    const auto done = commit(batch);
    ASSERT_TRUE(done.has_value()) << done.error().text();
  }

  // A commit of so many bytes and more.
  void put_large(std::string_view name, std::size_t bytes) {
    BatchWriter batch;
    batch.put(kTable, as_bytes(format("{}-0", name)), as_bytes("1"));
    const std::string value(6000, 'v');
    for (std::size_t i = 1; i <= bytes / value.size() + 1; ++i) {
      batch.put(kTable, as_bytes(format("{}-{:06}", name, i)), as_bytes(value));
    }
    const auto done = commit(batch);
    ASSERT_TRUE(done.has_value()) << done.error().text();
  }

  std::string get(std::string_view key, TableId table = kTable) {
    const auto found = store_->snapshot().get(table, as_bytes(key));
    if (!found.has_value()) return found.error().text();
    return found->value_or("(none)");
  }

  VerifyReport checkpoint_and_verify() {
    auto cut = store_->cut(/*clean=*/false);
    EXPECT_TRUE(cut.has_value()) << cut.error().text();
    const auto written = store_->write_checkpoint(*cut);
    EXPECT_TRUE(written.has_value()) << written.error().text();
    auto report = store_->verify(cut->snapshot, true);
    EXPECT_TRUE(report.has_value()) << report.error().text();
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
    return std::move(*report);
  }

  // kTable has 200 rows, table 2 has one, at position 201; all of it is in the file.
  void fill_two_tables() {
    for (int i = 0; i < 200; ++i) put("key" + std::to_string(i), std::string(200, 'x'));
    put("a", "1", TableId{2});
    checkpoint_and_verify();
  }

  // `look` at the store opened with one block of its file damaged, for each block with which it
  // opens.
  void with_each_block_damaged(const std::function<void()>& look) {
    store_.reset();
    const std::uint64_t blocks = disk_->contents("s/store.dat").size() / 4096;
    for (std::uint64_t block = 4; block < blocks; ++block) {
      const auto disk = disk_->clone(block);
      disk->corrupt("s/store.dat", block * 4096 + 100, std::byte{0x10});
      Options options = this->options();
      options.file_system = disk.get();
      auto opened = Store::open("s", options);
      if (!opened.has_value()) continue;
      store_ = std::move(*opened);
      look();
      store_.reset();
    }
  }

  std::unique_ptr<io::SimFileSystem> disk_ = std::make_unique<io::SimFileSystem>(3);
  std::uint64_t checkpoint_log_bytes_ = std::uint64_t{64} << 20;
  std::uint64_t history_bytes_ = std::uint64_t{1} << 30;
  std::unique_ptr<Store> store_;
};

// A put finds its leaf by what was warmed for it. Between the two another commit may have merged
// that leaf away: what went there then would be lost.
TEST_F(StoreTest, AWarmedLeafThatIsGoneByThenIsNotWritten) {
  history_bytes_ = 0;
  open();
  const auto key = [](int i) { return format("k{:06}", i); };
  for (int i = 0; i < 300; ++i) put(key(i), std::string(200, 'v'));
  const std::string wanted = key(150);
  const Store::RowName name{kTable, as_bytes(wanted)};
  ASSERT_TRUE(store_->warm({&name, 1}).has_value());
  BatchWriter removes;
  for (int i = 0; i < 300; ++i) removes.remove(kTable, as_bytes(key(i)));
  ASSERT_TRUE(commit(removes).has_value());
  put(wanted, "here");
  EXPECT_EQ(get(wanted), "here");
  checkpoint_and_verify();
}

// STORE-1
TEST_F(StoreTest, BatchIsAppliedAtTheNextPositionOnly) {
  open();
  BatchWriter batch;
  batch.put(kTable, as_bytes("a"), as_bytes("1"));
  for (const std::uint64_t position : {0u, 2u, 7u}) {
    const auto refused = store_->apply(Position{position}, Time{1}, batch.bytes());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Code::kInvalid);
  }
  EXPECT_EQ(store_->applied_position(), kNoPosition);
  ASSERT_TRUE(store_->apply(Position{1}, Time{1}, batch.bytes()).has_value());
  store_->settle();
  EXPECT_EQ(store_->visible_position(), Position{1});
  EXPECT_EQ(get("a"), "1") << "a snapshot publishes what was changed in place";
}

// STORE-1: a batch that breaks its format in the last operation leaves no trace of the first.
TEST_F(StoreTest, DamagedBatchIsRefusedWhole) {
  open();
  BatchWriter batch;
  batch.put(kTable, as_bytes("b"), as_bytes("1"));
  batch.put(kTable, as_bytes("a"), as_bytes("2"));  // out of order
  const auto refused = store_->apply(Position{1}, Time{1}, batch.bytes());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kCorrupt);
  store_->publish();
  EXPECT_EQ(get("b"), "(none)");
  put("c", "3");
  EXPECT_EQ(get("c"), "3") << "the store is still writable";
}

TEST_F(StoreTest, WithoutHistoryThePastIsReadOnlyWhileHeld) {
  history_bytes_ = 0;
  open();
  put("a", "1");
  const Snapshot held = store_->snapshot();
  put("a", "2");
  EXPECT_EQ(**held.get(kTable, as_bytes("a")), "1");
  EXPECT_EQ(store_->snapshot_at(Position{1}).error().code(), Code::kTooOld);
  EXPECT_EQ(store_->snapshot_at(Position{3}).error().code(), Code::kInvalid);
  EXPECT_TRUE(store_->snapshot_at(Position{2}).has_value());
}

// STORE-2
TEST_F(StoreTest, CatalogCountsRowsThroughPutsRemovalsDropsAndReopens) {
  history_bytes_ = 0;
  open();
  for (int i = 0; i < 20; ++i) put("key" + std::to_string(i), "v");
  put("key3", "again");
  BatchWriter batch;
  batch.remove(kTable, as_bytes("key1"));
  batch.remove(kTable, as_bytes("nothing"));
  batch.put(TableId{4}, as_bytes("x"), as_bytes("y"));
  ASSERT_TRUE(commit(batch).has_value());
  VerifyReport report = checkpoint_and_verify();
  EXPECT_EQ(report.table_count, 2u);
  EXPECT_EQ(report.rows_checked, 2u + 19u + 1u);

  BatchWriter drop;
  drop.drop_table(kTable);
  drop.put(kTable, as_bytes("new"), as_bytes("1"));
  drop.drop_table(TableId{99});  // was never there
  ASSERT_TRUE(commit(drop).has_value());
  open();
  report = checkpoint_and_verify();
  EXPECT_EQ(report.rows_checked, 2u + 1u + 1u);
  EXPECT_EQ(get("new"), "1");
  EXPECT_EQ(get("key5"), "(none)");
}

// STORE-5: whatever the last checkpoint holds, opening finds the rest in the log.
TEST_F(StoreTest, ReplayContinuesWhereTheCheckpointEnds) {
  open();
  for (int i = 0; i < 10; ++i) put("old" + std::to_string(i), "1");
  checkpoint_and_verify();
  for (int i = 0; i < 10; ++i) put("new" + std::to_string(i), "2");
  put("old0", "changed");
  open();
  EXPECT_EQ(store_->applied_position(), Position{21});
  EXPECT_EQ(store_->stats().checkpoint, Position{10});
  EXPECT_EQ(get("old0"), "changed");
  EXPECT_EQ(get("old9"), "1");
  EXPECT_EQ(get("new9"), "2");
  checkpoint_and_verify();
}

// Bytes that are read of the log's files.
class LogReads final : public io::SimObserver {
 public:
  void see(const Event& event) override {
    const bool is_log = event.path.find("/log/") != std::string_view::npos;
    if (is_log && event.call == Call::kRead && event.moment == Moment::kBegin) bytes += event.size;
  }
  std::uint64_t bytes = 0;
};

TEST_F(StoreTest, ALogThatTheCheckpointCoversIsNotReadAtOpen) {
  open();
  for (int i = 0; i < 300; ++i) put(format("key{}", i), std::string(2000, 'v'));
  auto cut = store_->cut(/*clean=*/true);
  ASSERT_TRUE(cut.has_value());
  ASSERT_TRUE(store_->write_checkpoint(*cut).has_value());
  cut = fail(Code::kClosed, "what it holds is given back");
  ASSERT_TRUE(store_->close().has_value());
  LogReads reads;
  disk_->observe(&reads);
  open();
  disk_->observe(nullptr);
  EXPECT_LT(reads.bytes, 100'000U);
  EXPECT_EQ(number(store_->visible_position()), 300U);
}

TEST_F(StoreTest, LongReplayWritesCheckpointsOnItsWay) {
  open();
  for (int i = 0; i < 2500; ++i) put("key" + std::to_string(i), "0123456789");
  checkpoint_log_bytes_ = 4 << 10;
  open();
  EXPECT_EQ(store_->applied_position(), Position{2500});
  EXPECT_EQ(store_->stats().checkpoint, Position{2048});
  EXPECT_EQ(get("key2499"), "0123456789");
}

TEST_F(StoreTest, AfterAFailedCheckpointReadsGoOnAndWritesWaitForAReopen) {
  open();
  put("a", "1");
  {
    auto cut = store_->cut(/*clean=*/false);
    ASSERT_TRUE(cut.has_value());
    disk_->inject({.target = io::Fault::Target::kSync, .from_then_on = true});
    EXPECT_FALSE(store_->write_checkpoint(*cut).has_value());
    disk_->clear_faults();
  }
  EXPECT_EQ(get("a"), "1");
  BatchWriter batch;
  batch.put(kTable, as_bytes("b"), as_bytes("2"));
  const auto refused = store_->apply(Position{2}, Time{99}, batch.bytes());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kClosed);
  open();
  EXPECT_EQ(get("a"), "1");
  put("b", "2");
}

// STORE-4: damage met in the middle of a batch; the operations before it never come to light.
TEST_F(StoreTest, BatchThatFailsInTheMiddleIsNeverVisibleAndStopsTheStore) {
  open();
  fill_two_tables();
  BatchWriter batch;
  batch.put(TableId{2}, as_bytes("a"), as_bytes("changed"));
  for (int i = 100; i < 200; ++i) batch.put(kTable, as_bytes("key" + std::to_string(i)), {});
  batch.put(kTable, as_bytes("new"), {});
  int failed = 0;
  with_each_block_damaged([&] {
    const auto applied = store_->apply(Position{202}, Time{9999}, batch.bytes());
    if (!applied.has_value() && get("a", TableId{2}) == "1") {
      ++failed;
      EXPECT_EQ(applied.error().code(), Code::kCorrupt);
      store_->publish();
      EXPECT_EQ(get("a", TableId{2}), "1");
      const auto after = store_->apply(Position{202}, Time{9999}, batch.bytes());
      ASSERT_FALSE(after.has_value());
      EXPECT_EQ(after.error().code(), Code::kClosed);
      EXPECT_FALSE(store_->cut(/*clean=*/false).has_value());
    }
  });
  EXPECT_GT(failed, 0);
}

// ISO-1, STORE-4: the same, when it changes pages in place, as the whole batch before it did: that
// one may have been acknowledged, and no snapshot is older, though none can be read any more.
TEST_F(StoreTest, BatchThatFailsInTheMiddleInPlaceLeavesSnapshotsAtTheOneBefore) {
  open();
  fill_two_tables();
  BatchWriter whole;
  whole.put(TableId{2}, as_bytes("a"), as_bytes("2"));
  BatchWriter torn;
  torn.put(TableId{2}, as_bytes("a"), as_bytes("3"));
  torn.put(kTable, as_bytes("key150"), as_bytes("changed"));
  int lost = 0;
  with_each_block_damaged([&] {
    if (!store_->apply(Position{202}, Time{9999}, whole.bytes()).has_value()) return;
    store_->settle();
    if (!store_->apply(Position{203}, Time{9999}, torn.bytes()).has_value()) {
      const Snapshot snapshot = store_->snapshot();
      EXPECT_EQ(snapshot.position(), Position{202});
      const auto read = snapshot.get(TableId{2}, as_bytes("a"));
      if (!read.has_value()) {
        ++lost;
        EXPECT_EQ(read.error().code(), Code::kClosed);
      } else {
        EXPECT_EQ(**read, "2");
      }
    }
  });
  EXPECT_GT(lost, 0);
}

// A checkpoint that failed between apply and publish once hid a commit that was then acknowledged:
// whatever stops writing, whole commits that are applied become visible (TXN-2).
TEST_F(StoreTest, WholeCommitIsPublishedThoughWritingHasStoppedMeanwhile) {
  open();
  BatchWriter batch;
  batch.put(kTable, as_bytes("a"), as_bytes("1"));
  ASSERT_TRUE(store_->apply(Position{1}, Time{1}, batch.bytes()).has_value());
  store_->poison(Error(Code::kIo, "a checkpoint failed"));
  store_->publish();
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(store_->visible_position(), Position{1});
  EXPECT_EQ(store_->apply(Position{2}, Time{2}, batch.bytes()).error().code(), Code::kClosed);
}

TEST_F(StoreTest, InterruptedCreationIsFinishedByTheNextOpen) {
  for (std::uint64_t cut = 0;; ++cut) {
    SCOPED_TRACE("power cut after operation " + std::to_string(cut));
    io::SimFileSystem disk(cut);
    Options options = this->options();
    options.file_system = &disk;
    disk.cut_power_after(cut);
    const bool done = Store::open("s", options).has_value();
    disk.reboot();
    auto again = Store::open("s", options);
    ASSERT_TRUE(again.has_value()) << again.error().text();
    EXPECT_EQ((*again)->applied_position(), kNoPosition);
    if (done) break;
  }
}

TEST_F(StoreTest, LogWithoutItsPagesIsNotTakenForANewDatabase) {
  open();
  put("a", "1");
  store_.reset();
  ASSERT_TRUE(disk_->remove("s/store.dat").has_value());
  const auto refused = Store::open("s", options());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kCorrupt);
  EXPECT_NE(refused.error().what().find("s/store.dat: is missing"), std::string::npos);
}

// STORE-5: the first commit after the checkpoint is the last one of its segment.
// STORE-3, STORE-5
TEST_F(StoreTest, TheLogMayGrowToHalfOfThePages) {
  constexpr std::uint64_t kMegabyte = 1 << 20;
  open();
  EXPECT_EQ(store_->log_allowance(), 64 * kMegabyte) << "of an empty store";
  EXPECT_EQ(Store::log_allowance_of(0), 64 * kMegabyte);
  EXPECT_EQ(Store::log_allowance_of(400 * kMegabyte / page::kPageSize), 200 * kMegabyte);
  EXPECT_EQ(Store::log_allowance_of(8192 * kMegabyte / page::kPageSize), 1024 * kMegabyte);
}

TEST_F(StoreTest, CheckpointLeavesTheLogEveryCommitAfterItAcrossSegments) {
  for (const std::size_t before_rotation : {1U, 2U}) {
    SCOPED_TRACE(format("{} commits between checkpoint and next segment", before_rotation));
    store_.reset();
    disk_ = std::make_unique<io::SimFileSystem>(3);
    history_bytes_ = 0;  // which would keep more of the log
    open();
    put("a", "1");
    auto cut = store_->cut(/*clean=*/false);
    ASSERT_TRUE(cut.has_value());
    for (std::size_t i = 0; i < before_rotation; ++i) {
      put_large(format("old{}", i), 700'000 / before_rotation);
    }
    put_large("new", 700'000);  // no longer fits the first segment of 1 MB
    ASSERT_TRUE(store_->write_checkpoint(*cut).has_value());
    cut = std::unexpected(Error(Code::kClosed, "its snapshot may not outlive the store"));
    open();
    ASSERT_NE(store_, nullptr);
    EXPECT_EQ(get("old0-0"), "1");
    EXPECT_EQ(get("new-0"), "1");
  }
}

}  // namespace
}  // namespace nacre::store
