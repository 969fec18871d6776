#include "tree/cursor.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

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

  Result<RowViews> read_rows(std::size_t limit) {
    require_row();
    if (limit < count_ - index_) {
      shown_.reset();
      const std::span<const RowView> rows = view_rows(index_ + limit, nullptr);
      index_ += limit;
      key_known_ = false;
      return RowViews{rows, true};
    }
    page::FramePin next;
    const bool is_found = NACRE_TRY(find_next_leaf(next));
    const std::span<const RowView> rows = view_rows(count_, next.page());
    shown_ = std::move(leaf_);
    if (!is_found) {
      leaf_.reset();
      return RowViews{rows, false};
    }
    if (next.page() == nullptr) {
      fence_.assign(as_text(*Node(shown_.page()).upper_fence()));
      NACRE_TRY(enter(as_bytes(fence_), Side::kAtOrAfter));
      const Node leaf(page());
      index_ = page::search(leaf, leaf.strip(as_bytes(fence_))).index;
    } else {
      leaf_ = std::move(next);
      index_ = 0;
      NACRE_TRY(entered());
    }
    const bool more = NACRE_TRY(settle_forward());
    return RowViews{rows, more};
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
    if (parent_ == kNoPage) return true;
    const page::Pager& pager = *target_.pager;
    const page::Pin pin;
    const auto generation = pager.generation(view_);
    if (!generation.has_value()) return too_old(target_);
    const std::byte* parent = pager.find(parent_, *generation, kInnerArrays);
    // The parent may have been freed, or changed, since we came through it: what counts is that the
    // page found begins where ours ends.
    if (parent == nullptr || page::tree_of(parent) != std::to_underlying(target_.tree) ||
        page::level_of(parent) != 1 || child_ + 1 > Node(parent).count()) {
      parent_ = kNoPage;
      return true;
    }
    const std::byte* found = pager.find(Node(parent).child(child_ + 1), *generation, kLeafArrays);
    if (found == nullptr || page::tree_of(found) != std::to_underlying(target_.tree) ||
        page::level_of(found) != 0 || compare(Node(found).lower_fence(), *upper) != 0) {
      parent_ = kNoPage;
      return true;
    }
    next = pager.keep(found);
    ++child_;
    // The arrays of the leaf after it: where its rows lie is to be known when they are asked for.
    if (child_ + 1 <= Node(parent).count()) {
      static_cast<void>(pager.fetch(Node(parent).child(child_ + 1), kLeafArrays));
    }
    return true;
  }

  // Views the rows from index_ to `end`, and asks for those of `next` on the way, a few at a time.
  std::span<const RowView> view_rows(std::size_t end, const std::byte* next) {
    const Node leaf(page());
    const Bytes prefix = leaf.prefix();
    const std::size_t count = end - index_;
    if (rows_.size() < count) rows_.resize(std::max(count, kRowsMin));
    const std::size_t coming = next == nullptr ? 0 : Node(next).count();
    const std::size_t step = coming / count + 1;
    std::size_t asked = 0;
    for (std::size_t i = 0; i < count; ++i) {
      view_row(leaf, index_ + i, prefix, rows_[i]);
      for (const std::size_t stop = std::min(asked + step, coming); asked < stop; ++asked) {
        fetch_row(Node(next), asked);
      }
    }
    return std::span(rows_).first(count);
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
      if (next.page() != nullptr) {
        leaf_ = std::move(next);
        index_ = 0;
        NACRE_TRY(entered());
        continue;
      }
      fence_.assign(as_text(*Node(page()).upper_fence()));
      NACRE_TRY(enter(as_bytes(fence_), Side::kAtOrAfter));
      const Node leaf(page());
      index_ = page::search(leaf, leaf.strip(as_bytes(fence_))).index;
      if (NACRE_PLANTED(cursor_skips_a_row) && count_ > 1) ++index_;
    }
    return true;
  }

  // To the last row before index_.
  Result<bool> settle_backward() {
    key_known_ = false;
    while (index_ == 0) {
      const Bytes lower = Node(page()).lower_fence();
      if (lower.empty()) {
        leaf_.reset();
        return false;
      }
      fence_.assign(as_text(lower));
      NACRE_TRY(enter(as_bytes(fence_), Side::kBefore));
      const Node leaf(page());
      index_ = page::search(leaf, leaf.strip(as_bytes(fence_))).index;
      if (NACRE_PLANTED(reverse_scan_off_by_one) && index_ > 1) --index_;
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
  static constexpr std::size_t kRowsMin = 64;
  std::vector<RowView> rows_;  // more than are shown
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
Result<RowViews> Cursor::read_rows(std::size_t limit) { return rep_->read_rows(limit); }
Bytes Cursor::fence() const { return rep_->fence(); }
Bytes Cursor::key() const { return rep_->key(); }
Bytes Cursor::value() const { return rep_->cell().value; }
std::uint64_t Cursor::word() const { return rep_->cell().word; }
page::RowFlags Cursor::flags() const { return rep_->cell().flags; }

}  // namespace nacre::tree
