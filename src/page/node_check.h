// check_node: whether the bytes of a page form a node that is safe to read.
//
// Why apart from the checksum: a file can be made by somebody else, checksum and all. After this
//   check no offset leads out of the page; key order is the tree's own check.
// Cost:    O(cells), about 100 ns for a page of 60.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "page/types.h"

namespace nacre::page {

// Empty when all is well, else the first rule broken: "slot 3: cell ends at 9000, expected ...".
[[nodiscard]] std::string check_node_bounds(const std::byte* page);

// The rest: heads and hints match the keys, keys ascend strictly between the fences, the prefix is
// what the fences share, cells do not overlap, the garbage count is right.
[[nodiscard]] std::string check_node_order(const std::byte* page);

}  // namespace nacre::page
