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

Result<std::vector<StoreRow>> scan_forward(txn::Cursor& cursor, const KeyRange& range,
                                           std::size_t limit) {
  std::vector<StoreRow> rows;
  bool is_row = NACRE_TRY(cursor.seek(as_bytes(range.begin)));
  while (is_row && rows.size() < limit) {
    const txn::RowViews seen = NACRE_TRY(cursor.read_rows(limit - rows.size()));
    for (const txn::RowView& view : seen.rows) {
      std::string key = to_string(view.prefix) + to_string(view.suffix);
      if (range.end.has_value() && key >= *range.end) return rows;
      rows.push_back({std::move(key), to_string(view.value)});
    }
    is_row = seen.more;
  }
  return rows;
}

Result<std::vector<StoreRow>> scan_backward(txn::Cursor& cursor, const KeyRange& range,
                                            std::size_t limit) {
  std::vector<StoreRow> rows;
  bool is_row = range.end.has_value() ? NACRE_TRY(cursor.seek_before(as_bytes(*range.end)))
                                      : NACRE_TRY(cursor.seek_last());
  while (is_row && rows.size() < limit && as_text(cursor.key()) >= range.begin) {
    rows.push_back({to_string(cursor.key()), to_string(cursor.value())});
    is_row = NACRE_TRY(cursor.prev());
  }
  return rows;
}

}  // namespace

Result<std::vector<StoreRow>> StoreSnapshot::scan(std::uint32_t table, KeyRange range,
                                                  std::size_t limit, Direction direction) const {
  const auto cursor = NACRE_TRY(state_->at.cursor(TableId{table}));
  return direction == Direction::kForward ? scan_forward(*cursor, range, limit)
                                          : scan_backward(*cursor, range, limit);
}

}  // namespace nacre
