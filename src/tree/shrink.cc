// Giving up a tree piece by piece: rows from the front, pages from the back.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "page/node_search.h"
#include "tree/descent.h"
#include "tree/node_edit.h"
#include "tree/restructure.h"

namespace nacre::tree {

using page::kNoPage;
using page::Node;
using page::PageId;

namespace {

// Leaves the rows from `from` on.
void keep_rows_from(std::byte* page, std::size_t from) {
  std::array<std::byte, page::kPageSize> built;
  const Node node(page);
  std::vector<Cell> cells;
  gather(node, cells);
  std::memcpy(built.data(), page, page::kHeaderSize);
  build_node(built.data(), shape_of(node), std::span(cells).subspan(from), {});
  copy_node(page, built.data());
}

}  // namespace

Result<std::size_t> Tree::remove_first(Bytes bound, const SeenOld& removed) {
  const Target target{pager_, root_, id_};
  NACRE_TRY(pager_->reserve(1));
  Path path;
  std::size_t count = 0;
  bool is_sparse = false;
  std::string
      from;  // leaves before it are empty: those that could not be merged when they became so
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    Arrival arrival;
    for (;;) {
      path.size = 0;
      arrival = NACRE_TRY(
          descend(target, page::View::open(), generation, as_bytes(from), Side::kAtOrAfter, &path));
      if (arrival.leaf == nullptr) return arrival.missing;
      const Node leaf(arrival.leaf);
      const auto upper = leaf.upper_fence();
      if (leaf.count() > 0 || !upper.has_value() || compare(*upper, bound) >= 0) break;
      from.assign(as_text(*upper));
    }
    const Node leaf(arrival.leaf);
    const auto upper = leaf.upper_fence();
    const bool is_whole = upper.has_value() && compare(*upper, bound) <= 0;
    count = is_whole ? leaf.count() : page::search(leaf, leaf.strip(bound)).index;
    if (count == 0 && !is_whole) return kNoPage;
    std::string key;
    for (std::size_t i = 0; i < count; ++i) {
      const Node::LeafCell cell = leaf.leaf_cell(i);
      key.assign(as_text(leaf.prefix()));
      key.append(as_text(cell.suffix));
      removed({.key = as_bytes(key), .value = cell.value, .word = cell.word, .flags = cell.flags});
    }
    std::byte* page = pager_->writable(arrival.leaf);
    keep_rows_from(page, count);
    is_sparse = Node(page).used() < kSparse;
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, page::View::open(), step));
  // Merging is housekeeping: the rows are gone whether or not it succeeds.
  if (is_sparse && path.size > 1) static_cast<void>(merge_up(target, path));
  return count;
}

namespace {

// The pages from the root down to the last one of level 1, or the root alone when it is a leaf.
Result<PageId> find_last(const Target& target, std::uint64_t generation, Path& path) {
  path.size = 0;
  PageId id = target.root;
  while (true) {
    const std::byte* bytes = target.pager->find(id, generation);
    if (bytes == nullptr) {
      if (target.pager->is_absent(id)) return damaged(target, id, "it is in no use");
      return id;
    }
    if (page::tree_of(bytes) != std::to_underlying(target.tree)) {
      return damaged(target, id, "it is of another tree");
    }
    const Node node(bytes);
    if (path.size == kLevelsMax) return damaged(target, id, "the tree is too high");
    if (path.size > 0 && node.level() + 1 != Node(path.leaf().page).level()) {
      return damaged(target, id, "its level is not below its parent's");
    }
    path.steps[path.size++] = {id, bytes, node.is_leaf() ? 0 : node.count()};
    if (node.level() <= 1) return kNoPage;
    id = node.child(node.count());
  }
}

// Frees leaves from the end of the last page of level 1, and pages left without children; returns
// how many. The root goes last.
std::size_t free_last(page::Pager& pager, const Path& path, std::size_t pages, bool& is_gone) {
  std::size_t freed = 0;
  const std::byte* bottom = path.leaf().page;
  if (!Node(bottom).is_leaf()) {
    while (Node(bottom).count() > 0 && freed < pages) {
      std::byte* page = pager.writable(bottom);
      const std::size_t last = Node(page).count();
      pager.free(Node(page).child(last));
      inner_erase(page, last - 1);
      bottom = page;
      ++freed;
    }
    if (Node(bottom).count() > 0) return freed;
    pager.free(Node(bottom).child(0));
    ++freed;
  }
  for (std::size_t level = path.size; level-- > 0;) {
    pager.free(path.steps[level].id);
    ++freed;
    if (level == 0) break;
    const Node above(path.steps[level - 1].page);
    if (above.count() == 0) continue;
    inner_erase(pager.writable(above.page()), above.count() - 1);
    return freed;
  }
  is_gone = true;
  return freed;
}

}  // namespace

Result<bool> Tree::destroy_some(std::size_t pages) {
  const Target target{pager_, root_, id_};
  bool is_gone = false;
  for (std::size_t freed = 0; freed < pages && !is_gone;) {
    NACRE_TRY(pager_->reserve(2));
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      Path path;
      const PageId missing = NACRE_TRY(find_last(target, generation, path));
      if (missing != kNoPage) return missing;
      freed += free_last(*pager_, path, pages - freed, is_gone);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target, page::View::open(), step));
  }
  return is_gone;
}

}  // namespace nacre::tree
