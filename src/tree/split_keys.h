// split_keys: where to divide a tree's rows between several readers.
//
// Cost:    one or two inner pages for each part.
// Errors:  kTooOld, kCorrupt, as a read of the tree.
// Threads: any.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "page/pager.h"
#include "tree/tree.h"

namespace nacre::tree {

// Up to `parts` - 1 keys, strictly ascending, that divide the rows into parts of about one size;
// none when the tree is a single page.
[[nodiscard]] Result<std::vector<std::string>> split_keys(page::Pager& pager, const Tree& tree,
                                                          page::View view, std::size_t parts);

}  // namespace nacre::tree
