#include "store/snapshot.h"

#include "base/text.h"

namespace nacre::store {

Result<std::optional<Position>> Snapshot::written_at(TableId table, Bytes key) const {
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return std::nullopt;
  std::uint64_t word = 0;
  const bool is_there =
      NACRE_TRY(tree->visit(view(), key, [&](Bytes, std::uint64_t row_word) { word = row_word; }));
  if (!is_there) return std::nullopt;
  return Position{word >> 16};  // position << 16 | op
}

std::optional<tree::Tree> Snapshot::table(TableId table) const {
  const auto found = tables_->find(number(table));
  if (found == tables_->end()) return std::nullopt;
  return tree::Tree(*pager_, found->second, tree::TreeId{number(table)});
}

Result<std::optional<std::string>> Snapshot::get(TableId table, Bytes key) const {
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return std::optional<std::string>();
  std::optional<std::string> value(std::in_place);
  auto found = tree->get(view(), key, *value);
  if (!found.has_value()) {
    return std::unexpected(
        std::move(found).error().while_doing(format("reading table {}", number(table))));
  }
  if (!*found) value.reset();
  return value;
}

Result<> Snapshot::get_many(TableId table, std::span<const Bytes> keys, const Seen& seen) const {
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return {};
  auto done = tree->visit_many(
      view(), keys,
      [&](std::size_t i, Bytes value, std::uint64_t, page::RowFlags) { seen(i, value); });
  if (done.has_value()) return {};
  return std::unexpected(
      std::move(done).error().while_doing(format("reading table {}", number(table))));
}

}  // namespace nacre::store
