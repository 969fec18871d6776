#include "tree/cursor.h"

#include <utility>

#include "base/check.h"
#include "page/node_search.h"
#include "tree/descent.h"

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
      const Arrival arrival = NACRE_TRY(descend(target_, view_, generation, key, side, nullptr));
      if (arrival.leaf == nullptr) return arrival.missing;
      leaf_ = target_.pager->keep(arrival.leaf);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target_, view_, step));
    return entered();
  }

  // The last leaf: the last child all the way down.
  Result<> enter_last() {
    leaf_.reset();
    const auto step = [&](std::uint64_t generation) -> Result<PageId> {
      const Arrival arrival = NACRE_TRY(descend_last(target_, view_, generation));
      if (arrival.leaf == nullptr) return arrival.missing;
      leaf_ = target_.pager->keep(arrival.leaf);
      return kNoPage;
    };
    NACRE_TRY(with_pages(target_, view_, step));
    return entered();
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
      const auto upper = Node(page()).upper_fence();
      if (!upper.has_value()) {
        leaf_.reset();
        return false;
      }
      fence_.assign(as_text(*upper));
      NACRE_TRY(enter(as_bytes(fence_), Side::kAtOrAfter));
      const Node leaf(page());
      index_ = page::search(leaf, leaf.strip(as_bytes(fence_))).index;
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
    }
    --index_;
    return true;
  }

  Target target_;
  page::View view_;
  page::FramePin leaf_;
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
Bytes Cursor::key() const { return rep_->key(); }
Bytes Cursor::value() const { return rep_->cell().value; }
std::uint64_t Cursor::word() const { return rep_->cell().word; }
page::RowFlags Cursor::flags() const { return rep_->cell().flags; }

}  // namespace nacre::tree
