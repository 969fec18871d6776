#include "txn/database.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "io/overlay_file_system.h"
#include "store/row_cursor.h"
#include "store/store.h"
#include "tree/split_keys.h"
#include "txn/big_rows.h"
#include "txn/conflicts.h"
#include "txn/engine_internal.h"
#include "txn/follower_internal.h"
#include "txn/merging_cursor.h"
#include "txn/pipeline.h"
#include "txn/read_set.h"
#include "txn/tracking_cursor.h"
#include "txn/write_set.h"

namespace nacre::txn {

static_assert(kKeySizeMax == store::kKeySizeMax && kKeySizeMax <= tree::kKeySizeMax);
static_assert(kValueSizeMax == store::kValueSizeMax && kTransactionSizeMax == store::kBatchSizeMax);

namespace {

// A snapshot, shared by its copies and cursors.
struct Held {
  explicit Held(std::shared_ptr<Engine> owner)
      : engine(std::move(owner)), at(engine->store->snapshot()) {}
  Held(std::shared_ptr<Engine> owner, store::Snapshot past)
      : engine(std::move(owner)), at(std::move(past)) {}

  // The pages of a closed database may be changed by whoever opens it next.
  [[nodiscard]] Result<> check_open() const {
    if (!engine->pipeline.is_closed()) return at.check();
    return fail(Code::kClosed, "the database is closed");
  }

  std::shared_ptr<Engine> engine;
  store::Snapshot at;  // of the engine's store, so destroyed before it
};

// The rows of one table in one snapshot.
class SnapshotCursor final : public Cursor {
 public:
  SnapshotCursor(std::shared_ptr<const Held> snapshot, TableId table)
      : snapshot_(std::move(snapshot)), rows_(snapshot_->at, table) {}

  Result<bool> seek(Bytes key) override {
    NACRE_TRY(snapshot_->check_open());
    return arrive(rows_.seek(key));
  }
  Result<bool> seek_before(Bytes key) override {
    NACRE_TRY(snapshot_->check_open());
    return arrive(rows_.seek_before(key));
  }
  Result<bool> seek_first() override {
    NACRE_TRY(snapshot_->check_open());
    return arrive(rows_.seek_first());
  }
  Result<bool> seek_last() override {
    NACRE_TRY(snapshot_->check_open());
    return arrive(rows_.seek_last());
  }
  Result<bool> next() override {
    NACRE_TRY(snapshot_->check_open());
    return arrive(rows_.next());
  }
  Result<bool> prev() override {
    NACRE_TRY(snapshot_->check_open());
    return arrive(rows_.prev());
  }
  Result<RowViews> read_rows(const RowsWanted& wanted) override {
    NACRE_TRY(snapshot_->check_open());
    RowViews seen = NACRE_TRY(rows_.read_rows(wanted));
    if (BigRows::any_in(seen.rows)) [[unlikely]] {
      if (!filled_.has_value()) filled_.emplace();
      seen.rows = NACRE_TRY(filled_->fill(snapshot_->at, seen.rows, reads_values_));
      if (const auto& rest = filled_->rest(); rest.has_value()) {
        seen.more = NACRE_TRY(wanted.backward ? rows_.seek_before(as_bytes(*rest + '\0'))
                                              : rows_.seek(as_bytes(*rest)));
        seen.is_bound = false;
      }
    }
    NACRE_TRY(arrive(seen.more));
    return seen;
  }
  [[nodiscard]] Bytes key() const override { return rows_.key(); }
  [[nodiscard]] Bytes value() const override { return is_big_ ? as_bytes(big_) : rows_.value(); }
  void read_values(bool wanted) override { reads_values_ = wanted; }

 private:
  Result<bool> arrive(Result<bool> stands) {
    is_big_ = stands.has_value() && *stands && (rows_.flags() & page::kBigValue) != 0;
    if (!is_big_) [[likely]]
      return stands;
    if (big_.capacity() > kBufferKept) big_ = {};
    big_.clear();
    if (reads_values_) NACRE_TRY(snapshot_->at.read_big_value(rows_.value(), big_));
    return true;
  }

