// Every short life of a database, with the power cut at every call of the disk, and with every call
// refused: what was acknowledged is there, nothing is there half, and the structure holds.
//
// Workloads: all sequences of at most three of fourteen operations, 2,954 of them, and some longer
//   ones that reach a segment change, a root split and a merge to empty. Every merge of this
//   project runs a sample; NACRE_ENUMERATE_EVERY=1 runs them all. Replay: NACRE_SEED=<workload>,
//   the test prints which.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sim/oracle.h"
#include "sim/recovery.h"
#include "support/world.h"

namespace nacre::sim {
namespace {

using Call = io::SimObserver::Call;

enum class Operation : std::uint8_t {
  kPut,
  kPutOther,
  kPutLarge,
  kPutMany,
  kOverwrite,
  kRemove,
  kRemoveMany,
  kDrop,
  kDropAndPut,
  kPutAsync,
  kSync,
  kCheckpoint,
  kReopen,
  kAbandon,  // reopened without a close
};
constexpr std::uint64_t kOperations = 14;

txn::Options options_for(io::SimFileSystem& disk) {
  txn::Options options;
  options.file_system = &disk;
  options.create_if_missing = true;
  options.cache_bytes = std::size_t{64} * 8192;
  options.log_segment_bytes_min = 16384;
  options.log_segment_bytes_max = 32768;
  options.checkpoint_log_bytes = std::uint64_t{1} << 20;
  options.background_thread = false;
  return options;
}

// The sequences by number: first those of one operation, then of two, then of three, then the long
// ones.
std::vector<Operation> workload(std::uint64_t number) {
  std::vector<Operation> operations;
  for (std::uint64_t length = 1, count = kOperations; length <= 3; ++length, count *= kOperations) {
    if (number >= count) {
      number -= count;
      continue;
    }
    for (std::uint64_t i = 0; i < length; ++i, number /= kOperations) {
      operations.push_back(static_cast<Operation>(number % kOperations));
    }
    return operations;
  }
  io::Random random(number);
  for (std::uint64_t length = 8 + random.below(20); length > 0; --length) {
    operations.push_back(static_cast<Operation>(random.below(kOperations)));
  }
  return operations;
}
constexpr std::uint64_t kShort = kOperations * (1 + kOperations * (1 + kOperations));
constexpr std::uint64_t kLong = 46;
constexpr std::uint64_t kWorkloads = kShort + kLong;

// Runs one workload, telling the oracle.
class Runner {
 public:
  Runner(io::SimFileSystem& disk, Oracle& oracle) : disk_(disk), oracle_(oracle) {}

  Result<> run(const std::vector<Operation>& operations) {
    NACRE_TRY(open());
    for (const Operation operation : operations) NACRE_TRY(operate(operation));
    NACRE_TRY(database_->close());
    oracle_.acknowledge(oracle_.submitted());
    database_.reset();
    return {};
  }

 private:
  Result<> open() {
    database_ = NACRE_TRY(txn::Database::open(kPath, options_for(disk_)));
    return {};
  }

  Result<> commit(const std::vector<Change>& changes,
                  txn::Durability durability = txn::Durability::kSync) {
    txn::Transaction transaction = database_->begin();
    for (const Change& change : changes) NACRE_TRY(test::apply(transaction, change));
    // One session: what is not refused beforehand gets the next position.
    oracle_.submit(oracle_.submitted() + 1, changes, durability == txn::Durability::kSync);
    const Position position = NACRE_TRY(transaction.commit(durability));
    EXPECT_EQ(number(position), oracle_.submitted());
    if (durability == txn::Durability::kSync) oracle_.acknowledge(number(position));
    return {};
  }

  static std::vector<Change> many(std::uint64_t count, std::size_t bytes, bool removed) {
    std::vector<Change> changes;
    for (std::uint64_t i = 0; i < count; ++i) {
      changes.push_back({TableId{1}, format("m{:03}", i), {}});
      if (!removed) changes.back().value = std::string(bytes, 'm');
    }
    return changes;
  }

