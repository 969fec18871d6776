// The catalog: which tables there are and were, where their trees are rooted, what they hold.
//
// Format:     docs/format/store.md, catalog rows
// Invariants: STORE-2 a table is in the catalog from its first put until it is dropped; TREE-1
// keeps
//                     its root the same all that time.
//             HIST-4  a dropped table stays in it, under its drop's position, until the horizon has
//                     passed that.
// Errors:     decode_row: kCorrupt naming the table and the rule.
// Threads:    plain values; a TableMap that readers see is never changed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/position.h"
#include "base/result.h"
#include "page/types.h"
#include "store/limits.h"
#include "tree/tree.h"

namespace nacre::store {

struct CatalogRow {
  page::PageId root = page::kNoPage;
  page::PageId graveyard = page::kNoPage;  // of its deleted keys; none until the first
  bool has_big_values = false;             // or had
  std::uint64_t row_count = 0;
  std::uint64_t graveyard_rows = 0;
  Position created = kNoPosition;  // of the first put
};

// A table has the position of its drop when it was dropped.
struct CatalogKey {
  TableId table{};
  Position dropped = kNoPosition;
};

inline constexpr tree::TreeId kCatalogTree{0};  // every table's tree has its table's number
inline constexpr std::uint32_t kSystemTreeBit = kTableNumberEnd;
inline constexpr tree::TreeId kHistoryTree{kSystemTreeBit};
inline constexpr std::size_t kCatalogValueSize = 40;  // bytes

// The id of the tree of `table`'s deleted keys. Ids only tell trees apart in checks.
[[nodiscard]] constexpr tree::TreeId graveyard_tree(TableId table) {
  return tree::TreeId{number(table) ^ kSystemTreeBit};
}

[[nodiscard]] std::string encode_key(const CatalogKey& key);
[[nodiscard]] std::array<std::byte, kCatalogValueSize> encode_row(const CatalogRow& row);
[[nodiscard]] Result<CatalogKey> decode_key(Bytes key);
[[nodiscard]] Result<CatalogRow> decode_row(TableId table, Bytes value);

// What a reader needs: where each table lies, or lay.
struct TableRoots {
  page::PageId root = page::kNoPage;
  page::PageId graveyard = page::kNoPage;
  Position created = kNoPosition;
  // How many rows the newest visible state has; of tables that are there now. Shared by the maps
  // that know the table and by the store, which alone changes it.
  std::shared_ptr<const std::atomic<std::uint64_t>> rows{};
};
struct TableMap {
  // Null when there is no such table now.
  [[nodiscard]] const TableRoots* find(TableId table) const {
    if (number(table) < low.size()) {
      const TableRoots& roots = low[number(table)];
      return roots.root == page::kNoPage ? nullptr : &roots;
    }
    const auto found = tables.find(number(table));
    return found == tables.end() ? nullptr : &found->second;
  }
  // To be called once `tables` is complete.
  void index_low();

  std::unordered_map<std::uint32_t, TableRoots> tables;
  // Those of the lowest numbers once more, by number: a hash costs a read more than it seems.
  std::vector<TableRoots> low;
  std::map<std::pair<std::uint32_t, Position>, TableRoots> dropped;  // by number and drop
  page::PageId history = page::kNoPage;
};

}  // namespace nacre::store
