// Blocks are written once before small commits come to them, a megabyte at a time; large ones do it
// themselves. Seen through what the disk is asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "log/local_log.h"
#include "log/log_test_support.h"

namespace nacre::log {
namespace {

constexpr std::uint64_t kMegabyte = 1 << 20;

// What was written to segments, and whether each durable write was to blocks written before.
class Writes final : public io::SimObserver {
 public:
  void see(const Event& event) override {
    if (event.moment != Moment::kBegin || !event.path.ends_with(".log")) return;
    if (event.call == Call::kWrite) {
      ahead_ += event.size;
      written_ = std::max(written_, event.offset + event.size);
      if (log_ != nullptr) can_seal_meanwhile_ |= LocalLogPeer::can_seal(*log_);
      if (meanwhile_) std::exchange(meanwhile_, {})();
    }
    if (event.call == Call::kDurableWrite) {
      first_writes_ += event.offset + event.size > written_ ? 1 : 0;
      written_ = std::max(written_, event.offset + event.size);
    }
  }

  LocalLog* log_ = nullptr;
  std::uint64_t ahead_ = 0;         // bytes
  std::uint64_t written_ = 0;       // the end of it
  std::uint64_t first_writes_ = 0;  // durable, to blocks never written
  bool can_seal_meanwhile_ = false;
  std::function<void()> meanwhile_;  // once
};

class WriteAhead : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = small_options(disk_);
    options_.segment_bytes_min = 4 * kMegabyte;
    options_.segment_bytes_max = 4 * kMegabyte;
    auto created = LocalLog::create("log", options_);
    ASSERT_TRUE(created.has_value());
    log_ = std::move(*created);
    writes_.log_ = log_.get();
    disk_.observe(&writes_);
  }
  void TearDown() override { disk_.observe(nullptr); }

  void commit(std::size_t bytes) {
    const std::string ops(bytes, 'x');
    const Time time{static_cast<std::uint64_t>(number(log_->last_position()) + 1)};
    const auto position = log_->append(time, as_bytes(ops));
    ASSERT_TRUE(position.has_value()) << position.error().text();
    ASSERT_TRUE(log_->wait_durable(*position).has_value());
  }

  io::SimFileSystem disk_{1};
  Writes writes_;
  LocalLogOptions options_;
  std::unique_ptr<LocalLog> log_;
};

TEST_F(WriteAhead, SmallCommitsFindTheirBlocksWritten) {
  for (int i = 0; i < 300; ++i) commit(100);
  EXPECT_EQ(writes_.first_writes_, 0U);
  EXPECT_EQ(writes_.ahead_, 2 * kMegabyte) << "300 blocks of 4 KB";
}

