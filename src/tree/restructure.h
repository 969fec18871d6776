// Changes that touch more than one page: splits, merges, and finding all pages of a tree.
//
// Why apart from put and remove: they are rare, and they need every page of the path in memory for
//   as long as they run, so they load and keep them first.
// Errors:  kFull, kIo, kCorrupt while loading; afterwards nothing can fail.
// Threads: the applier.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "page/types.h"
#include "tree/descent.h"
#include "tree/tree.h"

namespace nacre::tree {

// A page that uses less looks for a neighbour to merge with.
inline constexpr std::size_t kSparse = page::kPageSize * 2 / 5;  // bytes

// Puts a row its leaf (the end of `path`) has no room for. Returns whether the key is new.
[[nodiscard]] Result<bool> split_and_put(const Target& target, const Path& path, const Row& row);

// Puts the first of `rows`, as many as it sees fit, which all come after every row of the tree. The
// last leaf is the end of `path`. Returns how many.
[[nodiscard]] Result<std::size_t> append_some(const Target& target, const Path& path,
                                              std::span<const Row> rows);

// Merges the sparse leaf at the end of `path`, and then its parents, with their neighbours where
// that makes a page that is not too full.
[[nodiscard]] Result<> merge_up(const Target& target, const Path& path);

// Merges the page above the leaf at the end of `path` with its neighbour when it is sparse, and so
// on upwards.
[[nodiscard]] Result<> merge_above_leaf(const Target& target, const Path& path);

// Every page of the tree but its root.
[[nodiscard]] Result<std::vector<page::PageId>> pages_below(const Target& target);

}  // namespace nacre::tree
