// The puts and deletes of one commit as bytes: what the log carries and the store applies.
//
// Format:     docs/format/batch.md (this file and that table change together)
// Invariants: BATCH-1 operations ascend strictly by (table, key); a drop comes before the puts of
//                     its table. So a key occurs once: the last write of the transaction won.
// Errors:     BatchReader treats its bytes as hostile: kCorrupt names operation, byte and rule.
// Cost:       one pass, no allocation per operation.
// Threads:    one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"
#include "store/limits.h"

namespace nacre::store {

// Numbers are on disk. 3, 5 and 6 are kept for removing a range, catalog changes and bulk loads.
enum class OpKind : std::uint8_t { kPut = 1, kRemove = 2, kDropTable = 4 };

struct Op {
  OpKind kind;
  TableId table;
  Bytes key;    // empty for a drop
  Bytes value;  // puts only
};

// Writes operations in the order of BATCH-1, which callers keep.
class BatchWriter {
 public:
  void put(TableId table, Bytes key, Bytes value) { append(OpKind::kPut, table, key, value); }
  void remove(TableId table, Bytes key) { append(OpKind::kRemove, table, key, {}); }
  void drop_table(TableId table) { append(OpKind::kDropTable, table, {}, {}); }

  [[nodiscard]] Bytes bytes() const { return as_bytes(ops_); }
  [[nodiscard]] std::size_t size() const { return ops_.size(); }
  // The bytes written so far; the writer is empty afterwards.
  [[nodiscard]] std::string take() {
    op_count_ = 0;
    return std::exchange(ops_, {});
  }
  void reserve(std::size_t bytes) { ops_.reserve(bytes); }
  // Since the last take().
  [[nodiscard]] std::uint64_t op_count() const { return op_count_; }

 private:
  void append(OpKind kind, TableId table, Bytes key, Bytes value);

  std::string ops_;
  std::uint64_t op_count_ = 0;
};

// Reads operations back, in order. What it returns views the batch.
class BatchReader {
 public:
  explicit BatchReader(Bytes batch) : batch_(batch), rest_(batch) {}

  // The next operation, or nothing at the end. After an error the reader is not used again.
  [[nodiscard]] Result<std::optional<Op>> next();

 private:
  [[nodiscard]] Result<> check(const Op& op) const;
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view rule) const;

  Bytes batch_;
  Bytes rest_;
  std::uint64_t index_ = 0;     // of the operation being read
  std::optional<Op> previous_;  // what BATCH-1 is checked against
};

// Reads all of `batch`; returns how many operations it has when every rule of the format holds.
[[nodiscard]] Result<std::uint64_t> check_batch(Bytes batch);

}  // namespace nacre::store
