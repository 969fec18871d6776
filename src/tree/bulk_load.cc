// Bulk load: sorted rows into an empty tree, page after page, each as full as it gets.
#include <deque>
#include <optional>

#include "base/check.h"
#include "base/text.h"
#include "tree/descent.h"
#include "tree/node_edit.h"
#include "tree/tree.h"

namespace nacre::tree {

using page::kNoPage;
using page::kPageSize;
using page::Node;
using page::PageId;

namespace {

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t shared = 0;
  while (shared < limit && a[shared] == b[shared]) ++shared;
  return shared;
}

class Loader {
 public:
  explicit Loader(const Target& target) : target_(target), pager_(*target.pager) {}

  Result<> add(const Row& row) {
    if (!row_fits(row.key.size(), row.value.size())) {
      return fail(Code::kInvalid,
                  format("a row with a key of {} and a value of {} bytes does not fit a page",
                         row.key.size(), row.value.size()));
    }
    if (!rows_.empty() && compare(as_bytes(rows_.back().key), row.key) >= 0) {
      return fail(Code::kInvalid, "rows of a bulk load are not in ascending order of their keys");
    }
    while (rows_.size() > 1 && estimate(row) > kPageSize) NACRE_TRY(flush_leaf());
    rows_.push_back({to_string(row.key), to_string(row.value), row.word, row.flags});
    bytes_ += row.key.size() + leaf_cell_size(0, row.value.size());
    return {};
  }

  Result<> finish() {
    while (!rows_.empty() && !fits_last()) NACRE_TRY(flush_leaf());
    if (levels_.empty()) return build_root(leaf_shape(std::nullopt), cells(rows_.size()), {});
    NACRE_TRY(emit_leaf(rows_.size(), std::nullopt));
    for (std::size_t level = 0;; ++level) {
      while (!level_fits_last(level)) NACRE_TRY(flush_inner(level));
      if (level + 1 == levels_.size()) {
        const Inner& top = levels_[level];
        return build_root(inner_shape(level, std::nullopt), separators(top, top.separators.size()),
                          top.children);
      }
      NACRE_TRY(emit_inner(level, levels_[level].children.size(), std::nullopt));
    }
  }

  // Leaves the tree empty, as it was.
  void give_up() {
    for (const PageId id : made_) pager_.free(id);
  }

 private:
  struct Kept {
    std::string key;
    std::string value;
    std::uint64_t word;
    page::RowFlags flags;
  };

  // A page of level `index + 1` being filled.
  struct Inner {
    std::string lower;
    std::vector<std::string> separators;
    std::vector<PageId> children;
    std::size_t bytes = 0;
  };

  // Bytes of a page of all rows kept and `next`, under the prefix it would have.
  [[nodiscard]] std::size_t estimate(const Row& next) const {
    const std::size_t count = rows_.size() + 1;
    const std::size_t prefix = common_prefix(lower_, as_text(next.key));
    const std::size_t all =
        bytes_ + next.key.size() + leaf_cell_size(0, next.value.size()) - count * prefix;
    const std::size_t capacity = (count + 15) / 16 * 16;
    return all + page::arrays_end(false, capacity) + 2 * lower_.size();
  }

  [[nodiscard]] Shape leaf_shape(std::optional<Bytes> upper) const {
    return {.tree = std::to_underlying(target_.tree), .lower = as_bytes(lower_), .upper = upper};
  }
  [[nodiscard]] Shape inner_shape(std::size_t level, std::optional<Bytes> upper) const {
    return {.type = page::PageType::kInner,
            .level = static_cast<std::uint8_t>(level + 1),
            .tree = std::to_underlying(target_.tree),
            .lower = as_bytes(levels_[level].lower),
            .upper = upper};
  }

  [[nodiscard]] std::vector<Cell> cells(std::size_t count) const {
    std::vector<Cell> cells;
    cells.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Kept& row = rows_[i];
      cells.push_back({{}, as_bytes(row.key), as_bytes(row.value), row.word, row.flags});
    }
    return cells;
  }
  [[nodiscard]] static std::vector<Cell> separators(const Inner& inner, std::size_t count) {
    std::vector<Cell> cells;
    cells.reserve(count);
    for (std::size_t i = 0; i < count; ++i)
      cells.push_back({{}, as_bytes(inner.separators[i]), {}});
    return cells;
  }

  [[nodiscard]] bool fits_last() const {
    return built_size(leaf_shape(std::nullopt), cells(rows_.size())) <= kPageSize;
  }

  // As many rows as fit one page, with at least one left for the next.
  Result<> flush_leaf() {
    const std::vector<Cell> all = cells(rows_.size());
    for (std::size_t count = rows_.size() - 1; count > 0; --count) {
      const std::string upper =
          shortest_separator(as_bytes(rows_[count - 1].key), as_bytes(rows_[count].key));
      const std::span<const Cell> some(all.data(), count);
      if (built_size(leaf_shape(as_bytes(upper)), some) > kPageSize) continue;
      return emit_leaf(count, upper);
    }
    // One row and a long fence on its left: an empty page takes the fence.
    const std::string upper = shortest_separator(as_bytes(lower_), as_bytes(rows_.front().key));
    return emit_leaf(0, upper);
  }

