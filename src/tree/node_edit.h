// Node editing: how a page of a tree is filled, changed and rebuilt.
//
// Why rebuild: a split, a merge or a new fence changes the prefix, and with it every cell; those
//   build whole pages from lists of cells. The common changes (insert, replace, erase) touch a few
//   bytes of the arrays and one cell.
// Format:  docs/format/page.md
// Rule:    the page is the applier's own (Pager::writable or allocate). Identity and version fields
//   of its header are the pager's and stay as they are.
// Cost:    no allocation in insert, replace, erase.
// Threads: the applier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "page/node.h"
#include "page/types.h"

namespace nacre::tree {

// One key of a page to be built: `prefix` then `suffix`; leaf: with word and value.
struct Cell {
  Bytes prefix;
  Bytes suffix;
  Bytes value;
  std::uint64_t word = 0;
  page::RowFlags flags = 0;

  [[nodiscard]] std::size_t key_size() const { return prefix.size() + suffix.size(); }
};

struct Shape {
  page::PageType type = page::PageType::kLeaf;
  std::uint8_t level = 0;
  std::uint32_t tree = 0;
  Bytes lower;
  std::optional<Bytes> upper;
};

[[nodiscard]] Shape shape_of(page::Node node);

// Bytes of a leaf cell whose key has `suffix_size` bytes after the prefix.
[[nodiscard]] std::size_t leaf_cell_size(std::size_t suffix_size, std::size_t value_size);

// Bytes the page would need; it fits when that is at most kPageSize.
[[nodiscard]] std::size_t built_size(const Shape& shape, std::span<const Cell> cells);

// Fills `target`. Cells, fences and children may lie in `target` itself. Requires that it fits.
void build_node(std::byte* target, const Shape& shape, std::span<const Cell> cells,
                std::span<const page::PageId> children);

// Copies everything but identity and version fields.
void copy_node(std::byte* target, const std::byte* source);

// Appends the cells (and children) of `node`; they point into its page.
void gather(page::Node node, std::vector<Cell>& cells);
void gather_children(page::Node node, std::vector<page::PageId>& children);

// Each returns false, and changes nothing, when the page has no room.
[[nodiscard]] bool leaf_insert(std::byte* page, std::size_t index, Bytes suffix, Bytes value,
                               std::uint64_t word, page::RowFlags flags = 0);
[[nodiscard]] bool leaf_replace(std::byte* page, std::size_t index, Bytes value, std::uint64_t word,
                                page::RowFlags flags = 0);
// Puts `separator` at `index` and `right` as the child after it.
[[nodiscard]] bool inner_insert(std::byte* page, std::size_t index, Bytes suffix,
                                page::PageId right);

void leaf_erase(std::byte* page, std::size_t index);
// Takes out separator `index` and the child after it.
void inner_erase(std::byte* page, std::size_t index);

// The shortest key s with below < s <= above.
[[nodiscard]] std::string shortest_separator(Bytes below, Bytes above);

[[nodiscard]] std::string key_of(const Cell& cell);

}  // namespace nacre::tree
