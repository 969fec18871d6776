// Cuts the power after every single file operation of a log's life, and lets every operation fail
// once, and asks for what a log promises:
//   an acknowledged commit is there afterwards; no commit is there half; positions are dense;
//   what a reopened log shows stays there when the power goes again.
// The workload rotates, trims, recycles, closes and reopens; some groups are written three at a
// time and finished in any order. Replay: NACRE_SEED=<seed> build/dev/bin/nacre_log_crash_test
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "log/log_test_support.h"

namespace nacre::log {
namespace {

constexpr std::string_view kDirectory = "log";

// What the world outside the log knows about it.
struct Witness {
  Position acknowledged{};
  Position submitted{};
  Position floor{1};         // trimmed up to here
  Position floor_durable{};  // durable when the floor was set, as a superblock would say
  bool created = false;
  std::string first_error;

  [[nodiscard]] LocalLog::Resume resume() const {
    return {.first_needed = floor, .durable = floor_durable};
  }
};

class Workload {
 public:
  Workload(io::SimFileSystem& disk, Witness& witness)
      : options_(small_options(disk)), disk_(disk), witness_(witness) {
    options_.segment_bytes_min = 4 * kBlockSize;
  }

  // Runs until done or until something fails, and says what.
  Result<> run() {
    log_ = NACRE_TRY(LocalLog::create(kDirectory, options_));
    NACRE_TRY(disk_.sync_directory(""));
    witness_.created = true;
    for (int i = 0; i < 4; ++i) NACRE_TRY(commit(1));
    NACRE_TRY(commit(3));
    NACRE_TRY(commit_pipelined({2, 0, 1}));
    NACRE_TRY(commit_pipelined({1, 2, 0}));
    NACRE_TRY(trim());
    NACRE_TRY(log_->prepare_segment());
    for (int i = 0; i < 6; ++i) NACRE_TRY(commit(1));
    NACRE_TRY(reopen(/*cleanly=*/false));
    NACRE_TRY(commit_pipelined({2, 1, 0}));
    for (int i = 0; i < 5; ++i) NACRE_TRY(commit(2));
    NACRE_TRY(trim());
    NACRE_TRY(reopen(/*cleanly=*/true));
    for (int i = 0; i < 8; ++i) NACRE_TRY(commit(1));
    NACRE_TRY(commit_pipelined({0, 2, 1}));
    NACRE_TRY(trim());
    for (int i = 0; i < 6; ++i) NACRE_TRY(commit(1));
    return log_->close();
  }

  [[nodiscard]] LocalLog* log() { return log_.get(); }

 private:
  Result<> commit(int commits) {
    for (int i = 0; i < commits; ++i) witness_.submitted = NACRE_TRY(append_next(*log_));
    NACRE_TRY(log_->wait_durable(witness_.submitted));
    witness_.acknowledged = witness_.submitted;
    return {};
  }

  Result<> commit_pipelined(const std::array<std::size_t, 3>& order) {
    // Nobody could write these groups while the room for one of them is made.
    NACRE_TRY(log_->prepare_segment());
    std::array<LocalLogPeer::GroupPtr, 3> groups;
    for (auto& group : groups) {
      witness_.submitted = NACRE_TRY(append_next(*log_, Room::kAll));
      group = NACRE_TRY(LocalLogPeer::seal(*log_));
    }
    std::optional<Error> failed;
    for (const std::size_t i : order) {
      auto finished = LocalLogPeer::finish(*log_, groups[i]);
      if (!finished.has_value() && !failed) failed = std::move(finished).error();
      witness_.acknowledged = std::max(witness_.acknowledged, log_->durable_position());
    }
    if (failed) return std::unexpected(std::move(*failed));
    return {};
  }

  Result<> trim() {
    // A checkpoint: from now on the store knows everything below.
    witness_.floor = next(log_->durable_position());
    witness_.floor_durable = log_->durable_position();
    return log_->trim(witness_.floor);
  }

