#include "tree/cursor.h"

#include <algorithm>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "page/node_search.h"
#include "tree/descent.h"
#include "tree/leaf_lines.h"

namespace nacre::tree {

using page::kNoPage;
using page::Node;
using page::PageId;

class Cursor::Rep {
 public:
  Rep(const Tree& tree, page::Pager& pager, page::View view)
      : target_{&pager, tree.root(), tree.id()}, view_(view) {}

  Result<bool> seek(Bytes key) {
    NACRE_TRY(enter(key, Side::kAtOrAfter));
    const Node leaf(page());
    index_ = page::search(leaf, leaf.strip(key)).index;
    return settle_forward();
  }

  Result<bool> seek_before(Bytes key) {
    NACRE_TRY(enter(key, Side::kBefore));
    const Node leaf(page());
    index_ = page::search(leaf, leaf.strip(key)).index;
    return settle_backward();
  }

  Result<bool> seek_last() {
    NACRE_TRY(enter_last());
    index_ = Node(page()).count();
    return settle_backward();
  }

  Result<bool> next() {
    require_row();
    ++index_;
    key_known_ = false;
    if (index_ < count_) return true;
    return settle_forward();
  }

  Result<bool> prev() {
    require_row();
    return settle_backward();
  }

  Result<RowViews> read_rows(const RowsWanted& wanted) {
    require_row();
    key_known_ = false;
    return wanted.backward ? read_backward(wanted) : read_forward(wanted);
  }

  Bytes key() {
    require_row();
    if (!key_known_) {
      const Node leaf(page());
      key_.resize(leaf.prefix_length());
      key_.append(as_text(leaf.suffix(index_)));
      key_known_ = true;
    }
    return as_bytes(key_);
  }

  [[nodiscard]] Bytes fence() const { return as_bytes(fence_); }

  [[nodiscard]] Node::LeafCell cell() const {
    require_row();
    return Node(page()).leaf_cell(index_);
  }

 private:
  [[nodiscard]] const std::byte* page() const { return leaf_.page(); }
  void require_row() const {
    NACRE_CHECK(page() != nullptr && index_ < count_, "the cursor stands on a row");
  }

  // The first row of the leaf that is not less than `bound`; its count when all are.
  [[nodiscard]] std::size_t first_at(Bytes bound) const {
    const Node leaf(page());
    if (compare(bound, leaf.lower_fence()) <= 0) return 0;
    const auto upper = leaf.upper_fence();
    if (upper.has_value() && compare(*upper, bound) <= 0) return count_;
    return page::search(leaf, leaf.strip(bound)).index;
  }

  Result<RowViews> read_forward(const RowsWanted& wanted) {
    const std::size_t end = wanted.bound.empty() ? count_ : first_at(wanted.bound);
    const std::size_t inside = std::max(end, index_) - index_;
    const std::size_t taken = std::min(wanted.limit, inside);
    if (index_ + taken < count_) {
      shown_.reset();
      const std::span<const RowView> rows = view_rows<true>(taken, nullptr);
      index_ += taken;
      return RowViews{rows, true, taken == inside};
    }
    page::FramePin next;
    const bool is_found = NACRE_TRY(find_next_leaf(next));
    const std::span<const RowView> rows = view_rows<true>(taken, next.page());
    shown_ = std::move(leaf_);
    if (!is_found) {
      leaf_.reset();
      return RowViews{rows};
    }
    NACRE_TRY(enter_next(std::move(next)));
    const bool more = NACRE_TRY(settle_forward());
    return RowViews{rows, more};
  }

  Result<RowViews> read_backward(const RowsWanted& wanted) {
    const std::size_t begin = wanted.bound.empty() ? 0 : first_at(wanted.bound);
    const std::size_t inside = index_ + 1 - std::min(begin, index_ + 1);
    const std::size_t taken = std::min(wanted.limit, inside);
    if (taken <= index_) {
      shown_.reset();
      const std::span<const RowView> rows = view_rows<false>(taken, nullptr);
      index_ -= taken;
      return RowViews{rows, true, taken == inside};
    }
    page::FramePin previous;
    const bool is_found = NACRE_TRY(find_previous_leaf(previous));
    const std::span<const RowView> rows = view_rows<false>(taken, previous.page());
    shown_ = std::move(leaf_);
    if (!is_found) {
      leaf_.reset();
      return RowViews{rows};
    }
    NACRE_TRY(enter_previous(std::move(previous)));
    const bool more = NACRE_TRY(settle_backward());
    return RowViews{rows, more};
  }

