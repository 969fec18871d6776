// Exit codes of the nacre command; documented in `nacre --help`, never renumbered.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace nacre::cli {

enum class Exit : std::uint8_t {
  kOk = 0,
  kProblem = 1,       // carried out, and found something wrong: bad documents, damage, a duplicate
  kUsage = 2,         // the command line or a filter in it is not understood
  kNotFound = 3,      // no such file, database, collection or index
  kBusy = 4,          // another process has the database open
  kCorrupt = 5,       // stored data is damaged
  kSystem = 6,        // the operating system refused: input or output, no space
  kInterrupted = 130  // Ctrl-C, as shells count it
};

[[nodiscard]] Exit exit_of(const Error& error);

}  // namespace nacre::cli