  Result<> emit_leaf(std::size_t count, const std::optional<std::string>& upper) {
    NACRE_TRY(pager_.reserve(1));
    const page::Pager::NewPage made = pager_.allocate();
    const auto fence = upper.has_value() ? std::optional(as_bytes(*upper)) : std::nullopt;
    made_.push_back(made.id);
    build_node(made.bytes, leaf_shape(fence), cells(count), {});
    pager_.seal(made.bytes);
    for (std::size_t i = 0; i < count; ++i) {
      bytes_ -= rows_.front().key.size() + leaf_cell_size(0, rows_.front().value.size());
      rows_.pop_front();
    }
    NACRE_TRY(add_child(0, lower_, made.id));
    lower_ = upper.value_or("");
    return {};
  }

  // `child` holds the keys from `lower` on.
  Result<> add_child(std::size_t level, const std::string& lower, PageId child) {
    if (levels_.size() == level) levels_.emplace_back();
    Inner& inner = levels_[level];
    if (inner.children.empty()) {
      inner.lower = lower;
      inner.children.push_back(child);
      return {};
    }
    inner.separators.push_back(lower);
    inner.children.push_back(child);
    inner.bytes += lower.size() + 16;
    const std::size_t prefix = common_prefix(inner.lower, lower);
    const std::size_t size =
        inner.bytes - inner.separators.size() * prefix + 2 * inner.lower.size();
    if (size + page::kHeadsOffset + 16 * page::kCapacityStep <= kPageSize) return {};
    return flush_inner(level);
  }

  [[nodiscard]] bool level_fits_last(std::size_t level) const {
    const Inner& inner = levels_[level];
    return built_size(inner_shape(level, std::nullopt),
                      separators(inner, inner.separators.size())) <= kPageSize;
  }

  // As many children as fit one page, with at least one left for the next.
  Result<> flush_inner(std::size_t level) {
    const Inner& inner = levels_[level];
    const std::vector<Cell> all = separators(inner, inner.separators.size());
    for (std::size_t count = inner.children.size() - 1; count > 0; --count) {
      const std::string& upper = inner.separators[count - 1];
      const std::span<const Cell> some(all.data(), count - 1);
      if (built_size(inner_shape(level, as_bytes(upper)), some) > kPageSize) continue;
      return emit_inner(level, count, upper);
    }
    NACRE_CHECK(false, "one child and two fences fit a page");
    return {};
  }

  Result<> emit_inner(std::size_t level, std::size_t count, std::optional<std::string> upper) {
    NACRE_TRY(pager_.reserve(1));
    const page::Pager::NewPage made = pager_.allocate();
    const auto fence = upper.has_value() ? std::optional(as_bytes(*upper)) : std::nullopt;
    made_.push_back(made.id);
    build_node(made.bytes, inner_shape(level, fence), separators(levels_[level], count - 1),
               std::span(levels_[level].children).first(count));
    pager_.seal(made.bytes);
    const std::string lower = levels_[level].lower;
    Inner& inner = levels_[level];
    const auto taken = static_cast<std::ptrdiff_t>(count);
    inner.children.erase(inner.children.begin(), inner.children.begin() + taken);
    inner.separators.erase(
        inner.separators.begin(),
        inner.separators.begin() + std::min(taken, std::ssize(inner.separators)));
    inner.lower = upper.value_or("");
    inner.bytes = 0;
    for (const std::string& separator : inner.separators) inner.bytes += separator.size() + 16;
    return add_child(level + 1, lower, made.id);
  }

  Result<> build_root(const Shape& shape, std::span<const Cell> root_cells,
                      std::span<const PageId> children) {
    NACRE_TRY(pager_.reserve(1));
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      const std::byte* root = pager_.find(target_.root, generation);
      if (root == nullptr) return target_.root;
      build_node(pager_.writable(root), shape, root_cells, children);
      return kNoPage;
    };
    return with_pages(target_, page::View::open(), step);
  }

  Target target_;
  page::Pager& pager_;
  std::deque<Kept> rows_;  // of the leaf being filled, and a few that may not fit it
  std::size_t bytes_ = 0;  // of their cells under an empty prefix
  std::string lower_;      // fence of the leaf being filled
  std::deque<Inner> levels_;
  std::vector<PageId> made_;  // all pages but the root
};

}  // namespace

Result<std::uint64_t> Tree::bulk_load(const NextRow& next) {
  const Target target{pager_, root_, id_};
  bool is_empty = false;
  const auto look = [&](std::uint64_t generation) -> Result<PageId> {
    const Arrival arrival =
        NACRE_TRY(descend(target, page::View::open(), generation, {}, Side::kAtOrAfter, nullptr));
    if (arrival.leaf == nullptr) return arrival.missing;
    const Node leaf(arrival.leaf);
    is_empty = page::id_of(arrival.leaf) == root_ && leaf.count() == 0;
    return kNoPage;
  };
  NACRE_TRY(with_pages(target, page::View::open(), look));
  if (!is_empty) return fail(Code::kInvalid, "a bulk load needs an empty tree");
  Loader loader(target);
  std::uint64_t count = 0;
  const auto load = [&]() -> Result<> {
    Row row;
    for (; NACRE_TRY(next(row)); ++count) NACRE_TRY(loader.add(row));
    return loader.finish();
  };
  Result<> loaded = load();
  if (!loaded.has_value()) {
    loader.give_up();
    return std::unexpected(std::move(loaded).error());
  }
  return count;
}

}  // namespace nacre::tree
