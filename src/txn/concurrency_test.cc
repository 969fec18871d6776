// Many threads at once: sums that must hold, conflicts that must be found, order that must be kept.
#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "io/held_disk_testing.h"
#include "io/random.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kAccounts{1};
constexpr TableId kAudit{2};
constexpr int kAccountCount = 12;
constexpr int kOpening = 1000;

std::string account(std::uint64_t number) { return "account" + std::to_string(number); }

int amount(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// One that was told so at once would run again at once, and lose to the same commit until its bound
// of attempts is reached: the winner needs the disk before anybody sees it.
TEST(Conflicts, AConflictIsToldWhenWhatWonIsVisible) {
  io::testing::HeldDisk disk;
  auto database = *Database::open("db", {.file_system = &disk, .create_if_missing = true});
  const auto put = [&](Transaction& txn, std::string_view value) {
    return txn.put(kAccounts, as_bytes("k"), as_bytes(value)).has_value();
  };
  Transaction late = database->begin();
  ASSERT_TRUE(late.get(kAccounts, as_bytes("k")).has_value());
  ASSERT_TRUE(put(late, "late"));
  disk.hold();
  std::jthread winner([&] {
    Transaction txn = database->begin();
    EXPECT_TRUE(put(txn, "first"));
    EXPECT_TRUE(txn.commit().has_value());
  });
  disk.wait_for_write();
  std::jthread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    disk.release();
  });
  EXPECT_EQ(late.commit().error().code(), Code::kConflict);
  std::string value;
  EXPECT_TRUE(*database->get(kAccounts, as_bytes("k"), value));
  EXPECT_EQ(value, "first");
}

// ISO-2, where so many keys were written since the snapshot that the sequencer has forgotten some
// and asks the rows: a key that is found unchanged says nothing of another.
TEST(Conflicts, ANewerWriterIsFoundBehindKeysThatWereForgotten) {
  constexpr int kOwn = 20;
  constexpr int kOthers = 4000;
  io::SimFileSystem disk(1);
  auto database = *Database::open("db", {.file_system = &disk, .create_if_missing = true});
  const auto put = [&](Transaction& txn, const std::string& key, std::string_view value) {
    ASSERT_TRUE(txn.put(kAccounts, as_bytes(key), as_bytes(value)).has_value());
  };
  const auto commit_one = [&](const std::string& key) {
    Transaction txn = database->begin();
    put(txn, key, "theirs");
    ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
  };
  for (int i = 0; i < kOwn; ++i) commit_one("own " + std::to_string(i));
  commit_one("shared");
  Transaction late = database->begin();
  ASSERT_TRUE(late.get(kAccounts, as_bytes("shared")).has_value());
  for (int i = 0; i < kOthers; ++i) commit_one("other " + std::to_string(i));
  commit_one("shared");
  for (int i = 0; i < kOwn; ++i) put(late, "own " + std::to_string(i), "late");
  put(late, "shared", "late");
  const auto answer = late.commit();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::kConflict);
  std::string value;
  EXPECT_TRUE(*database->get(kAccounts, as_bytes("shared"), value));
  EXPECT_EQ(value, "theirs");
}

TEST(Submitting, IsVisibleAtOnceAndDurableWhenItIsFinished) {
  io::testing::HeldDisk disk;
  auto database = *Database::open("db", {.file_system = &disk, .create_if_missing = true});
  Transaction txn = database->begin();
  ASSERT_TRUE(txn.put(kAccounts, as_bytes("k"), as_bytes("v")).has_value());
  disk.hold();
  const auto submitted = txn.submit();
  ASSERT_TRUE(submitted.has_value()) << submitted.error().text();
  std::string value;
  EXPECT_TRUE(*database->get(kAccounts, as_bytes("k"), value));
  EXPECT_LT(database->stats().durable, submitted->position);
  std::atomic<bool> is_finished = false;
  std::jthread committer([&] {
    EXPECT_TRUE(database->finish(*submitted, Durability::kSync).has_value());
    is_finished = true;
  });
  disk.wait_for_write();
  EXPECT_FALSE(is_finished);
  disk.release();
  committer.join();
  EXPECT_GE(database->stats().durable, submitted->position);
}