  Result<> reopen(bool cleanly) {
    if (cleanly) NACRE_TRY(log_->close());
    log_.reset();
    log_ = NACRE_TRY(LocalLog::open(kDirectory, options_, witness_.resume()));
    witness_.acknowledged = std::max(witness_.acknowledged, log_->durable_position());
    return {};
  }

  LocalLogOptions options_;
  io::SimFileSystem& disk_;
  Witness& witness_;
  std::unique_ptr<LocalLog> log_;
};

LocalLogOptions options_for(io::SimFileSystem& disk) {
  LocalLogOptions options = small_options(disk);
  options.segment_bytes_min = 4 * kBlockSize;
  return options;
}

// Opens and checks what is there; the last position, or nothing after a reported failure.
std::optional<Position> open_and_check(io::SimFileSystem& disk, const Witness& witness,
                                       bool go_on) {
  const LocalLogOptions options = options_for(disk);
  auto log = LocalLog::open(kDirectory, options, witness.resume());
  if (!log.has_value()) {
    ADD_FAILURE() << log.error().text();
    return std::nullopt;
  }
  const Position last = (*log)->last_position();
  EXPECT_GE(last, witness.acknowledged) << "acknowledged commits are there";
  EXPECT_LE(last, witness.submitted) << "nothing else is";
  const auto read = read_all(**log, witness.floor);
  EXPECT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read.value_or(Position{}), last);
  if (!go_on) return last;
  // The log goes on from there, and nothing of before comes back.
  for (int i = 0; i < 3; ++i) {
    const auto position = append_next(**log);
    EXPECT_TRUE(position.has_value());
    EXPECT_TRUE((*log)->wait_durable(position.value_or(Position{})).has_value());
  }
  log->reset();
  const auto again = LocalLog::open(kDirectory, options, witness.resume());
  EXPECT_TRUE(again.has_value()) << again.error().text();
  if (!again.has_value()) return std::nullopt;
  EXPECT_EQ(number((*again)->last_position()), number(last) + 3);
  const auto reread = read_all(**again, witness.floor);
  EXPECT_TRUE(reread.has_value()) << reread.error().text();
  EXPECT_EQ(number(reread.value_or(Position{})), number(last) + 3);
  return last;
}

std::uint64_t operations_of_the_workload() {
  io::SimFileSystem rehearsal(0);
  Witness witness;
  const auto done = Workload(rehearsal, witness).run();
  EXPECT_TRUE(done.has_value()) << done.error().text();
  EXPECT_EQ(witness.acknowledged, witness.submitted);
  return rehearsal.operations();
}

std::uint64_t seeds_per_point() {
  const char* text = std::getenv("NACRE_CRASH_SEEDS");
  return text == nullptr ? 16 : std::strtoull(text, nullptr, 10);
}

TEST(LogCrash, AcknowledgedCommitsSurviveAPowerCutAtEveryFileOperation) {
  const std::uint64_t operations = operations_of_the_workload();
  const std::uint64_t seeds = seeds_per_point();
  std::uint64_t crashes = 0;
  std::uint64_t crashes_in_recovery = 0;
  for (std::uint64_t cut = 0; cut < operations; ++cut) {
    io::SimFileSystem disk(cut);
    Witness witness;
    disk.cut_power_after(cut, 1 + cut % 3);
    Workload workload(disk, witness);
    EXPECT_FALSE(workload.run().has_value());
    for (std::uint64_t i = 0; i < seeds; ++i) {
      const std::uint64_t seed = seed_or(1000 * cut + i);
      SCOPED_TRACE(format("power cut after operation {}, seed {}", cut, seed));
      const auto image = disk.clone(seed);
      image->reboot();
      ++crashes;
      if (!witness.created) {
        const auto made = LocalLog::create(kDirectory, options_for(*image));
        ASSERT_TRUE(made.has_value()) << made.error().text();
        continue;
      }
      // And a second cut somewhere in the recovery.
      const std::uint64_t before = image->operations();
      const auto rehearsal = image->clone(seed);
      ASSERT_TRUE(open_and_check(*rehearsal, witness, /*go_on=*/true).has_value());
      const auto probe = image->clone(seed);
      ASSERT_TRUE(LocalLog::open(kDirectory, options_for(*probe), witness.resume()).has_value());
      const std::uint64_t recovery = probe->operations() - before;
      const std::uint64_t second = recovery == 0 ? 0 : i % recovery;
      image->cut_power_after(second);
      EXPECT_FALSE(LocalLog::open(kDirectory, options_for(*image), witness.resume()).has_value());
      image->reboot();
      ++crashes_in_recovery;
      ASSERT_TRUE(open_and_check(*image, witness, /*go_on=*/true).has_value());
      if (HasFailure()) return;
    }
  }
  std::printf("log: %llu operations, %llu power cuts, %llu of them again during recovery\n",
              static_cast<unsigned long long>(operations),
              static_cast<unsigned long long>(crashes + crashes_in_recovery),
              static_cast<unsigned long long>(crashes_in_recovery));
}

// After an error that stopped the log, nothing is acknowledged any more.
void expect_stopped(LocalLog& log) {
  const auto position = append_next(log);
  if (!position.has_value()) {
    EXPECT_EQ(position.error().code(), Code::kClosed) << position.error().text();
    return;
  }
  // The failure was one that harms no commit (trim, preparing): the log goes on.
  const auto durable = log.wait_durable(*position);
  EXPECT_TRUE(durable.has_value()) << durable.error().text();
}

void fail_once(const io::Fault& fault, std::uint64_t seed) {
  io::SimFileSystem disk(seed);
  Witness witness;
  disk.inject(fault);
  Workload workload(disk, witness);
  const auto done = workload.run();
  // A disk without room for the next segment may have some for a smaller one.
  const bool may_go_on = fault.code == Code::kFull && disk.faults_hit() > 0;
  EXPECT_TRUE(may_go_on || (disk.faults_hit() > 0) == !done.has_value());
  if (!witness.created) return;
  if (workload.log() != nullptr) {
    const Position before = workload.log()->last_position();
    disk.clear_faults();
    expect_stopped(*workload.log());
    if (workload.log()->durable_position() > before) {
      witness.acknowledged = workload.log()->durable_position();
    }
    witness.submitted = std::max(witness.submitted, workload.log()->last_position());
  }
  disk.clear_faults();
  // Reopened on the running system, where caches may show what is not on the disk; then once more
  // after a power cut: what was shown must be there.
  const auto second = disk.clone(seed);
  const auto shown = open_and_check(disk, witness, /*go_on=*/false);
  if (!shown) return;
  Witness later = witness;
  later.acknowledged = *shown;
  disk.reboot();
  EXPECT_TRUE(open_and_check(disk, later, /*go_on=*/true).has_value());
  second->reboot();
  EXPECT_TRUE(open_and_check(*second, witness, /*go_on=*/true).has_value());
}

TEST(LogCrash, EveryOperationFailsOnceAndNothingAcknowledgedIsLost) {
  const std::uint64_t operations = operations_of_the_workload();
  std::uint64_t failures = 0;
  for (std::uint64_t nth = 1; nth <= operations; ++nth) {
    for (const auto effect : {io::Fault::Effect::kNothing, io::Fault::Effect::kPartly,
                              io::Fault::Effect::kCached, io::Fault::Effect::kWholly}) {
      for (const Code code : {Code::kIo, Code::kFull}) {
        const std::uint64_t seed = seed_or(nth);
        SCOPED_TRACE(format("operation {} fails, effect {}, code {}, seed {}", nth,
                            static_cast<int>(effect), name(code), seed));
        fail_once({.nth = nth, .code = code, .effect = effect}, seed);
        ++failures;
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
  std::printf("log: %llu injected failures\n", static_cast<unsigned long long>(failures));
}

// Commits until the disk is full, once more with what is kept for those who free space, then with
// room again; cuts the power at the end.
void fill_up(std::uint64_t capacity, std::uint64_t seed) {
  io::SimFileSystem disk(seed);
  Witness witness;
  auto log = LocalLog::create(kDirectory, options_for(disk));
  ASSERT_TRUE(log.has_value());
  ASSERT_TRUE(disk.sync_directory("").has_value());
  disk.limit_capacity(capacity);
  const auto commit = [&](Room room) -> Result<> {
    witness.submitted = NACRE_TRY(append_next(**log, room));
    NACRE_TRY((*log)->wait_durable(witness.submitted));
    witness.acknowledged = witness.submitted;
    return {};
  };
  Result<> full;
  for (int i = 0; i < 1000 && full.has_value(); ++i) full = commit(Room::kOrdinary);
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code(), Code::kFull) << full.error().text();
  EXPECT_EQ((*log)->last_position(), witness.submitted) << "what has no room is not sequenced";
  const auto again = commit(Room::kOrdinary);
  EXPECT_EQ(again.error().code(), Code::kFull) << again.error().text();
  const auto removed = (*log)->append(time_of(number(witness.submitted) + 1),
                                      as_bytes(ops_of(number(witness.submitted) + 1)), Room::kAll);
  EXPECT_TRUE(removed.has_value()) << removed.error().text();
  witness.submitted = (*log)->last_position();
  EXPECT_EQ(read_all(**log, Position{1}).value_or(Position{}), witness.acknowledged);
  disk.limit_capacity(~std::uint64_t{0});
  for (int i = 0; i < 20; ++i) {
    const auto resumed = commit(Room::kOrdinary);
    ASSERT_TRUE(resumed.has_value()) << resumed.error().text();
  }
  witness.created = true;
  log->reset();
  disk.reboot();
  ASSERT_TRUE(open_and_check(disk, witness, /*go_on=*/true).has_value());
}

TEST(LogCrash, FullDiskRefusesCommitsAndLosesNone) {
  const std::uint64_t least = 4 * kBlockSize;  // the first segment
  for (std::uint64_t blocks = 0; blocks < 40; ++blocks) {
    const std::uint64_t seed = seed_or(blocks);
    SCOPED_TRACE(format("{} blocks more than the first segment, seed {}", blocks, seed));
    fill_up(least + blocks * kBlockSize, seed);
    if (HasFailure()) return;
  }
}

// Threads that commit as fast as they can until the power goes; each remembers its last
// acknowledged position.
Position commit_until_cut(LocalLog& log, int threads) {
  std::mutex sequencer;
  std::atomic<std::uint64_t> acknowledged = 0;
  std::vector<std::jthread> writers;
  for (int i = 0; i < threads; ++i) {
    writers.emplace_back([&] {
      while (true) {
        std::unique_lock lock(sequencer);
        const auto position = append_next(log);
        lock.unlock();
        if (!position.has_value() || !log.wait_durable(*position).has_value()) return;
        std::uint64_t seen = acknowledged.load();
        while (seen < number(*position) &&
               !acknowledged.compare_exchange_weak(seen, number(*position))) {
        }
      }
    });
  }
  writers.clear();
  return Position{acknowledged.load()};
}

TEST(LogCrash, CommitsOfManyThreadsSurviveAPowerCutInTheirMidst) {
  std::uint64_t acknowledged = 0;
  for (std::uint64_t round = 0; round < 100; ++round) {
    const std::uint64_t seed = seed_or(round);
    SCOPED_TRACE(format("seed {}", seed));
    io::SimFileSystem disk(seed);
    auto log = LocalLog::create(kDirectory, options_for(disk));
    ASSERT_TRUE(log.has_value());
    ASSERT_TRUE(disk.sync_directory("").has_value());
    disk.cut_power_after(10 + round, /*in_flight=*/1 + round % 4);
    Witness witness;
    witness.created = true;
    witness.acknowledged = commit_until_cut(**log, 6);
    witness.submitted = (*log)->last_position();
    log->reset();
    acknowledged += number(witness.acknowledged);
    disk.reboot();
    ASSERT_TRUE(open_and_check(disk, witness, /*go_on=*/true).has_value());
    if (HasFailure()) return;
  }
  std::printf("log: 100 power cuts under 6 threads, %llu commits acknowledged\n",
              static_cast<unsigned long long>(acknowledged));
}

}  // namespace
}  // namespace nacre::log
