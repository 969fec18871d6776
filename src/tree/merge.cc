// Merges: a sparse page takes in its neighbour; a root with one child takes in that child.
#include <array>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/planted.h"
#include "tree/node_edit.h"
#include "tree/restructure.h"

namespace nacre::tree {

using page::kNoPage;
using page::kPageSize;
using page::Node;
using page::PageId;

namespace {

constexpr std::uint64_t kNewestOfAll = page::kNotSuperseded;
constexpr std::size_t kMergedMax = kPageSize * 4 / 5;  // bytes; else the next insert would split
constexpr std::size_t kWorthReading = kPageSize / 20;  // bytes; emptier pages pay for a read

// Two neighbours below one parent, `separator` between them.
struct Neighbours {
  PageId parent;
  std::size_t separator;
  PageId left;
  PageId right;
};

class Merger {
 public:
  explicit Merger(const Target& target) : target_(target), pager_(*target.pager) {}

  // Merges page `level` steps above the leaf of `path`. False: nothing to do further up.
  Result<bool> merge_at(const Path& path, std::size_t level) {
    const Step& parent = path.steps[path.size - 2 - level];
    const PageId own = path.steps[path.size - 1 - level].id;
    const auto pair = find_neighbours(parent.id, own);
    if (!pair.has_value()) return false;
    const PageId other = pair->left == own ? pair->right : pair->left;
    NACRE_TRY(pager_.reserve(4));
    Loaded loaded;
    NACRE_TRY(loaded.load(pager_, parent.id));
    NACRE_TRY(loaded.load(pager_, own));
    NACRE_TRY(loaded.load(pager_, other));
    const page::Pin pin;
    if (!merge(*pair)) return false;
    if (parent.id == target_.root) return collapse_root();
    return Node(pager_.find(parent.id, kNewestOfAll)).used() < kSparse;
  }

 private:
  // The neighbour to merge `own` with: the right one where there is one. Absent when it is not
  // worth reading.
  std::optional<Neighbours> find_neighbours(PageId parent, PageId own) {
    const page::Pin pin;
    const std::byte* above = pager_.find(parent, kNewestOfAll);
    const std::byte* self = pager_.find(own, kNewestOfAll);
    if (above == nullptr || self == nullptr) return std::nullopt;
    const Node node(above);
    for (std::size_t i = 0; i <= node.count(); ++i) {
      if (node.child(i) != own) continue;
      if (node.count() == 0) return std::nullopt;
      const std::size_t separator = i < node.count() ? i : i - 1;
      const Neighbours pair{parent, separator, node.child(separator), node.child(separator + 1)};
      const PageId other = pair.left == own ? pair.right : pair.left;
      const bool in_memory = pager_.find(other, kNewestOfAll) != nullptr;
      if (!in_memory && Node(self).used() > kWorthReading) return std::nullopt;
      return pair;
    }
    return std::nullopt;
  }

  bool merge(const Neighbours& pair) {
    const std::byte* above = pager_.find(pair.parent, kNewestOfAll);
    const Node left(pager_.find(pair.left, kNewestOfAll));
    const Node right(pager_.find(pair.right, kNewestOfAll));
    if (left.level() != right.level() ||
        page::tree_of(left.page()) != page::tree_of(right.page())) {
      return false;  // damage; whoever reads there will be told
    }
    Shape shape = shape_of(left);
    if (!NACRE_PLANTED(merge_drops_fence)) shape.upper = right.upper_fence();
    std::vector<Cell> cells;
    std::vector<PageId> children;
    const Node parent(above);
    gather(left, cells);
    if (!left.is_leaf()) {
      gather_children(left, children);
      cells.push_back({parent.prefix(), parent.suffix(pair.separator), {}, 0, 0});
      gather_children(right, children);
    }
    gather(right, cells);
    const bool one_is_empty = left.count() == 0 || right.count() == 0;
    const std::size_t size = built_size(shape, cells);
    if (cells.size() > page::kNodeCountMax || size > (one_is_empty ? kPageSize : kMergedMax)) {
      return false;
    }
    // The cells may lie in the page that is about to be filled.
    alignas(64) std::array<std::byte, kPageSize> built;
    std::byte* target = pager_.writable(left.page());
    std::memcpy(built.data(), target, page::kHeaderSize);
    build_node(built.data(), shape, cells, children);
    copy_node(target, built.data());
    inner_erase(pager_.writable(above), pair.separator);
    if (!NACRE_PLANTED(merge_leaks_page)) pager_.free(pair.right);
    return true;
  }

  // A root with a single child becomes that child, for as long as that is so.
  Result<bool> collapse_root() {
    for (;;) {
      const std::byte* root = pager_.find(target_.root, kNewestOfAll);
      const Node node(root);
      if (node.is_leaf() || node.count() > 0) return false;
      const PageId child = node.child(0);
      const std::byte* below = pager_.find(child, kNewestOfAll);
      if (below == nullptr) return false;  // it can stay as it is
      if (pager_.reserved() == 0) return false;
      copy_node(pager_.writable(root), below);
      pager_.free(child);
    }
  }

  Target target_;
  page::Pager& pager_;
};

}  // namespace

Result<> merge_up(const Target& target, const Path& path) {
  Merger merger(target);
  for (std::size_t level = 0; level + 1 < path.size; ++level) {
    if (!NACRE_TRY(merger.merge_at(path, level))) return {};
  }
  return {};
}

Result<> merge_above_leaf(const Target& target, const Path& path) {
  Merger merger(target);
  for (std::size_t level = 1; level + 1 < path.size; ++level) {
    if (!NACRE_TRY(merger.merge_at(path, level))) return {};
  }
  return {};
}

Result<std::vector<PageId>> pages_below(const Target& target) {
  std::vector<PageId> found;
  std::vector<PageId> inner{target.root};
  while (!inner.empty()) {
    const PageId id = inner.back();
    inner.pop_back();
    std::uint8_t level = 0;
    std::vector<PageId> children;
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      const std::byte* bytes = target.pager->find(id, generation);
      if (bytes == nullptr) {
        if (target.pager->is_absent(id)) return damaged(target, id, "it is in no use");
        return id;
      }
      if (page::tree_of(bytes) != std::to_underlying(target.tree)) {
        return damaged(target, id, "it is of another tree");
      }
      const Node node(bytes);
      level = node.level();
      if (!node.is_leaf()) gather_children(node, children);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target, page::View::open(), step));
    for (const PageId child : children) NACRE_TRY(target.pager->know(child));
    found.insert(found.end(), children.begin(), children.end());
    if (level > 1) inner.insert(inner.end(), children.begin(), children.end());
  }
  return found;
}

}  // namespace nacre::tree