  Result<> operate(Operation operation) {
    const std::string fresh = format("{}", ++counter_);
    switch (operation) {
      case Operation::kPut:
        return commit({{TableId{1}, "k" + fresh, fresh}});
      case Operation::kPutOther:
        return commit({{TableId{2}, "k" + fresh, fresh}, {TableId{1}, "both", fresh}});
      case Operation::kPutLarge:
        return commit({{TableId{1}, "large" + fresh, std::string(4000, 'l')}});
      case Operation::kPutMany:
        return commit(many(40, 400, false));
      case Operation::kOverwrite:
        return commit({{TableId{1}, "same", fresh}});
      case Operation::kRemove:
        return commit({{TableId{1}, "same", {}}});
      case Operation::kRemoveMany:
        return commit(many(40, 0, true));
      case Operation::kDrop:
        return commit({{TableId{1}, "", {}}});
      case Operation::kDropAndPut:
        return commit({{TableId{2}, "", {}}, {TableId{2}, "again", fresh}});
      case Operation::kPutAsync:
        return commit({{TableId{3}, "a" + fresh, fresh}}, txn::Durability::kAsync);
      case Operation::kSync:
        NACRE_TRY(database_->sync());
        oracle_.acknowledge(oracle_.submitted());
        return {};
      case Operation::kCheckpoint:
        return database_->checkpoint();
      case Operation::kReopen:
        NACRE_TRY(database_->close());
        oracle_.acknowledge(oracle_.submitted());
        [[fallthrough]];
      case Operation::kAbandon:
        break;
    }
    database_.reset();
    NACRE_TRY(open());
    // Nobody else was there: what it shows, it keeps.
    oracle_.truncate(number(database_->snapshot().position()));
    return {};
  }

  io::SimFileSystem& disk_;
  Oracle& oracle_;
  std::unique_ptr<txn::Database> database_;
  std::uint64_t counter_ = 0;
};

// Clones the disk before, in the midst of and after every call that changes something.
class Camera final : public io::SimObserver {
 public:
  Camera(io::SimFileSystem& disk, const Oracle& oracle) : disk_(disk), oracle_(oracle) {
    disk_.observe(this);
  }
  ~Camera() override { disk_.observe(nullptr); }
  Camera(const Camera&) = delete;
  Camera& operator=(const Camera&) = delete;

  void see(const Event& event) override {
    if (event.call == Call::kRead) return;
    images.push_back({.disk = disk_.clone(images.size()),
                      .acknowledged = oracle_.acknowledged(),
                      .possible = oracle_.submitted(),
                      .call = event.call});
    states.push_back(oracle_);
    const std::string_view name = event.path.substr(event.path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    std::string kind(dot == std::string_view::npos ? name : name.substr(dot));
    points.emplace_back(std::move(kind), event.call);
  }

  std::vector<Image> images;
  std::vector<Oracle> states;  // as the oracle was: an abandoned life may have lost commits since
  std::vector<std::pair<std::string, Call>> points;

 private:
  io::SimFileSystem& disk_;
  const Oracle& oracle_;
};

class Enumeration : public ::testing::Test {
 protected:
  void SetUp() override { keep_memory(); }
  // Calls life(workload number) for each workload of the sample.
  template <typename Life>
  void for_each_workload(std::uint64_t every, Life&& life) {
    every = test::from_environment("NACRE_ENUMERATE_EVERY", every);
    const std::uint64_t alone = test::from_environment("NACRE_SEED", kWorkloads);
    for (std::uint64_t number = 0; number < kWorkloads; ++number) {
      if (alone < kWorkloads ? number != alone : number % every != 0) continue;
      SCOPED_TRACE(format("workload {}; replay: NACRE_SEED={}", number, number));
      life(number);
      ++workloads_;
      if (HasFailure()) return;
    }
  }

  void report(const std::vector<std::string>& violations) {
    for (const std::string& violation : violations) ADD_FAILURE() << violation;
  }

