// Followers beside writers, restarted, left behind, and after a power cut: every commit comes once,
// in order, with what it did.
#include "txn/follower.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

using std::chrono::milliseconds;

constexpr TableId kRows{3};
constexpr TableId kOther{9};
constexpr milliseconds kLong{20'000};

class FollowerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.file_system = &disk_;
    options_.create_if_missing = true;
    options_.cache_bytes = std::size_t{4} << 20;
    open();
  }

  void open() {
    database_.reset();
    auto opened = Database::open("db", options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
  }

  // Commit n puts, removes or drops, as n says.
  static Result<Position> commit(Database& database, std::uint64_t n, Durability durability) {
    Transaction txn = database.begin();
    if (n % 11 == 0) NACRE_TRY(txn.drop_table(kOther));
    NACRE_TRY(txn.put(kRows, as_bytes(format("key{}", n % 50)), as_bytes(format("value{}", n))));
    if (n % 5 == 0) NACRE_TRY(txn.remove(kRows, as_bytes(format("key{}", (n + 1) % 50))));
    NACRE_TRY(txn.put(kOther, as_bytes(format("n{}", n)), as_bytes(std::string(n % 300, 'x'))));
    return txn.commit(durability);
  }

  // Commits `count` of them; positions are 1, 2, ... when nobody else writes.
  void commit_many(std::uint64_t count, Durability durability = Durability::kSync) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t n = number(database_->stats().position) + 1;
      const auto position = commit(*database_, n, durability);
      ASSERT_TRUE(position.has_value()) << position.error().text();
      ASSERT_EQ(number(*position), n);
    }
  }

  static std::string text(const CommitEvent& event) {
    std::string all = format("{}:", number(event.position));
    for (const Change& change : event.changes) {
      const char* kind = change.kind == Change::Kind::kPut      ? "put"
                         : change.kind == Change::Kind::kRemove ? "remove"
                                                                : "drop";
      all += format(" {} {} {}={}", kind, number(change.table), as_text(change.key),
                    as_text(change.value));
    }
    return all;
  }

  static std::string expected_text(std::uint64_t n) {
    std::string all = format("{}:", n);
    const std::string put = format(" put 3 key{}=value{}", n % 50, n);
    const std::string removed = format("key{}", (n + 1) % 50);
    const std::string remove = format(" remove 3 {}=", removed);
    if (n % 5 != 0) {
      all += put;
    } else {
      all += format("key{}", n % 50) < removed ? put + remove : remove + put;
    }
    if (n % 11 == 0) all += " drop 9 =";
    return all + format(" put 9 n{}={}", n, std::string(n % 300, 'x'));
  }

  // Takes commits until `last` came and expects each to be what commit() did.
  static void expect_to(Follower& follower, std::uint64_t last) {
    while (number(follower.position()) < last) {
      const std::uint64_t n = number(follower.position()) + 1;
      const auto event = follower.next(kLong);
      ASSERT_TRUE(event.has_value()) << event.error().text();
      ASSERT_NE(*event, nullptr) << "commit " << n << " did not come";
      ASSERT_EQ(text(**event), expected_text(n));
    }
  }

  io::SimFileSystem disk_{1};
  Options options_;
  std::unique_ptr<Database> database_;
};

TEST_F(FollowerTest, CommitsOfThePastComeFirstAndThenNewOnes) {
  commit_many(30);
  auto follower = database_->follow(kNoPosition);
  ASSERT_TRUE(follower.has_value()) << follower.error().text();
  expect_to(*follower, 30);
  const auto none = follower->next(milliseconds(0));
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(*none, nullptr);
  commit_many(5);
  expect_to(*follower, 35);
  EXPECT_EQ(database_->follow(Position{36}).error().code(), Code::kInvalid);
}

TEST_F(FollowerTest, TokenOfAFollowerIsWhereTheNextOneGoesOn) {
  commit_many(20);
  Position token = kNoPosition;
  for (std::uint64_t last = 3; last <= 20; last += 3) {
    auto follower = database_->follow(token);
    ASSERT_TRUE(follower.has_value());
    expect_to(*follower, last);
    token = follower->position();
  }
  auto follower = database_->follow(token);
  ASSERT_TRUE(follower.has_value());
  expect_to(*follower, 20);
}

TEST_F(FollowerTest, CommitThatIsNotDurableIsNotTold) {
  options_.background_thread = false;
  open();
  auto follower = database_->follow(kNoPosition);
  ASSERT_TRUE(follower.has_value());
  commit_many(3, Durability::kAsync);
  EXPECT_EQ(number(database_->stats().position), 3U);
  EXPECT_EQ(*follower->next(milliseconds(0)), nullptr);
  ASSERT_TRUE(database_->sync().has_value());
  expect_to(*follower, 3);
}

