// Reading tables as they were at a position, from their newest state and the history.
//
// Why in batches: what a row was at a position does not change, wherever the reading of it stands.
// So
//   a cursor holds the newest state only for as long as it takes to collect some rows, and between
//   that keeps nothing from being given up.
// Invariants: HIST-5  an answer is given only when the horizon, asked after reading, is not past
// the
//                     position
// Errors:  kTooOld names the horizon that has passed the position; kCorrupt: a broken chain.
// Cost:    a row that has not changed since costs what it costs now; one that has, one descent for
//   each version that is read on the way (history.h).
// Threads: one thread at a time for each cursor, which must not outlive the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"
#include "store/history.h"
#include "store/snapshot.h"
#include "tree/row_view.h"

namespace nacre::store {

class Store;

// Where `table` lay at `at`; nothing when it did not exist.
[[nodiscard]] std::optional<TableRoots> roots_at(const TableMap& map, TableId table, Position at);

// The value of `key` at `at`, read from the state `now`, which is not older. kTooOld when the hold
// of `now` was cancelled meanwhile; the caller checks the horizon.
[[nodiscard]] Result<std::optional<std::string>> get_past(const Snapshot& now, TableId table,
                                                          Bytes key, Position at,
                                                          std::uint64_t* hops = nullptr);

// The same with the commit that wrote or removed it.
[[nodiscard]] Result<KeyState> state_past(const Snapshot& now, TableId table, Bytes key,
                                          Position at, std::uint64_t* hops = nullptr);

// The rows of one table at a position, both ways.
class PastCursor {
 public:
  PastCursor(Store& store, TableId table, Position at) : store_(&store), table_(table), at_(at) {}

  // Each returns whether the cursor now stands on a row.
  [[nodiscard]] Result<bool> seek(Bytes key);
  [[nodiscard]] Result<bool> seek_before(Bytes key);
  [[nodiscard]] Result<bool> seek_first() { return seek({}); }
  [[nodiscard]] Result<bool> seek_last();
  [[nodiscard]] Result<bool> next();  // requires a row
  [[nodiscard]] Result<bool> prev();  // requires a row

  // As tree::Cursor::read_rows.
  [[nodiscard]] Result<tree::RowViews> read_rows(const tree::RowsWanted& wanted);

  // Require a row; valid until the next call on this cursor.
  [[nodiscard]] Bytes key() const { return as_bytes(rows_[index_].key); }
  [[nodiscard]] Bytes value() const { return as_bytes(rows_[index_].value); }
  [[nodiscard]] page::RowFlags flags() const { return rows_[index_].flags; }

 private:
  struct Row {
    std::string key;
    std::string value;
    std::uint64_t word = 0;
    page::RowFlags flags = 0;
  };
  // Where the next batch begins: at or after a key, before a key, or before the end.
  struct From {
    std::optional<std::string> key;
    bool forward = true;
  };

  [[nodiscard]] Result<bool> start(From from);
  // Collects batches until one has a row.
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] Result<> collect(const Snapshot& now);
  [[nodiscard]] Result<bool> step();
  // Shows the rows from index_ to `end`, and stands on the one beyond them.
  [[nodiscard]] Result<tree::RowViews> show(std::size_t end, bool is_bound);

  Store* store_;
  TableId table_;
  Position at_;
  From from_;
  bool is_at_end_ = true;  // nothing is left after the batch
  std::size_t wanted_ = 1;
  std::vector<Row> rows_;  // in the direction of from_
  std::size_t index_ = 0;
  std::vector<Row> shown_;  // by read_rows()
  std::vector<tree::RowView> views_;
};

}  // namespace nacre::store
