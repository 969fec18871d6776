#include "tree/descent.h"

#include "base/text.h"
#include "page/node_search.h"

namespace nacre::tree {

using page::Node;
using page::PageId;

std::unexpected<Error> damaged(const Target& target, PageId id, std::string_view rule) {
  return fail(Code::kCorrupt, format("{}: page {}: {}, as a page of tree {}", target.pager->path(),
                                     number(id), rule, std::to_underlying(target.tree)));
}

std::unexpected<Error> too_old(const Target& target) {
  return fail(Code::kTooOld,
              format("{}: the snapshot was given up, because what it kept in memory exceeded its "
                     "limit",
                     target.pager->path()));
}

namespace {

// Which child of an inner page to follow. With `kLook` off the leaf is fetched and not waited for.
template <bool kLook = true, class Choose>
Result<Arrival> descend_by(const Target& target, page::View view, std::uint64_t generation,
                           Path* path, Choose&& choose) {
  const page::Pager& pager = *target.pager;
  PageId id = target.root;
  int level = -1;
  for (;;) {
    if (!kLook && level == 0 && pager.fetch(id, kLeafArrays)) return Arrival{};
    const std::byte* bytes = pager.find(id, generation, level == 0 ? kLeafArrays : kInnerArrays);
    if (bytes == nullptr) [[unlikely]] {
      if (!pager.is_absent(id)) return Arrival{.leaf = nullptr, .missing = id};
      if (page::Pager::is_cancelled(view)) return too_old(target);
      return damaged(target, id, "it is in no use");
    }
    const Node node(bytes);
    if (page::tree_of(bytes) != std::to_underlying(target.tree)) [[unlikely]] {
      return damaged(target, id, format("its tree is {}", page::tree_of(bytes)));
    }
    if (level >= 0 && node.level() != level) [[unlikely]] {
      return damaged(target, id, format("its level is {}, expected {}", node.level(), level));
    }
    level = node.level();
    if (path != nullptr) {
      if (path->size == kLevelsMax) return damaged(target, id, "the tree is too high");
      path->steps[path->size++] = {id, bytes, 0};
    }
    if (level == 0) return Arrival{.leaf = bytes, .missing = page::kNoPage};
    const std::size_t child = choose(node);
    if (path != nullptr) path->steps[path->size - 1].child = child;
    id = node.child(child);
    --level;
  }
}

}  // namespace

Result<Arrival> descend(const Target& target, page::View view, std::uint64_t generation, Bytes key,
                        Side side, Path* path) {
  return descend_by(target, view, generation, path, [&](Node node) {
    const page::Found found = page::search(node, node.strip(key));
    return found.index + (found.equal && side == Side::kAtOrAfter ? 1 : 0);
  });
}

Result<Arrival> descend_to_leaf_parent(const Target& target, page::View view,
                                       std::uint64_t generation, Bytes key) {
  return descend_by<false>(target, view, generation, nullptr,
                           [&](Node node) { return page::child_for(node, node.strip(key)); });
}

Result<Arrival> descend_last(const Target& target, page::View view, std::uint64_t generation) {
  return descend_by(target, view, generation, nullptr, [](Node node) { return node.count(); });
}

}  // namespace nacre::tree
