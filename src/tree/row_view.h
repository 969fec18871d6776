// A row in place, as scans see it.
//
// Threads: a plain value; valid as long as whoever gave it says.
#pragma once

#include <cstdint>
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

struct RowViews {
  std::span<const RowView> rows;
  bool more = false;  // the cursor stands on another row, after these
};

}  // namespace nacre::tree
