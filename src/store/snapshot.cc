#include "store/snapshot.h"

#include "base/text.h"
#include "store/big_value.h"

namespace nacre::store {

Result<> Snapshot::check() const {
  if (!is_lost_) return {};
  return fail(Code::kClosed, "a commit failed half way; reopen to recover");
}

Result<std::optional<Position>> Snapshot::written_at(TableId table, Bytes key) const {
  NACRE_TRY(check());
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
  NACRE_TRY(check());
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return std::optional<std::string>();
  std::optional<std::string> value(std::in_place);
  page::RowFlags flags = 0;
  auto found = tree->visit(view(), key, [&](Bytes row, std::uint64_t, page::RowFlags row_flags) {
    value->assign(as_text(row));
    flags = row_flags;
  });
  const auto failed = [&](Error error) -> std::unexpected<Error> {
    return std::unexpected(std::move(error).while_doing(format("reading table {}", number(table))));
  };
  if (!found.has_value()) return failed(std::move(found).error());
  if (!*found) return std::optional<std::string>();
  if ((flags & page::kBigValue) != 0) {
    const std::string row = *std::move(value);
    value.emplace();
    auto read = read_big_value(as_bytes(row), *value);
    if (!read.has_value()) return failed(std::move(read).error());
  }
  return value;
}

Result<> Snapshot::get_many(TableId table, std::span<const Bytes> keys, const Seen& seen) const {
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return {};
  // Nothing is read from the file while rows are looked at: long values come afterwards.
  std::vector<std::pair<std::size_t, std::string>> big;
  auto done = tree->visit_many(
      view(), keys, [&](std::size_t i, Bytes value, std::uint64_t, page::RowFlags flags) {
        if ((flags & page::kBigValue) != 0) {
          big.emplace_back(i, to_string(value));
        } else {
          seen(i, value);
        }
      });
  std::string value;
  for (std::size_t i = 0; i < big.size() && done.has_value(); ++i) {
    done = read_big_value(as_bytes(big[i].second), value);
    if (done.has_value()) seen(big[i].first, as_bytes(value));
  }
  if (done.has_value()) return {};
  return std::unexpected(
      std::move(done).error().while_doing(format("reading table {}", number(table))));
}

Result<std::optional<std::uint64_t>> Snapshot::read_value(TableId table, Bytes key,
                                                          std::uint64_t offset,
                                                          const SeenPiece& seen) const {
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return std::optional<std::uint64_t>();
  std::string row;
  page::RowFlags flags = 0;
  const bool found = NACRE_TRY(
      tree->visit(view(), key, [&](Bytes seen_row, std::uint64_t, page::RowFlags row_flags) {
        row.assign(as_text(seen_row));
        flags = row_flags;
      }));
  if (!found) return std::optional<std::uint64_t>();
  if ((flags & page::kBigValue) != 0) {
    const BigValue value = NACRE_TRY(BigValue::decode(as_bytes(row)));
    NACRE_TRY(store::read_big_value(*pager_, view(), as_bytes(row), offset, seen));
    return std::optional(value.size());
  }
  if (offset < row.size()) static_cast<void>(NACRE_TRY(seen(as_bytes(row).subspan(offset))));
  return std::optional<std::uint64_t>(row.size());
}

Result<> Snapshot::read_big_value(Bytes row, std::string& into) const {
  return store::read_big_value(*pager_, view(), row, into);
}

}  // namespace nacre::store
