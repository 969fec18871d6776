// Compaction of a tree: leaves that deletions have left half empty become full ones.
//
// Why by shifting: two half empty neighbours make one, but after random deletions most neighbours
// do
//   not fit together; rows that move to the left as far as there is room leave every leaf but the
//   last of a parent as full as a sorted load would.
// Rule:    a step changes two leaves and their parent, all in memory before the first is changed.
#include <array>
#include <cstring>

#include "base/check.h"
#include "tree/descent.h"
#include "tree/node_edit.h"
#include "tree/restructure.h"

namespace nacre::tree {

using page::kNoPage;
using page::kPageSize;
using page::Node;
using page::PageId;
using page::View;

namespace {

constexpr std::uint64_t kNewestOfAll = page::kNotSuperseded;
constexpr std::size_t kPacked = kPageSize * 98 / 100;      // bytes; a leaf is filled up to here
constexpr std::size_t kFullEnough = kPageSize * 92 / 100;  // bytes; not worth changing
constexpr std::size_t kPreparedLeaves = 24;

using Page = std::array<std::byte, kPageSize>;

class Packer {
 public:
  explicit Packer(const Target& target) : pager_(*target.pager) {}

  // Leaves `index` and `index` + 1 of `parent`. Returns what became of them; under a Pin.
  enum class Outcome : std::uint8_t { kAsBefore, kMerged, kShifted };
  Outcome pack(PageId parent, std::size_t index, Tree::Compacted& result) {
    const std::byte* above = pager_.find(parent, kNewestOfAll);
    const Node node(above);
    const Node left(pager_.find(node.child(index), kNewestOfAll));
    const Node right(pager_.find(node.child(index + 1), kNewestOfAll));
    if (!left.is_leaf() || !right.is_leaf() ||
        page::tree_of(left.page()) != page::tree_of(right.page())) {
      return Outcome::kAsBefore;  // damage; whoever reads there will be told
    }
    gather(left, cells_);
    gather(right, cells_);
    Shape shape = shape_of(left);
    shape.upper = right.upper_fence();
    if (cells_.size() <= page::kNodeCountMax && built_size(shape, cells_) <= kPacked) {
      merge(above, index, left, right, shape);
      result.pages_freed = 1;
      result.pages_changed = 2;
      return Outcome::kMerged;
    }
    const std::size_t count = best_count(shape_of(left), left.count());
    if (count <= left.count() || !shift(above, index, left, right, count, result)) {
      return Outcome::kAsBefore;
    }
    result.pages_changed = 3;
    return Outcome::kShifted;
  }

 private:
  // How many of the cells fit the left leaf; at least `from`.
  std::size_t best_count(Shape shape, std::size_t from) {
    std::size_t low = from;
    std::size_t high = std::min<std::size_t>(cells_.size() - 1, page::kNodeCountMax);
    while (low < high) {
      const std::size_t middle = (low + high + 1) / 2;
      const std::string separator = separator_at(middle);
      shape.upper = as_bytes(separator);
      const bool fits = built_size(shape, std::span(cells_).first(middle)) <= kPacked;
      (fits ? low : high) = fits ? middle : middle - 1;
    }
    return low;
  }

  std::string separator_at(std::size_t count) const {
    const std::string below = key_of(cells_[count - 1]);
    const std::string above = key_of(cells_[count]);
    return shortest_separator(as_bytes(below), as_bytes(above));
  }

  void merge(const std::byte* above, std::size_t index, Node left, Node right, const Shape& shape) {
    const PageId right_id = page::id_of(right.page());
    rebuild(left, shape, cells_);
    inner_erase(pager_.writable(above), index);
    pager_.free(right_id);
  }

