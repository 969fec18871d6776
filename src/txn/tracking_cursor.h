// TrackingCursor: a cursor that tells a ReadSet where it has been.
//
// Invariants: ISO-3 between two seeks the range told is everything from the lowest to the highest
//   place reached: rows shown, gaps crossed, and the end of the table where a step found no row.
// Threads: one thread at a time.
#pragma once

#include <memory>

#include "txn/database.h"
#include "txn/read_set.h"

namespace nacre::txn {

class TrackingCursor final : public Cursor {
 public:
  // `reads` outlives every use of the cursor.
  TrackingCursor(std::unique_ptr<Cursor> rows, ReadSet& reads, TableId table)
      : rows_(std::move(rows)), reads_(reads), table_(table) {}

  [[nodiscard]] Result<bool> seek(Bytes key) override;
  [[nodiscard]] Result<bool> seek_before(Bytes key) override;
  [[nodiscard]] Result<bool> seek_first() override;
  [[nodiscard]] Result<bool> seek_last() override;
  [[nodiscard]] Result<bool> next() override;
  [[nodiscard]] Result<bool> prev() override;
  [[nodiscard]] Result<RowViews> read_rows(const RowsWanted& wanted) override;
  [[nodiscard]] Bytes key() const override { return rows_->key(); }
  [[nodiscard]] Bytes value() const override { return rows_->value(); }
  void read_values(bool wanted) override { rows_->read_values(wanted); }

 private:
  // Tell of a step that has just been made, upwards or downwards.
  void reached_above(bool row);
  void reached_below(bool row);

  std::unique_ptr<Cursor> rows_;
  ReadSet& reads_;
  TableId table_;
  ReadSet::RangeId range_ = 0;  // since the last seek
};

}  // namespace nacre::txn
