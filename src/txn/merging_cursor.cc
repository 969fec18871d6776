#include "txn/merging_cursor.h"

#include "base/planted.h"

namespace nacre::txn {

Result<bool> MergingCursor::seek(Bytes key) {
  forward_ = true;
  base_row_ = false;
  if (base_ != nullptr) base_row_ = NACRE_TRY(base_->seek(key));
  own_ = own_writes_.at_or_after(table_, key);
  return settle_forward();
}

Result<bool> MergingCursor::seek_first() {
  forward_ = true;
  base_row_ = false;
  if (base_ != nullptr) base_row_ = NACRE_TRY(base_->seek_first());
  own_ = own_writes_.at_or_after(table_, {});
  return settle_forward();
}

Result<bool> MergingCursor::seek_before(Bytes key) {
  forward_ = false;
  base_row_ = false;
  if (base_ != nullptr) base_row_ = NACRE_TRY(base_->seek_before(key));
  own_ = own_writes_.before(table_, key);
  return settle_backward();
}

Result<bool> MergingCursor::seek_last() {
  forward_ = false;
  base_row_ = false;
  if (base_ != nullptr) base_row_ = NACRE_TRY(base_->seek_last());
  own_ = own_writes_.before(table_, std::nullopt);
  return settle_backward();
}

Result<bool> MergingCursor::next() {
  if (!forward_) {
    // Walking backwards left both sides at or below the row; both must stand above it.
    turn_key_.assign(as_text(key()));
    turn_key_.push_back('\0');  // the least key above
    return seek(as_bytes(turn_key_));
  }
  const bool step_base = !at_own_ || hides_base_;
  if (at_own_) own_ = own_after();
  if (step_base) base_row_ = NACRE_TRY(base_->next());
  return settle_forward();
}

Result<RowViews> MergingCursor::read_rows(const RowsWanted& wanted) {
  if (forward_ != wanted.backward && !at_own_ && own_ == nullptr) {
    const RowViews seen = NACRE_TRY(base_->read_rows(wanted));
    base_row_ = seen.more;
    return seen;
  }
  if (!wanted.takes(key())) return RowViews{.rows = {}, .more = true, .is_bound = true};
  // The step may leave the page that the row lies in.
  shown_key_.assign(as_text(key()));
  shown_value_.assign(as_text(value()));
  shown_ = {.prefix = {}, .suffix = as_bytes(shown_key_), .value = as_bytes(shown_value_)};
  const bool more = NACRE_TRY(wanted.backward ? prev() : next());
  return RowViews{{&shown_, 1}, more};
}

Result<bool> MergingCursor::prev() {
  if (forward_) {
    turn_key_.assign(as_text(key()));
    return seek_before(as_bytes(turn_key_));
  }
  const bool step_base = !at_own_ || hides_base_;
  if (at_own_) own_ = own_writes_.before(table_, own_->key());
  if (step_base) base_row_ = NACRE_TRY(base_->prev());
  return settle_backward();
}

const WriteSet::Entry* MergingCursor::own_after() const {
  const WriteSet::Entry* after = own_->next();
  return after != nullptr && after->table() == table_ ? after : nullptr;
}

void MergingCursor::take_own(bool hides_base) {
  at_own_ = true;
  hides_base_ = hides_base;
  own_value_ = own_->value();
}

Result<bool> MergingCursor::settle_forward() {
  while (own_ != nullptr) {
    const auto order = base_row_ ? compare(own_->key(), base_->key()) : std::strong_ordering::less;
    if (order > 0) break;
    const bool same = order == 0;
    if (!own_->removed()) {
      take_own(same);
      return true;
    }
    own_ = own_after();
    if (same && !NACRE_PLANTED(own_removal_not_seen)) {
      base_row_ = NACRE_TRY(base_->next());  // TXN-1
    }
  }
  at_own_ = false;
  return base_row_;
}

Result<bool> MergingCursor::settle_backward() {
  while (own_ != nullptr) {
    const auto order =
        base_row_ ? compare(own_->key(), base_->key()) : std::strong_ordering::greater;
    if (order < 0) break;
    const bool same = order == 0;
    if (!own_->removed()) {
      take_own(same);
      return true;
    }
    own_ = own_writes_.before(table_, own_->key());
    if (same) base_row_ = NACRE_TRY(base_->prev());  // TXN-1
  }
  at_own_ = false;
  return base_row_;
}

}  // namespace nacre::txn
