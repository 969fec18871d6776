// Plan: everything that a seed decides about one simulated life of a database, and what came of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/clock.h"
#include "io/random.h"
#include "io/sim_file_system.h"
#include "sim/scheduler.h"
#include "txn/database.h"

namespace nacre::sim {

// The real-time clock of a simulation: it follows the scheduler's time, jumps and stops.
class SimClock final : public io::Clock {
 public:
  explicit SimClock(FiberScheduler& scheduler) : scheduler_(scheduler) {}
  [[nodiscard]] Time now() override {
    return Time{is_frozen_ ? frozen_us_ : kBegin + scheduler_.time_us() + offset_us_};
  }
  void jump(std::int64_t us) { offset_us_ += static_cast<std::uint64_t>(us); }
  void freeze(bool on) {
    frozen_us_ = number(now());
    is_frozen_ = on;
  }

 private:
  static constexpr std::uint64_t kBegin = 1'700'000'000'000'000;  // long before and after is room
  FiberScheduler& scheduler_;
  std::uint64_t offset_us_ = 0;
  std::uint64_t frozen_us_ = 0;
  bool is_frozen_ = false;
};

struct Plan {
  explicit Plan(std::uint64_t seed);

  Policy policy = Policy::kRandomWalk;
  txn::Options options;
  std::uint64_t sessions = 1;
  std::uint64_t operations = 200;  // of all sessions and lives together
  std::uint64_t lives = 1;         // from an opening to a close or a crash
  std::uint64_t keys = 100;        // per table
  std::uint64_t value_bytes_max = 200;
  std::array<std::uint64_t, 3> durability{};  // weights of kSync, kGroup, kAsync
  [[nodiscard]] bool keeps_history() const { return options.history_bytes != 0; }
  std::uint64_t image_chance = 10;  // one call of the disk in so many leaves a crash image
  std::uint64_t slow_chance = 0;    // one call in so many takes 10 to 60 seconds; 0: none
  bool has_faults = false;          // calls that answer errors
  bool fills_disk = false;
  bool has_silent_damage = false;  // at rest, in crash images
  bool has_clock_faults = false;

  // Lets calls of `disk` fail or its space end, as this seed has it. True: something may fail.
  bool inject(io::SimFileSystem& disk, io::Random& random) const;
};

// Memory that a database gives back stays with the process for the next one: most of the time of a
// recovery would otherwise go into the page faults of its first touch.
void keep_memory();

// A check of the engine that breaks ends the process; the seed is then the last that is heard.
void announce(std::uint64_t seed);

// What was done, for the table at the end.
struct Tally {
  std::uint64_t seeds = 0;
  std::uint64_t operations = 0;
  std::uint64_t commits = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t rows_read = 0;     // and compared
  std::uint64_t states_read = 0;   // whole states compared
  std::uint64_t followed = 0;      // commits told to followers
  std::uint64_t newest_reads = 0;  // without a snapshot
  std::uint64_t past_reads = 0;    // of positions before the newest
  std::uint64_t vacuums = 0;       // and raised horizons
  std::uint64_t compactions = 0;
  std::uint64_t indexes_built = 0;
  std::uint64_t crashes = 0;     // power cuts followed by a recovery
  std::uint64_t nested = 0;      // of them in the midst of a recovery
  std::uint64_t reopenings = 0;  // without a power cut
  std::uint64_t verified = 0;
  std::uint64_t faults = 0;   // calls that were made to fail
  std::uint64_t damaged = 0;  // crash images with damage at rest
  std::uint64_t named = 0;    // of them answered with kCorrupt or a problem found by verify
  std::uint64_t switches = 0;
  // Crash images by the call they were taken at.
  std::array<std::uint64_t, io::SimObserver::kCallCount> by_call{};

  void add(const Tally& other);
  void print() const;
};

}  // namespace nacre::sim
