// ReadSet: what a serializable transaction has read of its snapshot, the gaps between rows
// included.
//
// Invariants: ISO-3 every key that a read depended on is covered, whether it had a row or not. What
//   is covered beyond that can cost a needless conflict and nothing else; so a transaction that
//   reads very much is remembered by whole tables.
// Cost: 8 bytes for a key; two keys for a range, however many rows it has.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/position.h"

namespace nacre::txn {

class ReadSet {
 public:
  // The keys in [low, high); without `high`, all from `low` on.
  struct Range {
    TableId table;
    std::string low;
    std::optional<std::string> high;
  };
  using RangeId = std::size_t;

  void add_key(TableId table, Bytes key);

  // A range that grows while a cursor walks.
  [[nodiscard]] RangeId add_range(TableId table, Bytes low, std::optional<Bytes> high);
  void extend_through(RangeId range, Bytes key);  // up to `key`, that included
  void extend_to_end(RangeId range);
  void extend_down_to(RangeId range, Bytes key);  // empty: to the beginning

  [[nodiscard]] const std::vector<std::uint64_t>& key_hashes() const { return key_hashes_; }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  [[nodiscard]] const std::set<TableId>& tables() const { return tables_; }  // of all of these

 private:
  static constexpr std::size_t kKeysMax = std::size_t{1} << 20;
  static constexpr std::size_t kRangesMax = std::size_t{1} << 14;
  static constexpr RangeId kWholeTable = static_cast<RangeId>(-1);

  void add_whole(TableId table);

  std::vector<std::uint64_t> key_hashes_;  // as Conflicts::hash makes them
  std::vector<Range> ranges_;
  std::set<TableId> tables_;
  std::set<TableId> whole_tables_;  // each has a range of its own in ranges_
};

}  // namespace nacre::txn