  // Moves to the leaf of `key`, which may lie in the current leaf.
  Result<> enter(Bytes key, Side side) {
    leaf_.reset();
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      Path path;
      const Arrival arrival = NACRE_TRY(descend(target_, view_, generation, key, side, &path));
      if (arrival.leaf == nullptr) return arrival.missing;
      leaf_ = target_.pager->keep(arrival.leaf);
      remember_parent(path);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target_, view_, step));
    return entered();
  }

  // The last leaf: the last child all the way down.
  Result<> enter_last() {
    leaf_.reset();
    parent_ = kNoPage;
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      const Arrival arrival = NACRE_TRY(descend_last(target_, view_, generation));
      if (arrival.leaf == nullptr) return arrival.missing;
      leaf_ = target_.pager->keep(arrival.leaf);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target_, view_, step));
    return entered();
  }

  void remember_parent(const Path& path) {
    parent_ = path.size < 2 ? kNoPage : path.steps[path.size - 2].id;
    if (parent_ != kNoPage) child_ = path.steps[path.size - 2].child;
  }

  // Whether there is a leaf after this one. `next` gets it when the parent knows it and it is in
  // memory; else the way to it is from the root.
  Result<bool> find_next_leaf(page::FramePin& next) {
    const Node leaf(page());
    const auto upper = leaf.upper_fence();
    if (!upper.has_value()) return false;
    fence_.assign(as_text(*upper));
    NACRE_TRY(ask_parent(child_ + 1, next, [&](Node found) {
      return compare(found.lower_fence(), as_bytes(fence_)) == 0;
    }));
    return true;
  }

  // The same of the leaf before this one.
  Result<bool> find_previous_leaf(page::FramePin& previous) {
    const Bytes lower = Node(page()).lower_fence();
    if (lower.empty()) return false;
    fence_.assign(as_text(lower));
    NACRE_TRY(ask_parent(child_ - 1, previous, [&](Node found) {
      const auto upper = found.upper_fence();
      return upper.has_value() && compare(*upper, as_bytes(fence_)) == 0;
    }));
    return true;
  }

  // Keeps the leaf that the parent has at `child`, beside ours, in `into` when all of that is in
  // memory. The parent may have been freed, or changed, since we came through it: what counts is
  // whether the page found `borders` on ours.
  template <class Borders>
  Result<> ask_parent(std::size_t child, page::FramePin& into, Borders&& borders) {
    const page::PageId parent_id = std::exchange(parent_, kNoPage);
    if (parent_id == kNoPage) return {};
    const page::Pager& pager = *target_.pager;
    const page::Pin pin;
    const auto generation = pager.generation(view_);
    if (!generation.has_value()) return too_old(target_);
    const std::byte* parent = pager.find(parent_id, *generation, kInnerArrays);
    if (parent == nullptr || page::tree_of(parent) != std::to_underlying(target_.tree) ||
        page::level_of(parent) != 1 || child > Node(parent).count()) {
      return {};
    }
    const std::byte* found = pager.find(Node(parent).child(child), *generation, kLeafArrays);
    if (found == nullptr || page::tree_of(found) != std::to_underlying(target_.tree) ||
        page::level_of(found) != 0 || !borders(Node(found))) {
      return {};
    }
    into = pager.keep(found);
    parent_ = parent_id;
    // The arrays of the leaf beyond it: where its rows lie is to be known when they are asked for.
    const std::size_t beyond = child + (child - child_);
    child_ = child;
    if (beyond <= Node(parent).count()) {
      static_cast<void>(pager.fetch(Node(parent).child(beyond), kLeafArrays));
    }
    return {};
  }

  // Views `count` rows from index_ on, and asks for those of the leaf `beyond` on the way, a few at
  // a time.
  template <bool kForward>
  std::span<const RowView> view_rows(std::size_t count, const std::byte* beyond) {
    if (count == 0) return {};
    const Node leaf(page());
    const Bytes prefix = leaf.prefix();
    const std::span<RowView> rows = room_for(count);
    const std::size_t coming = beyond == nullptr ? 0 : Node(beyond).count();
    const std::size_t step = coming / count + 1;
    std::size_t asked = 0;
    for (std::size_t i = 0; i < count; ++i) {
      view_row(leaf, kForward ? index_ + i : index_ - i, prefix, rows[i]);
      for (const std::size_t stop = std::min(asked + step, coming); asked < stop; ++asked) {
        fetch_row(Node(beyond), kForward ? asked : coming - 1 - asked);
      }
    }
    return rows;
  }

  // Without a value: view_row gives them theirs.
  std::span<RowView> room_for(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<RowView> && std::is_aggregate_v<RowView>);
    if (room_ < count) {
      room_ = std::max({count, 2 * room_, kRoomMin});
      rows_ = std::make_unique_for_overwrite<std::byte[]>(room_ * sizeof(RowView));
    }
    return {reinterpret_cast<RowView*>(rows_.get()), count};
  }

  // To the first row of the leaf after ours, whose upper fence is fence_: `next`, or by the way
  // from the root where that is empty.
  Result<> enter_next(page::FramePin next) {
    if (next.page() != nullptr) {
      leaf_ = std::move(next);
      index_ = 0;
      return entered();
    }
    NACRE_TRY(enter(as_bytes(fence_), Side::kAtOrAfter));
    const Node leaf(page());
    // Else it is damaged, and the way from the root would lead here for ever.
    const auto upper = leaf.upper_fence();
    if (upper.has_value() && compare(*upper, as_bytes(fence_)) <= 0) return misplaced();
    index_ = page::search(leaf, leaf.strip(as_bytes(fence_))).index;
    return {};
  }

  // The same behind the last row of the leaf before ours, whose lower fence is fence_.
  Result<> enter_previous(page::FramePin previous) {
    if (previous.page() != nullptr) {
      leaf_ = std::move(previous);
      NACRE_TRY(entered());
      index_ = count_;
    } else {
      NACRE_TRY(enter(as_bytes(fence_), Side::kBefore));
      const Node leaf(page());
      if (compare(leaf.lower_fence(), as_bytes(fence_)) >= 0) return misplaced();
      index_ = page::search(leaf, leaf.strip(as_bytes(fence_))).index;
    }
    if (NACRE_PLANTED(reverse_scan_off_by_one) && index_ > 1) --index_;
    return {};
  }

  std::unexpected<Error> misplaced() {
    auto error = damaged(target_, page::id_of(page()), "its fences leave out the key sought");
    leaf_.reset();
    return error;
  }

  Result<> entered() {
    if (page::Pager::is_cancelled(view_)) {
      leaf_.reset();
      return too_old(target_);
    }
    const Node leaf(page());
    count_ = leaf.count();
    key_.assign(as_text(leaf.prefix()));
    key_known_ = false;
    return {};
  }

  // To the first row at index_ or after.
  Result<bool> settle_forward() {
    key_known_ = false;
    while (index_ >= count_) {
      page::FramePin next;
      const bool is_found = NACRE_TRY(find_next_leaf(next));
      if (!is_found) {
        leaf_.reset();
        return false;
      }
      [[maybe_unused]] const bool is_near = next.page() != nullptr;
      NACRE_TRY(enter_next(std::move(next)));
      if (NACRE_PLANTED(cursor_skips_a_row) && !is_near && count_ > 1) ++index_;
    }
    return true;
  }

  // To the last row before index_.
  Result<bool> settle_backward() {
    key_known_ = false;
    while (index_ == 0) {
      page::FramePin previous;
      const bool is_found = NACRE_TRY(find_previous_leaf(previous));
      if (!is_found) {
        leaf_.reset();
        return false;
      }
      NACRE_TRY(enter_previous(std::move(previous)));
    }
    --index_;
    return true;
  }

  Target target_;
  page::View view_;
  page::FramePin leaf_;
  PageId parent_ = kNoPage;  // of leaf_, as far as known
  std::size_t child_ = 0;    // of the parent: leaf_
  page::FramePin shown_;     // the page of rows_
  static constexpr std::size_t kRoomMin = 16;
  std::unique_ptr<std::byte[]> rows_;  // room for RowViews
  std::size_t room_ = 0;               // so many of them
  std::size_t index_ = 0;
  std::size_t count_ = 0;
  std::string key_;  // the page's prefix, and the row's suffix once key_known_
  bool key_known_ = false;
  std::string fence_;
};

Cursor::Cursor(const Tree& tree, page::View view)
    : rep_(std::make_unique<Rep>(tree, *tree.pager_, view)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

Result<bool> Cursor::seek(Bytes key) { return rep_->seek(key); }
Result<bool> Cursor::seek_before(Bytes key) { return rep_->seek_before(key); }
Result<bool> Cursor::seek_first() { return rep_->seek({}); }
Result<bool> Cursor::seek_last() { return rep_->seek_last(); }
Result<bool> Cursor::next() { return rep_->next(); }
Result<bool> Cursor::prev() { return rep_->prev(); }
Result<RowViews> Cursor::read_rows(const RowsWanted& wanted) { return rep_->read_rows(wanted); }
Bytes Cursor::fence() const { return rep_->fence(); }
Bytes Cursor::key() const { return rep_->key(); }
Bytes Cursor::value() const { return rep_->cell().value; }
std::uint64_t Cursor::word() const { return rep_->cell().word; }
page::RowFlags Cursor::flags() const { return rep_->cell().flags; }

}  // namespace nacre::tree