  bool shift(const std::byte* above, std::size_t index, Node left, Node right, std::size_t count,
             Tree::Compacted& result) {
    const std::string separator = separator_at(count);
    // The parent first, on a copy: it may have no room for a longer separator.
    alignas(64) Page parent;
    std::memcpy(parent.data(), above, kPageSize);
    inner_erase(parent.data(), index);
    const Node node(parent.data());
    if (!inner_insert(parent.data(), index, node.strip(as_bytes(separator)),
                      page::id_of(right.page()))) {
      return false;
    }
    Shape shape = shape_of(left);
    shape.upper = as_bytes(separator);
    Shape rest = shape_of(right);
    rest.lower = as_bytes(separator);
    if (built_size(rest, std::span(cells_).subspan(count)) > kPageSize) return false;
    // Both from the bytes as they are: the cells of one lie in the other.
    alignas(64) Page built_right;
    std::memcpy(built_right.data(), right.page(), page::kHeaderSize);
    build_node(built_right.data(), rest, std::span(cells_).subspan(count), {});
    rebuild(left, shape, std::span(cells_).first(count));
    copy_node(pager_.writable(right.page()), built_right.data());
    copy_node(pager_.writable(above), parent.data());
    result.next = separator;
    return true;
  }

  void rebuild(Node node, const Shape& shape, std::span<const Cell> cells) {
    // The cells may lie in the page that is about to be filled.
    alignas(64) Page built;
    std::memcpy(built.data(), node.page(), page::kHeaderSize);
    build_node(built.data(), shape, cells, {});
    copy_node(pager_.writable(node.page()), built.data());
  }

  page::Pager& pager_;
  std::vector<Cell> cells_;
};

}  // namespace

Result<Tree::Compacted> Tree::compact_step(Bytes from) {
  const Target target{pager_, root_, id_};
  Path path;
  Compacted result;
  bool is_full_enough = false;
  bool is_last_of_parent = false;
  PageId right = kNoPage;
  NACRE_TRY(pager_->reserve(4));
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    path.size = 0;
    const Arrival arrival =
        NACRE_TRY(descend(target, View::open(), generation, from, Side::kAtOrAfter, &path));
    if (arrival.leaf == nullptr) return arrival.missing;
    const Node leaf(arrival.leaf);
    const auto upper = leaf.upper_fence();
    result.is_done = !upper.has_value();
    if (upper.has_value()) result.next = to_string(*upper);
    is_full_enough = leaf.used() >= kFullEnough;
    if (path.size < 2) return kNoPage;
    const Step& parent = path.steps[path.size - 2];
    const Node node(parent.page);
    is_last_of_parent = parent.child == node.count();
    if (!is_last_of_parent) right = node.child(parent.child + 1);
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, View::open(), step));
  if (path.size < 2) return result;
  if (is_last_of_parent) {
    NACRE_TRY(merge_above_leaf(target, path));
    return result;
  }
  if (is_full_enough) return result;
  const Step parent = path.steps[path.size - 2];
  Loaded loaded;
  NACRE_TRY(loaded.load(*pager_, parent.id));
  NACRE_TRY(loaded.load(*pager_, path.leaf().id));
  NACRE_TRY(loaded.load(*pager_, right));
  NACRE_TRY(pager_->reserve(4));
  const page::Pin pin;
  if (Packer(target).pack(parent.id, parent.child, result) == Packer::Outcome::kMerged) {
    // It may take in its next neighbour too.
    result.next = to_string(from);
    result.is_done = false;
  }
  return result;
}

Result<std::vector<page::FramePin>> Tree::prepare_compaction(View view, Bytes from) const {
  const Target target{pager_, root_, id_};
  std::vector<PageId> leaves;
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    Path path;
    leaves.clear();
    const Arrival arrival =
        NACRE_TRY(descend(target, view, generation, from, Side::kAtOrAfter, &path));
    if (arrival.leaf == nullptr) return arrival.missing;
    if (path.size < 2) return kNoPage;
    const Step& parent = path.steps[path.size - 2];
    const Node node(parent.page);
    for (std::size_t i = parent.child; i <= node.count() && leaves.size() < kPreparedLeaves; ++i) {
      leaves.push_back(node.child(i));
    }
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, view, step));
  std::vector<page::FramePin> pins;
  // A page that is gone meanwhile is no longer needed; one that is damaged is met by the step.
  for (const PageId leaf : leaves) {
    auto pin = pager_->load(leaf);
    if (!pin.has_value()) break;
    pins.push_back(*std::move(pin));
  }
  return pins;
}

}  // namespace nacre::tree
