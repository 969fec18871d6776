// Flips the bytes of a small database, one at a time, in every file: what is read is right, or
// there is an error that names what is damaged; never a wrong row, a missing acknowledged commit, a
// crash.
//
// The short form takes every n-th byte, starting at a place the seed decides; NACRE_FLIP_ALL=1
// takes all. Replay: NACRE_SEED=<seed>.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "corrupt/damage.h"
#include "io/sim_file_system.h"
#include "support/world.h"

namespace nacre {
namespace {

using test::judge;
using test::Outcomes;
using test::World;
using test::write_database;

constexpr std::uint64_t kShortFlips = 4000;
constexpr std::uint64_t kBlock = 4096;

// Places to flip: all, or every n-th of the blocks in use and one in each of the others.
std::vector<std::uint64_t> places(const std::string& contents, std::uint64_t stride,
                                  io::Random& random) {
  std::vector<std::uint64_t> chosen;
  for (std::uint64_t begin = 0; begin < contents.size(); begin += kBlock) {
    const std::string_view block = std::string_view(contents).substr(begin, kBlock);
    const bool in_use = block.find_first_not_of('\0') != std::string_view::npos;
    const std::uint64_t blank_step = stride == 1 ? 512 : kBlock;
    const std::uint64_t step = in_use ? stride : blank_step;
    for (std::uint64_t at = random.below(step); at < block.size(); at += step) {
      chosen.push_back(begin + at);
    }
  }
  return chosen;
}

void flip_everywhere(bool close, std::uint64_t may_lose) {
  const std::uint64_t seed = test::from_environment("NACRE_SEED", 1);
  const bool all = test::from_environment("NACRE_FLIP_ALL", 0) != 0;
  io::SimFileSystem whole(seed);
  World world;
  const auto written = write_database(whole, world, close);
  ASSERT_TRUE(written.has_value()) << written.error().text();
  std::uint64_t used = 0;
  for (const std::string& file : whole.files()) {
    const std::string contents = whole.contents(file);
    for (std::uint64_t at = 0; at < contents.size(); at += kBlock) {
      const std::string_view block = std::string_view(contents).substr(at, kBlock);
      if (block.find_first_not_of('\0') != std::string_view::npos) used += block.size();
    }
  }
  const std::uint64_t stride = all ? 1 : std::max<std::uint64_t>(1, used / kShortFlips);
  Outcomes outcomes;
  io::Random random(seed);
  for (const std::string& file : whole.files()) {
    for (const std::uint64_t at : places(whole.contents(file), stride, random)) {
      const auto mask = static_cast<std::byte>(1U << random.below(8));
      SCOPED_TRACE(format("{} byte {} mask {}, seed {}", file, at, static_cast<int>(mask), seed));
      const auto disk = whole.clone(at);
      disk->corrupt(file, at, mask);
      ASSERT_NO_FATAL_FAILURE(judge(*disk, world, world.acknowledged - may_lose, outcomes));
      if (::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(outcomes.refused + outcomes.reported, 0U);
  std::printf(
      "database %s: %llu bytes flipped (of %llu in use); %llu right, %llu refused at open, %llu "
      "reported by a read, %llu by verify\n",
      close ? "closed" : "not closed", static_cast<unsigned long long>(outcomes.flips),
      static_cast<unsigned long long>(used), static_cast<unsigned long long>(outcomes.right),
      static_cast<unsigned long long>(outcomes.refused),
      static_cast<unsigned long long>(outcomes.reported),
      static_cast<unsigned long long>(outcomes.verify));
}

TEST(DatabaseFlip, ClosedDatabaseIsRightOrSaysWhatIsDamaged) {
  flip_everywhere(/*close=*/true, /*may_lose=*/0);
}

// Damage to the last group of a log that was not closed is not to be told from a torn write.
TEST(DatabaseFlip, DatabaseThatWasNotClosedLosesNoMoreThanItsLastCommit) {
  flip_everywhere(/*close=*/false, /*may_lose=*/1);
}

}  // namespace
}  // namespace nacre
