// Opening a log after whatever happened to it: finds its end, and tells a torn tail, which was
// never acknowledged, from damage, which was.
//
// Group writes overlap, so behind a torn group a later one can be whole: a valid group further on
//   proves nothing. Proof is `durable`: each group header carries the highest position known
//   durable when it was built, the superblock another. With D the highest of all that are found,
//   before and behind the first group that does not hold, and p the first position in doubt: p <= D
//   is damage to acknowledged commits, and the log is not opened; otherwise p is where the log
//   ends.
// Errors: kCorrupt naming file, offset and position; kIo as the file system says.
// Cost:   reads the segments from the one that holds the first needed position to the end.
// Threads: one; nobody else has the log open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/position.h"
#include "base/result.h"
#include "io/file_system.h"
#include "log/segment_internal.h"

namespace nacre::log {

struct ScanOptions {
  Uuid uuid{};
  Position first_needed{1};
  Position durable{};  // known from elsewhere
};

// Where the log ends and the next group goes.
struct Tail {
  std::vector<std::shared_ptr<Segment>> segments;  // all that stay, ascending, at least one
  std::uint64_t offset = kBlockSize;               // in the last segment
  std::uint64_t group = 0;                         // number of the next group
  std::uint32_t chain = 0;
  Position last{};          // of the newest commit, kNoPosition in an empty log
  Time last_time{};         // of that commit
  Position marked{};        // up to here the disk itself says that it is durable
  std::uint64_t bytes = 0;  // taken by groups that hold first_needed or later
};

// Finds the tail, then makes it the end for good: what lies behind it is zeroed or removed, what is
// in doubt in front of it is written again and synced. Afterwards every commit up to tail.last
// would survive a power cut.
[[nodiscard]] Result<Tail> recover_tail(io::FileSystem& fs, std::string_view directory,
                                        const ScanOptions& options);

}  // namespace nacre::log
