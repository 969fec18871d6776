#include "store/catalog.h"

#include "base/text.h"
#include "store/limits.h"

namespace nacre::store {

std::array<std::byte, kCatalogKeySize> encode_key(TableId table) {
  std::array<std::byte, kCatalogKeySize> key{};
  store_be(key.data(), number(table));
  return key;
}

std::array<std::byte, kCatalogValueSize> encode_row(const CatalogRow& row) {
  std::array<std::byte, kCatalogValueSize> value{};
  store_le(value.data(), page::number(row.root));
  store_le(value.data() + 4, std::uint32_t{row.has_big_values});
  store_le(value.data() + 8, row.row_count);
  return value;
}

Result<TableId> decode_key(Bytes key) {
  if (key.size() != kCatalogKeySize) {
    return fail(Code::kCorrupt,
                format("catalog: key has {} bytes, expected {}", key.size(), kCatalogKeySize));
  }
  const TableId table{load_be<std::uint32_t>(key.data())};
  if (table == kCatalogTable)
    return fail(Code::kCorrupt, "catalog: table is 0, expected 1 or more");
  return table;
}

Result<CatalogRow> decode_row(TableId table, Bytes value) {
  const auto damaged = [&](std::string_view rule) {
    return fail(Code::kCorrupt, format("catalog: table {}: {}", number(table), rule));
  };
  if (value.size() != kCatalogValueSize) {
    return damaged(format("row has {} bytes, expected {}", value.size(), kCatalogValueSize));
  }
  const auto flags = load_le<std::uint32_t>(value.data() + 4);
  if (flags > 1) return damaged(format("flags are {}, expected 0 or 1", hex(flags)));
  const CatalogRow row{.root = page::PageId{load_le<std::uint32_t>(value.data())},
                       .has_big_values = flags == 1,
                       .row_count = load_le<std::uint64_t>(value.data() + 8)};
  if (row.root == page::kNoPage) return damaged("root page is 0, expected 1 or more");
  return row;
}

}  // namespace nacre::store
