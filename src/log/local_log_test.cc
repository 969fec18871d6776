#include "log/local_log.h"

#include <gtest/gtest.h>

#include "log/log_test_support.h"

namespace nacre::log {
namespace {

class LocalLogTest : public ::testing::Test {
 protected:
  void SetUp() override { create(small_options(disk_)); }

  void create(const LocalLogOptions& options) {
    log_.reset();
    options_ = options;
    auto created = LocalLog::create("log", options);
    ASSERT_TRUE(created.has_value()) << created.error().text();
    log_ = std::move(*created);
    ASSERT_TRUE(disk_.sync_directory("").has_value());
  }

  void reopen(LocalLog::Resume resume = {}) {
    log_.reset();
    auto opened = LocalLog::open("log", options_, resume);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    log_ = std::move(*opened);
  }

  // Commits until last_position() is `last`, each durable before the next.
  void commit_to(std::uint64_t last) {
    while (number(log_->last_position()) < last) {
      const auto position = append_next(*log_);
      ASSERT_TRUE(position.has_value()) << position.error().text();
      const auto durable = log_->wait_durable(*position);
      ASSERT_TRUE(durable.has_value()) << durable.error().text();
    }
  }

  void expect_all(Position first = Position{1}) {
    const auto last = read_all(*log_, first);
    ASSERT_TRUE(last.has_value()) << last.error().text();
    EXPECT_EQ(*last, log_->durable_position());
  }

  io::SimFileSystem disk_{1};
  LocalLogOptions options_;
  std::unique_ptr<LocalLog> log_;
};

TEST_F(LocalLogTest, EmptyLogStartsBeforePositionOne) {
  EXPECT_EQ(log_->last_position(), kNoPosition);
  EXPECT_EQ(log_->durable_position(), kNoPosition);
  EXPECT_EQ(log_->first_position(), Position{1});
  EXPECT_TRUE(log_->wait_durable(kNoPosition).has_value());
  reopen();
  EXPECT_EQ(log_->last_position(), kNoPosition);
}

TEST_F(LocalLogTest, CommitsAreThereAfterReopening) {
  commit_to(40);
  EXPECT_EQ(log_->durable_position(), Position{40});
  expect_all();
  reopen();
  EXPECT_EQ(log_->last_position(), Position{40});
  EXPECT_EQ(log_->durable_position(), Position{40});
  EXPECT_EQ(log_->last_time(), time_of(40));
  expect_all();
  expect_all(Position{17});
  commit_to(60);
  reopen({.first_needed = Position{33}, .durable = Position{32}});
  expect_all();
}

TEST_F(LocalLogTest, AppendAloneTouchesNoFile) {
  const std::uint64_t before = disk_.operations();
  ASSERT_TRUE(append_next(*log_).has_value());
  EXPECT_EQ(disk_.operations(), before);
  EXPECT_EQ(log_->durable_position(), kNoPosition);
  EXPECT_GT(log_->buffered_bytes(), 0U);
  EXPECT_EQ(*read_all(*log_, Position{1}), kNoPosition) << "readers see durable commits only";
}

TEST_F(LocalLogTest, CommitsThatWaitTogetherAreOneWrite) {
  commit_to(1);  // and write what is behind it once
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append_next(*log_).has_value());
  const std::uint64_t before = disk_.operations();
  ASSERT_TRUE(log_->wait_durable(Position{7}).has_value());
  EXPECT_EQ(disk_.operations(), before + 1);
  EXPECT_EQ(log_->durable_position(), Position{7});
  EXPECT_EQ(log_->buffered_bytes(), 0U);
}

// LOG-4
TEST_F(LocalLogTest, FullBufferRefusesUntilItIsFlushed) {
  options_.buffer_bytes_max = 1000;
  create(options_);
  const std::string ops(600, 'x');
  ASSERT_TRUE(log_->append(Time{1}, as_bytes(ops)).has_value());
  const auto refused = log_->append(Time{2}, as_bytes(ops));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kFull);
  EXPECT_EQ(log_->last_position(), Position{1});
  ASSERT_TRUE(log_->wait_durable(log_->last_position()).has_value());
  EXPECT_EQ(*log_->append(Time{2}, as_bytes(ops)), Position{2});
}

TEST_F(LocalLogTest, TimesMustIncreaseAcrossReopening) {
  commit_to(3);
  EXPECT_EQ(log_->append(time_of(3), {}).error().code(), Code::kInvalid);
  reopen();
  EXPECT_EQ(log_->append(time_of(3), {}).error().code(), Code::kInvalid);
  EXPECT_TRUE(append_next(*log_).has_value());
}