  static constexpr std::size_t kBufferKept = std::size_t{1} << 20;
  std::shared_ptr<const Held> snapshot_;  // the view ends with its last owner
  store::RowCursor rows_;
  bool reads_values_ = true;
  bool is_big_ = false;  // the row's value is big_
  std::string big_;
  std::optional<BigRows> filled_;  // most tables have no long values
};

}  // namespace

class Database::Rep : public Engine {
 public:
  using Engine::Engine;
};

// --- Snapshot

class Snapshot::Rep : public Held {
 public:
  using Held::Held;
};

Position Snapshot::position() const { return rep_->at.position(); }
Time Snapshot::time() const { return rep_->at.time(); }

Result<std::optional<std::string>> Snapshot::get(TableId table, Bytes key) const {
  NACRE_TRY(rep_->check_open());
  return rep_->at.get(table, key);
}

Result<RowState> Snapshot::state(TableId table, Bytes key) const {
  NACRE_TRY(rep_->check_open());
  store::KeyState state = NACRE_TRY(rep_->at.state(table, key));
  return RowState{.value = std::move(state.value), .since = state.since};
}

Result<> Snapshot::get_many(TableId table, std::span<const Bytes> keys, const Seen& seen) const {
  NACRE_TRY(rep_->check_open());
  return rep_->at.get_many(table, keys, seen);
}

Result<std::vector<std::string>> Snapshot::split_keys(TableId table, std::size_t parts) const {
  NACRE_TRY(rep_->check_open());
  std::vector<std::string> none;
  if (rep_->at.is_past()) return none;
  const auto tree = rep_->at.table(table);
  if (!tree.has_value()) return none;
  auto keys = tree::split_keys(rep_->at.pager(), *tree, rep_->at.view(), parts);
  if (!keys.has_value() && keys.error().code() == Code::kTooOld) return none;
  return keys;
}

Result<std::optional<std::uint64_t>> Snapshot::read_value(TableId table, Bytes key,
                                                          std::uint64_t offset,
                                                          const ValueSink& sink) const {
  NACRE_TRY(rep_->check_open());
  return rep_->at.read_value(table, key, offset, sink);
}

Result<std::unique_ptr<Cursor>> Snapshot::cursor(TableId table) const {
  NACRE_TRY(rep_->check_open());
  return std::make_unique<SnapshotCursor>(rep_, table);
}

// --- Transaction

namespace {

// What a serializable transaction has beyond others.
class Reads {
 public:
  explicit Reads(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {
    engine_->pipeline.enter_serializable();
  }
  ~Reads() { engine_->pipeline.leave_serializable(); }
  Reads(const Reads&) = delete;
  Reads& operator=(const Reads&) = delete;

  ReadSet set;

 private:
  std::shared_ptr<Engine> engine_;
};

// The memory of the last transaction of a thread serves the next one: it is too large for the
// heap's quick lists.
class SpareMemory {
 public:
  SpareMemory() = default;
  SpareMemory(const SpareMemory&) = delete;
  SpareMemory& operator=(const SpareMemory&) = delete;
  ~SpareMemory() { ::operator delete(memory_); }

  void* take(std::size_t size) {
    void* const memory = std::exchange(memory_, nullptr);
    return memory != nullptr ? memory : ::operator new(size);
  }
  void give(void* memory) { ::operator delete(std::exchange(memory_, memory)); }

 private:
  void* memory_ = nullptr;
};

}  // namespace

class Transaction::Rep {
 public:
#if !defined(__SANITIZE_ADDRESS__)  // which is to see who looks at a transaction that is over
  static void* operator new(std::size_t size) { return spare().take(size); }
  static void operator delete(void* memory) { spare().give(memory); }
#endif

  Rep(std::unique_ptr<Reads> tracked, std::shared_ptr<Engine> owner)
      : reads(std::move(tracked)),
        engine(std::move(owner)),
        begun(engine->store->visible_position()) {}

