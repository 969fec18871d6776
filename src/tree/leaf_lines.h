// What a scan asks memory for ahead of time: of a leaf the lines that it is going to look at, and
// no others.
//
// Why not whole leaves: a core has some two dozen lines under way at once, which bounds a scan. A
//   row costs it the line in which its length and the beginning of its value lie; of a value that
//   is read to its end, the CPU fetches the rest itself.
// Threads: pure functions; asking for a line changes nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "page/node.h"
#include "tree/row_view.h"
#include "tree/tree.h"

namespace nacre::tree {

// Makes `into` row `index` of `leaf`, whose prefix is `prefix`.
//
// Member by member, for a copy of a whole span that has just been made half by half waits until its
// halves have left the CPU's store buffer: two thirds of the time of a scan.
inline void view_row(page::Node leaf, std::size_t index, Bytes prefix, RowView& into) {
  const page::Node::LeafCell cell = leaf.leaf_cell(index);
  std::construct_at(&into, RowView{.prefix = Bytes(prefix.data(), prefix.size()),
                                   .suffix = Bytes(cell.suffix.data(), cell.suffix.size()),
                                   .value = Bytes(cell.value.data(), cell.value.size()),
                                   .word = cell.word,
                                   .flags = cell.flags});
}

// `leaf` is in memory, and its arrays are in the cache or on their way.
inline void fetch_row(page::Node leaf, std::size_t index) {
  const std::uint32_t slot = leaf.slot(index);
  const std::byte* word =
      leaf.page() + page::Node::cell_offset(slot) + page::Node::suffix_length(slot);
  __builtin_prefetch(word);
  __builtin_prefetch(word + sizeof(std::uint64_t) + 1);
}

// Asks for the rows of some leaves one after the other.
class RowFetcher {
 public:
  explicit RowFetcher(std::span<const Tree::LeafRows> leaves) : rest_(leaves) {
    if (!rest_.empty()) next_ = rest_.front().begin;
  }

  void fetch(std::size_t count) {
    for (; count > 0 && !rest_.empty(); --count) {
      fetch_row(page::Node(rest_.front().page), next_);
      if (++next_ < rest_.front().end) continue;
      rest_ = rest_.subspan(1);
      if (!rest_.empty()) next_ = rest_.front().begin;
    }
  }

 private:
  std::span<const Tree::LeafRows> rest_;
  std::size_t next_ = 0;  // of the first of rest_
};

}  // namespace nacre::tree
