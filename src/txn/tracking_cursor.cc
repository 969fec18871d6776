#include "txn/tracking_cursor.h"

namespace nacre::txn {

void TrackingCursor::reached_above(bool row) {
  if (row) {
    reads_.extend_through(range_, rows_->key());
  } else {
    reads_.extend_to_end(range_);
  }
}

void TrackingCursor::reached_below(bool row) {
  reads_.extend_down_to(range_, row ? rows_->key() : Bytes{});
}

Result<bool> TrackingCursor::seek(Bytes key) {
  // Told before the row is known: `key` may be the very bytes that the seek overwrites.
  range_ = reads_.add_range(table_, key, key);
  const bool row = NACRE_TRY(rows_->seek(key));
  reached_above(row);
  return row;
}

Result<bool> TrackingCursor::seek_first() {
  range_ = reads_.add_range(table_, {}, Bytes{});
  const bool row = NACRE_TRY(rows_->seek_first());
  reached_above(row);
  return row;
}

Result<bool> TrackingCursor::seek_before(Bytes key) {
  range_ = reads_.add_range(table_, key, key);
  const bool row = NACRE_TRY(rows_->seek_before(key));
  reached_below(row);
  return row;
}

Result<bool> TrackingCursor::seek_last() {
  const bool row = NACRE_TRY(rows_->seek_last());
  range_ = reads_.add_range(table_, row ? rows_->key() : Bytes{}, std::nullopt);
  return row;
}

Result<bool> TrackingCursor::next() {
  const bool row = NACRE_TRY(rows_->next());
  reached_above(row);
  return row;
}

Result<bool> TrackingCursor::prev() {
  const bool row = NACRE_TRY(rows_->prev());
  reached_below(row);
  return row;
}

Result<RowViews> TrackingCursor::read_rows(const RowsWanted& wanted) {
  const RowViews seen = NACRE_TRY(rows_->read_rows(wanted));
  if (wanted.backward) {
    reached_below(seen.more);
  } else {
    reached_above(seen.more);
  }
  return seen;
}

}  // namespace nacre::txn