  // Taken when it is first asked for: who never reads holds nothing back.
  [[nodiscard]] const Snapshot& snapshot() const {
    if (!taken.has_value()) taken = Snapshot(std::make_shared<const Snapshot::Rep>(engine));
    return *taken;
  }
  // What others have written after it is a conflict.
  [[nodiscard]] Position base() const { return taken.has_value() ? taken->position() : begun; }

  // Until it is ordered, and visible unless it is kSync; the pipeline finishes it.
  [[nodiscard]] Result<Submitted> submit(Durability durability, std::optional<Position> expected);
  [[nodiscard]] Result<Position> commit(Durability durability, std::optional<Position> expected);
  // Looks up what will be changed, so that whoever applies it finds the pages in memory, and damage
  // is met while the transaction can still fail alone.
  [[nodiscard]] Result<> warm() const;
  void collect(Footprint& footprint) const;
  // Up to where the pages say that the keys have not changed which the pipeline is in doubt of; the
  // snapshot's position when they cannot say so.
  [[nodiscard]] Result<Position> find_unchanged_until(const Footprint& footprint) const;
  [[nodiscard]] Error describe(const Conflict& conflict) const;

  static SpareMemory& spare() {
    thread_local SpareMemory memory;
    return memory;
  }

  std::unique_ptr<Reads> reads;    // null unless serializable
  std::shared_ptr<Engine> engine;  // shared with everything else of its database
  Position begun;
  mutable std::optional<Snapshot> taken;
  WriteSet writes;
  std::vector<std::pair<TableId, std::string>> required;
};

Transaction::Transaction(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

const Snapshot& Transaction::snapshot() const { return rep_->snapshot(); }

Result<std::optional<std::string>> Transaction::get(TableId table, Bytes key) const {
  const WriteSet::Entry* own = rep_->writes.find(table, key);
  if (own != nullptr) {
    return own->removed() ? std::optional<std::string>()
                          : std::optional<std::string>(to_string(own->value()));
  }
  if (rep_->writes.is_dropped(table)) return std::optional<std::string>();
  if (rep_->reads != nullptr) rep_->reads->set.add_key(table, key);
  return rep_->snapshot().get(table, key);
}

Result<std::optional<std::uint64_t>> Transaction::read_value(TableId table, Bytes key,
                                                             std::uint64_t offset,
                                                             const ValueSink& sink) const {
  const WriteSet::Entry* own = rep_->writes.find(table, key);
  if (own == nullptr && !rep_->writes.is_dropped(table)) {
    if (rep_->reads != nullptr) rep_->reads->set.add_key(table, key);
    return rep_->snapshot().read_value(table, key, offset, sink);
  }
  if (own == nullptr || own->removed()) return std::optional<std::uint64_t>();
  const Bytes value = own->value();
  if (offset < value.size()) {
    static_cast<void>(NACRE_TRY(sink(value.subspan(static_cast<std::size_t>(offset)))));
  }
  return std::optional<std::uint64_t>(value.size());
}

Result<std::unique_ptr<Cursor>> Transaction::cursor(TableId table) const {
  if (rep_->writes.is_dropped(table)) {
    return std::make_unique<MergingCursor>(nullptr, rep_->writes, table);
  }
  auto opened = rep_->snapshot().cursor(table);
  if (!opened.has_value()) return opened;
  std::unique_ptr<Cursor> base = *std::move(opened);
  if (rep_->reads != nullptr) {
    base = std::make_unique<TrackingCursor>(std::move(base), rep_->reads->set, table);
  }
  return std::make_unique<MergingCursor>(std::move(base), rep_->writes, table);
}

Result<> Transaction::put(TableId table, Bytes key, Bytes value) {
  NACRE_TRY(check_table(table));
  NACRE_TRY(check_key(key));
  NACRE_TRY(check_value_size(value.size()));
  rep_->writes.put(table, key, value);
  return {};
}

Result<> Transaction::put_stream(TableId table, Bytes key, std::uint64_t size,
                                 const ValueSource& source) {
  NACRE_TRY(check_table(table));
  NACRE_TRY(check_key(key));
  NACRE_TRY(check_value_size(size));
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const MutableBytes value = rep_->writes.prepare_value(static_cast<std::size_t>(size));
  for (MutableBytes rest = value; !rest.empty();) {
    const MutableBytes piece = rest.first(std::min(rest.size(), kPiece));
    NACRE_TRY(source(piece));
    rest = rest.subspan(piece.size());
  }
  rep_->writes.put_prepared(table, key, value);
  return {};
}

Result<> Transaction::remove(TableId table, Bytes key) {
  NACRE_TRY(check_table(table));
  NACRE_TRY(check_key(key));
  rep_->writes.remove(table, key);
  return {};
}

Result<> Transaction::drop_table(TableId table) {
  NACRE_TRY(check_table(table));
  static_cast<void>(rep_->snapshot());
  rep_->writes.drop_table(table);
  return {};
}

Result<> Transaction::require_unchanged(TableId table, Bytes key) {
  NACRE_TRY(check_table(table));
  NACRE_TRY(check_key(key));
  static_cast<void>(rep_->snapshot());
  rep_->required.emplace_back(table, to_string(key));
  return {};
}

bool Transaction::has_writes() const { return !rep_->writes.empty(); }

Result<Position> Transaction::commit(Durability durability) {
  const std::unique_ptr<Rep> rep = std::move(rep_);
  if (rep->writes.empty()) return rep->base();
  return rep->commit(durability, std::nullopt);
}

Result<Submitted> Transaction::submit() {
  const std::unique_ptr<Rep> rep = std::move(rep_);
  if (rep->writes.empty()) return Submitted{.position = rep->base()};
  return rep->submit(Durability::kAsync, std::nullopt);
}

Result<> Transaction::commit_as(Position position, Durability durability) {
  const std::unique_ptr<Rep> rep = std::move(rep_);
  NACRE_TRY(rep->commit(durability, position));
  return {};
}

Result<> Transaction::Rep::warm() const {
  constexpr std::size_t kKeysMax = 1024;  // more would only push each other out of a small cache
  constexpr std::size_t kKeysAtOnce = 64;
  if (writes.count() == 1) {
    const store::Store::RowName row{writes.first()->table(), writes.first()->key()};
    return engine->store->warm({&row, 1});
  }
  std::array<store::Store::RowName, kKeysAtOnce> rows;
  std::size_t done = 0;
  for (const WriteSet::Entry* entry = writes.first(); entry != nullptr && done < kKeysMax;) {
    std::size_t count = 0;
    for (; entry != nullptr && count < kKeysAtOnce; entry = entry->next()) {
      rows[count++] = {entry->table(), entry->key()};
    }
    NACRE_TRY(engine->store->warm(std::span(rows).first(count)));
    done += count;
  }
  return {};
}

void Transaction::Rep::collect(Footprint& footprint) const {
  footprint.clear();
  footprint.tables_dropped = writes.dropped();
  for (const WriteSet::Entry* entry = writes.first(); entry != nullptr; entry = entry->next()) {
    footprint.written.push_back(Conflicts::hash(entry->table(), entry->key()));
    auto& tables = footprint.tables_written;
    if (tables.empty() || tables.back() != entry->table()) tables.push_back(entry->table());
  }
  for (const auto& [table, key] : required) {
    footprint.required.push_back(Conflicts::hash(table, as_bytes(key)));
    auto& tables = footprint.tables_required;
    if (tables.empty() || tables.back() != table) tables.push_back(table);
  }
  if (reads == nullptr) return;
  const ReadSet& read = reads->set;
  footprint.required.insert(footprint.required.end(), read.key_hashes().begin(),
                            read.key_hashes().end());
  footprint.tables_required.insert(footprint.tables_required.end(), read.tables().begin(),
                                   read.tables().end());
}

Result<Position> Transaction::Rep::find_unchanged_until(const Footprint& footprint) const {
  // Taken before the doubts are asked for: of a key without doubt it is known that nobody wrote it
  // until later than this.
  const store::Snapshot now = engine->store->snapshot();
  const Conflicts::Doubts doubts = engine->pipeline.doubts(footprint, base());
  // A key that is not there may have come and gone since the snapshot, and says nothing.
  const auto is_unchanged = [&](TableId table, Bytes key) -> Result<bool> {
    const std::optional<Position> written = NACRE_TRY(now.written_at(table, key));
    return written.has_value() && *written <= base();
  };
  std::size_t index = 0;
  const WriteSet::Entry* entry = writes.first();
  for (const std::size_t doubtful : doubts.written) {
    for (; index < doubtful; ++index) entry = entry->next();
    if (!NACRE_TRY(is_unchanged(entry->table(), entry->key()))) return base();
  }
  for (const std::size_t doubtful : doubts.required) {
    if (doubtful >= required.size()) return base();  // read: only its hash is known
    const auto& [table, key] = required[doubtful];
    if (!NACRE_TRY(is_unchanged(table, as_bytes(key)))) return base();
  }
  return now.position();
}

Error Transaction::Rep::describe(const Conflict& conflict) const {
  const std::uint64_t at = number(base());
  const std::uint64_t by = number(conflict.position);
  const auto key_text = [](TableId table, Bytes key) {
    std::string text = "key 0x";
    for (const std::byte b : key) text += format("{:02x}", static_cast<unsigned>(b));
    return text + format(" in table {}", number(table));
  };
  std::string what;
  switch (conflict.kind) {
    case Conflict::Kind::kWritten: {
      const WriteSet::Entry* entry = writes.first();
      for (std::size_t i = 0; i < conflict.index; ++i) entry = entry->next();
      what = key_text(entry->table(), entry->key());
      break;
    }
    case Conflict::Kind::kRequired: {
      if (conflict.index >= required.size()) {
        what = "a key that was read";
        break;
      }
      const auto& [table, key] = required[conflict.index];
      what = key_text(table, as_bytes(key));
      break;
    }
    case Conflict::Kind::kRange:
      what = format("a key in a range of table {} that was read",
                    number(reads->set.ranges()[conflict.index].table));
      break;
    case Conflict::Kind::kForgotten:
      return Error(Code::kConflict,
                   format("snapshot {} is too old to tell what changed after it: commits up to {} "
                          "are no longer remembered one by one; retry the transaction",
                          at, by));
    case Conflict::Kind::kTableDropped:
      return Error(Code::kConflict,
                   format("table {} was dropped or loaded at {}, after snapshot {}; retry the "
                          "transaction",
                          conflict.index, by, at));
    case Conflict::Kind::kTableWritten:
      return Error(Code::kConflict, format("table {}, to be dropped, was written to at {}, after "
                                           "snapshot {}; retry the transaction",
                                           conflict.index, by, at));
  }
  return Error(Code::kConflict, format("{} was committed at {}, after snapshot {}; retry the "
                                       "transaction",
                                       what, by, at));
}

Result<Position> Transaction::Rep::commit(Durability durability, std::optional<Position> expected) {
  const Submitted submitted = NACRE_TRY(submit(durability, expected));
  NACRE_TRY(engine->pipeline.finish(submitted.position, submitted.bytes, durability));
  return submitted.position;
}

Result<Submitted> Transaction::Rep::submit(Durability durability,
                                           std::optional<Position> expected) {
  if (engine->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  NACRE_TRY(warm());
  const Position at = base();
  if (taken.has_value()) {
    begun = at;
    taken.reset();  // what is about to change need not be kept for us
  }
  // Kept from commit to commit: its lists have found their size after a few. Taken out meanwhile,
  // for in a simulation many fibers share the thread.
  static thread_local Footprint kept;
  Footprint footprint = std::exchange(kept, Footprint());
  collect(footprint);
  store::BatchWriter batch;
  batch.reserve(writes.encoded_bytes_max());
  writes.encode(batch);
  Pipeline::Request request{.footprint = footprint,
                            .snapshot = expected.has_value() && *expected != kNoPosition
                                            ? Position{number(*expected) - 1}
                                            : at,
                            .ops = {},
                            .op_count = batch.op_count(),
                            .durability = durability,
                            .expected = expected,
                            .reads = reads == nullptr ? nullptr : &reads->set};
  request.ops = batch.take();
  const std::uint64_t bytes = request.ops.size();
  Pipeline::Outcome outcome = NACRE_TRY(engine->pipeline.submit(request));
  if (outcome.conflict.has_value() && outcome.conflict->kind == Conflict::Kind::kForgotten) {
    request.keys_unchanged_until = NACRE_TRY(find_unchanged_until(footprint));
    if (request.keys_unchanged_until > request.snapshot) {
      outcome = NACRE_TRY(engine->pipeline.submit(request));
    }
  }
  kept = std::move(footprint);
  if (outcome.conflict.has_value()) {
    // Who runs again at once would else lose to the same commit, over and over while it is written.
    NACRE_TRY(engine->pipeline.make_visible(outcome.conflict->position));
    return std::unexpected(describe(*outcome.conflict));
  }
  return Submitted{.position = outcome.position, .bytes = bytes};
}

// --- Database

Result<std::unique_ptr<Database>> Database::open(std::string_view path, const Options& options) {
  if (options.file_system == nullptr) {
    return fail(Code::kInvalid, format("{}: no file system was given", path));
  }
  std::unique_ptr<io::FileSystem> overlay;
  if (options.read_only) overlay = io::make_overlay_file_system(*options.file_system);
  const bool creates = options.create_if_missing && !options.read_only;
  auto opened = store::Store::open(
      path, {.file_system = overlay != nullptr ? overlay.get() : options.file_system,
             .clock = options.clock,
             .create_if_missing = creates,
             .cache_bytes = options.cache_bytes,
             .memory = options.memory.get(),
             .held_bytes_max = options.cache_bytes / 2,
             .checkpoint_log_bytes = options.checkpoint_log_bytes,
             .log_segment_bytes_min = options.log_segment_bytes_min,
             .log_segment_bytes_max = options.log_segment_bytes_max,
             .log_inflight_max = options.log_inflight_max,
             .history_age_us = options.history_age_us,
             .history_bytes = options.history_bytes});
  if (!opened.has_value()) {
    return std::unexpected(
        std::move(opened).error().while_doing(format("opening database {}", path)));
  }
  auto rep = std::make_shared<Rep>(std::move(overlay), std::move(*opened), options);
  return std::unique_ptr<Database>(new Database(std::move(rep)));
}

Engine& Database::engine() const { return *rep_; }

Database::Database(std::shared_ptr<Rep> rep) : rep_(std::move(rep)) {}

Database::~Database() {
  // Whoever wants to know the answer calls close(); what was acknowledged is safe without it.
  if (!rep_->pipeline.is_closed()) {
    [[maybe_unused]] const auto closed = rep_->pipeline.close(/*with_checkpoint=*/false);
  }
}

Result<bool> Database::visit(TableId table, Bytes key, const SeenValue& seen) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  return rep_->store->visit_newest(table, key, seen);
}

Result<bool> Database::get(TableId table, Bytes key, std::string& into) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  return rep_->store->visit_newest(table, key, [&](Bytes value) { into.assign(as_text(value)); });
}

Result<> Database::visit_rows(TableId table, Bytes from, std::size_t limit, const SeenRows& seen) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  if (limit == 0) return {};
  if (NACRE_TRY(rep_->store->visit_newest_rows(table, from, limit, seen))) return {};
  auto opened = snapshot().cursor(table);
  if (!opened.has_value()) return std::unexpected(std::move(opened).error());
  Cursor& cursor = **opened;
  for (bool more = NACRE_TRY(cursor.seek(from)); more && limit > 0;) {
    const RowViews rows = NACRE_TRY(cursor.read_rows({.limit = limit}));
    seen(rows.rows);
    limit -= rows.rows.size();
    more = rows.more;
  }
  return {};
}

Result<std::optional<std::uint64_t>> Database::row_count(TableId table) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  return rep_->store->newest_row_count(table);
}

