// Checkpoints: cut in the applier's role, written beside it.
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "store/store.h"

namespace nacre::store {

Result<> Store::store_row_counts() {
  for (auto& [id, table] : tables_) {
    if (table.is_row_count_stored) continue;
    const auto row = encode_row(table.row());
    const bool is_new = NACRE_TRY(
        catalog().put(as_bytes(encode_key({.table = TableId{id}})), row, number(applied_) << 16));
    NACRE_CHECK(!is_new, "a table with rows is in the catalog");
    table.is_row_count_stored = true;
  }
  return {};
}

Result<Store::Cut> Store::cut(bool clean) {
  NACRE_TRY(check_writable());
  publish();  // so that the catalog is not changed in place: snapshots do not wait here
  {
    const MutexLock lock(apply_mutex_);
    is_copying_ = true;
  }
  auto counted = store_row_counts();
  if (!counted.has_value()) {
    auto error = std::move(counted).error().while_doing("storing row counts for a checkpoint");
    // A row that found no room is not stored; the next cut tries again.
    if (error.code() == Code::kFull) return std::unexpected(std::move(error));
    is_torn_ = true;
    poison(error);
    return std::unexpected(std::move(error));
  }
  publish();
  NACRE_TRY(pager_->flush_extents());
  root_.applied = applied_;
  root_.applied_time = applied_time_;
  if (!NACRE_PLANTED(horizon_not_stored)) root_.horizon = horizon();
  root_.history_bytes = history_bytes_.load(std::memory_order_relaxed);
  root_.history_rows = history_rows_.load(std::memory_order_relaxed);
  is_changed_since_cut_.store(false, std::memory_order_relaxed);
  root_.clean = clean;
  return Cut{.pages = pager_->cut(), .root = root_, .snapshot = snapshot()};
}

Result<> Store::write_checkpoint(Cut& cut, const page::Pace& pace) {
  auto written = [&]() -> Result<> {
    // STORE-3, the write-ahead rule: the log first.
    auto durable =
        NACRE_PLANTED(checkpoint_ahead_of_log) ? Result<>() : log_->wait_durable(cut.root.applied);
    if (!durable.has_value()) {
      pager_->abandon(cut.pages);
      return durable;
    }
    cut.root.durable = log_->durable_position();
    NACRE_CHECK(cut.root.durable >= cut.root.applied || NACRE_PLANTED(checkpoint_ahead_of_log),
                "the log has what the checkpoint has");
    NACRE_TRY(pager_->write_checkpoint(cut.pages, cut.root, pace));
    const Position kept_from =
        Position{number(cut.root.applied) + (NACRE_PLANTED(log_trimmed_too_far) ? 3 : 1)};
    // STORE-5; and who follows the log may begin at any position that can be read.
    const Position readable =
        NACRE_PLANTED(log_trimmed_too_far) ? kept_from : next(cut.root.horizon);
    return log_->trim(kept_from, std::min(kept_from, readable));
  }();
  if (written.has_value()) return {};
  auto error = std::move(written).error().while_doing(
      format("writing the checkpoint of position {}", number(cut.root.applied)));
  is_changed_since_cut_.store(true, std::memory_order_relaxed);  // perhaps, before the cut
  // On a full disk the checkpoint before stays the last one; the log has everything since.
  if (error.code() != Code::kFull) poison(error);
  return std::unexpected(std::move(error));
}

Result<> Store::close() {
  auto closed = log_->close();
  lock_.reset();
  poison(Error(Code::kClosed, "the store was closed"));
  return closed;
}

}  // namespace nacre::store
