// Store: tables of ordered byte keys, kept as trees of pages and brought up to date from a log.
//
// The log is the truth; the pages are a projection of it as of applied_position(). What a crash
//   takes from the pages, opening applies again from the log.
// Invariants (docs/invariants.md):
//   STORE-1  a batch is applied at exactly applied_position() + 1, or not at all
//   STORE-2  a table is in the catalog from its first put until it is dropped
//   STORE-3  no checkpoint holds a commit that the log could still lose
//   STORE-4  what is published is whole commits, in log order
//   STORE-5  the log keeps every commit after the last durable checkpoint
//   HIST-1   every version that was replaced after the horizon can still be found (history.h)
//   HIST-6   the horizon never goes back while the store is open, nor over an orderly reopen
// Errors:  kCorrupt names file and page; kClosed after a failed write or apply: reads of what was
//   visible go on, everything else waits for a reopen.
// Format:  docs/format/store.md
// Threads: reading functions: any thread. The applier's functions: one thread at a time, serialised
//   by the caller. write_checkpoint and verify: one thread at a time, beside all others.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/position.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/local_log.h"
#include "page/pager.h"
#include "store/batch.h"
#include "store/catalog.h"
#include "store/history.h"
#include "store/read_gate.h"
#include "store/snapshot.h"
#include "tree/row_view.h"

namespace nacre::store {

struct Options {
  io::FileSystem* file_system = nullptr;  // required; outlives the store
  io::Clock* clock = nullptr;             // null: io::system_clock()
  bool create_if_missing = false;
  std::size_t cache_bytes = std::size_t{256} << 20;
  MemoryBudget* memory = nullptr;  // outlives the store; null: one of its own of cache_bytes
  std::size_t held_bytes_max = std::size_t{128} << 20;  // old page versions kept for snapshots
  // Of log between checkpoints. 0: half of what the pages take, at least 64 MB and at most 1 GB.
  std::uint64_t checkpoint_log_bytes = 0;
  // As in log::LocalLogOptions.
  std::uint64_t log_segment_bytes_min = std::uint64_t{256} << 10;
  std::uint64_t log_segment_bytes_max = std::uint64_t{64} << 20;
  std::uint32_t log_inflight_max = 4;
  // How far back the past can be read: as long as neither is exceeded. One of them 0: not at all,
  // and nothing is kept for it.
  std::uint64_t history_age_us = std::uint64_t{24} * 3600 * 1000000;
  std::uint64_t history_bytes = std::uint64_t{1} << 30;  // of replaced versions and log
};

struct StoreStats {
  Position visible;
  Position checkpoint;  // applied position of the last durable checkpoint
  page::PagerStats pages;
  std::uint64_t log_bytes = 0;
  std::uint64_t table_count = 0;
  Position horizon;                 // oldest position that can be read
  std::uint64_t history_bytes = 0;  // of records and of the graveyards' rows
  std::uint64_t history_rows = 0;   // records
};

struct VerifyReport {
  Position position;
  std::uint64_t pages_checked = 0;
  std::uint64_t rows_checked = 0;
  std::uint64_t table_count = 0;
  std::uint64_t commits_checked = 0;  // in the log
  std::vector<std::string> problems;  // each names file and page, table or position
};

class Store {
 public:
  // Opens the store in directory `path` and applies what the log holds beyond its checkpoint.
  // kNotFound when there is none and create_if_missing is off; kConflict when somebody has it open;
  // kCorrupt when acknowledged commits are damaged.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(std::string_view path,
                                                           const Options& options);
  ~Store();  // writes nothing; no snapshot may be left
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // --- any thread ---

