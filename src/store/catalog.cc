#include "store/catalog.h"

#include <algorithm>

#include "base/text.h"
#include "store/limits.h"

namespace nacre::store {

void TableMap::index_low() {
  constexpr std::uint32_t kLowMax = 1024;
  std::uint32_t end = 0;
  for (const auto& [id, roots] : tables) {
    if (id < kLowMax) end = std::max(end, id + 1);
  }
  low.assign(end, {});
  for (const auto& [id, roots] : tables) {
    if (id < end) low[id] = roots;
  }
}

namespace {
constexpr std::size_t kKeySize = 4;          // bytes
constexpr std::size_t kDroppedKeySize = 12;  // bytes
}  // namespace

std::string encode_key(const CatalogKey& key) {
  std::string bytes(key.dropped == kNoPosition ? kKeySize : kDroppedKeySize, '\0');
  auto* at = reinterpret_cast<std::byte*>(bytes.data());
  store_be(at, number(key.table));
  if (key.dropped != kNoPosition) store_be(at + 4, number(key.dropped));
  return bytes;
}

std::array<std::byte, kCatalogValueSize> encode_row(const CatalogRow& row) {
  std::array<std::byte, kCatalogValueSize> value{};
  store_le(value.data(), page::number(row.root));
  store_le(value.data() + 4, page::number(row.graveyard));
  store_le(value.data() + 8, row.row_count);
  store_le(value.data() + 16, row.graveyard_rows);
  store_le(value.data() + 24, number(row.created));
  store_le(value.data() + 32, std::uint64_t{row.has_big_values});
  return value;
}

Result<CatalogKey> decode_key(Bytes key) {
  if (key.size() != kKeySize && key.size() != kDroppedKeySize) {
    return fail(Code::kCorrupt, format("catalog: key has {} bytes, expected {} or {}", key.size(),
                                       kKeySize, kDroppedKeySize));
  }
  CatalogKey decoded{.table = TableId{load_be<std::uint32_t>(key.data())}};
  if (decoded.table == kCatalogTable)
    return fail(Code::kCorrupt, "catalog: table is 0, expected 1 or more");
  if (key.size() == kKeySize) return decoded;
  decoded.dropped = Position{load_be<std::uint64_t>(key.data() + 4)};
  if (decoded.dropped == kNoPosition || decoded.dropped > kPositionMax) {
    return fail(Code::kCorrupt, format("catalog: table {}: position of the drop is {}",
                                       number(decoded.table), number(decoded.dropped)));
  }
  return decoded;
}

Result<CatalogRow> decode_row(TableId table, Bytes value) {
  const auto damaged = [&](std::string_view rule) {
    return fail(Code::kCorrupt, format("catalog: table {}: {}", number(table), rule));
  };
  if (value.size() != kCatalogValueSize) {
    return damaged(format("row has {} bytes, expected {}", value.size(), kCatalogValueSize));
  }
  const auto flags = load_le<std::uint64_t>(value.data() + 32);
  if (flags > 1) return damaged(format("flags are {}, expected 0 or 1", hex(flags)));
  const CatalogRow row{.root = page::PageId{load_le<std::uint32_t>(value.data())},
                       .graveyard = page::PageId{load_le<std::uint32_t>(value.data() + 4)},

                       .has_big_values = flags == 1,
                       .row_count = load_le<std::uint64_t>(value.data() + 8),
                       .graveyard_rows = load_le<std::uint64_t>(value.data() + 16),
                       .created = Position{load_le<std::uint64_t>(value.data() + 24)}};
  if (row.root == page::kNoPage) return damaged("root page is 0, expected 1 or more");
  if (row.created == kNoPosition || row.created > kPositionMax) {
    return damaged(format("position of its first put is {}", number(row.created)));
  }
  return row;
}

}  // namespace nacre::store
