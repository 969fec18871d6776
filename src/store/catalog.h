// The catalog: which tables there are, where their trees are rooted, how many rows they hold.
//
// Format:     docs/format/store.md, catalog rows
// Invariants: STORE-2 a table is in the catalog from its first put until it is dropped; TREE-1
// keeps
//                     its root the same all that time.
// Errors:     decode_row: kCorrupt naming the table and the rule.
// Threads:    plain values; a TableMap that readers see is never changed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/position.h"
#include "base/result.h"
#include "page/types.h"
#include "tree/tree.h"

namespace nacre::store {

struct CatalogRow {
  page::PageId root = page::kNoPage;
  bool has_big_values = false;  // or had
  std::uint64_t row_count = 0;
};

inline constexpr tree::TreeId kCatalogTree{0};        // every other tree has its table's number
inline constexpr std::size_t kCatalogKeySize = 4;     // bytes
inline constexpr std::size_t kCatalogValueSize = 16;  // bytes

[[nodiscard]] std::array<std::byte, kCatalogKeySize> encode_key(TableId table);
[[nodiscard]] std::array<std::byte, kCatalogValueSize> encode_row(const CatalogRow& row);
[[nodiscard]] Result<TableId> decode_key(Bytes key);
[[nodiscard]] Result<CatalogRow> decode_row(TableId table, Bytes value);

// What a reader needs: the root of each table's tree at one position.
using TableMap = std::unordered_map<std::uint32_t, page::PageId>;

}  // namespace nacre::store