  // The newest visible state, kept for as long as the snapshot lives.
  [[nodiscard]] Snapshot snapshot();
  // The state at `position`. kTooOld, naming the horizon, before it; kInvalid after the newest
  // visible one.
  [[nodiscard]] Result<Snapshot> snapshot_at(Position position);
  // Shows the newest row of `key` to `seen(value)`, in place and without a snapshot: it must be
  // brief and not call into the store; the bytes are valid until it returns. Returns whether there
  // is one. Every call sees all that was visible before it; two calls may see two states.
  template <class Seen>
  [[nodiscard]] Result<bool> visit_newest(TableId table, Bytes key, Seen&& seen) {
    using Function = std::remove_reference_t<Seen>;
    return visit_newest_row(
        table, key, [](void* context, Bytes value) { (*static_cast<Function*>(context))(value); },
        const_cast<void*>(static_cast<const void*>(&seen)));
  }
  // The same for the first `limit` rows from `from` on, at most kNewestRowsMax, of one state: shows
  // them in order, those of a page at a time. Returns whether it could: not when there are long
  // values among them, or when memory is too small to have all of them at once. Then nothing was
  // seen, and a snapshot is needed.
  static constexpr std::size_t kNewestRowsMax = 1024;
  using SeenRows = std::function<void(std::span<const tree::RowView>)>;
  [[nodiscard]] Result<bool> visit_newest_rows(TableId table, Bytes from, std::size_t limit,
                                               const SeenRows& seen);
  // How many rows the table has in the newest visible state. Nothing when a batch is just being
  // applied that hides it: then they have to be counted.
  [[nodiscard]] std::optional<std::uint64_t> newest_row_count(TableId table);
  [[nodiscard]] bool keeps_history() const { return keeps_history_; }
  // The oldest position that can be read without a snapshot that was taken at it.
  [[nodiscard]] Position horizon() const;
  // Gives up what is before `position` for good; what that frees, a vacuum gives back. Less far
  // while older snapshots are in use and the history has room. kInvalid beyond the newest position.
  [[nodiscard]] Result<> set_horizon(Position position);
  // Whether the horizon would be no lower after a crash.
  [[nodiscard]] bool is_horizon_durable() const {
    return !keeps_history_ || pager_->root().horizon >= horizon();
  }
  // The value of `key` at `position`. `hops`, when not null, counts the records read.
  [[nodiscard]] Result<std::optional<std::string>> get_past(Position position, TableId table,
                                                            Bytes key,
                                                            std::uint64_t* hops = nullptr);
  // Runs `read(newest state)` for an answer about `position`, again when the state was given up
  // meanwhile (HIST-5).
  template <class Read>
  [[nodiscard]] auto read_past(Position position, Read&& read)
      -> decltype(read(std::declval<const Snapshot&>())) {
    constexpr int kAttempts = 20;
    for (int attempt = 1;; ++attempt) {
      NACRE_TRY(check_readable(position));
      const Snapshot now = snapshot();
      auto done = read(now);
      NACRE_TRY(check_readable(position));
      if (done.has_value() || done.error().code() != Code::kTooOld || attempt == kAttempts) {
        return done;
      }
    }
  }
  [[nodiscard]] Position visible_position() const;
  // Brings into memory what changes of `rows` will touch, so that whoever applies them need not
  // wait for the file, and damage is met while there is somebody to tell. Tables may be unknown.
  struct RowName {
    TableId table;
    Bytes key;
  };
  [[nodiscard]] Result<> warm(std::span<const RowName> rows);
  [[nodiscard]] log::Log& log() { return *log_; }
  // Upkeep that the local log is glad of, beside commits: the next segment made ready before it is
  // needed, and the newest commit marked as durable while nobody commits.
  [[nodiscard]] bool wants_log_segment() const {
    return log_->wants_segment() || log_->wants_blocks();
  }
  [[nodiscard]] Result<> prepare_log_segment() {
    if (log_->wants_blocks()) NACRE_TRY(log_->write_blocks());
    return log_->wants_segment() ? log_->prepare_segment() : Result<>();
  }
  [[nodiscard]] Result<> mark_log_durable() { return log_->mark_durable(); }
  // A step of finding out which space of the file is free; returns whether it was the last one.
  [[nodiscard]] Result<bool> derive_free_space() { return pager_->derive_free_space(64); }
  [[nodiscard]] StoreStats stats() const;
  // Why writing has stopped: kClosed naming the first failure. Ok while all is well.
  [[nodiscard]] Result<> check_writable() const;
  // Whether the last write of pages did not fit the disk.
  [[nodiscard]] bool is_disk_full() const { return pager_->is_disk_full(); }
  // Stops writing for good: `cause` is what failed.
  void poison(const Error& cause);

  // --- the applier ---

