// SIGKILL in the middle of a write load, again and again on one database, with the real program.
//
// After each kill the database is opened again and two promises are checked for every writer:
//   DUR-1  a commit whose acknowledgement came through the pipe is there
//   ATOM-1 a transaction is there whole, or not at all
// and verify must be clean, index entries against documents included.
// NACRE_KILL_CYCLES=1000 asks for more cycles; NACRE_SEED=... repeats the moments of the kills.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "support/program.h"

namespace nacre {
namespace {

using testing::Background;
using testing::run_nacre;
using testing::ScratchDirectory;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::stoull(text) : otherwise;
}

// What came through the pipe before the kill. Every other load checkpoints as often as it can, so
// that kills fall into checkpoints too.
std::string load_and_kill(const std::string& database, std::chrono::microseconds after,
                          bool checkpoints) {
  Background load({"load-test", "--db", database, "--acknowledge", "--writers", "4", "--seconds",
                   "600", "--checkpoint-kb", checkpoints ? "64" : "65536"});
  // The first acknowledgement says that it is at work.
  load.read_out(1);
  std::this_thread::sleep_for(after);
  load.signal(SIGKILL);
  const auto ran = load.wait();
  EXPECT_EQ(ran.exit, 128 + SIGKILL) << ran.err;
  return ran.out;
}

TEST(Kill, EveryAcknowledgedCommitSurvivesAndNoTransactionIsThereByHalf) {
  const std::uint64_t cycles = number_from("NACRE_KILL_CYCLES", 24);
  const std::uint64_t seed = number_from("NACRE_SEED", std::random_device()());
  std::mt19937_64 random(seed);
  const ScratchDirectory scratch;
  const std::string database = scratch / "killed";
  std::uint64_t acknowledged = 0;
  for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
    SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed) + ", cycle " + std::to_string(cycle));
    const std::string protocol =
        load_and_kill(database, std::chrono::microseconds(random() % 150'000), cycle % 2 == 1);
    acknowledged += static_cast<std::uint64_t>(std::ranges::count(protocol, '\n'));
    const auto checked = run_nacre({"load-test", "--db", database, "--check", "-"}, protocol);
    ASSERT_EQ(checked.exit, 0) << checked.out << checked.err;
    const auto verified = run_nacre({"verify", "--db", database});
    ASSERT_EQ(verified.exit, 0) << verified.out << verified.err;
    if (cycle == 0) {
      ASSERT_EQ(
          run_nacre({"create-index", "n", "writer", "--db", database, "--collection", "load_test"})
              .exit,
          0);
    }
  }
  EXPECT_GE(acknowledged, cycles);
  std::printf("%llu kills, %llu acknowledged commits, none lost\n",
              static_cast<unsigned long long>(cycles),
              static_cast<unsigned long long>(acknowledged));
}

}  // namespace
}  // namespace nacre