Snapshot Database::snapshot() { return Snapshot(std::make_shared<const Snapshot::Rep>(rep_)); }

Result<Snapshot> Database::snapshot_at(Position position) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  auto at = rep_->store->snapshot_at(position);
  if (!at.has_value()) return std::unexpected(std::move(at).error());
  return Snapshot(std::make_shared<const Snapshot::Rep>(rep_, *std::move(at)));
}

Result<Snapshot> Database::snapshot_at_time(Time time) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  const Position visible = rep_->store->visible_position();
  const auto position = rep_->store->log().position_at(time);
  if (position.has_value()) return snapshot_at(std::min(*position, visible));
  if (position.error().code() != Code::kTooOld) return std::unexpected(position.error().clone());
  return fail(Code::kTooOld, format("time {} lies before the horizon, position {}: what was "
                                    "replaced before that is forgotten",
                                    number(time), number(horizon())));
}

Position Database::horizon() const { return rep_->store->horizon(); }
Result<> Database::set_horizon(Position position) { return rep_->pipeline.set_horizon(position); }
Result<> Database::vacuum(const std::function<bool(const VacuumProgress&)>& progress) {
  return rep_->pipeline.vacuum(progress);
}

Transaction Database::begin(Isolation isolation) {
  std::unique_ptr<Reads> reads;
  // Before the snapshot: whatever is committed after it must be remembered.
  if (isolation == Isolation::kSerializable) reads = std::make_unique<Reads>(rep_);
  return Transaction(std::make_unique<Transaction::Rep>(std::move(reads), rep_));
}