  [[nodiscard]] Position applied_position() const { return applied_; }
  // Applies all of `batch`, or none of it visibly: after a failure in the middle nothing more is
  // published. kInvalid, without change, when `position` is not applied_position() + 1; kCorrupt,
  // without change, when the batch breaks its format. May make earlier batches visible.
  [[nodiscard]] Result<> apply(Position position, Time time, Bytes batch);
  // The same for a batch that a BatchWriter of this process has made, of so many operations.
  [[nodiscard]] Result<> apply(Position position, Time time, Bytes batch, std::uint64_t op_count);
  // Everything applied is seen by every snapshot from now on. What was changed in place is
  // published only by the snapshot that wants it, so that pages may go on to be changed in place.
  // Nothing after an apply() that failed in the middle.
  void settle();
  // The same, and published.
  void publish();
  // One step of giving back what is before the horizon, about a millisecond; returns whether there
  // may be more. Not logged, changes nothing that can be read.
  [[nodiscard]] Result<bool> vacuum_step();
  // Whether the changed pages take so much of the cache that a checkpoint is due.
  [[nodiscard]] bool is_dirty_beyond(unsigned percent) const;
  // Of the cache, changed pages.
  [[nodiscard]] unsigned dirty_percent() const;
  // Bytes of log from which on a checkpoint is due.
  [[nodiscard]] std::uint64_t log_allowance() const;
  [[nodiscard]] static std::uint64_t log_allowance_of(std::uint64_t pages);

  // How far compaction has come in the tables.
  struct TableCompaction {
    std::uint32_t table = 0;
    std::string key;
    bool is_done = false;
    std::uint64_t pages_freed = 0;
    std::uint64_t pages_changed = 0;
  };
  // Makes a few leaves of the tables fuller, for about a millisecond, and publishes that. No row
  // changes, so it is no commit.
  [[nodiscard]] Result<> compact_tables(TableCompaction& at);

  // What a checkpoint will hold. Publishes what is applied.
  struct Cut {
    page::Cut pages;
    page::RootRecord root;
    Snapshot snapshot;
  };
  [[nodiscard]] Result<Cut> cut(bool clean);

  // --- one thread at a time ---

  // Raises the horizon as far as age and bytes demand and snapshots allow.
  void raise_horizon();
  // Brings what compact_tables will need into memory, so that the applier need not wait for it.
  [[nodiscard]] Result<std::vector<page::FramePin>> prepare_compaction(const TableCompaction& at);
  // Moves pages down in the file; see Pager. Takes turns with checkpoints.
  [[nodiscard]] Result<page::Pager::Compaction> begin_compaction(std::uint64_t from) {
    return pager_->begin_compaction(from);
  }
  [[nodiscard]] Result<> compact_pages(page::Pager::Compaction& pass, std::size_t bytes) {
    return pager_->compact_step(pass, bytes);
  }
  [[nodiscard]] Result<> give_back_tail() { return pager_->give_back_tail(); }
  // Waits until the log is durable up to the cut, writes the pages, and trims the log. kFull: the
  // disk is full; nothing is lost, and a later cut may be written.
  [[nodiscard]] Result<> write_checkpoint(Cut& cut, const page::Pace& pace = nullptr);
  // Checks every page of the last checkpoint, all trees of `snapshot`, and the log after it. When
  // `snapshot` is the one of that checkpoint's cut, also pages and row counts against each other.
  [[nodiscard]] Result<VerifyReport> verify(const Snapshot& snapshot, bool is_of_checkpoint);
  // Whether the last checkpoint holds all that is visible and was written by an orderly close.
  [[nodiscard]] bool is_cleanly_checkpointed() const;
  // Closes the log and gives the directory free. Snapshots stay valid, the file is left alone.
  [[nodiscard]] Result<> close();

 private:
  friend class PastHold;

  struct Table {
    tree::Tree tree;
    std::uint64_t row_count = 0;

    page::PageId near = page::kNoPage;  // the leaf that was warmed last
    bool has_big_values = false;        // or may have
    bool is_row_count_stored = true;    // in the catalog's tree, and has_big_values
    page::PageId graveyard = page::kNoPage;
    std::uint64_t graveyard_rows = 0;
    Position created = kNoPosition;
    bool is_recounted = false;  // row_count is not visible yet
    // What of row_count is visible.
    std::shared_ptr<std::atomic<std::uint64_t>> rows_shown =
        std::make_shared<std::atomic<std::uint64_t>>(0);

    [[nodiscard]] CatalogRow row() const {
      return {.root = tree.root(),
              .graveyard = graveyard,
              .has_big_values = has_big_values,
              .row_count = row_count,
              .graveyard_rows = graveyard_rows,
              .created = created};
    }
  };

