// Cursor: the rows of a tree in key order, both ways, as of one view.
//
// Why it can idle for hours: between calls it keeps a page or two in memory and nothing else. With
//   View::newest() or View::open() each step to another page may see a later state of the tree;
//   rows then come in order and none twice, but what changes meanwhile may be seen or not.
// Errors:  kTooOld when the view's hold was cancelled; kCorrupt names file and page. After an error
//   the cursor stands on no row and may be sought again.
// Cost:    a seek costs a get; a step within a page a few ns. read_rows() costs about half of that
//   for each row: it looks at a page once, and fetches the next one meanwhile.
// Threads: one thread at a time. The tree's pager, and the hold of its view, outlive the cursor.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "page/pager.h"
#include "tree/row_view.h"
#include "tree/tree.h"

namespace nacre::tree {

class Cursor {
 public:
  Cursor(const Tree& tree, page::View view);
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  // Each returns whether the cursor now stands on a row.
  [[nodiscard]] Result<bool> seek(Bytes key);         // first row with key >= `key`
  [[nodiscard]] Result<bool> seek_before(Bytes key);  // last row with key < `key`
  [[nodiscard]] Result<bool> seek_first();
  [[nodiscard]] Result<bool> seek_last();
  [[nodiscard]] Result<bool> next();  // requires a row
  [[nodiscard]] Result<bool> prev();  // requires a row

  // Requires a row. That row and those beyond it in the same page, as far as they are wanted; the
  // cursor then stands on the row beyond them, or on none: see RowViews. The rows are valid until
  // the next call that moves the cursor.
  [[nodiscard]] Result<RowViews> read_rows(const RowsWanted& wanted);
  // After next() or prev() failed: where it was about to go on, at or after this key or before it.
  [[nodiscard]] Bytes fence() const;

  // Require a row; valid until the next call on this cursor that is not one of these.
  [[nodiscard]] Bytes key() const;
  [[nodiscard]] Bytes value() const;
  [[nodiscard]] std::uint64_t word() const;
  [[nodiscard]] page::RowFlags flags() const;

 private:
  class Rep;
  std::unique_ptr<Rep> rep_;  // null only after being moved from
};

}  // namespace nacre::tree