TEST(Submitting, WithoutWritesLeavesNothingToFinish) {
  io::testing::HeldDisk disk;
  auto database = *Database::open("db", {.file_system = &disk, .create_if_missing = true});
  Transaction txn = database->begin();
  disk.hold();
  const auto submitted = txn.submit();
  ASSERT_TRUE(submitted.has_value());
  EXPECT_EQ(submitted->bytes, 0);
  EXPECT_TRUE(database->finish(*submitted, Durability::kSync).has_value());
  disk.release();
}

class ConcurrencyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.file_system = &disk_;
    options_.create_if_missing = true;
    options_.cache_bytes = std::size_t{8} << 20;
    options_.checkpoint_log_bytes = 128 << 10;  // several checkpoints beside the writers
    open();
  }

  void open() {
    auto opened = Database::open("db", options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
  }

  void fill() {
    Transaction txn = database_->begin();
    for (int i = 0; i < kAccountCount; ++i) {
      ASSERT_TRUE(put(txn, account(static_cast<std::uint64_t>(i)), kOpening));
    }
    ASSERT_TRUE(txn.commit().has_value());
  }

  static bool put(Transaction& txn, const std::string& key, int value) {
    return txn.put(kAccounts, as_bytes(key), as_bytes(std::to_string(value))).has_value();
  }

  // -1 when a read went wrong.
  static int sum(const Snapshot& snapshot) {
    auto cursor = snapshot.cursor(kAccounts);
    if (!cursor.has_value()) return -1;
    int total = 0;
    auto row = (*cursor)->seek_first();
    for (; row.has_value() && *row; row = (*cursor)->next()) {
      total += amount(as_text((*cursor)->value()));
    }
    return row.has_value() ? total : -1;
  }

  // Moves a random amount between two random accounts; kConflict is an honest answer.
  Result<Position> transfer(std::mt19937_64& random, Durability durability) {
    Transaction txn = database_->begin();
    const std::string from = account(random() % kAccountCount);
    const std::string to = account(random() % kAccountCount);
    if (from == to) return txn.commit(durability);
    const auto has = NACRE_TRY(txn.get(kAccounts, as_bytes(from)));
    const auto gets = NACRE_TRY(txn.get(kAccounts, as_bytes(to)));
    const int moved = static_cast<int>(random() % 10);
    NACRE_TRY(txn.put(kAccounts, as_bytes(from), as_bytes(std::to_string(amount(*has) - moved))));
    NACRE_TRY(txn.put(kAccounts, as_bytes(to), as_bytes(std::to_string(amount(*gets) + moved))));
    NACRE_TRY(txn.put(kAudit, as_bytes(std::to_string(random())), as_bytes(from + to)));
    return txn.commit(durability);
  }

  io::SimFileSystem disk_{7};
  Options options_;
  std::unique_ptr<Database> database_;
};

