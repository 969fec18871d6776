#include "store/store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/spinning_lock.h"
#include "base/text.h"
#include "store/big_value.h"
#include "store/past.h"
#include "tree/cursor.h"

namespace nacre::store {
namespace {

// docs/locks.md
constexpr int kApplyRank = 48;
constexpr int kVisibleRank = 50;

constexpr std::uint64_t kLogAllowanceMin = std::uint64_t{64} << 20;
constexpr std::uint64_t kLogAllowanceMax = std::uint64_t{1} << 30;

// A snapshot waits for a batch that is applied in place: always for so few operations, for the
// second many only while no snapshot has had to wait lately.
constexpr std::uint64_t kInPlaceOps = 32;
constexpr std::uint64_t kInPlaceOpsUnseen = 1024;
constexpr std::size_t kInPlaceBytes = std::size_t{1} << 20;
constexpr std::uint32_t kKindBatches = 64;
// Frames a change may need: copies for checkpoints and holds of a whole path, and of a split.
constexpr std::uint64_t kFramesPerOp = 2;
constexpr std::uint64_t kFramesSpare = 64;
// So many operations of a batch are looked at together; at least so many rows of so many bytes are
// worth appending at once.
constexpr std::uint64_t kOpsAtOnce = 512;
constexpr std::size_t kAppendedMin = 16;
constexpr std::size_t kAppendedBytes = 1000;

// Version of a record: which commit wrote it, and by which of its operations.
std::uint64_t word_of(Position position, std::uint64_t op_index) {
  return number(position) << 16 | std::min(op_index, kOpMax);
}

std::string doing(std::string_view what, TableId table) {
  return format("{} table {}", what, number(table));
}

}  // namespace

Store::Store(std::unique_ptr<io::File> lock, std::unique_ptr<page::Pager> pager,
             std::unique_ptr<log::LocalLog> log, const Options& options)
    : options_(options),
      lock_(std::move(lock)),
      pager_(std::move(pager)),
      log_(std::move(log)),
      root_(pager_->root()),
      applied_(root_.applied),
      applied_time_(root_.applied_time),
      publish_every_(std::max<std::uint64_t>(options.cache_bytes / page::kPageSize / 16, 4)),
      keeps_history_(options.history_age_us != 0 && options.history_bytes != 0),
      horizon_(number(root_.horizon)),
      history_bytes_(root_.history_bytes),
      history_rows_(root_.history_rows),
      apply_mutex_("store::Store::apply", kApplyRank),
      settled_(number(applied_)),
      visible_mutex_("store::Store::visible", kVisibleRank),
      visible_(applied_),
      visible_time_(applied_time_),
      table_map_(std::make_shared<TableMap>()) {
  gate_tables_ = table_map_.get();
}

Store::~Store() = default;

tree::Tree Store::catalog() const { return tree::Tree(*pager_, root_.catalog_root, kCatalogTree); }

// --- any thread

Snapshot Store::snapshot() {
  {
    const MutexLock lock(visible_mutex_);
    if (!in_place_) return newest_snapshot();
  }
  if (!apply_mutex_.try_lock()) {
    snapshot_waits_.store(kKindBatches, std::memory_order_relaxed);
    apply_mutex_.lock();
  }
  std::optional<Snapshot> newest;
  bool is_published = false;
  {
    const MutexLock lock(visible_mutex_);
    is_published = !in_place_;
  }
  if (!is_published) publish_locked();
  {
    const MutexLock lock(visible_mutex_);
    newest.emplace(newest_snapshot());
  }
  apply_mutex_.unlock();
  return *std::move(newest);
}

Snapshot Store::newest_snapshot() {
  if (visible_hold_ != nullptr) {
    return Snapshot(*this, *pager_, visible_hold_, visible_, visible_time_, table_map_);
  }
  Snapshot newest(*this, *pager_, pager_->hold(number(visible_)), visible_, visible_time_,
                  table_map_);
  newest.is_lost_ = is_lost_;
  return newest;
}

Result<Snapshot> Store::snapshot_at(Position position) {
  Snapshot newest = snapshot();
  if (position == newest.position()) return newest;
  if (position > newest.position()) {
    return fail(Code::kInvalid, format("position {} lies after the newest visible one, {}",
                                       number(position), number(newest.position())));
  }
  PastHold hold(*this, position);  // first, so that the horizon stays where it is found
  NACRE_TRY(check_readable(position));
  return Snapshot(*this, *pager_, std::move(hold), position, time_of(position));
}

Time Store::time_of(Position position) {
  if (position == kNoPosition) return Time{0};
  auto reader = log_->read_from(position);
  if (!reader.has_value()) return Time{0};
  const auto commit = (*reader)->next();
  return commit.has_value() && commit->has_value() ? (*commit)->time : Time{0};
}

Result<std::optional<std::string>> Store::get_past(Position position, TableId table, Bytes key,
                                                   std::uint64_t* hops) {
  return read_past(position, [&](const Snapshot& now) {
    return store::get_past(now, table, key, position, hops);
  });
}

Position Store::visible_position() const {
  return Position{settled_.load(std::memory_order_acquire)};
}

Result<> Store::check_writable() const {
  if (!is_poisoned_.load(std::memory_order_acquire)) return {};
  MutexLock lock(visible_mutex_);
  return fail(Code::kClosed,
              format("writing stopped after a failure; reopen to recover: {}", poison_->text()));
}

void Store::poison(const Error& cause) {
  MutexLock lock(visible_mutex_);
  if (poison_ == nullptr) poison_ = std::make_unique<Error>(cause.clone());
  is_poisoned_.store(true, std::memory_order_release);
}

StoreStats Store::stats() const {
  StoreStats stats;
  stats.pages = pager_->stats();
  stats.checkpoint = pager_->root().applied;
  stats.log_bytes = log_->bytes();
  stats.visible = visible_position();
  stats.horizon = horizon();
  stats.history_bytes = history_bytes_.load(std::memory_order_relaxed);
  stats.history_rows = history_rows_.load(std::memory_order_relaxed);
  MutexLock lock(visible_mutex_);
  stats.table_count = table_map_->tables.size();
  return stats;
}

bool Store::is_cleanly_checkpointed() const {
  const page::RootRecord durable = pager_->root();
  return durable.applied == visible_position() && durable.clean && durable.horizon == horizon() &&
         !is_changed_since_cut_.load(std::memory_order_relaxed);
}

// --- the applier

Result<> Store::apply(Position position, Time time, Bytes batch) {
  const std::uint64_t op_count = NACRE_TRY(check_batch(batch));
  return apply(position, time, batch, op_count);
}

Result<> Store::apply(Position position, Time time, Bytes batch, std::uint64_t op_count) {
  if (position != next(applied_)) {  // STORE-1
    return fail(Code::kInvalid, format("batch has position {}, expected {}", number(position),
                                       number(next(applied_))));
  }
  NACRE_TRY(check_writable());
  {
    const SpinningLock lock(apply_mutex_);
    if (unpublished_ops_ + op_count > publish_every_) publish_locked();
    // A batch of so many bytes may have values that are written to the file while it is applied.
    const bool is_large = batch.size() > kInPlaceBytes;
    is_batch_in_place_ = begin_in_place(is_large ? UINT64_MAX : op_count) && shut_gate();
    is_copying_ = !is_batch_in_place_;
    unpublished_ops_ += op_count;
    if (is_batch_in_place_) {
      auto applied = apply_whole(position, time, batch, op_count);
      if (is_torn_) return applied;
      // Whoever reads without a snapshot must know a table from its first row on.
      if (is_table_map_stale_) {
        publish_locked();
      } else {
        show_row_counts();
        gate_.open(pager_->open_generation());
      }
      return applied;
    }
  }
  return apply_whole(position, time, batch, op_count);
}

// Whether a snapshot taken meanwhile may have to wait for a batch of so many operations.
bool Store::may_block_snapshots(std::uint64_t op_count) {
  if (op_count > std::min(kInPlaceOpsUnseen, publish_every_)) return false;
  if (op_count <= kInPlaceOps) return true;
  const std::uint32_t waits = snapshot_waits_.load(std::memory_order_relaxed);
  if (waits > 0) snapshot_waits_.store(waits - 1, std::memory_order_relaxed);
  return waits == 0;
}

bool Store::begin_in_place(std::uint64_t op_count) {
  const bool may = may_block_snapshots(op_count);
  const bool has_begun = in_place_.load(std::memory_order_relaxed);
  // With history an operation changes several trees.
  const bool is_single = op_count == 1 && !keeps_history_;
  const std::uint64_t frames_per_op = keeps_history_ ? 3 * kFramesPerOp : kFramesPerOp;
  if (has_begun && may && is_single) return true;
  // Copies that are not published and changes in place are not mixed.
  if (has_begun ? !may : unpublished_ops_ > 0) publish_locked();
  if (!may) return false;
  {
    const MutexLock lock(visible_mutex_);
    // A single operation that fails changes nothing; several must not be stopped half way.
    const std::uint64_t frames = is_single ? 0 : frames_per_op * op_count + kFramesSpare;
    if (pager_->change_in_place(frames)) {
      in_place_ = true;
      return true;
    }
  }
  publish_locked();
  return false;
}

// For a change in place. What readers without a snapshot see, they see whole; one that takes long
// has lost its processor, and is not waited for: the batch is then applied by way of copies.
bool Store::shut_gate() {
  constexpr std::uint64_t kPatience = 256;
  gate_.shut();
  if (gate_.wait_for_readers(kPatience)) return true;
  publish_locked();
  return false;
}

Result<> Store::apply_whole(Position position, Time time, Bytes batch, std::uint64_t op_count) {
  const std::uint64_t changes = pager_->changes();
  auto applied = apply_ops(position, batch, op_count);
  if (!applied.has_value()) {
    auto error =
        std::move(applied).error().while_doing(format("applying commit {}", number(position)));
    poison(error);
    if (is_batch_in_place_ && pager_->changes() == changes)
      return std::unexpected(std::move(error));
    // Some trees have the batch and some have not: STORE-4 forbids to publish them ever.
    is_torn_ = true;
    if (is_batch_in_place_) {
      const MutexLock lock(visible_mutex_);
      is_lost_ = true;
      in_place_ = false;
      // Lost or not, no snapshot is older than a commit that has returned (ISO-1).
      visible_ = applied_;
      visible_time_ = applied_time_;
      pager_->publish();
    }
    return std::unexpected(std::move(error));
  }
  applied_ = position;
  applied_time_ = time;
  return {};
}

Result<> Store::apply_ops(Position position, Bytes batch, std::uint64_t op_count) {
  BatchReader reader(batch);
  if (op_count == 1) {
    const std::optional<Op> op = NACRE_TRY(reader.next());
    return apply_op(*op, word_of(position, 0));
  }
  const std::uint64_t at_once = std::min(kOpsAtOnce, publish_every_ - 1);
  for (std::uint64_t index = 0; index < op_count;) {
    ops_.clear();
    while (ops_.size() < at_once) {
      const std::optional<Op> op = NACRE_TRY(reader.next());
      if (!op.has_value()) break;
      ops_.push_back(*op);
    }
    const bool is_step =
        op_count > publish_every_ && index / publish_every_ != (index + at_once) / publish_every_;
    if (is_step && NACRE_PLANTED(half_a_commit_published)) publish();
    if (is_step) publish_to_pager_only();
    for (std::span<const Op> rest(ops_); !rest.empty();) {
      std::size_t done = NACRE_TRY(append_rows(rest, position, index));
      if (done == 0) {
        // Where rows do not follow each other at the end, those after them do not either.
        for (const Op& op : rest) NACRE_TRY(apply_op(op, word_of(position, index++)));
        break;
      }
      index += done;
      rest = rest.subspan(done);
    }
  }
  return {};
}

Result<std::size_t> Store::append_rows(std::span<const Op> ops, Position position,
                                       std::uint64_t index) {
  const TableId id = ops.front().table;
  const auto is_plain = [&](const Op& op) {
    return op.kind == OpKind::kPut && op.table == id && !is_big(op.value.size());
  };
  const auto end = std::ranges::find_if_not(ops, is_plain);
  const auto count = static_cast<std::size_t>(end - ops.begin());
  if (count < kAppendedMin) return std::size_t{0};
  Table* table = find_table(id);
  // A key that was deleted has a past.
  if (table == nullptr || table->graveyard_rows != 0) return std::size_t{0};
  rows_.clear();
  std::size_t bytes = 0;
  for (const Op& op : ops.first(count)) {
    rows_.push_back({.key = op.key,
                     .value = op.value,
                     .word = word_of(position, index + rows_.size()),
                     .flags = 0});
    bytes += op.key.size() + op.value.size();
  }
  // Few large rows would need more memory at once than was made sure of.
  if (bytes > count * kAppendedBytes) return std::size_t{0};
  auto appended = with_room([&] { return table->tree.append(rows_); });
  if (!appended.has_value()) {
    return std::unexpected(std::move(appended).error().while_doing(doing("writing", id)));
  }
  if (*appended > 0) {
    count_row(id, *table, static_cast<std::int64_t>(*appended));
  }
  return appended;
}

Result<> Store::apply_op(const Op& op, std::uint64_t word) {
  switch (op.kind) {
    case OpKind::kPut:
      return apply_put(op, word);
    case OpKind::kRemove:
      return apply_remove(op, word);
    case OpKind::kDropTable:
      return apply_drop(op.table, position_of(word));
  }
  return fail(Code::kCorrupt, "batch: operation of no known kind");
}

void Store::publish_to_pager_only() {
  if (is_batch_in_place_) {
    // Snapshots wait anyway.
    pager_->publish();
    static_cast<void>(pager_->change_in_place(0));
    return;
  }
  gate_.shut();  // until all of the batch is published: what was before is held for snapshots only
  {
    MutexLock lock(visible_mutex_);
    if (visible_hold_ == nullptr) {
      visible_hold_ = std::make_shared<const page::Hold>(pager_->hold(number(visible_)));
    }
  }
  pager_->publish();
}

Store::Table* Store::find_table(TableId table) {
  if (last_table_ != nullptr && last_table_id_ == table) return last_table_;
  const auto found = tables_.find(number(table));
  if (found == tables_.end()) return nullptr;
  last_table_id_ = table;
  last_table_ = &found->second;
  return last_table_;
}

Result<Store::Table*> Store::create_table(TableId table) {
  const tree::TreeId id{number(table)};
  const page::PageId root = NACRE_TRY(with_room([&] { return tree::Tree::create(*pager_, id); }));
  const Table made{.tree = tree::Tree(*pager_, root, id), .created = next(applied_)};
  const bool is_new_row = NACRE_TRY(with_room([&] {
    return catalog().put(as_bytes(encode_key({.table = table})), encode_row(made.row()),
                         word_of(next(applied_), 0));
  }));
  NACRE_CHECK(is_new_row, "a table that is not known is not in the catalog");
  is_table_map_stale_ = true;
  return &tables_.try_emplace(number(table), made).first->second;
}

Result<> Store::apply_put(const Op& op, std::uint64_t word) {
  Table* table = find_table(op.table);
  if (table == nullptr) table = NACRE_TRY(create_table(op.table));  // STORE-2
  auto is_new = put_row(*table, op, word);
  if (!is_new.has_value()) {
    return std::unexpected(std::move(is_new).error().while_doing(doing("writing", op.table)));
  }
  if (*is_new || NACRE_PLANTED(replaced_row_counted)) {
    count_row(op.table, *table, 1);
  }
  return {};
}

Result<> Store::release_value(page::RowFlags flags, Bytes value) {
  if ((flags & page::kBigValue) == 0) return {};
  return release_big_value(*pager_, value);
}

// Of all rows.
Result<> Store::release_values(const Table& table) {
  if (!table.has_big_values) return {};
  tree::Cursor rows(table.tree, page::View::open());
  for (bool more = NACRE_TRY(rows.seek_first()); more; more = NACRE_TRY(rows.next())) {
    NACRE_TRY(release_value(rows.flags(), rows.value()));
  }
  return {};
}

Result<> Store::apply_remove(const Op& op, std::uint64_t word) {
  Table* table = find_table(op.table);
  if (table == nullptr) return {};
  auto was_there = remove_row(*table, op, word);
  if (!was_there.has_value()) {
    return std::unexpected(std::move(was_there).error().while_doing(doing("writing", op.table)));
  }
  if (*was_there) {
    if (table->row_count == 0) {
      return fail(Code::kCorrupt, format("catalog: table {}: row count is 0, but a row was removed",
                                         number(op.table)));
    }
    count_row(op.table, *table, -1);
  }
  return {};
}

Result<> Store::apply_drop(TableId table, Position position) {
  Table* dropped = find_table(table);
  if (dropped == nullptr) return {};
  auto given_up = [&]() -> Result<> {
    if (keeps_history_) {  // HIST-4
      const CatalogRow row = dropped->row();
      const std::string key = encode_key({.table = table, .dropped = position});
      NACRE_TRY(with_room(
          [&] { return catalog().put(as_bytes(key), encode_row(row), word_of(position, 0)); }));
      dropped_.emplace(std::pair(number(table), position), row);
      return {};
    }
    NACRE_TRY(release_values(*dropped));
    if (!NACRE_PLANTED(drop_leaks_pages)) NACRE_TRY(dropped->tree.destroy());
    if (dropped->graveyard == page::kNoPage) return {};
    return tree::Tree(*pager_, dropped->graveyard, graveyard_tree(table)).destroy();
  }();
  if (!given_up.has_value()) {
    return std::unexpected(std::move(given_up).error().while_doing(doing("dropping", table)));
  }
  const bool was_there = NACRE_TRY(
      with_room([&] { return catalog().remove(as_bytes(encode_key({.table = table}))); }));
  NACRE_CHECK(was_there, "a table that is known is in the catalog");  // STORE-2
  last_table_ = nullptr;
  tables_.erase(number(table));
  is_table_map_stale_ = true;
  return {};
}

void Store::settle() {
  // Whoever publishes meanwhile notes the same position.
  if (!in_place_.load(std::memory_order_acquire)) return publish();
  settled_.store(number(applied_), std::memory_order_release);
}

void Store::publish() {
  const MutexLock lock(apply_mutex_);
  publish_locked();
}

void Store::count_row(TableId id, Table& table, std::int64_t change) {
  table.row_count += static_cast<std::uint64_t>(change);
  table.is_row_count_stored = false;
  if (std::exchange(table.is_recounted, true)) return;
  recounted_.push_back(id);
}

void Store::show_row_counts() {
  for (const TableId id : recounted_) {
    Table* const table = find_table(id);
    if (table == nullptr) continue;  // dropped meanwhile
    table->is_recounted = false;
    // relaxed: whoever reads it is inside the gate, which orders it
    table->rows_shown->store(table->row_count, std::memory_order_relaxed);
  }
  recounted_.clear();
}

void Store::publish_locked() {
  if (is_torn_ && !NACRE_PLANTED(torn_commit_published)) return;  // STORE-4
  // Swapped with what they replace, which then dies outside the lock.
  std::shared_ptr<const page::Hold> visible_hold;
  std::shared_ptr<const TableMap> table_map;
  unpublished_ops_ = 0;
  is_copying_ = false;
  if (is_table_map_stale_) {
    auto fresh = std::make_shared<TableMap>();
    for (const auto& [id, table] : tables_) {
      fresh->tables.emplace(id, TableRoots{.root = table.tree.root(),
                                           .graveyard = table.graveyard,
                                           .created = table.created,
                                           .rows = table.rows_shown});
    }
    for (const auto& [id, row] : dropped_) {
      fresh->dropped.emplace(id, TableRoots{.root = row.root,
                                            .graveyard = row.graveyard,
                                            .created = row.created,
                                            .rows = nullptr});
    }
    fresh->index_low();
    fresh->history = root_.history_root;
    table_map = std::move(fresh);
    is_table_map_stale_ = false;
  }
  // Shut while the generation changes: a reader that has pinned after it has changed must not find
  // the one before. Those inside have pinned before.
  gate_.shut();
  if (table_map != nullptr) {
    static_cast<void>(gate_.wait_for_readers(ReadGate::kForEver));
    gate_tables_ = table_map.get();
  }
  MutexLock lock(visible_mutex_);
  show_row_counts();
  // A snapshot takes the pager's newest generation and our position under one lock: they agree.
  gate_.open(number(pager_->publish()));
  in_place_ = false;
  settled_.store(number(applied_), std::memory_order_release);
  visible_ = applied_;
  visible_time_ = applied_time_;
  visible_hold_.swap(visible_hold);
  if (table_map != nullptr) table_map_.swap(table_map);
}

// A page that a checkpoint writes takes 8 KB however little of it changed. The more pages there
// are, the longer it takes until most of them have changed more than once.
std::uint64_t Store::log_allowance() const {
  if (options_.checkpoint_log_bytes > 0) return options_.checkpoint_log_bytes;
  return log_allowance_of(pager_->stats().page_count);
}

std::uint64_t Store::log_allowance_of(std::uint64_t pages) {
  return std::clamp(pages * page::kPageSize / 2, kLogAllowanceMin, kLogAllowanceMax);
}

unsigned Store::dirty_percent() const {
  return static_cast<unsigned>(pager_->dirty_pages() * 100 /
                               std::max<std::size_t>(pager_->capacity_pages(), 1));
}

bool Store::is_dirty_beyond(unsigned percent) const {
  return pager_->dirty_pages() * 100 > pager_->capacity_pages() * percent;
}

}  // namespace nacre::store
