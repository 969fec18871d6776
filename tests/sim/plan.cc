#include "sim/plan.h"

#include <malloc.h>

#include <csignal>
#include <cstdio>

#include "page/memory.h"

namespace nacre::sim {

Plan::Plan(std::uint64_t seed) {
  io::Random random(seed);
  const std::uint64_t drawn = random.below(10);
  policy = drawn < 5 ? Policy::kRandomWalk : drawn < 9 ? Policy::kPriorities : Policy::kRoundRobin;
  options.create_if_missing = true;
  options.cache_bytes = (std::size_t{32} << random.below(4)) * 8192;
  options.log_segment_bytes_min = std::uint64_t{12288} << random.below(3);
  options.log_segment_bytes_max = options.log_segment_bytes_min << random.below(3);
  options.log_inflight_max = static_cast<std::uint32_t>(1 + random.below(8));
  options.checkpoint_log_bytes = std::uint64_t{4096} << random.below(9);
  options.background_thread = random.chance(2, 3);
  options.group_delay_us = static_cast<std::uint32_t>(1 + random.below(5000));
  sessions = random.chance(1, 5) ? 1 : 1 + random.below(random.chance(1, 4) ? 16 : 5);
  operations = 40 + random.below(random.chance(1, 10) ? 1000 : 260);
  lives = 1 + random.below(4);
  keys = random.chance(1, 3) ? 5 + random.below(20) : 20 + random.below(200);
  value_bytes_max = random.chance(1, 4) ? 6000 : 8 + random.below(400);
  for (std::uint64_t& weight : durability) weight = random.below(4);
  if (durability[0] + durability[1] + durability[2] == 0) durability[0] = 1;
  image_chance = 4 + random.below(30);
  if (random.chance(1, 12)) slow_chance = 50;
  has_faults = random.chance(1, 5);
  fills_disk = !has_faults && random.chance(1, 8);
  has_silent_damage = random.chance(1, 8);
  has_clock_faults = random.chance(1, 4);
  if (random.chance(1, 10)) value_bytes_max = 40'000;
  if (random.chance(1, 4)) {
    options.history_bytes = 0;
  } else {
    options.history_bytes = std::uint64_t{16384} << random.below(12);
    if (random.chance(1, 3)) options.history_age_us = 1'000'000 + random.below(600'000'000);
  }
}

void keep_memory() {
  static const bool done = [] {
    page::Reservation::keep_for_reuse();
    ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
    return true;
  }();
  static_cast<void>(done);
}

void announce(std::uint64_t seed) {
  static std::uint64_t running = 0;
  running = seed;
  std::signal(SIGABRT, [](int) {
    std::fprintf(stderr, "replay: NACRE_SEED=%llu\n", static_cast<unsigned long long>(running));
    std::signal(SIGABRT, SIG_DFL);
  });
}

bool Plan::inject(io::SimFileSystem& disk, io::Random& random) const {
  bool may_fail = has_faults;
  if (fills_disk && random.chance(1, 2)) {
    disk.limit_capacity((std::uint64_t{32} << 10) + random.below(std::uint64_t{512} << 10));
    may_fail = true;
  }
  if (!has_faults) return may_fail;
  using Target = io::Fault::Target;
  using Effect = io::Fault::Effect;
  constexpr std::array kTargets = {Target::kRead, Target::kWrite, Target::kSync,
                                   Target::kOperation};
  constexpr std::array kEffects = {Effect::kNothing, Effect::kPartly, Effect::kCached,
                                   Effect::kWholly};
  disk.inject({.target = kTargets[random.below(kTargets.size())],
               .nth = 1 + random.below(80),
               .code = random.chance(1, 4) ? Code::kFull : Code::kIo,
               .effect = kEffects[random.below(kEffects.size())],
               .from_then_on = random.chance(1, 3)});
  return may_fail;
}

void Tally::add(const Tally& other) {
  seeds += other.seeds;
  operations += other.operations;
  commits += other.commits;
  conflicts += other.conflicts;
  rows_read += other.rows_read;
  states_read += other.states_read;
  newest_reads += other.newest_reads;
  past_reads += other.past_reads;
  vacuums += other.vacuums;
  compactions += other.compactions;
  indexes_built += other.indexes_built;
  followed += other.followed;
  crashes += other.crashes;
  nested += other.nested;
  reopenings += other.reopenings;
  verified += other.verified;
  faults += other.faults;
  damaged += other.damaged;
  named += other.named;
  switches += other.switches;
  for (std::size_t i = 0; i < by_call.size(); ++i) by_call[i] += other.by_call[i];
}

void Tally::print() const {
  const auto line = [](const char* what, std::uint64_t count) {
    std::printf("  %-52s %12llu\n", what, static_cast<unsigned long long>(count));
  };
  line("seeds", seeds);
  line("operations", operations);
  line("commits", commits);
  line("conflicts", conflicts);
  line("rows read and compared", rows_read);
  line("whole states read and compared", states_read);
  line("  of them before the newest position", past_reads);
  line("reads of the newest state without a snapshot", newest_reads);
  line("vacuums and raised horizons", vacuums);
  line("compactions", compactions);
  if (indexes_built != 0) line("indexes built", indexes_built);
  line("commits told to followers", followed);
  line("power cuts followed by a recovery", crashes);
  line("  of them in the midst of a recovery", nested);
  line("other reopenings", reopenings);
  line("structures verified", verified);
  line("calls that were made to fail", faults);
  line("images damaged at rest", damaged);
  line("  of them named by open, read or verify", named);
  line("switches between fibers", switches);
  constexpr std::array<const char*, io::SimObserver::kCallCount> kNames = {
      "read",   "write",  "durable write", "sync",           "resize",           "punch",
      "create", "rename", "remove",        "make directory", "remove directory", "sync directory"};
  std::printf("  power cuts by the call they fell on\n");
  for (std::size_t i = 0; i < by_call.size(); ++i) {
    if (by_call[i] != 0) line((std::string("    ") + kNames[i]).c_str(), by_call[i]);
  }
}

}  // namespace nacre::sim
