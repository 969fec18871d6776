// Cuts the power after every single file operation in the life of a database, lets every operation
// fail, and asks for the promises a commit makes (tests/support/world.h).
//
// The life: creation, first commits, first checkpoint, a root split, a second table kept in step
// with the first as an index is, a log that outgrows its segment, long values that are replaced and
// removed, a dropped table, commits that wait for nothing, a close, a reopening without a close,
// more of the same. Long form:
// NACRE_CRASH_SEEDS=<images per cut>. Replay: NACRE_SEED=<seed>, the test prints which.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <thread>
#include <vector>

#include "io/sim_file_system.h"
#include "support/world.h"

namespace nacre {
namespace {

using test::Change;
using test::World;

constexpr TableId kMain{1};
constexpr TableId kIndex{2};
constexpr TableId kBulk{3};
constexpr TableId kLate{4};
constexpr std::string_view kPath = "d";

txn::Options options_for(io::SimFileSystem& disk) {
  txn::Options options;
  options.file_system = &disk;
  options.create_if_missing = true;
  options.cache_bytes = std::size_t{4} << 20;
  options.background_thread = false;
  return options;
}

class Life {
 public:
  Life(io::SimFileSystem& disk, World& world) : disk_(disk), world_(world) {}

  // Until the end or the first error.
  Result<> run() {
    NACRE_TRY(open());
    for (int i = 0; i < 3; ++i) NACRE_TRY(put_pair(i, 40));
    NACRE_TRY(database_->checkpoint());
    NACRE_TRY(split_root());
    NACRE_TRY(put_pair(1, 60));
    NACRE_TRY(database_->checkpoint());
    NACRE_TRY(outgrow_segment());
    NACRE_TRY(replace_long_values());
    NACRE_TRY(put_pair(2, 10));
    NACRE_TRY(world_.commit(*database_, {{kBulk, "", std::nullopt}}));
    NACRE_TRY(put_pair(3, 20));
    NACRE_TRY(database_->checkpoint());
    NACRE_TRY(wait_for_nothing());
    NACRE_TRY(database_->close());
    database_.reset();
    NACRE_TRY(open());
    NACRE_TRY(put_pair(4, 30));
    database_.reset();
    NACRE_TRY(open());
    NACRE_TRY(empty_the_index());
    NACRE_TRY(database_->checkpoint());
    NACRE_TRY(put_pair(5, 30));
    return database_->close();
  }

  [[nodiscard]] txn::Database* database() { return database_.get(); }

 private:
  Result<> open() {
    database_ = NACRE_TRY(txn::Database::open(kPath, options_for(disk_)));
    // What a reopened database shows is durable, acknowledged before or not.
    const std::uint64_t shown = number(database_->snapshot().position());
    world_.acknowledged = std::max(world_.acknowledged, shown);
    return {};
  }

  // A row and its index entry, in one commit.
  Result<> put_pair(int id, std::size_t size) {
    const std::string key = format("row{}", id);
    const std::string value = test::bytes_of(random_, size);
    return world_.commit(*database_, {{kMain, key, value}, {kIndex, value.substr(0, 8) + key, ""}});
  }

  Result<> split_root() {
    std::vector<Change> changes;
    for (int i = 0; i < 60; ++i) {
      changes.push_back({kMain, format("split{:03}", i), test::bytes_of(random_, 300)});
      changes.push_back({kIndex, format("split{:03}", 59 - i), format("{}", i)});
    }
    return world_.commit(*database_, changes);
  }

  // More than the first segment of 1 MB holds, in two commits.
  Result<> outgrow_segment() {
    for (int half = 0; half < 2; ++half) {
      std::vector<Change> changes;
      for (int i = 0; i < 90; ++i) {
        changes.push_back({kBulk, format("bulk{}-{:03}", half, i), test::bytes_of(random_, 6500)});
      }
      NACRE_TRY(world_.commit(*database_, changes));
    }
    return {};
  }