  Store(std::unique_ptr<io::File> lock, std::unique_ptr<page::Pager> pager,
        std::unique_ptr<log::LocalLog> log, const Options& options);

  [[nodiscard]] Result<> verify_log(Position after, VerifyReport& report);
  // verify_history.cc
  [[nodiscard]] Result<> verify_history(const Snapshot& snapshot, bool is_of_checkpoint,
                                        VerifyReport& report);
  [[nodiscard]] Result<> load_catalog();
  [[nodiscard]] Result<> replay();
  [[nodiscard]] Result<> checkpoint_replay();
  [[nodiscard]] Result<> warm_published(std::span<const RowName> rows);
  [[nodiscard]] bool may_block_snapshots(std::uint64_t op_count);
  [[nodiscard]] bool begin_in_place(std::uint64_t op_count) NACRE_REQUIRES(apply_mutex_);
  [[nodiscard]] Result<> apply_whole(Position position, Time time, Bytes batch,
                                     std::uint64_t op_count);
  void publish_locked() NACRE_REQUIRES(apply_mutex_);
  void count_row(TableId id, Table& table, std::int64_t change);
  // Row counts become visible with what they count: while the gate is shut, or under
  // visible_mutex_.
  void show_row_counts();
  [[nodiscard]] bool shut_gate() NACRE_REQUIRES(apply_mutex_);
  // newest.cc
  using SeenNewest = void (*)(void* context, Bytes value);
  [[nodiscard]] Result<bool> visit_newest_row(TableId table, Bytes key, SeenNewest seen,
                                              void* context);
  template <class Look>
  [[nodiscard]] Result<bool> look_at_newest(TableId table, Look&& look);
  [[nodiscard]] Snapshot newest_snapshot() NACRE_REQUIRES(visible_mutex_);
  [[nodiscard]] Result<> apply_ops(Position position, Bytes batch, std::uint64_t op_count);
  [[nodiscard]] Result<> apply_op(const Op& op, std::uint64_t word);
  // Rows of one table from the first of `ops` on that come after all it has; returns how many were
  // put, 0 when that is not so.
  [[nodiscard]] Result<std::size_t> append_rows(std::span<const Op> ops, Position position,
                                                std::uint64_t index);
  // Lets the pager give up pages that a batch has changed before all of it is applied. What
  // snapshots see stays as it was.
  void publish_to_pager_only();
  [[nodiscard]] Result<> apply_put(const Op& op, std::uint64_t word);

  [[nodiscard]] Result<> release_values(const Table& table);
  [[nodiscard]] Result<> apply_remove(const Op& op, std::uint64_t word);
  [[nodiscard]] Result<> apply_drop(TableId table, Position position);
  // Makes a change of one tree, once more when the memory was full of what is unpublished; the tree
  // is then as before.
  template <class Change>
  [[nodiscard]] auto with_room(Change&& change) -> decltype(change()) {
    auto done = change();
    if (done.has_value() || done.error().code() != Code::kFull) return done;
    publish_to_pager_only();
    return change();
  }

  // history_write.cc
  [[nodiscard]] Result<bool> put_row(Table& table, const Op& op, std::uint64_t word);
  [[nodiscard]] Result<bool> remove_row(Table& table, const Op& op, std::uint64_t word);
  [[nodiscard]] Result<> append_record(std::uint64_t end, TableId table, Bytes key);
  [[nodiscard]] Result<> bury(Table& table, TableId id, Bytes key, std::uint64_t word);
  // Takes `key` out of the graveyard; returns the word of its delete, 0 when it was not there.
  [[nodiscard]] Result<std::uint64_t> dig_out(Table& table, TableId id, Bytes key);
  // A version that nobody will read again: what its value refers to is given back. The one place.
  [[nodiscard]] Result<> release_value(page::RowFlags flags, Bytes value);
  void note_superseded(const tree::Row& row);
  void count_history(std::int64_t rows, std::int64_t bytes);
  [[nodiscard]] tree::Tree history() const;

