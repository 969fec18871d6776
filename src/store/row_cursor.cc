#include "store/row_cursor.h"

#include "store/store.h"

namespace nacre::store {

RowCursor::RowCursor(const Snapshot& snapshot, TableId table)
    : snapshot_(&snapshot), table_(table) {
  if (snapshot.is_past()) {
    past_ = std::make_unique<PastCursor>(snapshot.store(), table, snapshot.position());
  } else if (const auto tree = snapshot.table(table)) {
    rows_.emplace(*tree, snapshot.view());
  }
}

bool RowCursor::must_turn(const Result<bool>& done) {
  if (done.has_value() || done.error().code() != Code::kTooOld) return false;
  Store& store = snapshot_->store();
  if (!store.keeps_history()) return false;
  past_ = std::make_unique<PastCursor>(store, table_, snapshot_->position());
  return true;
}

Result<bool> RowCursor::seek(Bytes key) {
  if (past_ != nullptr) return past_->seek(key);
  if (!rows_.has_value()) return false;
  auto done = rows_->seek(key);
  return must_turn(done) ? past_->seek(key) : std::move(done);
}

Result<bool> RowCursor::seek_before(Bytes key) {
  if (past_ != nullptr) return past_->seek_before(key);
  if (!rows_.has_value()) return false;
  auto done = rows_->seek_before(key);
  return must_turn(done) ? past_->seek_before(key) : std::move(done);
}

Result<bool> RowCursor::seek_first() {
  if (past_ != nullptr) return past_->seek_first();
  if (!rows_.has_value()) return false;
  auto done = rows_->seek_first();
  return must_turn(done) ? past_->seek_first() : std::move(done);
}

Result<bool> RowCursor::seek_last() {
  if (past_ != nullptr) return past_->seek_last();
  if (!rows_.has_value()) return false;
  auto done = rows_->seek_last();
  return must_turn(done) ? past_->seek_last() : std::move(done);
}

Result<bool> RowCursor::next() {
  if (past_ != nullptr) return past_->next();
  auto done = rows_->next();
  return must_turn(done) ? past_->seek(rows_->fence()) : std::move(done);
}

Result<tree::RowViews> RowCursor::read_rows(const tree::RowsWanted& wanted) {
  if (past_ != nullptr) return past_->read_rows(wanted);
  key_.assign(as_text(rows_->key()));
  auto done = rows_->read_rows(wanted);
  if (done.has_value()) return done;
  if (!must_turn(std::unexpected(done.error().clone()))) return done;
  if (!NACRE_TRY(past_->seek(as_bytes(key_)))) return tree::RowViews{};
  return past_->read_rows(wanted);
}

Result<bool> RowCursor::prev() {
  if (past_ != nullptr) return past_->prev();
  auto done = rows_->prev();
  return must_turn(done) ? past_->seek_before(rows_->fence()) : std::move(done);
}

}  // namespace nacre::store
