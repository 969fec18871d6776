// The horizon, and giving back what is before it.
//
// HIST-6: the horizon only rises. It is raised before anything that it makes unreadable is taken
// away, and readers ask for it after they have read (HIST-5).
#include <algorithm>
#include <utility>

#include "base/planted.h"
#include "base/text.h"
#include "store/store.h"

namespace nacre::store {
namespace {

// What a step may take away: leaves of the history, or pages of a dropped table.
constexpr int kStepLeaves = 8;
constexpr std::size_t kStepPages = 256;

}  // namespace

Position Store::horizon() const {
  // Without history only what is newest can be read.
  if (!keeps_history_) return visible_position();
  return Position{horizon_.load(std::memory_order_acquire)};
}

Result<> Store::check_readable(Position position) const {
  const Position oldest = horizon();
  if (position >= oldest || NACRE_PLANTED(horizon_not_checked)) return {};
  return fail(Code::kTooOld, format("position {} lies before the horizon, {}: what was replaced "
                                    "before that is forgotten",
                                    number(position), number(oldest)));
}

Result<> Store::set_horizon(Position position) {
  const Position visible = visible_position();
  if (position > visible) {
    return fail(Code::kInvalid, format("horizon {} lies after the newest position, {}",
                                       number(position), number(visible)));
  }
  std::uint64_t wanted = wanted_horizon_.load(std::memory_order_relaxed);
  while (wanted < number(position) &&
         !wanted_horizon_.compare_exchange_weak(wanted, number(position))) {
  }
  return {};
}

void Store::hold_past(Position position) {
  MutexLock lock(visible_mutex_);
  past_holds_.insert(position);
}

void Store::release_past(Position position) {
  MutexLock lock(visible_mutex_);
  past_holds_.erase(past_holds_.find(position));
}

std::optional<Position> Store::oldest_held() const {
  std::optional<Position> oldest;
  if (const auto tag = pager_->least_tag()) oldest = Position{*tag};
  MutexLock lock(visible_mutex_);
  if (!past_holds_.empty()) oldest = std::min(oldest.value_or(kPositionMax), *past_holds_.begin());
  return oldest;
}

Position Store::floor_by_age() const {
  io::Clock& clock = options_.clock != nullptr ? *options_.clock : io::system_clock();
  const std::uint64_t now = number(clock.now());
  if (now <= options_.history_age_us) return kNoPosition;
  // What the log does not reach back to is before the horizon already.
  const auto floor = log_->position_at(Time{now - options_.history_age_us});
  return floor.value_or(kNoPosition);
}

Position Store::floor_by_bytes() const {
  const std::uint64_t records = history_bytes_.load(std::memory_order_relaxed);
  const std::uint64_t kept = log_->kept_bytes();
  const std::uint64_t needed = log_->bytes();
  const std::uint64_t total = records + (kept > needed ? kept - needed : 0);
  if (total <= options_.history_bytes) return kNoPosition;
  // As if the bytes were spread evenly over the positions; the next time sees what that gave.
  const std::uint64_t from = horizon_.load(std::memory_order_relaxed);
  const double span = static_cast<double>(number(visible_position()) - from);
  const double share =
      static_cast<double>(total - options_.history_bytes) / static_cast<double>(total);
  return Position{from + static_cast<std::uint64_t>(span * share) + 1};
}

void Store::raise_horizon() {
  if (!keeps_history_) return;
  const Position visible = visible_position();
  Position target{wanted_horizon_.load(std::memory_order_relaxed)};
  target = std::max(target, floor_by_age());
  const Position by_bytes = floor_by_bytes();
  if (by_bytes != kNoPosition) {
    target = std::max(target, by_bytes);  // snapshots have no say any more
  } else if (const auto held = oldest_held()) {
    target = std::min(target, *held);
  }
  target = std::min(target, visible);
  if (number(target) <= horizon_.load(std::memory_order_relaxed)) return;
  // release: whoever finds something taken away below it finds the horizon risen
  horizon_.store(number(target), std::memory_order_release);
}

Result<bool> Store::vacuum_step() {
  NACRE_TRY(check_writable());
  publish();  // so that nothing is changed in place: snapshots do not wait here
  {
    const MutexLock lock(apply_mutex_);
    is_copying_ = true;
  }
  is_batch_in_place_ = false;
  const Position at = keeps_history_ ? horizon() : applied_;
  const std::uint64_t changes = pager_->changes();
  auto more = [&]() -> Result<bool> {
    if (NACRE_TRY(vacuum_history(at))) return true;
    return vacuum_dropped(at);
  }();
  if (!more.has_value()) {
    auto error = std::move(more).error().while_doing("vacuuming");
    if (pager_->changes() == changes) {
      publish();
      return std::unexpected(std::move(error));
    }
    // What was changed half way must not be published (STORE-4).
    is_torn_ = true;
    poison(error);
    return std::unexpected(std::move(error));
  }
  publish();
  return more;
}

Result<bool> Store::vacuum_history(Position horizon) {
  if (root_.history_root == page::kNoPage) return false;
  std::byte bound[8];
  store_be(bound, (number(horizon) + (NACRE_PLANTED(vacuum_beyond_horizon) ? 2 : 1)) << 16);
  struct Removed {
    std::uint64_t end;
    Record record;
  };
  for (int leaf = 0; leaf < kStepLeaves; ++leaf) {
    std::vector<Removed> deletes;
    std::vector<std::pair<page::RowFlags, std::string>> values;
    std::int64_t bytes = 0;
    Result<> decoded;
    Record record;
    const std::size_t count = NACRE_TRY(with_room([&] {
      deletes.clear();
      values.clear();
      bytes = 0;
      return history().remove_first(Bytes(bound), [&](const tree::Row& row) {
        const std::uint64_t end = end_of(row.key);
        auto read = decode_record(end, row.word, row.flags, row.value, record);
        if (!read.has_value()) {
          decoded = std::move(read);
          return;
        }
        bytes +=
            static_cast<std::int64_t>(cost_of(record.is_delete, row.key.size(), row.value.size()));
        if ((row.flags & page::kBigValue) != 0)
          values.emplace_back(row.flags, record.version.value);
        if (record.is_delete) deletes.push_back({end, record});
      });
    }));
    NACRE_TRY(std::move(decoded));
    if (count == 0) return false;
    is_changed_since_cut_.store(true, std::memory_order_relaxed);
    count_history(-static_cast<std::int64_t>(count), -bytes);
    if (NACRE_PLANTED(vacuum_leaves_graves)) deletes.clear();
    if (NACRE_PLANTED(vacuum_leaks_values)) values.clear();
    for (const Removed& removed : deletes) NACRE_TRY(forget_delete(removed.record, removed.end));
    for (const auto& [flags, value] : values) NACRE_TRY(release_value(flags, as_bytes(value)));
  }
  return true;
}

Result<> Store::forget_delete(const Record& record, std::uint64_t end) {
  Table* table = find_table(record.table);
  // A table that was dropped since takes its graveyard along.
  if (table == nullptr || table->graveyard_rows == 0 || position_of(end) < table->created)
    return {};
  const tree::Tree graves(*pager_, table->graveyard, graveyard_tree(record.table));
  std::uint64_t word = 0;
  NACRE_TRY(graves.visit(page::View::open(), as_bytes(record.key),
                         [&](Bytes, std::uint64_t found) { word = found; }));
  // There again, or deleted once more.
  if (word != end && !NACRE_PLANTED(vacuum_forgets_later_delete)) return {};
  NACRE_TRY(dig_out(*table, record.table, as_bytes(record.key)));
  return {};
}

// Removes some rows of a dropped table with what their values refer to; returns whether there were
// any.
Result<bool> Store::release_rows(tree::Tree& rows) {
  const std::string beyond(kKeySizeMax + 1, '\xff');
  std::vector<std::pair<page::RowFlags, std::string>> values;
  const std::size_t count = NACRE_TRY(with_room([&] {
    values.clear();
    return rows.remove_first(as_bytes(beyond), [&](const tree::Row& row) {
      if ((row.flags & page::kBigValue) != 0) values.emplace_back(row.flags, to_string(row.value));
    });
  }));
  for (const auto& [flags, value] : values) NACRE_TRY(release_value(flags, as_bytes(value)));
  return count > 0;
}

Result<bool> Store::vacuum_dropped(Position horizon) {
  for (auto at = dropped_.begin(); at != dropped_.end(); ++at) {
    auto& [id, row] = *at;
    if (id.second > horizon && !NACRE_PLANTED(dropped_table_given_up_early)) continue;
    is_changed_since_cut_.store(true, std::memory_order_relaxed);
    const TableId table{id.first};
    const std::string key = encode_key({.table = table, .dropped = id.second});
    is_table_map_stale_ = true;
    if (row.graveyard != page::kNoPage) {
      tree::Tree graves(*pager_, row.graveyard, graveyard_tree(table));
      if (!NACRE_TRY(with_room([&] { return graves.destroy_some(kStepPages); }))) return true;
      row.graveyard = page::kNoPage;
      NACRE_TRY(with_room(
          [&] { return catalog().put(as_bytes(key), encode_row(row), number(applied_) << 16); }));
      return true;
    }
    tree::Tree rows(*pager_, row.root, tree::TreeId{number(table)});
    if (row.has_big_values) {
      if (NACRE_TRY(release_rows(rows))) return true;
      row.has_big_values = false;
      NACRE_TRY(with_room(
          [&] { return catalog().put(as_bytes(key), encode_row(row), number(applied_) << 16); }));
      return true;
    }
    if (!NACRE_TRY(with_room([&] { return rows.destroy_some(kStepPages); }))) return true;
    NACRE_TRY(with_room([&] { return catalog().remove(as_bytes(key)); }));
    dropped_.erase(at);
    return true;
  }
  return false;
}

}  // namespace nacre::store
