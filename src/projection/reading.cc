#include "base/bytes.h"
#include "projection/state_internal.h"

namespace nacre {

// --- StoreCursor

StoreCursor::StoreCursor(std::unique_ptr<detail::StoreCursorState> state)
    : state_(std::move(state)) {}
StoreCursor::StoreCursor(StoreCursor&&) noexcept = default;
StoreCursor& StoreCursor::operator=(StoreCursor&&) noexcept = default;
StoreCursor::~StoreCursor() = default;

Result<bool> StoreCursor::seek(std::string_view key) { return state_->rows->seek(as_bytes(key)); }
Result<bool> StoreCursor::seek_before(std::string_view key) {
  return state_->rows->seek_before(as_bytes(key));
}
Result<bool> StoreCursor::seek_first() { return state_->rows->seek_first(); }
Result<bool> StoreCursor::seek_last() { return state_->rows->seek_last(); }
Result<bool> StoreCursor::next() { return state_->rows->next(); }
Result<bool> StoreCursor::prev() { return state_->rows->prev(); }
std::string_view StoreCursor::key() const { return as_text(state_->rows->key()); }
std::string_view StoreCursor::value() const { return as_text(state_->rows->value()); }

// --- StoreSnapshot

StoreSnapshot::StoreSnapshot(std::shared_ptr<const detail::SnapshotState> state)
    : state_(std::move(state)) {}

StorePosition StoreSnapshot::position() const { return number(state_->at.position()); }

std::chrono::microseconds StoreSnapshot::time() const {
  return std::chrono::microseconds(number(state_->at.time()));
}

Result<std::optional<std::string>> StoreSnapshot::get(std::uint32_t table,
                                                      std::string_view key) const {
  return state_->at.get(TableId{table}, as_bytes(key));
}

Result<std::optional<std::uint64_t>> StoreSnapshot::read_value(std::uint32_t table,
                                                               std::string_view key,
                                                               std::uint64_t offset,
                                                               const ValueSink& sink) const {
  return state_->at.read_value(TableId{table}, as_bytes(key), offset, detail::sink_of(sink));
}

Result<std::vector<std::optional<std::string>>> StoreSnapshot::get_many(
    std::uint32_t table, const std::vector<std::string_view>& keys) const {
  std::vector<std::optional<std::string>> values(keys.size());
  std::vector<Bytes> wanted;
  wanted.reserve(keys.size());
  for (const std::string_view key : keys) wanted.push_back(as_bytes(key));
  NACRE_TRY(state_->at.get_many(TableId{table}, wanted,
                                [&](std::size_t i, Bytes value) { values[i] = to_string(value); }));
  return values;
}

Result<StoreCursor> StoreSnapshot::cursor(std::uint32_t table) const {
  return detail::StoreAccess::cursor(NACRE_TRY(state_->at.cursor(TableId{table})));
}

namespace {

Result<bool> seek_range(txn::Cursor& cursor, const KeyRange& range, bool backward) {
  if (!backward) return cursor.seek(as_bytes(range.begin));
  return range.end.has_value() ? cursor.seek_before(as_bytes(*range.end)) : cursor.seek_last();
}

}  // namespace

Result<std::vector<StoreRow>> StoreSnapshot::scan(std::uint32_t table, KeyRange range,
                                                  std::size_t limit, Direction direction) const {
  std::vector<StoreRow> rows;
  if (range.end.has_value() && range.end->empty()) return rows;  // no key lies before it
  const auto cursor = NACRE_TRY(state_->at.cursor(TableId{table}));
  const bool backward = direction == Direction::kBackward;
  txn::RowsWanted wanted{.backward = backward,
                         .bound = as_bytes(backward ? range.begin : range.end.value_or(""))};
  bool is_row = NACRE_TRY(seek_range(*cursor, range, backward));
  while (is_row && rows.size() < limit) {
    wanted.limit = limit - rows.size();
    const txn::RowViews seen = NACRE_TRY(cursor->read_rows(wanted));
    for (const txn::RowView& view : seen.rows) {
      rows.push_back({to_string(view.prefix) + to_string(view.suffix), to_string(view.value)});
    }
    is_row = seen.more && !seen.is_bound;
  }
  return rows;
}

}  // namespace nacre
