// Many point reads at once: the descents of a group go level by level, side by side.
#include <algorithm>
#include <array>

#include "page/node_search.h"
#include "tree/descent.h"
#include "tree/tree.h"

namespace nacre::tree {
namespace {

using page::Node;
using page::PageId;

// As many trips to memory as a core has under way at once, with some to spare.
constexpr std::size_t kLanes = 16;

// How much of a leaf its arrays take is known when it is there, which is when it is too late to ask
// for them. Leaves of one tree are much alike, and most calls of a thread are about one tree.
struct Arrays {
  TreeId tree{};
  std::size_t bytes = kLeafArrays;
};
constinit thread_local Arrays arrays_seen;

struct Lane {
  PageId id{};
  const std::byte* page = nullptr;  // null: this key is visited on its own
};

bool is_expected(const Target& target, const std::byte* page, int level) {
  return page != nullptr && page::tree_of(page) == std::to_underlying(target.tree) &&
         page::level_of(page) == level;
}

// Under a pin. A lane that meets a page that is missing or not what it should be gives up.
void descend_together(const Target& target, std::uint64_t generation, std::span<const Bytes> keys,
                      std::span<Lane> lanes) {
  const page::Pager& pager = *target.pager;
  const std::byte* root = pager.find(target.root, generation, kInnerArrays);
  const int height = root == nullptr ? 0 : page::level_of(root);
  const std::size_t leaf_arrays = arrays_seen.tree == target.tree ? arrays_seen.bytes : kLeafArrays;
  for (Lane& lane : lanes) lane = {target.root, is_expected(target, root, height) ? root : nullptr};
  for (int level = height - 1; level >= 0; --level) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      if (lanes[i].page == nullptr) continue;
      const Node node(lanes[i].page);
      lanes[i].id = node.child(page::child_for(node, node.strip(keys[i])));
      // Only asked for here, looked at below.
      lanes[i].page = pager.find(lanes[i].id, generation, level == 0 ? leaf_arrays : kInnerArrays);
    }
    for (Lane& lane : lanes) {
      if (!is_expected(target, lane.page, level)) lane.page = nullptr;
    }
  }
}

}  // namespace

Result<> Tree::visit_rows(page::View view, std::span<const Bytes> keys, SeenRowOf seen,
                          void* context) const {
  const Target target{pager_, root_, id_};
  std::array<Lane, kLanes> all;
  for (std::size_t first = 0; first < keys.size(); first += kLanes) {
    const auto group = keys.subspan(first, std::min(kLanes, keys.size() - first));
    const auto lanes = std::span(all).first(group.size());
    {
      const page::Pin pin;
      const auto generation = pager_->generation(view);
      if (!generation.has_value()) return too_old(target);
      descend_together(target, *generation, group, lanes);
      std::size_t arrays = 0;
      for (std::size_t i = 0; i < group.size(); ++i) {
        if (lanes[i].page == nullptr) continue;
        const Node leaf(lanes[i].page);
        page::prefetch_cell(leaf, leaf.strip(group[i]));
        arrays = std::max(arrays, page::arrays_end(/*inner=*/false, leaf.capacity()));
      }
      if (arrays > 0) arrays_seen = {.tree = id_, .bytes = std::min(arrays, kLeafArrays)};
      for (std::size_t i = 0; i < group.size(); ++i) {
        if (lanes[i].page == nullptr) continue;
        const Node leaf(lanes[i].page);
        const page::Found found = page::search(leaf, leaf.strip(group[i]));
        if (!found.equal) continue;
        const Node::LeafCell cell = leaf.leaf_cell(found.index);
        seen(context, first + i, cell.value, cell.word, cell.flags);
      }
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (lanes[i].page != nullptr) continue;
      NACRE_TRY(visit(view, group[i], [&](Bytes value, std::uint64_t word, page::RowFlags flags) {
        seen(context, first + i, value, word, flags);
      }));
    }
    if (page::Pager::is_cancelled(view)) return too_old(target);
  }
  return {};
}

}  // namespace nacre::tree