TEST_F(FollowerTest, FollowersOfAnySpeedSeeEveryCommitBesideTheWriters) {
  constexpr std::uint64_t kCommits = 1200;
  std::jthread writer([&] {
    for (std::uint64_t n = 1; n <= kCommits; ++n) {
      const auto durability = n % 4 == 0 ? Durability::kSync : Durability::kGroup;
      const auto position = commit(*database_, n, durability);
      ASSERT_TRUE(position.has_value()) << position.error().text();
      if (n % 300 == 0) {
        ASSERT_TRUE(database_->sync().has_value());
      }
    }
    ASSERT_TRUE(database_->sync().has_value());
  });
  const auto follow = [&](int pauses) {
    Position token = kNoPosition;
    for (const std::uint64_t last : {kCommits / 3, kCommits / 2, kCommits}) {
      while (number(database_->stats().position) < number(token)) std::this_thread::yield();
      auto follower = database_->follow(token);
      ASSERT_TRUE(follower.has_value()) << follower.error().text();
      for (std::uint64_t at = number(token) + 1; at <= last; ++at) {
        expect_to(*follower, at);
        if (pauses > 0 && at % 100 == 0) std::this_thread::sleep_for(milliseconds(pauses));
      }
      token = follower->position();
    }
  };
  std::jthread fast([&] { follow(0); });
  std::jthread slow([&] { follow(3); });
}

TEST_F(FollowerTest, FollowerLeftBehindByTheLogIsToldTheOldestPositionKept) {
  options_.background_thread = false;
  options_.checkpoint_log_bytes = std::uint64_t{1} << 40;
  options_.history_bytes = 0;  // so that a checkpoint trims the log
  open();
  commit_many(10);
  auto behind = database_->follow(kNoPosition);
  ASSERT_TRUE(behind.has_value());
  expect_to(*behind, 1);  // and has some more in memory
  auto far_behind = database_->follow(kNoPosition);
  ASSERT_TRUE(far_behind.has_value());
  // Beyond what memory keeps, and over several segments of the log.
  const std::string large(6000, 'x');
  for (int i = 0; i < 40; ++i) {
    Transaction txn = database_->begin();
    for (int k = 0; k < 50; ++k) {
      ASSERT_TRUE(txn.put(kOther, as_bytes(format("large{}", k)), as_bytes(large)).has_value());
    }
    ASSERT_TRUE(txn.commit().has_value());
  }
  ASSERT_TRUE(database_->checkpoint().has_value());
  expect_to(*behind, 10);
  const auto lost = far_behind->next(milliseconds(0));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code(), Code::kTooOld);
  EXPECT_NE(lost.error().what().find("the oldest position is "), std::string::npos)
      << lost.error().text();
  EXPECT_EQ(far_behind->position(), kNoPosition);
  EXPECT_EQ(database_->follow(kNoPosition).error().code(), Code::kTooOld);
  EXPECT_TRUE(database_->follow(database_->stats().position).has_value());
}

TEST_F(FollowerTest, SequenceIsTheSameAfterAPowerCut) {
  commit_many(40);
  auto before = database_->follow(kNoPosition);
  ASSERT_TRUE(before.has_value());
  expect_to(*before, 40);
  disk_.cut_power_after(7);
  while (commit(*database_, 41, Durability::kSync).has_value()) {
    if (number(database_->stats().position) > 60) break;
  }
  // Told is durable: whatever came must be there afterwards.
  std::vector<std::string> told;
  while (true) {
    const auto event = before->next(milliseconds(0));
    if (!event.has_value() || *event == nullptr) break;
    told.push_back(text(**event));
  }
  database_.reset();
  EXPECT_EQ(before->next(milliseconds(0)).error().code(), Code::kClosed);
  disk_.reboot();
  open();
  auto after = database_->follow(kNoPosition);
  ASSERT_TRUE(after.has_value()) << after.error().text();
  expect_to(*after, 40);
  for (const std::string& one : told) {
    const auto event = after->next(milliseconds(0));
    ASSERT_TRUE(event.has_value());
    ASSERT_NE(*event, nullptr);
    EXPECT_EQ(text(**event), one);
  }
}

TEST_F(FollowerTest, ClosingWakesWhoWaits) {
  commit_many(2);
  auto follower = database_->follow(Position{2});
  ASSERT_TRUE(follower.has_value());
  std::jthread waits([&] {
    const auto event = follower->next(kLong);
    ASSERT_FALSE(event.has_value());
    EXPECT_EQ(event.error().code(), Code::kClosed);
  });
  EXPECT_TRUE(database_->close().has_value());
}

}  // namespace
}  // namespace nacre::txn