  // Values that lie in chunks take each other's place, and give it up.
  Result<> replace_long_values() {
    for (const std::size_t size : {9'000UZ, 70'000UZ, 20UZ, 3'000UZ}) {
      NACRE_TRY(world_.commit(*database_, {{kMain, "long", test::bytes_of(random_, size)},
                                           {kMain, "other", test::bytes_of(random_, 5'000)}}));
      if (size == 70'000) NACRE_TRY(database_->checkpoint());
    }
    NACRE_TRY(database_->checkpoint());
    return world_.commit(*database_, {{kMain, "other", std::nullopt}});
  }

  Result<> wait_for_nothing() {
    for (int i = 0; i < 4; ++i) {
      NACRE_TRY(
          world_.commit(*database_, {{kLate, format("late{}", i), "x"}}, txn::Durability::kAsync));
    }
    return world_.sync(*database_);
  }

  Result<> empty_the_index() {
    std::vector<Change> changes;
    for (const auto& [row, value] : world_.newest()) {
      if (row.first == kIndex) changes.push_back({kIndex, row.second, std::nullopt});
    }
    return world_.commit(*database_, changes);
  }

  io::SimFileSystem& disk_;
  World& world_;
  io::Random random_{7};
  std::unique_ptr<txn::Database> database_;
};

// Opens the database on `disk`, checks it, goes on with one commit, and checks what is there after
// another opening.
void recover_and_check(io::SimFileSystem& disk, World world) {
  {
    const auto opened = txn::Database::open(kPath, options_for(disk));
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    const auto position = test::check(**opened, world);
    ASSERT_TRUE(position.has_value()) << position.error().text();
    ASSERT_LE(*position, world.submitted());
    // From here on this is what happened.
    world.states.resize(*position + 1);
    const auto went_on = world.commit(**opened, {{kLate, "after", "the crash"}});
    ASSERT_TRUE(went_on.has_value()) << went_on.error().text();
  }
  const auto again = txn::Database::open(kPath, options_for(disk));
  ASSERT_TRUE(again.has_value()) << again.error().text();
  const auto position = test::check(**again, world);
  ASSERT_TRUE(position.has_value()) << position.error().text();
  EXPECT_EQ(*position, world.submitted());
}

std::uint64_t operations_of_a_life() {
  io::SimFileSystem rehearsal(0);
  World world;
  Life life(rehearsal, world);
  const auto lived = life.run();
  EXPECT_TRUE(lived.has_value()) << lived.error().text();
  return rehearsal.operations();
}

TEST(DatabaseCrash, AcknowledgedCommitsSurviveAPowerCutAtEveryFileOperation) {
  const std::uint64_t operations = operations_of_a_life();
  const std::uint64_t seeds = test::from_environment("NACRE_CRASH_SEEDS", 4);
  std::uint64_t cuts = 0;
  std::uint64_t cuts_in_recovery = 0;
  for (std::uint64_t cut = 0; cut < operations; ++cut) {
    io::SimFileSystem disk(cut);
    World world;
    disk.cut_power_after(cut);
    Life life(disk, world);
    ASSERT_FALSE(life.run().has_value());
    for (std::uint64_t i = 0; i < seeds; ++i) {
      const std::uint64_t seed = test::from_environment("NACRE_SEED", 1000 * cut + i);
      SCOPED_TRACE(format("power cut after operation {}, seed {}", cut, seed));
      const auto image = disk.clone(seed);
      image->reboot();
      ++cuts;
      // How many operations a recovery takes, and a second cut at one of them.
      const auto probe = image->clone(seed);
      const std::uint64_t before = probe->operations();
      ASSERT_NO_FATAL_FAILURE(recover_and_check(*probe, world));
      const std::uint64_t recovery = probe->operations() - before;
      io::Random random(seed);
      image->cut_power_after(random.below(recovery));
      {
        const auto opened = txn::Database::open(kPath, options_for(*image));
      }
      image->reboot();
      ++cuts_in_recovery;
      ASSERT_NO_FATAL_FAILURE(recover_and_check(*image, world));
      if (HasFailure()) return;
    }
  }
  std::printf("database: %llu operations, %llu power cuts, %llu more during recovery\n",
              static_cast<unsigned long long>(operations), static_cast<unsigned long long>(cuts),
              static_cast<unsigned long long>(cuts_in_recovery));
}

// After an error: what can be read is right; what commits from now on is either refused or kept.
void check_after_error(txn::Database& database, World& world) {
  const txn::Snapshot snapshot = database.snapshot();
  const std::uint64_t position = number(snapshot.position());
  ASSERT_LE(position, world.submitted());
  const auto found = test::read_everything(snapshot);
  if (found.has_value()) {
    EXPECT_EQ(test::difference(*found, *world.states[position]), "");
  }
  // A commit whose error came before it was part of the timeline leaves its position to the next.
  txn::Transaction next = database.begin();
  if (!next.put(kLate, as_bytes("next"), as_bytes("one")).has_value()) return;
  const auto committed = next.commit();
  if (!committed.has_value()) return;
  world.states.resize(number(*committed));
  auto rows = std::make_shared<test::Rows>(world.newest());
  (*rows)[{kLate, "next"}] = "one";
  world.states.push_back(std::move(rows));
  world.acknowledged = number(*committed);
}

// `met` is told whether a call met the fault.
void fail_at(const io::Fault& fault, std::uint64_t seed, bool* met = nullptr) {
  io::SimFileSystem disk(seed);
  World world;
  disk.inject(fault);
  {
    Life life(disk, world);
    const auto lived = life.run();
    if (met != nullptr) *met = disk.faults_hit() > 0;
    disk.clear_faults();
    if (!lived.has_value() && life.database() != nullptr) {
      ASSERT_NO_FATAL_FAILURE(check_after_error(*life.database(), world));
    }
  }
  const auto image = disk.clone(seed);
  ASSERT_NO_FATAL_FAILURE(recover_and_check(disk, world));
  image->reboot();
  ASSERT_NO_FATAL_FAILURE(recover_and_check(*image, world));
}

TEST(DatabaseCrash, EveryFileOperationFailsAndNothingAcknowledgedIsLost) {
  using Effect = io::Fault::Effect;
  const std::uint64_t operations = operations_of_a_life();
  const bool all = test::from_environment("NACRE_CRASH_SEEDS", 0) > 0;
  std::uint64_t failures = 0;
  for (std::uint64_t nth = 1; nth <= operations; ++nth) {
    std::uint64_t kind = 0;
    for (const Effect effect :
         {Effect::kNothing, Effect::kPartly, Effect::kCached, Effect::kWholly}) {
      for (const bool from_then_on : {false, true}) {
        // The short form takes two kinds for each operation, others for the next.
        if (kind++ % 4 != nth % 4 && !all) continue;
        const Code code = nth / 4 % 2 == 0 ? Code::kIo : Code::kFull;
        const std::uint64_t seed = test::from_environment("NACRE_SEED", nth);
        SCOPED_TRACE(format("operation {} fails{}, effect {}, code {}, seed {}", nth,
                            from_then_on ? " and all after it" : "", static_cast<int>(effect),
                            name(code), seed));
        ASSERT_NO_FATAL_FAILURE(fail_at({.target = io::Fault::Target::kOperation,
                                         .nth = nth,
                                         .code = code,
                                         .effect = effect,
                                         .from_then_on = from_then_on},
                                        seed));
        ++failures;
        if (HasFailure()) return;
      }
    }
  }
  std::printf("database: %llu injected failures\n", static_cast<unsigned long long>(failures));
}

TEST(DatabaseCrash, EveryReadFailsAndNothingAcknowledgedIsLost) {
  std::uint64_t nth = 0;
  for (bool met = true; met && !HasFailure();) {
    SCOPED_TRACE(format("read {} fails", ++nth));
    ASSERT_NO_FATAL_FAILURE(
        fail_at({.target = io::Fault::Target::kRead, .nth = nth}, /*seed=*/nth, &met));
  }
  EXPECT_GT(nth, 10U);
  std::printf("database: %llu failed reads\n", static_cast<unsigned long long>(nth - 1));
}

// Threads that each count up in rows of their own, in two tables at once, until the power goes.
class Counters {
 public:
  static constexpr int kThreads = 4;

  explicit Counters(txn::Database& database) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([this, i, &database] { count(database, i); });
    }
  }

  // The counts of both tables agree, none is below what was acknowledged nor beyond the one commit
  // that was under way.
  void check(txn::Database& database) const {
    const txn::Snapshot snapshot = database.snapshot();
    for (int i = 0; i < kThreads; ++i) {
      const std::uint64_t acknowledged = acknowledged_[static_cast<std::size_t>(i)];
      const std::uint64_t found = read(snapshot, kMain, i);
      EXPECT_EQ(found, read(snapshot, kIndex, i)) << "ATOM-1";
      EXPECT_GE(found, acknowledged) << "DUR-1";
      EXPECT_LE(found, acknowledged + 1) << "ATOM-1";
    }
  }

  [[nodiscard]] std::uint64_t acknowledged() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : acknowledged_) sum += count;
    return sum;
  }

 private:
  static std::string key_of(int thread) { return format("counter{}", thread); }

  void count(txn::Database& database, int thread) {
    for (std::uint64_t n = 1;; ++n) {
      txn::Transaction transaction = database.begin();
      const std::string key = key_of(thread);
      const std::string value = format("{}", n);
      if (!transaction.put(kMain, as_bytes(key), as_bytes(value)).has_value()) return;
      if (!transaction.put(kIndex, as_bytes(key), as_bytes(value)).has_value()) return;
      if (!transaction.commit().has_value()) return;
      acknowledged_[static_cast<std::size_t>(thread)] = n;
    }
  }

  static std::uint64_t read(const txn::Snapshot& snapshot, TableId table, int thread) {
    const std::string key = key_of(thread);
    const auto found = snapshot.get(table, as_bytes(key));
    EXPECT_TRUE(found.has_value()) << found.error().text();
    return found.has_value() && *found ? std::stoull(**found) : 0;
  }

  std::array<std::uint64_t, kThreads> acknowledged_{};  // each written by its own thread
};

TEST(DatabaseCrash, CommitsOfManyThreadsSurviveAPowerCutInTheirMidst) {
  constexpr std::uint64_t kRounds = 60;
  std::uint64_t acknowledged = 0;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::uint64_t seed = test::from_environment("NACRE_SEED", round);
    SCOPED_TRACE(format("seed {}", seed));
    io::SimFileSystem disk(seed);
    txn::Options options = options_for(disk);
    options.background_thread = round % 2 == 0;
    options.checkpoint_log_bytes = std::uint64_t{32} << 10;
    auto database = txn::Database::open(kPath, options);
    ASSERT_TRUE(database.has_value()) << database.error().text();
    disk.cut_power_after(10 + 3 * round, /*in_flight=*/1 + round % 4);
    const Counters counters(**database);
    database->reset();
    disk.reboot();
    const auto again = txn::Database::open(kPath, options);
    ASSERT_TRUE(again.has_value()) << again.error().text();
    counters.check(**again);
    const auto structure = test::check_structure(**again);
    EXPECT_TRUE(structure.has_value()) << structure.error().text();
    acknowledged += counters.acknowledged();
    if (HasFailure()) return;
  }
  std::printf("database: %llu power cuts under %d threads, %llu commits acknowledged\n",
              static_cast<unsigned long long>(kRounds), Counters::kThreads,
              static_cast<unsigned long long>(acknowledged));
}

TEST(DatabaseCrash, DiskThatFillsUpLosesNothingAndIsUsableAgainWithRoom) {
  io::SimFileSystem rehearsal(0);
  World whole;
  ASSERT_TRUE(Life(rehearsal, whole).run().has_value());
  std::uint64_t size = 0;
  for (const std::string& file : rehearsal.files()) size += rehearsal.contents(file).size();
  std::uint64_t filled = 0;
  for (std::uint64_t capacity = 64 << 10; capacity < size; capacity += size / 20) {
    SCOPED_TRACE(format("capacity {}", capacity));
    io::SimFileSystem disk(capacity);
    World world;
    disk.limit_capacity(capacity);
    {
      Life life(disk, world);
      if (life.run().has_value()) break;
    }
    ++filled;
    disk.reboot();
    ASSERT_NO_FATAL_FAILURE(recover_and_check(disk, world));
  }
  EXPECT_GT(filled, 0U);
  std::printf("database: filled the disk %llu times\n", static_cast<unsigned long long>(filled));
}

}  // namespace
}  // namespace nacre