Result<Follower> Database::follow(Position after, BeforeImages before) {
  if (rep_->pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  if (before != BeforeImages::kNone && !rep_->store->keeps_history()) {
    return fail(Code::kInvalid, "before-images need a history, and none is kept");
  }
  if (after > rep_->store->visible_position()) {
    return fail(Code::kInvalid, format("position {} lies after the newest visible one, {}",
                                       number(after), number(rep_->store->visible_position())));
  }
  Follower follower(
      std::make_unique<Follower::Rep>(rep_, *rep_->store, rep_->pipeline, after, before));
  // So that one that comes too late is told at once.
  NACRE_TRY(follower.rep_->check_kept());
  return follower;
}

Result<> Database::sync() { return rep_->pipeline.sync(); }
Result<> Database::finish(const Submitted& commit, Durability durability) {
  if (commit.bytes == 0) return {};
  return rep_->pipeline.finish(commit.position, commit.bytes, durability);
}
Result<> Database::checkpoint() { return rep_->pipeline.checkpoint(); }

Result<VerifyReport> Database::verify() {
  store::VerifyReport seen = NACRE_TRY(rep_->pipeline.verify());
  return VerifyReport{.position = seen.position,
                      .pages_checked = seen.pages_checked,
                      .rows_checked = seen.rows_checked,
                      .problems = std::move(seen.problems)};
}

Result<CompactReport> Database::compact(const CompactOptions& options) {
  return rep_->pipeline.compact(options);
}

Stats Database::stats() const {
  const store::StoreStats seen = rep_->store->stats();
  return {.position = seen.visible,
          .durable = rep_->store->log().durable_position(),
          .checkpoint = seen.checkpoint,
          .file_bytes = seen.pages.file_bytes,
          .used_bytes = seen.pages.used_bytes,
          .log_bytes = seen.log_bytes,
          .page_count = seen.pages.page_count,
          .cache_bytes = seen.pages.cache_bytes,
          .cache_misses = seen.pages.cache_misses,
          .checkpoint_count = rep_->pipeline.checkpoint_count(),
          .table_count = seen.table_count,
          .horizon = seen.horizon,
          .history_bytes = seen.history_bytes,
          .history_rows = seen.history_rows};
}

Result<> Database::close() { return rep_->pipeline.close(/*with_checkpoint=*/true); }

}  // namespace nacre::txn
