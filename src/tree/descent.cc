#include "tree/descent.h"

#include "base/text.h"
#include "page/node_search.h"

namespace nacre::tree {

using page::Node;
using page::PageId;

// Kept out of the way of those that are flattened below.
[[gnu::noinline, gnu::cold]] std::unexpected<Error> damaged(const Target& target, PageId id,
                                                            std::string_view rule) {
  return fail(Code::kCorrupt, format("{}: page {}: {}, as a page of tree {}", target.pager->path(),
                                     number(id), rule, std::to_underlying(target.tree)));
}

[[gnu::noinline, gnu::cold]] std::unexpected<Error> too_old(const Target& target) {
  return fail(Code::kTooOld,
              format("{}: the snapshot was given up, because what it kept in memory exceeded its "
                     "limit",
                     target.pager->path()));
}

namespace {

[[gnu::noinline, gnu::cold]] Result<Arrival> not_there(const Target& target, page::View view,
                                                       PageId id) {
  if (!target.pager->is_absent(id)) return Arrival{.missing = id};
  if (page::Pager::is_cancelled(view)) return too_old(target);
  return damaged(target, id, "it is in no use");
}

[[gnu::noinline, gnu::cold]] std::unexpected<Error> wrong_page(const Target& target, PageId id,
                                                               const std::byte* bytes, int level) {
  if (page::tree_of(bytes) != std::to_underlying(target.tree)) {
    return damaged(target, id, format("its tree is {}", page::tree_of(bytes)));
  }
  return damaged(target, id, format("its level is {}, expected {}", Node(bytes).level(), level));
}

// `choose` says which child of an inner page to follow. With `kLook` off the leaf is fetched and
// not waited for.
template <bool kLook = true, class Choose>
Result<Arrival> descend_by(const Target& target, page::View view, std::uint64_t generation,
                           Path* path, Choose&& choose) {
  const page::Pager& pager = *target.pager;
  PageId id = target.root;
  const std::byte* bytes = pager.find(id, generation, kInnerArrays);
  for (int level = -1;; --level) {
    if (bytes == nullptr) [[unlikely]]
      return not_there(target, view, id);
    const Node node(bytes);
    if (level < 0) level = node.level();
    if (page::tree_of(bytes) != std::to_underlying(target.tree) || node.level() != level)
        [[unlikely]] {
      return wrong_page(target, id, bytes, level);
    }
    if (path != nullptr) {
      if (path->size == kLevelsMax) return damaged(target, id, "the tree is too high");
      path->steps[path->size++] = {id, bytes, 0};
    }
    if (level == 0) return Arrival{.leaf = bytes, .id = id};
    const std::size_t child = choose(node);
    if (path != nullptr) path->steps[path->size - 1].child = child;
    id = node.child(child);
    if (level > 1) {
      bytes = pager.find(id, generation, kInnerArrays);
      continue;
    }
    if (!kLook && pager.fetch(id, kLeafArrays)) return Arrival{.id = id};
    bytes = pager.find(id, generation, kLeafArrays);
  }
}

}  // namespace

// Flattened, for this is where a read spends its time: the calls, and the loops that ask for a
// number of lines that is known here, would be a fifth of it.
[[gnu::flatten]] Result<Arrival> descend(const Target& target, page::View view,
                                         std::uint64_t generation, Bytes key, Side side,
                                         Path* path) {
  return descend_by(target, view, generation, path, [&](Node node) {
    const page::Found found = page::search(node, node.strip(key));
    return found.index + (found.equal && side == Side::kAtOrAfter ? 1 : 0);
  });
}

[[gnu::flatten]] Result<Arrival> descend_to_leaf_parent(const Target& target, page::View view,
                                                        std::uint64_t generation, Bytes key,
                                                        Path* path) {
  return descend_by<false>(target, view, generation, path,
                           [&](Node node) { return page::child_for(node, node.strip(key)); });
}

Result<Arrival> descend_last(const Target& target, page::View view, std::uint64_t generation) {
  return descend_by(target, view, generation, nullptr, [](Node node) { return node.count(); });
}

[[gnu::flatten]] Result<Tree::Glance> Tree::glance_row(page::View view, Bytes key, SeenRow seen,
                                                       void* context) const {
  const Target target{pager_, root_, id_};
  const auto generation = pager_->generation(view);
  if (!generation.has_value()) return too_old(target);
  const auto arrival = descend_by(target, view, *generation, nullptr, [&](Node node) {
    return page::child_for(node, node.strip(key));
  });
  if (!arrival.has_value()) [[unlikely]]
    return std::unexpected(arrival.error().clone());
  if (arrival->leaf == nullptr) [[unlikely]]
    return Glance{.missing = arrival->missing};
  const Node leaf(arrival->leaf);
  const page::Found found = page::search(leaf, leaf.strip(key));
  if (!found.equal) return Glance{};
  const Node::LeafCell cell = leaf.leaf_cell(found.index);
  seen(context, cell.value, cell.word, cell.flags);
  return Glance{.is_there = true};
}

}  // namespace nacre::tree
