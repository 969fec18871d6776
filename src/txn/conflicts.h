// Conflicts: who wrote what last, as far as running transactions can care.
//
// Why hashes: the sequencer holds its lock for a few ten nanoseconds per key and never looks into a
//   tree. A bucket is one cache line: the last positions of three keys, and the newest position it
//   had to forget.
// Invariants: ISO-2 a key written after a transaction's snapshot is always reported to it. The
//   reverse holds but for keys whose 64-bit hashes agree, and for snapshots so old that a bucket
//   has forgotten newer positions than theirs: such a transaction is told to retry.
// Cost: 16 KB when new; doubles to 2 MB while buckets forget a lot.
// Threads: one thread at a time (the sequencer's lock); hash() any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/position.h"

namespace nacre::txn {

// What one transaction's commit depends on and changes.
struct Footprint {
  std::vector<std::uint64_t> written;   // hashes of the keys written, removed ones included
  std::vector<std::uint64_t> required;  // hashes of the keys that must not have changed
  std::vector<TableId> tables_written;  // of `written`
  std::vector<TableId> tables_required;
  std::vector<TableId> tables_dropped;
  std::vector<TableId> tables_loaded;  // with so many rows that their keys are not noted one by one

  void clear();
};

struct Conflict {
  enum class Kind : std::uint8_t {
    kWritten,       // written[index] has a newer writer
    kRequired,      // required[index] has a newer writer
    kForgotten,     // the snapshot is older than what is still known of a key
    kRange,         // a range that was read has a newer writer (RecentWrites); index: of the range
    kTableDropped,  // a table that is written or read was dropped, or rows were loaded into it
    kTableWritten   // a table to be dropped was written to
  };
  Kind kind;
  std::size_t index;  // into the list that `kind` names
  Position position;  // of the newer commit, or of the newest one forgotten
};

class Conflicts {
 public:
  Conflicts();

  [[nodiscard]] static std::uint64_t hash(TableId table, Bytes key);

  // The first reason why a transaction with `snapshot` and `footprint` may not commit now. Its keys
  // are known by other means not to have changed from the snapshot up to `keys_unchanged_until`.
  [[nodiscard]] std::optional<Conflict> find(const Footprint& footprint, Position snapshot,
                                             Position keys_unchanged_until = kNoPosition) const;
  // The keys that have a newer writer, or of which it is no longer known, as ascending indices into
  // `written` and `required`.
  struct Doubts {
    std::vector<std::size_t> written;
    std::vector<std::size_t> required;
  };
  [[nodiscard]] Doubts doubts(const Footprint& footprint, Position snapshot) const;
  // `footprint` was committed at `position`, above every earlier one.
  void note(const Footprint& footprint, Position position);

  [[nodiscard]] std::size_t bucket_count() const { return buckets_.size(); }

 private:
  static constexpr std::size_t kWays = 3;
  struct alignas(64) Bucket {
    std::array<std::uint64_t, kWays> hashes{};
    std::array<std::uint64_t, kWays> positions{};  // 0: free
    std::uint64_t forgotten = 0;                   // newest position pushed out
  };
  struct TableMarks {
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;  // or loaded
  };

  [[nodiscard]] const Bucket& bucket(std::uint64_t hash) const {
    return buckets_[hash & (buckets_.size() - 1)];
  }
  [[nodiscard]] std::optional<Conflict> find_key(std::uint64_t hash, std::uint64_t snapshot) const;
  [[nodiscard]] std::optional<Conflict> find_table(const Footprint& footprint,
                                                   std::uint64_t snapshot) const;
  [[nodiscard]] TableMarks& marks(TableId table);
  void insert(std::uint64_t hash, std::uint64_t position);
  void grow();

  std::vector<Bucket> buckets_;      // a power of two of them
  std::size_t forgotten_count_ = 0;  // since the last growth
  std::unordered_map<std::uint32_t, TableMarks> tables_;
  TableMarks* last_marks_ =
      nullptr;  // of last_table_: most commits write the table of the last one
  TableId last_table_{};
};

}  // namespace nacre::txn
