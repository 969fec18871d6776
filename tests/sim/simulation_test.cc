// The whole engine, from the files to the transactions, under simulated threads, time and disks.
//
// Each seed is a database's life or several (sim/plan.h) with sessions that commit, read and look
//   after it (sim/session.h) while calls fail, the disk fills up, clocks jump and the power goes at
//   any call (sim/disk_watch.h, sim/recovery.h). Promises asked for: sim/oracle.h.
// Replay: NACRE_SEED=<seed>; a failure prints which. Long form: NACRE_SIM_SEEDS=<seeds per shard>,
//   NACRE_SIM_FIRST=<the first of them>.
#include "sim/simulation.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "support/world.h"

namespace nacre::sim {
namespace {

constexpr std::uint64_t kShards = 4;
constexpr std::uint64_t kSeedsPerShard = 60;

class Shard : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Shard, EveryPromiseIsKeptWhateverFails) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "there is one thread";
#endif
  const std::uint64_t seeds = test::from_environment("NACRE_SIM_SEEDS", kSeedsPerShard);
  const std::uint64_t alone = test::from_environment("NACRE_SEED", 0);
  const std::uint64_t first = test::from_environment("NACRE_SIM_FIRST", 1) + GetParam();
  const bool prints_traces = test::from_environment("NACRE_SIM_TRACES", 0) != 0;
  Tally tally;
  std::map<std::string, std::uint64_t, std::less<>> rare_paths;
  std::uint64_t violations = 0;
  for (std::uint64_t i = 0; i < (alone != 0 ? 1 : seeds); ++i) {
    const std::uint64_t seed = alone != 0 ? alone : first + i * kShards;
    const Outcome outcome = simulate(seed, tally);
    if (prints_traces) {
      std::printf("trace %llu %016llx\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(outcome.trace_hash));
    }
    for (const auto& [site, count] : outcome.rare_paths) rare_paths[site] += count;
    if (outcome.violation.empty()) continue;
    ++violations;
    ADD_FAILURE() << outcome.violation << "\n  replay: NACRE_SEED=" << seed
                  << " nacre_simulation_test --gtest_filter='*Shard*/0'";
    if (violations >= 5) break;
  }
  tally.print();
  for (const auto& [site, count] : rare_paths) {
    std::printf("  rare path %-42s %12llu\n", site.c_str(), static_cast<unsigned long long>(count));
  }
  std::printf("  violations %53llu\n", static_cast<unsigned long long>(violations));
}

INSTANTIATE_TEST_SUITE_P(Simulation, Shard, ::testing::Range(std::uint64_t{0}, kShards));

TEST(Simulation, ASeedTakesTheSameCourseEachTime) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "there is one thread";
#endif
  const std::uint64_t first = test::from_environment("NACRE_SEED", 1001);
  for (std::uint64_t seed = first; seed < first + 3; ++seed) {
    Tally tally;
    const std::uint64_t hash = simulate(seed, tally).trace_hash;
    EXPECT_EQ(simulate(seed, tally).trace_hash, hash) << "seed " << seed;
    EXPECT_NE(simulate(seed + 1, tally).trace_hash, hash) << "seed " << seed;
  }
}

// What `seed` does in a process that has done nothing yet.
std::uint64_t trace_of_a_fresh_process(std::uint64_t seed) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return 0;
  const pid_t child = ::fork();
  if (child == 0) {
    Tally tally;
    const std::uint64_t hash = simulate(seed, tally).trace_hash;
    const bool told = ::write(ends[1], &hash, sizeof hash) == sizeof hash;
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  std::uint64_t hash = 0;
  const bool heard = ::read(ends[0], &hash, sizeof hash) == sizeof hash;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return heard ? hash : 0;
}

// Nothing of one seed may outlive it in the process, or a failure would not come again alone.
TEST(Simulation, ASeedTakesTheSameCourseAfterOthers) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "there is one thread";
#endif
  const std::uint64_t first = test::from_environment("NACRE_SEED", 2001);
  const std::uint64_t seeds = test::from_environment("NACRE_SIM_SEEDS", 8);
  std::map<std::uint64_t, std::uint64_t> alone;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    alone[seed] = trace_of_a_fresh_process(seed);
  }
  Tally tally;
  for (const auto& [seed, hash] : alone) {
    EXPECT_EQ(simulate(seed, tally).trace_hash, hash) << "seed " << seed << " after others";
  }
}

}  // namespace
}  // namespace nacre::sim
