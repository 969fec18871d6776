// Where the next rows lie, for those who look at them under one pin.
#include <algorithm>

#include "page/node_search.h"
#include "tree/descent.h"
#include "tree/tree.h"

namespace nacre::tree {

using page::kNoPage;
using page::Node;
using page::PageId;

namespace {

bool is_leaf_of(const Target& target, const std::byte* page) {
  return page != nullptr && page::tree_of(page) == std::to_underlying(target.tree) &&
         page::level_of(page) == 0;
}

// Leaves that may be wanted after the first for `limit` rows.
std::size_t leaves_ahead(std::size_t limit) {
  constexpr std::size_t kFew = 16;
  constexpr std::size_t kLeafRows = 64;  // of rows of a hundred bytes
  return limit <= kFew ? 0 : std::min<std::size_t>(1 + limit / kLeafRows, 3);
}

// To the leaf of `key`; `path` ends with its parent, when it has one. The arrays of `ahead` leaves
// after it are asked for before the first is looked at, so that all of them cost one trip to
// memory.
Result<Arrival> arrive(const Target& target, page::View view, std::uint64_t generation, Bytes key,
                       std::size_t ahead, Path& path) {
  path.size = 0;
  Arrival arrival = NACRE_TRY(descend_to_leaf_parent(target, view, generation, key, &path));
  if (arrival.missing != kNoPage) return arrival;
  if (arrival.leaf == nullptr) {
    const Step& parent = path.steps[path.size - 1];
    const Node node(parent.page);
    const std::size_t end = std::min(parent.child + ahead, node.count());
    for (std::size_t child = parent.child + 1; child <= end; ++child) {
      static_cast<void>(target.pager->fetch(node.child(child), kLeafArrays));
    }
    arrival.leaf = target.pager->find(arrival.id, generation, 0);
    if (is_leaf_of(target, arrival.leaf)) return arrival;
    path.size = 0;  // missing or damaged: this says which
    arrival = NACRE_TRY(descend(target, view, generation, key, Side::kAtOrAfter, &path));
  }
  if (arrival.leaf != nullptr) --path.size;
  return arrival;
}

// The leaf that the parent names after the one before; null when the way to it is from the root.
// One generation is looked at, so what the parent names is there.
const std::byte* next_of(const Target& target, std::uint64_t generation, Path& path) {
  if (path.size == 0) return nullptr;
  Step& parent = path.steps[path.size - 1];
  const Node node(parent.page);
  if (parent.child + 1 > node.count()) return nullptr;
  ++parent.child;
  const std::byte* leaf = target.pager->find(node.child(parent.child), generation, kLeafArrays);
  return is_leaf_of(target, leaf) ? leaf : nullptr;  // missing or damaged: the descent says which
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
      const Arrival arrival =
          NACRE_TRY(arrive(target, view, *generation, key, leaves_ahead(limit), path));
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
