// Search within one page.
//
// Cost:    count hints below the key's head in one comparison, scan a window of count / 17 heads
//   with AVX-512 or AVX2, compare whole keys only where heads are equal.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "page/node.h"

namespace nacre::page {

struct Found {
  std::size_t index;  // of the first key >= the one sought; count() when there is none
  bool equal;
};

// `suffix` is the key without the page's prefix.
[[nodiscard]] Found search(Node node, Bytes suffix);

// Asks for all of the cell that search() for the same suffix is going to look at.
void prefetch_cell(Node node, Bytes suffix);

// Inner: the number of the child that holds `suffix`.
[[nodiscard]] inline std::size_t child_for(Node node, Bytes suffix) {
  const Found found = search(node, suffix);
  return found.index + (found.equal ? 1 : 0);
}

// The number of heads below `head`, by each road the CPU may have; all must agree.
using CountHeads = std::size_t (*)(const std::byte* page, std::uint32_t head);
struct NamedCountHeads {
  const char* name;
  CountHeads count;
};
[[nodiscard]] std::size_t count_heads_scalar(const std::byte* page, std::uint32_t head);
// Those this CPU can run, best last; the scalar one is first and is the oracle.
struct CountHeadsList {
  NamedCountHeads items[3];
  std::size_t size;
};
[[nodiscard]] CountHeadsList runnable_count_heads();

}  // namespace nacre::page
