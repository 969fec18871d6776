// Reading the past: what a get costs at a position many commits back. Nacre alone can do it, so it
// is held against a get of now.
#pragma once

#include <vector>

#include "kv/workloads.h"

namespace nacre::bench {

// Loads the rows with history on, updates single rows at random in `options.past_commits` commits
// that are an hour of the database's own clock, then reads at random now and before them in turns.
[[nodiscard]] Result<std::vector<Sample>> run_past(const Options& options);

}  // namespace nacre::bench