// ISO-1, ISO-2
TEST_F(ConcurrencyTest, TransfersKeepTheirSumInEverySnapshot) {
  fill();
  std::atomic<int> writers_left = 3;
  std::atomic<int> committed = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (int i = 0; i < 120; ++i) {
        const auto durability = static_cast<Durability>(random() % 3);
        const auto done = transfer(random, durability);
        if (done.has_value()) {
          committed.fetch_add(1);
        } else {
          EXPECT_EQ(done.error().code(), Code::kConflict) << done.error().text();
        }
      }
      writers_left.fetch_sub(1);
    });
  }
  threads.emplace_back([&] {
    Position last = kNoPosition;
    while (writers_left.load() > 0) {
      const Snapshot snapshot = database_->snapshot();
      EXPECT_EQ(sum(snapshot), kAccountCount * kOpening);
      EXPECT_GE(snapshot.position(), last);  // TXN-2
      last = snapshot.position();
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(committed.load(), 0);
  ASSERT_TRUE(database_->close().has_value());
  open();
  EXPECT_EQ(sum(database_->snapshot()), kAccountCount * kOpening);
  const auto report = database_->verify();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
}

// ISO-2: a counter that every thread increments loses no increment that was acknowledged.
TEST_F(ConcurrencyTest, NoIncrementIsLost) {
  std::atomic<int> acknowledged = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < 40;) {
        Transaction txn = database_->begin();
        const auto seen = txn.get(kAccounts, as_bytes("n"));
        ASSERT_TRUE(seen.has_value()) << seen.error().text();
        ASSERT_TRUE(put(txn, "n", amount(seen->value_or("0")) + 1));
        const auto committed = txn.commit(done % 2 == 0 ? Durability::kSync : Durability::kAsync);
        if (!committed.has_value()) {
          ASSERT_EQ(committed.error().code(), Code::kConflict) << committed.error().text();
          continue;
        }
        acknowledged.fetch_add(1);
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(amount(**database_->snapshot().get(kAccounts, as_bytes("n"))), acknowledged.load());
}

// DUR-1 with group commit: what each of many threads was told is there after a power cut.
TEST_F(ConcurrencyTest, EveryAcknowledgedCommitOfManyThreadsSurvivesAPowerCut) {
  constexpr int kThreads = 8;
  std::vector<int> acknowledged(kThreads, 0);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 1; i <= 25; ++i) {
        Transaction txn = database_->begin();
        ASSERT_TRUE(put(txn, "thread" + std::to_string(t), i));
        const auto committed = txn.commit();
        if (!committed.has_value()) return;  // the power is off
        const Snapshot after = database_->snapshot();
        EXPECT_GE(after.position(), *committed) << "visible when acknowledged";
        acknowledged[static_cast<std::size_t>(t)] = i;
      }
    });
  }
  while (database_->stats().durable < Position{60}) std::this_thread::yield();
  disk_.cut_power_after(3);
  for (std::thread& thread : threads) thread.join();
  database_.reset();
  disk_.reboot();
  open();
  for (int t = 0; t < kThreads; ++t) {
    const auto found = database_->snapshot().get(kAccounts, as_bytes("thread" + std::to_string(t)));
    ASSERT_TRUE(found.has_value()) << found.error().text();
    const int value = amount(found->value_or("0"));
    EXPECT_GE(value, acknowledged[static_cast<std::size_t>(t)]) << "DUR-1";
    EXPECT_LE(value, acknowledged[static_cast<std::size_t>(t)] + 1) << "one was under way";
  }
}

// ISO-1, STORE-4: a transaction that is applied in steps, because its pages do not fit the cache at
// once, is seen whole or not at all.
TEST_F(ConcurrencyTest, TransactionLargerThanTheCacheIsSeenWholeOrNotAtAll) {
  constexpr int kRows = 1500;
  options_.cache_bytes = 64 * 8192;
  ASSERT_TRUE(database_->close().has_value());
  database_.reset();
  open();
  const auto write_all = [&](int value) {
    Transaction txn = database_->begin();
    const std::string padded = std::to_string(value) + std::string(500, ' ');
    for (int i = 0; i < kRows; ++i) {
      EXPECT_TRUE(
          txn.put(kAccounts, as_bytes("row" + std::to_string(i)), as_bytes(padded)).has_value());
    }
    const auto committed = txn.commit();
    EXPECT_TRUE(committed.has_value()) << committed.error().text();
  };
  write_all(0);
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    io::Random random(3);
    while (!stop.load()) {
      const Snapshot snapshot = database_->snapshot();
      int first = -1;
      for (int i = 0; i < 40; ++i) {
        const auto seen =
            snapshot.get(kAccounts, as_bytes("row" + std::to_string(random.below(kRows))));
        if (!seen.has_value()) {
          EXPECT_EQ(seen.error().code(), Code::kTooOld) << seen.error().text();
          break;
        }
        ASSERT_TRUE(seen->has_value());
        if (first < 0) first = amount(**seen);
        EXPECT_EQ(amount(**seen), first);
      }
    }
  });
  for (int value = 1; value <= 4; ++value) write_all(value);
  stop.store(true);
  reader.join();
}

TEST_F(ConcurrencyTest, CheckpointVerifyAndSyncRunBesideWriters) {
  fill();
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::mt19937_64 random(1);
    while (!stop.load()) {
      const auto done = transfer(random, Durability::kAsync);
      EXPECT_TRUE(done.has_value()) << done.error().text();
    }
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(database_->checkpoint().has_value());
    EXPECT_TRUE(database_->sync().has_value());
    const auto report = database_->verify();
    ASSERT_TRUE(report.has_value()) << report.error().text();
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  }
  stop.store(true);
  writer.join();
}

}  // namespace
}  // namespace nacre::txn
