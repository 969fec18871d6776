// WriteSet: what a transaction has written and nobody else sees yet, in (table, key) order.
//
// Why a skip list in an arena: reads of own writes and cursors come between the writes, so the
// order
//   must hold after each; entries are never taken out, so a cursor standing on one stays valid; and
//   everything dies at once.
// Cost: put and find O(log n) key comparisons, most of them on the first 8 bytes; no heap call for
// a
//   transaction whose writes fit the inline 1 KB.
// Threads: one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/position.h"
#include "store/batch.h"

namespace nacre::txn {

class WriteSet {
 public:
  // One written key; lives as long as the set. A later write of the key changes it in place.
  class Entry {
   public:
    [[nodiscard]] TableId table() const { return table_; }
    [[nodiscard]] Bytes key() const { return {key_, key_size_}; }
    [[nodiscard]] bool removed() const { return removed_; }
    [[nodiscard]] Bytes value() const { return value_; }  // empty when removed
    // The next entry in order, of whatever table; null at the end.
    [[nodiscard]] const Entry* next() const { return tower()[0]; }

   private:
    friend class WriteSet;
    Entry* const* tower() const { return reinterpret_cast<Entry* const*>(this + 1); }
    Entry** tower() { return reinterpret_cast<Entry**>(this + 1); }

    std::uint64_t head_;  // first 8 bytes of the key, big-endian, zero-padded: orders like the key
    const std::byte* key_;
    Bytes value_;
    TableId table_;
    std::uint16_t key_size_;
    bool removed_;
    // Followed by its tower: one next-pointer for each level it takes part in.
  };

  WriteSet();
  WriteSet(const WriteSet&) = delete;
  WriteSet& operator=(const WriteSet&) = delete;

  void put(TableId table, Bytes key, Bytes value) { write(table, key, arena_.copy(value), false); }
  // The same in two steps: memory for the value, and the put once it is filled.
  [[nodiscard]] MutableBytes prepare_value(std::size_t size) {
    return {arena_.allocate(size, 1), size};
  }
  void put_prepared(TableId table, Bytes key, Bytes value) { write(table, key, value, false); }
  void remove(TableId table, Bytes key) { write(table, key, {}, true); }
  // Forgets the writes to `table` so far and hides what it held before the transaction.
  void drop_table(TableId table);

  [[nodiscard]] bool empty() const { return count_ == 0 && dropped_.empty(); }
  // Written keys, those a later drop made void included.
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::vector<TableId>& dropped() const { return dropped_; }
  [[nodiscard]] bool is_dropped(TableId table) const;

  // The entry of `key`; null when it was not written.
  [[nodiscard]] const Entry* find(TableId table, Bytes key) const;
  // The first entry of `table` with a key >= `key`; null when there is none.
  [[nodiscard]] const Entry* at_or_after(TableId table, Bytes key) const;
  // The last entry of `table` with a key < `key`, or of the whole table without a key.
  [[nodiscard]] const Entry* before(TableId table, std::optional<Bytes> key) const;
  [[nodiscard]] const Entry* first() const { return heads_[0]; }

  // All writes as one batch (BATCH-1).
  void encode(store::BatchWriter& into) const;
  // Upper bound of the bytes encode() writes.
  [[nodiscard]] std::size_t encoded_bytes_max() const { return encoded_bytes_; }
  [[nodiscard]] std::size_t heap_bytes() const { return arena_.heap_bytes(); }

 private:
  static constexpr int kHeightMax = 12;
  using Tower = std::array<Entry**, kHeightMax>;  // per level: the pointer that would change

  void write(TableId table, Bytes key, Bytes value, bool removed);
  // The first entry not below (table, key); `previous`, when asked for, gets the place to link.
  Entry* seek(TableId table, Bytes key, Tower* previous) const;
  int random_height();

  alignas(16) std::array<std::byte, 1024> inline_;
  Arena arena_;
  std::array<Entry*, kHeightMax> heads_{};
  // The last entry of each level: keys written in rising order are linked without a search.
  std::array<Entry*, kHeightMax> tails_{};
  std::vector<TableId> dropped_;  // ascending, no duplicates
  std::size_t count_ = 0;
  std::size_t encoded_bytes_ = 0;
  std::uint32_t random_ = 0x9e3779b9;
};

}  // namespace nacre::txn
