// RowCursor: the rows of one table in one snapshot, by whichever way the snapshot can be read.
//
// A snapshot whose pages are given up while a cursor is under way goes on through the history, at
//   the very row.
// Errors:  kTooOld, naming the horizon; kCorrupt. After an error the cursor stands on no row.
// Threads: one thread at a time. The snapshot outlives the cursor.
#pragma once

#include <memory>
#include <optional>

#include "store/past.h"
#include "store/snapshot.h"
#include "tree/cursor.h"

namespace nacre::store {

class RowCursor {
 public:
  RowCursor(const Snapshot& snapshot, TableId table);

  // Each returns whether the cursor now stands on a row.
  [[nodiscard]] Result<bool> seek(Bytes key);         // first row with key >= `key`
  [[nodiscard]] Result<bool> seek_before(Bytes key);  // last row with key < `key`
  [[nodiscard]] Result<bool> seek_first();
  [[nodiscard]] Result<bool> seek_last();
  [[nodiscard]] Result<bool> next();  // requires a row
  [[nodiscard]] Result<bool> prev();  // requires a row

  // As tree::Cursor::read_rows.
  [[nodiscard]] Result<tree::RowViews> read_rows(const tree::RowsWanted& wanted);

  // Require a row; valid until the next call on this cursor.
  [[nodiscard]] Bytes key() const { return past_ != nullptr ? past_->key() : rows_->key(); }
  // With page::kBigValue among flags(): what Snapshot::read_big_value takes.
  [[nodiscard]] Bytes value() const { return past_ != nullptr ? past_->value() : rows_->value(); }
  [[nodiscard]] page::RowFlags flags() const {
    return past_ != nullptr ? past_->flags() : rows_->flags();
  }

 private:
  // Whether `done` failed in a way that the history makes good.
  [[nodiscard]] bool must_turn(const Result<bool>& done);

  const Snapshot* snapshot_;
  std::string key_;  // where read_rows() began
  TableId table_;
  std::optional<tree::Cursor> rows_;  // none: the table has no rows, or past_ is there
  std::unique_ptr<PastCursor> past_;  // null while the pages are held
};

}  // namespace nacre::store