  std::uint64_t workloads_ = 0;
  Tally tally_;
};

TEST_F(Enumeration, ThePowerMayGoAtEveryCallOfTheDisk) {
  constexpr std::array<const char*, io::SimObserver::kCallCount> kNames = {
      "read",   "write",  "durable write", "sync",           "resize",           "punch",
      "create", "rename", "remove",        "make directory", "remove directory", "sync directory"};
  std::map<std::pair<std::string, Call>, std::uint64_t> points;
  for_each_workload(/*every=*/151, [&](std::uint64_t number) {
    io::SimFileSystem disk(number);
    Oracle oracle;
    Camera camera(disk, oracle);
    ASSERT_TRUE(Runner(disk, oracle).run(workload(number)).has_value());
    io::Random random(number);
    std::vector<std::string> violations;
    for (std::size_t i = 0; i < camera.images.size() && violations.empty(); ++i) {
      Recovery recovery{.oracle = camera.states[i],
                        .options = options_for(disk),
                        .tally = tally_,
                        .violations = violations};
      for (int fates = 0; fates < 3; ++fates) {
        const std::uint64_t before = tally_.crashes;
        recovery.check(camera.images[i], random, /*damages=*/false);
        points[camera.points[i]] += tally_.crashes - before;
      }
    }
    report(violations);
  });
  std::printf("enumeration: %llu workloads, %llu power cuts, %llu of them during a recovery\n",
              static_cast<unsigned long long>(workloads_),
              static_cast<unsigned long long>(tally_.crashes),
              static_cast<unsigned long long>(tally_.nested));
  for (const auto& [point, count] : points) {
    std::printf("  %-10s %-16s %10llu\n", point.first.c_str(),
                kNames[static_cast<std::size_t>(point.second)],
                static_cast<unsigned long long>(count));
  }
}

// EIO, ENOSPC and short writes at every call, once and from then on; then with and without a power
// cut the database opens and has kept its word.
TEST_F(Enumeration, EveryCallOfTheDiskMayBeRefused) {
  using Effect = io::Fault::Effect;
  std::uint64_t refused = 0;
  for_each_workload(/*every=*/401, [&](std::uint64_t number) {
    io::SimFileSystem rehearsal(number);
    Oracle rehearsed;
    ASSERT_TRUE(Runner(rehearsal, rehearsed).run(workload(number)).has_value());
    io::Random random(number);
    for (std::uint64_t nth = 1; nth <= rehearsal.operations(); ++nth) {
      for (const Effect effect :
           {Effect::kNothing, Effect::kPartly, Effect::kCached, Effect::kWholly}) {
        const bool sticky = random.chance(1, 2);
        const Code code = random.chance(1, 2) ? Code::kIo : Code::kFull;
        SCOPED_TRACE(
            format("call {}, effect {}, sticky {}", nth, static_cast<int>(effect), sticky));
        io::SimFileSystem disk(number + nth);
        disk.inject({.target = io::Fault::Target::kOperation,
                     .nth = nth,
                     .code = code,
                     .effect = effect,
                     .from_then_on = sticky});
        Oracle oracle;
        static_cast<void>(Runner(disk, oracle).run(workload(number)));
        ++refused;
        disk.clear_faults();
        std::vector<std::string> violations;
        Recovery recovery{.oracle = oracle,
                          .options = options_for(disk),
                          .tally = tally_,
                          .violations = violations};
        const Image image{.disk = disk.clone(nth),
                          .acknowledged = oracle.acknowledged(),
                          .possible = oracle.submitted()};
        recovery.check(image, random, /*damages=*/false);
        report(violations);
        if (HasFailure()) return;
      }
    }
  });
  std::printf("enumeration: %llu workloads, %llu refused calls, %llu power cuts after them\n",
              static_cast<unsigned long long>(workloads_), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(tally_.crashes));
}

}  // namespace
}  // namespace nacre::sim