  // vacuum.cc
  [[nodiscard]] Result<> check_readable(Position position) const;
  void hold_past(Position position);
  void release_past(Position position);
  // Of the commit at `position`, 0 when the log does not have it any more.
  [[nodiscard]] Time time_of(Position position);
  [[nodiscard]] Position floor_by_age() const;
  [[nodiscard]] Position floor_by_bytes() const;
  [[nodiscard]] std::optional<Position> oldest_held() const;
  [[nodiscard]] Result<bool> vacuum_history(Position horizon);
  [[nodiscard]] Result<bool> vacuum_dropped(Position horizon);
  [[nodiscard]] Result<bool> release_rows(tree::Tree& rows);
  [[nodiscard]] Result<> forget_delete(const Record& record, std::uint64_t end);
  [[nodiscard]] Result<Table*> create_table(TableId table);
  [[nodiscard]] Table* find_table(TableId table);
  [[nodiscard]] Result<> store_row_counts();
  [[nodiscard]] tree::Tree catalog() const;

  Options options_;
  std::unique_ptr<io::File> lock_;
  std::unique_ptr<page::Pager> pager_;
  std::unique_ptr<log::LocalLog> log_;

  // The applier's.
  page::RootRecord root_;  // of the last cut
  Position applied_ = kNoPosition;
  Time applied_time_{0};
  std::unordered_map<std::uint32_t, Table> tables_;
  std::map<std::pair<std::uint32_t, Position>, CatalogRow> dropped_;  // not yet given back
  Jumps jumps_;
  std::vector<TableId> recounted_;  // tables with is_recounted, those dropped since among them
  std::vector<Op> ops_;             // of the batch under way, some; kept for its memory
  std::vector<tree::Row> rows_;     // likewise
  Record superseded_;               // of the operation under way; kept for its memory
  std::string record_bytes_;
  Table* last_table_ = nullptr;  // most batches write few tables
  TableId last_table_id_{0};
  bool is_table_map_stale_ = false;
  // Pages can only be given up once they are published, so no more operations than this, each of
  // which may change a page or a few, go between two publishes.
  std::uint64_t publish_every_;
  std::uint64_t unpublished_ops_ = 0;
  // A change failed in the middle, so what is not yet published never may be (STORE-4). Other
  // failures stop writing too, but leave whole commits that are published all the same.
  bool is_torn_ = false;

  const bool keeps_history_;
  std::atomic<std::uint64_t> horizon_;  // meaningless without history
  std::atomic<std::uint64_t> history_bytes_;
  std::atomic<std::uint64_t> history_rows_;
  std::atomic<std::uint64_t> wanted_horizon_ = 0;
  std::atomic<bool> is_changed_since_cut_ = false;  // by vacuum or compaction: without a commit

  // Held while pages are changed in place, and while what was so changed is published: then the
  // state before is nowhere any more, so a snapshot waits for the batch.
  Mutex apply_mutex_;
  // Pages are changed by way of copies, outside apply_mutex_, and not yet published.
  bool is_copying_ NACRE_GUARDED_BY(apply_mutex_) = false;
  ReadGate
      gate_;  // open at what is visible, or settled in place; opened and shut under apply_mutex_
  // The table map of those inside the gate; changed while it is shut and empty.
  const TableMap* gate_tables_ = nullptr;
  std::atomic<std::uint32_t> snapshot_waits_ = 0;  // batches to come that are kind to snapshots
  std::atomic<std::uint64_t> settled_;             // position that the next snapshot has, at least

  mutable Mutex visible_mutex_;
  // Since the last publish pages may have been changed in place. Set with both mutexes.
  // So each of them is enough to look at it.
  std::atomic<bool> in_place_ = false;
  // A batch failed after it had changed pages in place: there is nothing whole to look at.
  bool is_lost_ NACRE_GUARDED_BY(visible_mutex_) = false;
  bool is_batch_in_place_ = false;  // the applier's: how the batch under way is applied
  std::multiset<Position> past_holds_ NACRE_GUARDED_BY(visible_mutex_);
  Position visible_ NACRE_GUARDED_BY(visible_mutex_) = kNoPosition;
  Time visible_time_ NACRE_GUARDED_BY(visible_mutex_){0};
  // Shared with snapshots; replaced, never changed.
  std::shared_ptr<const TableMap> table_map_ NACRE_GUARDED_BY(visible_mutex_);
  // While a batch is applied that is too large to stay unpublished: what was visible before, for
  // the snapshots taken meanwhile, and for all later ones when it fails (STORE-4).
  std::shared_ptr<const page::Hold> visible_hold_ NACRE_GUARDED_BY(visible_mutex_);
  std::unique_ptr<Error> poison_ NACRE_GUARDED_BY(visible_mutex_);
  std::atomic<bool> is_poisoned_ = false;  // poison_ is set
};

}  // namespace nacre::store
