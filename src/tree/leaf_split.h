// How the rows of a leaf that has grown too large divide into pages.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tree/node_edit.h"

namespace nacre::tree {

// Cells [begin, end) between two fences: one page to be.
struct Piece {
  std::size_t begin;
  std::size_t end;
  std::string lower;
  std::optional<std::string> upper;
};

[[nodiscard]] Shape shape_for(const Shape& whole, const Piece& piece);

// Two pages, in rare cases three, for the cells of a leaf of `shape`, of which number `added` is
// new.
[[nodiscard]] std::vector<Piece> split_leaf(const Shape& shape, std::span<const Cell> cells,
                                            std::size_t added);

// As many pages as it takes, each as full as it gets, for cells that were appended to the last leaf
// of a tree. The last page may get more.
[[nodiscard]] std::vector<Piece> fill_leaves(const Shape& shape, std::span<const Cell> cells);

}  // namespace nacre::tree