TEST_F(WriteAhead, LargeCommitsAreTheFirstToWriteTheirs) {
  for (int i = 0; i < 5; ++i) commit(200'000);
  EXPECT_EQ(writes_.ahead_, 0U);
  EXPECT_EQ(writes_.first_writes_, 5U);
  commit(100);
  EXPECT_EQ(writes_.ahead_, kMegabyte);
  EXPECT_EQ(writes_.first_writes_, 5U);
  commit(200'000);
  EXPECT_EQ(writes_.ahead_, kMegabyte) << "there was room in what had been written";
}

// A segment that was used up once needs nothing any more.
TEST_F(WriteAhead, RecycledSegmentsAreNotWrittenAgain) {
  ASSERT_TRUE(log_->prepare_segment().has_value());
  const auto rotate = [&] {
    const Position first = log_->first_position();
    for (int i = 0; i < 1100; ++i) commit(100);
    ASSERT_TRUE(log_->trim(nacre::next(log_->last_position())).has_value());
    ASSERT_GT(log_->first_position(), first);
  };
  rotate();
  EXPECT_EQ(writes_.ahead_, 4 * kMegabyte - 2 * kBlockSize + kMegabyte);
  const std::uint64_t before = writes_.ahead_;
  writes_.written_ = 0;
  for (int i = 0; i < 3; ++i) rotate();
  EXPECT_EQ(writes_.ahead_, before + 3 * kMegabyte - 2 * kBlockSize) << "the rest of the second";
}

// As an owner with a background thread has it: no commit writes more than itself.
TEST_F(WriteAhead, BlocksWrittenInTheBackgroundAreFoundWritten) {
  ASSERT_TRUE(log_->prepare_segment().has_value()) << "or the last quarter is kept for removals";
  EXPECT_FALSE(log_->wants_blocks()) << "before the first commit shows what they are like";
  commit(100);
  for (int i = 0; i < 1000; ++i) {
    if (log_->wants_blocks()) {
      ASSERT_TRUE(log_->write_blocks().has_value());
    }
    const std::uint64_t before = writes_.ahead_;
    commit(100);
    ASSERT_EQ(writes_.ahead_, before);
  }
  EXPECT_FALSE(log_->wants_blocks()) << "the segment has been written to its end";
  EXPECT_EQ(writes_.first_writes_, 0U);
}

TEST_F(WriteAhead, NoBlocksAreWantedForLargeCommits) {
  for (int i = 0; i < 5; ++i) commit(200'000);
  EXPECT_FALSE(log_->wants_blocks());
  commit(100);
  EXPECT_TRUE(log_->wants_blocks());
}

TEST_F(WriteAhead, NobodySealsAGroupMeanwhile) {
  ASSERT_TRUE(log_->append(Time{1}, as_bytes(std::string(100, 'x'))).has_value());
  commit(100);
  EXPECT_EQ(writes_.ahead_, kMegabyte);
  EXPECT_FALSE(writes_.can_seal_meanwhile_);
}

TEST_F(WriteAhead, AFullDiskDoesNoHarm) {
  disk_.inject({.target = io::Fault::Target::kWrite, .code = Code::kFull});
  commit(100);
  EXPECT_EQ(disk_.faults_hit(), 1U);
  commit(100);
  log_.reset();
  writes_.log_ = nullptr;
  const auto opened = LocalLog::open("log", options_, {});
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ((*opened)->last_position(), Position{2});
}

TEST_F(WriteAhead, AFailureStopsTheLog) {
  disk_.inject({.target = io::Fault::Target::kWrite});
  const auto position = log_->append(Time{1}, as_bytes(std::string(100, 'x')));
  ASSERT_TRUE(position.has_value());
  EXPECT_EQ(log_->wait_durable(*position).error().code(), Code::kIo);
  EXPECT_EQ(log_->append(Time{2}, {}).error().code(), Code::kClosed);
  EXPECT_EQ(log_->durable_position(), kNoPosition);
}

// A large group whose blocks are being written with zeros waits for that.
TEST_F(WriteAhead, NoGroupIsOverwritten) {
  commit(100);
  std::thread other;
  writes_.meanwhile_ = [&] {
    other = std::thread([this] { commit(2'000'000); });
    for (int i = 0; i < 100 && number(log_->durable_position()) < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  };
  ASSERT_TRUE(log_->write_blocks().has_value());
  other.join();
  log_.reset();
  writes_.log_ = nullptr;
  const auto opened = LocalLog::open("log", options_, {});
  ASSERT_TRUE(opened.has_value()) << opened.error().text();
  EXPECT_EQ((*opened)->last_position(), Position{2});
}

// What an earlier process wrote is not known, so it is written again.
TEST_F(WriteAhead, ReopenedLogWritesAheadFromItsTail) {
  for (int i = 0; i < 10; ++i) commit(100);
  log_.reset();
  writes_.log_ = nullptr;
  auto opened = LocalLog::open("log", options_, {});
  ASSERT_TRUE(opened.has_value());
  log_ = std::move(*opened);
  writes_.ahead_ = 0;
  for (int i = 0; i < 10; ++i) commit(100);
  EXPECT_EQ(writes_.ahead_, kMegabyte);
  log_.reset();
  opened = LocalLog::open("log", options_, {});
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ((*opened)->last_position(), Position{20});
}

}  // namespace
}  // namespace nacre::log
