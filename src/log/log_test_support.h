// What the tests of this room share: logs on a simulated disk, and what is in them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "io/random.h"
#include "io/sim_file_system.h"
#include "log/group_internal.h"
#include "log/local_log.h"

namespace nacre::log {

// The steps of a group write one by one, so that one thread can have several under way and finish
// them in any order.
class LocalLogPeer {
 public:
  using GroupPtr = LocalLog::GroupPtr;

  static Result<GroupPtr> seal(LocalLog& log) {
    const MutexLock lock(log.mutex_);
    return log.seal();
  }
  static bool can_seal(LocalLog& log) {
    const MutexLock lock(log.mutex_);
    return !log.open_.empty() && log.can_seal();
  }
  // Where who waits for `position` sleeps.
  static GroupPtr group_of(LocalLog& log, Position position) {
    const MutexLock lock(log.mutex_);
    return log.group_of(position);
  }
  // Returns what the committer who wrote it would see.
  static Result<> finish(LocalLog& log, const GroupPtr& group) {
    auto written = LocalLog::write(*group);
    const MutexLock lock(log.mutex_);
    log.complete(group, written);
    log.announce();
    return written;
  }
};

inline LocalLogOptions small_options(io::FileSystem& fs) {
  LocalLogOptions options;
  options.file_system = &fs;
  options.segment_bytes_min = 8 * kBlockSize;
  options.segment_bytes_max = 8 * kBlockSize;
  return options;
}

// What the commit at `position` holds in these tests; about 100 bytes, every 7th over a block.
inline std::string ops_of(std::uint64_t position) {
  io::Random random(position);
  std::string ops(position % 7 == 0 ? 5000 + random.below(2000) : random.below(200), '\0');
  random.fill(std::as_writable_bytes(std::span(ops)));
  return ops;
}

inline Time time_of(std::uint64_t position) { return Time{1'000'000 + 10 * position}; }

inline Result<Position> append_next(LocalLog& log, Room room = Room::kOrdinary) {
  const std::uint64_t position = number(log.last_position()) + 1;
  const std::string ops = ops_of(position);
  auto appended = log.append(time_of(position), as_bytes(ops), room);
  if (appended.has_value() || appended.error().code() != Code::kFull) return appended;
  NACRE_TRY(log.make_room(ops.size()));
  return log.append(time_of(position), as_bytes(ops), room);
}

// Reads from `first` to the end and expects each commit to be what append_next wrote.
// Returns the last position seen, first - 1 when there is none.
inline Result<Position> read_all(LocalLog& log, Position first) {
  const auto reader = NACRE_TRY(log.read_from(first));
  Position last{number(first) - 1};
  while (true) {
    const auto commit = NACRE_TRY(reader->next());
    if (!commit) return last;
    EXPECT_EQ(commit->position, next(last)) << "positions are dense";
    last = commit->position;
    EXPECT_EQ(commit->time, time_of(number(last)));
    EXPECT_TRUE(as_text(commit->ops) == ops_of(number(last))) << "position " << number(last);
  }
}

// NACRE_SEED, when one failure is to be replayed; otherwise `seed`.
inline std::uint64_t seed_or(std::uint64_t seed) {
  const char* text = std::getenv("NACRE_SEED");
  return text == nullptr ? seed : std::strtoull(text, nullptr, 10);
}

}  // namespace nacre::log
