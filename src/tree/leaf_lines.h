// The lines of a leaf in the order in which a scan wants them: the arrays, and then the rows, which
// lie from the end of the page backwards. For asking for a page some lines at a time.
//
// Threads: pure functions.
#pragma once

#include <cstddef>

#include "tree/descent.h"

namespace nacre::tree {

inline constexpr std::size_t kLineSize = 64;  // of a CPU's cache
inline constexpr std::size_t kLeafLines = page::kPageSize / kLineSize;
[[nodiscard]] constexpr std::size_t nth_line(std::size_t n) {
  constexpr std::size_t kArrayLines = kLeafArrays / kLineSize;
  return (n < kArrayLines ? n : kLeafLines - 1 - (n - kArrayLines)) * kLineSize;
}

}  // namespace nacre::tree
