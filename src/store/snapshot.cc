#include "store/snapshot.h"

#include "base/check.h"
#include "base/text.h"
#include "store/big_value.h"
#include "store/past.h"
#include "store/store.h"

namespace nacre::store {

Result<> Snapshot::check() const {
  if (!is_lost_) return {};
  return fail(Code::kClosed, "a commit failed half way; reopen to recover");
}

Result<std::optional<Position>> Snapshot::written_at(TableId table, Bytes key) const {
  NACRE_TRY(check());
  NACRE_DCHECK(!is_past_, "commits are held against the newest state");
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return std::nullopt;
  std::uint64_t word = 0;
  const bool is_there =
      NACRE_TRY(tree->visit(view(), key, [&](Bytes, std::uint64_t row_word) { word = row_word; }));
  if (!is_there) return std::nullopt;
  return Position{word >> 16};  // position << 16 | op
}

PastHold::PastHold(Store& store, Position position) : store_(&store), position_(position) {
  store_->hold_past(position);
}

PastHold::~PastHold() {
  if (store_ != nullptr) store_->release_past(position_);
}

std::optional<tree::Tree> Snapshot::table(TableId table) const {
  const TableRoots* const roots = tables_->find(table);
  if (roots == nullptr) return std::nullopt;
  return tree::Tree(*pager_, roots->root, tree::TreeId{number(table)});
}

Result<std::optional<std::string>> Snapshot::get_held(TableId table, Bytes key) const {
  NACRE_TRY(check());
  const std::optional<tree::Tree> tree = this->table(table);
  if (!tree.has_value()) return std::optional<std::string>();
  std::optional<std::string> value(std::in_place);
  page::RowFlags flags = 0;
  const bool found =
      NACRE_TRY(tree->visit(view(), key, [&](Bytes row, std::uint64_t, page::RowFlags row_flags) {
        value->assign(as_text(row));
        flags = row_flags;
      }));
  if (!found) return std::optional<std::string>();
  if ((flags & page::kBigValue) != 0) {
    const std::string row = *std::move(value);
    value.emplace();
    NACRE_TRY(store::read_big_value(*pager_, view(), as_bytes(row), *value));
  }
  return value;
}

Result<KeyState> Snapshot::state(TableId table, Bytes key) const {
  auto found = store_->read_past(
      position_, [&](const Snapshot& now) { return state_past(now, table, key, position_); });
  if (found.has_value()) return found;
  return std::unexpected(
      std::move(found).error().while_doing(format("reading table {}", number(table))));
}

bool Snapshot::must_look_back(const Error& error) const {
  return error.code() == Code::kTooOld && store_->keeps_history();
}

Result<std::optional<std::string>> Snapshot::get(TableId table, Bytes key) const {
  auto found = is_past_ ? store_->get_past(position_, table, key) : get_held(table, key);
  if (found.has_value()) return found;
  if (!is_past_ && must_look_back(found.error())) {
    found = store_->get_past(position_, table, key);
    if (found.has_value()) return found;
  }
  return std::unexpected(
      std::move(found).error().while_doing(format("reading table {}", number(table))));
}

Result<> Snapshot::get_many_past(TableId table, std::span<const Bytes> keys,
                                 const Seen& seen) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto value = NACRE_TRY(get(table, keys[i]));
    if (value.has_value()) seen(i, as_bytes(*value));
  }
  return {};
}

Result<> Snapshot::get_many(TableId table, std::span<const Bytes> keys, const Seen& seen) const {
  if (is_past_) return get_many_past(table, keys, seen);
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
  if (must_look_back(done.error())) return get_many_past(table, keys, seen);
  return std::unexpected(
      std::move(done).error().while_doing(format("reading table {}", number(table))));
}

Result<std::optional<std::uint64_t>> Snapshot::read_value(TableId table, Bytes key,
                                                          std::uint64_t offset,
                                                          const SeenPiece& seen) const {
  bool is_over = false;
  if (!is_past_) {
    auto size = read_value_held(table, key, offset, [&](Bytes piece) -> Result<bool> {
      const bool more = NACRE_TRY(seen(piece));
      offset += piece.size();
      is_over = !more;
      return more;
    });
    if (size.has_value() || is_over || !must_look_back(size.error())) return size;
  }
  const auto value = NACRE_TRY(store_->get_past(position_, table, key));
  if (!value.has_value()) return std::optional<std::uint64_t>();
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  for (bool more = true; more && offset < value->size(); offset += kPiece) {
    more = NACRE_TRY(seen(as_bytes(std::string_view(*value).substr(offset, kPiece))));
  }
  return std::optional<std::uint64_t>(value->size());
}

Result<std::optional<std::uint64_t>> Snapshot::read_value_held(TableId table, Bytes key,
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
  if (!is_past_) {
    auto read = store::read_big_value(*pager_, view(), row, into);
    if (read.has_value() || !must_look_back(read.error())) return read;
  }
  // The chunks are there as long as the version is.
  return store_->read_past(position_, [&](const Snapshot& now) {
    return store::read_big_value(*pager_, now.view(), row, into);
  });
}

}  // namespace nacre::store
