// A row in place, as scans see it.
//
// Threads: a plain value; valid as long as whoever gave it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/bytes.h"
#include "page/node.h"

namespace nacre::tree {

// The key is `prefix` and then `suffix`: the rows of one page share the prefix.
struct RowView {
  Bytes prefix;
  Bytes suffix;
  Bytes value;
  std::uint64_t word = 0;  // position << 16 | op
  page::RowFlags flags = 0;
};

// Which rows a cursor is to show, from the one that it stands on.
struct RowsWanted {
  std::size_t limit = std::numeric_limits<std::size_t>::max();  // above 0
  bool backward = false;                                        // then in descending order
  // Forward: the key that they lie before; backward: the least that they may have. Empty: none.
  Bytes bound{};

  [[nodiscard]] bool takes(Bytes key) const {
    if (bound.empty()) return true;
    return backward ? compare(key, bound) >= 0 : compare(key, bound) < 0;
  }
};

struct RowViews {
  std::span<const RowView> rows;
  bool more = false;      // the cursor stands on another row, after these
  bool is_bound = false;  // which lies beyond the bound
};

}  // namespace nacre::tree
