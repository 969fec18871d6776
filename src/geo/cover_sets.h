// Covers as sets of cells: what several ranges hold together, and what one cover has that another
// has not.
//
// Cost:    n log n for joined(), both covers once for difference().
// Threads: pure functions.
#pragma once

#include "geo/cells.h"

namespace nacre::geo {

// The same cells, ascending and disjoint, neighbours put together.
[[nodiscard]] Cover joined(Cover ranges);

// What of `cells` is not in `without`.
[[nodiscard]] Cover difference(const Cover& cells, const Cover& without);

}  // namespace nacre::geo
