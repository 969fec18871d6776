// MergingCursor: the rows of a snapshot with a transaction's own writes laid over them.
//
// Invariants: TXN-1 an own write hides the snapshot's row of the same key, whether it puts or
//                   removes; in both directions every visible key comes exactly once.
// Cost: a step costs a step of the snapshot's cursor and, where there are own writes, one key
//   comparison; backwards over own writes O(log n). Turning around seeks anew.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "txn/database.h"
#include "txn/write_set.h"

namespace nacre::txn {

class MergingCursor final : public Cursor {
 public:
  // `base` is null when the transaction dropped the table. `own` outlives every use of the cursor.
  MergingCursor(std::unique_ptr<Cursor> base, const WriteSet& own, TableId table)
      : base_(std::move(base)), own_writes_(own), table_(table) {}

  [[nodiscard]] Result<bool> seek(Bytes key) override;
  [[nodiscard]] Result<bool> seek_before(Bytes key) override;
  [[nodiscard]] Result<bool> seek_first() override;
  [[nodiscard]] Result<bool> seek_last() override;
  [[nodiscard]] Result<bool> next() override;
  [[nodiscard]] Result<bool> prev() override;
  // One row at a time as soon as there are own writes ahead.
  [[nodiscard]] Result<RowViews> read_rows(const RowsWanted& wanted) override;
  [[nodiscard]] Bytes key() const override { return at_own_ ? own_->key() : base_->key(); }
  [[nodiscard]] Bytes value() const override { return at_own_ ? own_value_ : base_->value(); }
  void read_values(bool wanted) override {
    if (base_ != nullptr) base_->read_values(wanted);
  }

 private:
  // Move forwards or backwards from where both sides stand until one shows a visible row.
  [[nodiscard]] Result<bool> settle_forward();
  [[nodiscard]] Result<bool> settle_backward();
  void take_own(bool hides_base);
  const WriteSet::Entry* own_after() const;

  std::unique_ptr<Cursor> base_;
  const WriteSet& own_writes_;
  TableId table_;

  bool base_row_ = false;                 // base_ stands on a row
  const WriteSet::Entry* own_ = nullptr;  // the own write next in line; null: none left
  bool at_own_ = false;                   // the row shown is own_, else base_'s
  bool hides_base_ = false;               // base_ stands on the very key of own_
  bool forward_ = true;
  Bytes own_value_;  // as of the step that reached the row; later writes do not change it
  std::string turn_key_;
  RowView shown_;  // by read_rows, when it is one row
  std::string shown_key_;
  std::string shown_value_;
};

}  // namespace nacre::txn