TEST_F(LocalLogTest, WaitingForWhatWasNotAppendedIsInvalid) {
  EXPECT_EQ(log_->wait_durable(Position{1}).error().code(), Code::kInvalid);
}

TEST_F(LocalLogTest, CommitLargerThanASegmentGetsItsOwn) {
  commit_to(2);
  const std::string ops(100'000, 'x');
  EXPECT_EQ(log_->append(time_of(3), as_bytes(ops)).error().code(), Code::kFull);
  ASSERT_TRUE(log_->make_room(ops.size()).has_value());
  const auto position = log_->append(time_of(3), as_bytes(ops));
  ASSERT_TRUE(position.has_value());
  ASSERT_TRUE(log_->wait_durable(*position).has_value());
  commit_to(10);
  reopen();
  const auto reader = log_->read_from(Position{3});
  ASSERT_TRUE(reader.has_value());
  const auto commit = (*reader)->next();
  ASSERT_TRUE(commit.has_value()) << commit.error().text();
  EXPECT_EQ((*commit)->position, Position{3});
  EXPECT_TRUE(as_text((*commit)->ops) == ops);
}

TEST_F(LocalLogTest, CommitBeyondTheLimitIsFull) {
  const std::byte one{};
  const Bytes larger(&one, kOpsSizeMax + 1);  // refused by its size, without a look
  EXPECT_EQ(log_->append(time_of(1), larger).error().code(), Code::kFull);
  EXPECT_EQ(*log_->append(time_of(1), {}), Position{1}) << "an empty commit is one";
}

TEST_F(LocalLogTest, SegmentsDoubleUpToTheirLimit) {
  options_.segment_bytes_min = 4 * kBlockSize;
  options_.segment_bytes_max = 16 * kBlockSize;
  create(options_);
  commit_to(30);
  std::vector<std::size_t> sizes;
  for (const std::string& file : disk_.files()) sizes.push_back(disk_.contents(file).size());
  ASSERT_GE(sizes.size(), 3U);
  EXPECT_EQ(disk_.contents("log/1.log").size(), 4 * kBlockSize);
  EXPECT_EQ(disk_.contents("log/2.log").size(), 8 * kBlockSize);
  EXPECT_EQ(disk_.contents("log/3.log").size(), 16 * kBlockSize);
  reopen();
  expect_all();
}

TEST_F(LocalLogTest, LiveReaderFollowsTheAppends) {
  const auto reader = log_->read_from(Position{1});
  ASSERT_TRUE(reader.has_value());
  for (std::uint64_t last = 1; last <= 50; ++last) {
    EXPECT_FALSE((*reader)->next()->has_value());
    commit_to(last);
    const auto commit = (*reader)->next();
    ASSERT_TRUE(commit.has_value()) << commit.error().text();
    ASSERT_TRUE(commit->has_value());
    EXPECT_EQ((*commit)->position, Position{last});
  }
}

TEST_F(LocalLogTest, TrimKeepsEverythingFromTheFloorOn) {
  commit_to(60);
  const std::uint64_t before = log_->bytes();
  ASSERT_TRUE(log_->trim(Position{30}).has_value());
  EXPECT_LE(log_->first_position(), Position{30});
  EXPECT_GT(log_->first_position(), Position{1});
  EXPECT_LT(log_->bytes(), before);
  EXPECT_EQ(log_->read_from(Position{1}).error().code(), Code::kTooOld);
  expect_all(Position{30});
  reopen({.first_needed = Position{30}, .durable = Position{29}});
  EXPECT_EQ(log_->last_position(), Position{60});
  expect_all(Position{30});
  ASSERT_TRUE(log_->trim(Position{61}).has_value());
  EXPECT_EQ(log_->bytes(), 0U);
  commit_to(61);
  EXPECT_GT(log_->bytes(), 0U);
  expect_all(Position{61});
}

TEST_F(LocalLogTest, TrimmedSegmentBecomesTheNextOne) {
  commit_to(40);
  const std::size_t files = disk_.files().size();
  ASSERT_TRUE(log_->trim(Position{41}).has_value());
  EXPECT_LE(disk_.files().size(), 2U) << "one segment and one to come, of " << files;
  const std::uint64_t trimmed_once = disk_.operations();
  std::uint64_t spent = 0;
  for (std::uint64_t last = 41; last <= 200; ++last) {
    commit_to(last);
    const std::uint64_t before_trim = disk_.operations();
    ASSERT_TRUE(log_->trim(Position{last}).has_value());
    spent += disk_.operations() - before_trim;
  }
  // One write a commit; a rotation is header, rename, directory; nothing is written with zeros.
  const std::uint64_t operations = disk_.operations() - trimmed_once - spent;
  EXPECT_LT(operations, 160U + 3U * 50U);
  EXPECT_LE(disk_.files().size(), 3U);
  reopen({.first_needed = Position{200}, .durable = Position{199}});
  expect_all(Position{200});
}

TEST_F(LocalLogTest, ReaderKeepsItsSegmentFromBeingTrimmed) {
  commit_to(40);
  auto reader = log_->read_from(Position{1});
  ASSERT_TRUE(reader.has_value());
  ASSERT_TRUE(log_->trim(Position{41}).has_value());
  EXPECT_EQ(log_->first_position(), Position{1});
  EXPECT_EQ((**(*reader)->next()).position, Position{1});
  reader->reset();
  ASSERT_TRUE(log_->trim(Position{41}).has_value());
  EXPECT_GT(log_->first_position(), Position{1});
}

TEST_F(LocalLogTest, PreparedSegmentIsUsedByTheNextRotation) {
  while (!log_->wants_segment()) commit_to(number(log_->last_position()) + 1);
  ASSERT_TRUE(log_->prepare_segment().has_value());
  EXPECT_FALSE(log_->wants_segment());
  EXPECT_TRUE(*disk_.exists("log/2.new"));
  while (!*disk_.exists("log/2.log")) commit_to(number(log_->last_position()) + 1);
  EXPECT_FALSE(*disk_.exists("log/2.new"));
  expect_all();
}

TEST_F(LocalLogTest, FailureToPrepareIsNoHarm) {
  disk_.inject({.target = io::Fault::Target::kWrite, .code = Code::kFull});
  const auto prepared = log_->prepare_segment();
  ASSERT_FALSE(prepared.has_value());
  EXPECT_EQ(prepared.error().code(), Code::kFull);
  commit_to(30);
  expect_all();
}

TEST_F(LocalLogTest, ClosedLogTakesNothingAndIsReopenedAsItWas) {
  commit_to(5);
  ASSERT_TRUE(append_next(*log_).has_value());
  ASSERT_TRUE(log_->close().has_value()) << "and what was not waited for is durable";
  EXPECT_EQ(append_next(*log_).error().code(), Code::kClosed);
  EXPECT_EQ(log_->close().error().code(), Code::kClosed);
  const std::string before = disk_.contents("log/1.log");
  reopen();
  EXPECT_EQ(log_->last_position(), Position{6});
  const std::string after = disk_.contents("log/1.log");
  EXPECT_EQ(after.substr(0, after.size() - kBlockSize),
            before.substr(0, before.size() - kBlockSize));
  EXPECT_EQ(after.substr(after.size() - kBlockSize), std::string(kBlockSize, '\0'));
  expect_all();
}

// A close that the checkpoint covers: of all that the log has, opening reads four blocks.
TEST_F(LocalLogTest, CleanlyClosedLogOpensWithoutALookAtItsGroups) {
  commit_to(5);
  ASSERT_TRUE(log_->close().has_value());
  disk_.corrupt("log/1.log", 2 * kBlockSize + 100, std::byte{1});
  reopen({.first_needed = Position{6}, .durable = Position{5}});
  EXPECT_EQ(log_->last_position(), Position{5});
  EXPECT_EQ(log_->last_time(), time_of(5));
  EXPECT_EQ(log_->bytes(), 0U);
  commit_to(30);
  expect_all(Position{6});
  // The record is gone: what came after the close is found, and damage to it too.
  reopen({.first_needed = Position{6}, .durable = Position{5}});
  EXPECT_EQ(log_->last_position(), Position{30});
  expect_all(Position{6});
}

// LOG-5
TEST_F(LocalLogTest, ClosingRecordThatShouldBeGoneDoesNotHideWhatFollows) {
  commit_to(3);
  ASSERT_TRUE(log_->close().has_value());
  const std::string closed = disk_.contents("log/1.log");
  reopen({.first_needed = Position{4}, .durable = Position{3}});
  commit_to(4);
  log_.reset();
  std::string bytes = disk_.contents("log/1.log");
  bytes.replace(bytes.size() - kBlockSize, kBlockSize, closed.substr(closed.size() - kBlockSize));
  disk_.replace_contents("log/1.log", bytes);
  reopen({.first_needed = Position{4}, .durable = Position{3}});
  EXPECT_EQ(log_->last_position(), Position{4});
}

TEST_F(LocalLogTest, AnotherDatabasesSegmentIsRefused) {
  commit_to(3);
  options_.database_uuid[0] = std::byte{1};
  log_.reset();
  const auto opened = LocalLog::open("log", options_, {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_EQ(opened.error().what(), "log/1.log: belongs to another database");
}

TEST_F(LocalLogTest, MissingSegmentIsCorruptWhenItIsNeeded) {
  commit_to(60);
  log_.reset();
  ASSERT_TRUE(disk_.remove("log/2.log").has_value());
  const auto opened = LocalLog::open("log", options_, {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt);
  EXPECT_NE(opened.error().what().find("log/1.log"), std::string::npos) << opened.error().text();
  reopen({.first_needed = Position{60}, .durable = Position{59}});
  expect_all(Position{60});
}

TEST_F(LocalLogTest, PositionsTheLogShouldHaveAndLacksAreCorrupt) {
  commit_to(5);
  log_.reset();
  const auto opened =
      LocalLog::open("log", options_, {.first_needed = Position{10}, .durable = Position{9}});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt) << opened.error().text();
  EXPECT_NE(opened.error().what().find("position 6"), std::string::npos) << opened.error().text();
}

TEST_F(LocalLogTest, NewLogForgetsTheSegmentsOfAnUnfinishedOne) {
  commit_to(20);
  create(options_);
  EXPECT_EQ(log_->last_position(), kNoPosition);
  reopen();
  EXPECT_EQ(log_->last_position(), kNoPosition);
}

TEST_F(LocalLogTest, FailedWriteStopsTheLogForGood) {
  commit_to(3);
  disk_.inject({.target = io::Fault::Target::kWrite});
  ASSERT_TRUE(append_next(*log_).has_value());
  EXPECT_EQ(log_->wait_durable(Position{4}).error().code(), Code::kIo);
  const auto again = log_->wait_durable(Position{4});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), Code::kClosed);
  EXPECT_NE(again.error().what().find("log/1.log"), std::string::npos) << again.error().text();
  EXPECT_EQ(append_next(*log_).error().code(), Code::kClosed);
  EXPECT_EQ(log_->trim(Position{3}).error().code(), Code::kClosed);
  EXPECT_TRUE(log_->wait_durable(Position{3}).has_value()) << "what was durable stays so";
  EXPECT_EQ(log_->durable_position(), Position{3});
  reopen();
  EXPECT_EQ(log_->last_position(), Position{3});
  commit_to(6);
  expect_all();
}

// The group that closing writes was lost by a failed sync and still to be read when the log was
// opened again; commits were chained to it, and fell with it when the power went. What holds no
// commit needs to be written again like the rest.
TEST_F(LocalLogTest, LostClosingGroupDoesNotTakeLaterCommitsWithIt) {
  commit_to(3);
  disk_.inject({.target = io::Fault::Target::kWrite, .effect = io::Fault::Effect::kCached});
  EXPECT_FALSE(log_->close().has_value());
  reopen();
  commit_to(5);
  disk_.reboot();
  reopen();
  EXPECT_EQ(log_->last_position(), Position{5});
  expect_all();
}

// A log whose closing failed in the midst of installing a segment that holds no group yet.
class EmptySegmentTest : public LocalLogTest {
 protected:
  // Which sync of the installation fails.
  static constexpr std::uint64_t kOfHeader = 1;
  static constexpr std::uint64_t kOfName = 2;

  void close_badly(std::uint64_t nth_sync) {
    commit_to(6);  // a block each: the segment is full, and the next one made
    disk_.inject({.target = io::Fault::Target::kSync,
                  .nth = nth_sync,
                  .effect = io::Fault::Effect::kCached});
    EXPECT_FALSE(log_->close().has_value());
    EXPECT_EQ(*disk_.exists("log/2.log"), nth_sync == kOfName);
    log_.reset();
  }

  // What is acknowledged from now on survives.
  void expect_to_keep(std::uint64_t last, LocalLog::Resume resume = {}) {
    reopen(resume);
    ASSERT_NE(log_, nullptr);
    EXPECT_EQ(log_->last_position(), Position{last - 3});
    commit_to(last);
    log_.reset();
    disk_.reboot();
    reopen(resume);
    ASSERT_NE(log_, nullptr);
    EXPECT_EQ(log_->last_position(), Position{last});
    expect_all(resume.first_needed);
  }
};

TEST_F(EmptySegmentTest, LostHeaderTakesNoLaterCommitWithIt) {
  close_badly(kOfHeader);
  expect_to_keep(9);
}

TEST_F(EmptySegmentTest, LostNameTakesNoLaterCommitWithIt) {
  close_badly(kOfName);
  expect_to_keep(9);
}

// The segment is the first that is looked at.
TEST_F(EmptySegmentTest, LostNameTakesNoneWhenNothingBeforeIsNeeded) {
  close_badly(kOfName);
  expect_to_keep(9, {.first_needed = Position{7}, .durable = Position{6}});
}

TEST_F(EmptySegmentTest, ThePowerMayGoAtEveryCallOfTheNextOpening) {
  for (const std::uint64_t nth_sync : {kOfHeader, kOfName}) {
    std::uint64_t cuts = 0;
    for (bool was_cut = true; was_cut; ++cuts) {
      for (int fate = 0; fate < 20; ++fate) {
        SCOPED_TRACE(format("sync {}, power cut after {} calls", nth_sync, cuts));
        create(options_);
        close_badly(nth_sync);
        disk_.cut_power_after(cuts);
        const bool is_open = LocalLog::open("log", options_, {}).has_value();
        was_cut = !disk_.powered();
        EXPECT_EQ(is_open, !was_cut);
        disk_.reboot();
        expect_to_keep(9);
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(cuts, 5U);
  }
}

TEST_F(EmptySegmentTest, EveryCallOfTheNextOpeningMayFail) {
  using Effect = io::Fault::Effect;
  for (const std::uint64_t nth_sync : {kOfHeader, kOfName}) {
    for (const Effect effect :
         {Effect::kNothing, Effect::kPartly, Effect::kCached, Effect::kWholly}) {
      for (std::uint64_t nth = 1, hit = 1; hit > 0; ++nth) {
        SCOPED_TRACE(
            format("sync {}, call {}, effect {}", nth_sync, nth, static_cast<int>(effect)));
        create(options_);
        close_badly(nth_sync);
        disk_.clear_faults();
        disk_.inject({.nth = nth, .effect = effect});
        const auto opened = LocalLog::open("log", options_, {});
        hit = disk_.faults_hit();
        EXPECT_EQ(opened.has_value(), hit == 0);
        disk_.clear_faults();
        expect_to_keep(9);
        if (HasFailure()) return;
      }
    }
  }
}

// LOG-6: a segment that a full disk kept from its name may have the name of a blank.
TEST_F(EmptySegmentTest, NameOfAnotherSegmentIsNotTaken) {
  commit_to(7);
  log_.reset();
  ASSERT_TRUE(disk_.rename("log/2.log", "log/3.new").has_value());
  ASSERT_TRUE(disk_.sync_directory("log").has_value());
  reopen();
  commit_to(10);
  disk_.inject(
      {.target = io::Fault::Target::kSync, .nth = kOfName, .effect = io::Fault::Effect::kCached});
  EXPECT_FALSE(log_->close().has_value());
  EXPECT_TRUE(*disk_.exists("log/3.log"));
  expect_to_keep(13);
  EXPECT_TRUE(*disk_.exists("log/3.new"));
}

// A wake-up meant for a later group would be lost on him.
TEST_F(LocalLogTest, WhoWaitsForWhatIsAnnouncedSleepsInNoGroup) {
  ASSERT_TRUE(append_next(*log_).has_value());
  EXPECT_NE(LocalLogPeer::group_of(*log_, Position{1}), nullptr);
  ASSERT_TRUE(log_->wait_announced(Position{1}).has_value());
  ASSERT_TRUE(append_next(*log_).has_value());
  EXPECT_EQ(LocalLogPeer::group_of(*log_, Position{1}), nullptr);
  EXPECT_NE(LocalLogPeer::group_of(*log_, Position{2}), nullptr);
}

TEST_F(LocalLogTest, GroupsBecomeDurableInOrderWhateverOrderTheyAreWrittenIn) {
  std::vector<LocalLogPeer::GroupPtr> groups;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(append_next(*log_).has_value());
    groups.push_back(*LocalLogPeer::seal(*log_));
  }
  ASSERT_TRUE(LocalLogPeer::finish(*log_, groups[2]).has_value());
  ASSERT_TRUE(LocalLogPeer::finish(*log_, groups[1]).has_value());
  EXPECT_EQ(log_->durable_position(), kNoPosition);
  ASSERT_TRUE(LocalLogPeer::finish(*log_, groups[0]).has_value());
  EXPECT_EQ(log_->durable_position(), Position{3});
  expect_all();
}

}  // namespace
}  // namespace nacre::log
