// Where the next rows lie, for those who look at them under one pin.
#include "page/node_search.h"
#include "tree/descent.h"
#include "tree/tree.h"

namespace nacre::tree {

using page::kNoPage;
using page::Node;
using page::PageId;

namespace {

// The leaf that the parent names after the one of `path`; null when the way to it is from the root.
// One generation is looked at, so what the parent names is there.
const std::byte* next_of(const Target& target, std::uint64_t generation, Path& path) {
  if (path.size < 2) return nullptr;
  Step& parent = path.steps[path.size - 2];
  const Node node(parent.page);
  if (parent.child + 1 > node.count()) return nullptr;
  ++parent.child;
  const PageId id = node.child(parent.child);
  const std::byte* leaf = target.pager->find(id, generation, kLeafArrays);
  if (leaf == nullptr || page::tree_of(leaf) != std::to_underlying(target.tree) ||
      page::level_of(leaf) != 0) {
    return nullptr;  // missing or damaged: the descent says which
  }
  return leaf;
}

}  // namespace

Result<PageId> Tree::glance_rows(page::View view, Bytes from, std::size_t limit,
                                 std::vector<LeafRows>& into) const {
  into.clear();
  const Target target{pager_, root_, id_};
  const auto generation = pager_->generation(view);
  if (!generation.has_value()) return too_old(target);
  Path path;
  Bytes key = from;
  const std::byte* page = nullptr;
  while (limit > 0) {
    std::size_t begin = 0;
    if (page == nullptr) {
      path.size = 0;
      const Arrival arrival =
          NACRE_TRY(descend(target, view, *generation, key, Side::kAtOrAfter, &path));
      if (arrival.leaf == nullptr) return arrival.missing;
      page = arrival.leaf;
      const Node leaf(page);
      begin = page::search(leaf, leaf.strip(key)).index;
    }
    const Node leaf(page);
    const std::size_t taken = std::min(limit, leaf.count() - begin);
    if (taken > 0) into.push_back({page, begin, begin + taken});
    limit -= taken;
    const auto upper = leaf.upper_fence();
    if (limit == 0 || !upper.has_value()) return kNoPage;
    key = *upper;
    page = next_of(target, *generation, path);
  }
  return kNoPage;
}

}  // namespace nacre::tree
