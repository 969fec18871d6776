// Flips every byte of a small log, one at a time, and opens it: the commits are right, or the error
// names the file. After a clean close no commit may be missing; after a power cut only those that
// no header calls durable.
#include <gtest/gtest.h>

#include <cstdio>

#include "log/log_test_support.h"

namespace nacre::log {
namespace {

struct Outcomes {
  std::uint64_t flips = 0;
  std::uint64_t right = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t truncated = 0;
};

LocalLogOptions options_for(io::FileSystem& disk) {
  LocalLogOptions options = small_options(disk);
  options.segment_bytes_min = options.segment_bytes_max = 6 * kBlockSize;
  return options;
}

// 12 commits in two segments; one of two blocks, one group of several commits.
void write_log(io::SimFileSystem& disk, bool cleanly) {
  auto log = LocalLog::create("log", options_for(disk));
  ASSERT_TRUE(log.has_value());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE((*log)->wait_durable(*append_next(**log)).has_value());
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append_next(**log).has_value());
  ASSERT_TRUE((*log)->wait_durable((*log)->last_position()).has_value());
  ASSERT_TRUE((*log)->wait_durable(*append_next(**log)).has_value());
  if (cleanly) {
    ASSERT_TRUE((*log)->close().has_value());
  }
}

// `least`: the commits that must be there when the log opens at all.
void flip(io::SimFileSystem& disk, const std::string& file, std::uint64_t at, Position least,
          Outcomes& outcomes) {
  constexpr Position kLast{9};
  ++outcomes.flips;
  const auto log = LocalLog::open("log", options_for(disk), {});
  if (!log.has_value()) {
    ++outcomes.corrupt;
    EXPECT_EQ(log.error().code(), Code::kCorrupt) << log.error().text();
    EXPECT_NE(log.error().text().find("log/"), std::string::npos) << log.error().text();
    return;
  }
  const auto last = read_all(**log, Position{1});
  ASSERT_TRUE(last.has_value()) << file << " " << at << ": " << last.error().text();
  EXPECT_EQ(*last, (*log)->last_position());
  EXPECT_GE(*last, least) << file << " " << at;
  EXPECT_LE(*last, kLast);
  ++(*last == kLast ? outcomes.right : outcomes.truncated);
}

Outcomes flip_every_byte(bool cleanly, Position least) {
  Outcomes outcomes;
  io::SimFileSystem whole(1);
  write_log(whole, cleanly);
  for (const std::string& file : whole.files()) {
    const std::uint64_t size = whole.contents(file).size();
    for (std::uint64_t at = 0; at < size; ++at) {
      const auto disk = whole.clone(at);
      disk->corrupt(file, at, static_cast<std::byte>(1U << (at % 8)));
      flip(*disk, file, at, least, outcomes);
      if (::testing::Test::HasFailure()) return outcomes;
    }
  }
  std::printf("log closed %s: %llu bytes flipped, %llu right, %llu corrupt, %llu truncated\n",
              cleanly ? "cleanly" : "by a power cut",
              static_cast<unsigned long long>(outcomes.flips),
              static_cast<unsigned long long>(outcomes.right),
              static_cast<unsigned long long>(outcomes.corrupt),
              static_cast<unsigned long long>(outcomes.truncated));
  return outcomes;
}

TEST(LogFlip, CleanlyClosedLogLosesNothingSilently) {
  const Outcomes outcomes = flip_every_byte(/*cleanly=*/true, Position{9});
  EXPECT_EQ(outcomes.truncated, 0U);
  EXPECT_GT(outcomes.corrupt, 0U);
}

TEST(LogFlip, OnlyTheLastGroupBeforeAPowerCutCanPassForTorn) {
  const Outcomes outcomes = flip_every_byte(/*cleanly=*/false, Position{8});
  EXPECT_GT(outcomes.truncated, 0U) << "the window that docs/format/log.md states";
  EXPECT_GT(outcomes.corrupt, 0U);
}

}  // namespace
}  // namespace nacre::log
