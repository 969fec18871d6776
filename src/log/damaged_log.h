// The commits that can still be read of a log, damage or not; nothing is repaired or changed.
//
// Why apart from the log: opening a log repairs its tail and refuses damage to what was
//   acknowledged. This stops at the first commit that is missing instead, so what it shows is the
//   state of one moment, and says what lies beyond.
// Errors:  those of `seen`. What the log itself has is a problem, not an error.
// Threads: one thread at a time; nobody else has the log open.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.h"
#include "base/result.h"
#include "io/file_system.h"
#include "log/format.h"
#include "log/log.h"

namespace nacre::log {

struct DamagedLog {
  Position last{};         // of the last commit shown, `after` when there was none
  Position durable{};      // up to here something says that commits were durable
  std::uint64_t lost = 0;  // intact commits that were not shown, for one before them is missing
  std::vector<std::string> problems;
};

using SeenCommit = std::function<Result<>(const Commit&)>;

// Shows the commits after `after` in order, as far as none is missing.
[[nodiscard]] Result<DamagedLog> read_damaged_log(io::FileSystem& files, std::string_view directory,
                                                  const Uuid& uuid, Position after,
                                                  const SeenCommit& seen);

}  // namespace nacre::log
