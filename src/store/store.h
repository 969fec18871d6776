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
// Errors:  kCorrupt names file and page; kClosed after a failed write or apply: reads of what was
//   visible go on, everything else waits for a reopen.
// Format:  docs/format/store.md
// Threads: reading functions: any thread. The applier's functions: one thread at a time, serialised
//   by the caller. write_checkpoint and verify: one thread at a time, beside all others.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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
#include "store/snapshot.h"

namespace nacre::store {

struct Options {
  io::FileSystem* file_system = nullptr;  // required; outlives the store
  io::Clock* clock = nullptr;             // null: io::system_clock()
  bool create_if_missing = false;
  std::size_t cache_bytes = std::size_t{256} << 20;
  MemoryBudget* memory = nullptr;  // outlives the store; null: one of its own of cache_bytes
  std::size_t held_bytes_max = std::size_t{128} << 20;  // old page versions kept for snapshots
  std::uint64_t checkpoint_log_bytes = std::uint64_t{64} << 20;  // replayed between checkpoints
  // As in log::LocalLogOptions.
  std::uint64_t log_segment_bytes_min = std::uint64_t{256} << 10;
  std::uint64_t log_segment_bytes_max = std::uint64_t{64} << 20;
  std::uint32_t log_inflight_max = 4;
};

struct StoreStats {
  Position visible;
  Position checkpoint;  // applied position of the last durable checkpoint
  page::PagerStats pages;
  std::uint64_t log_bytes = 0;
  std::uint64_t table_count = 0;
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
  // The state at `position`: the newest visible one only. kUnsupported for older ones, which are
  // read through a snapshot taken then; kInvalid for later ones.
  [[nodiscard]] Result<Snapshot> snapshot_at(Position position);
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
  [[nodiscard]] bool wants_log_segment() const { return log_->wants_segment(); }
  [[nodiscard]] Result<> prepare_log_segment() { return log_->prepare_segment(); }
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
  // Everything applied is seen by every snapshot from now on. What was changed in place is
  // published only by the snapshot that wants it, so that pages may go on to be changed in place.
  // Nothing after an apply() that failed in the middle.
  void settle();
  // The same, and published.
  void publish();
  // Whether the changed pages take so much of the cache that a checkpoint is due.
  [[nodiscard]] bool is_dirty_beyond(unsigned percent) const;
  // Of the cache, changed pages.
  [[nodiscard]] unsigned dirty_percent() const;

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

  // Brings what compact_tables will need into memory, so that the applier need not wait for it.
  [[nodiscard]] Result<std::vector<page::FramePin>> prepare_compaction(const TableCompaction& at);
  // Moves pages down in the file; see Pager. Takes turns with checkpoints.
  [[nodiscard]] Result<page::Pager::Compaction> begin_compaction() {
    return pager_->begin_compaction();
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
  struct Table {
    tree::Tree tree;
    std::uint64_t row_count = 0;
    bool has_big_values = false;      // or may have
    bool is_row_count_stored = true;  // in the catalog's tree, and has_big_values
  };

  Store(std::unique_ptr<io::File> lock, std::unique_ptr<page::Pager> pager,
        std::unique_ptr<log::LocalLog> log, const Options& options);

  [[nodiscard]] Result<> verify_log(Position after, VerifyReport& report);
  [[nodiscard]] Result<> load_catalog();
  [[nodiscard]] Result<> replay();
  [[nodiscard]] Result<> checkpoint_replay();
  [[nodiscard]] Result<> warm_published(std::span<const RowName> rows);
  [[nodiscard]] bool may_block_snapshots(std::uint64_t op_count);
  [[nodiscard]] bool begin_in_place(std::uint64_t op_count) NACRE_REQUIRES(apply_mutex_);
  [[nodiscard]] Result<> apply_whole(Position position, Time time, Bytes batch,
                                     std::uint64_t op_count);
  void publish_locked() NACRE_REQUIRES(apply_mutex_);
  [[nodiscard]] Snapshot newest_snapshot() NACRE_REQUIRES(visible_mutex_);
  [[nodiscard]] Result<> apply_ops(Position position, Bytes batch, std::uint64_t op_count);
  [[nodiscard]] Result<> apply_op(const Op& op, std::uint64_t word);
  // Lets the pager give up pages that a batch has changed before all of it is applied. What
  // snapshots see stays as it was.
  void publish_to_pager_only();
  [[nodiscard]] Result<> apply_put(const Op& op, std::uint64_t word);
  [[nodiscard]] Result<bool> put_row(Table& table, const Op& op, std::uint64_t word);
  // The version of a row that nobody can read any more goes for good.
  [[nodiscard]] Result<> release_value(page::RowFlags flags, Bytes value);
  [[nodiscard]] Result<> release_values(const Table& table);
  [[nodiscard]] Result<> apply_remove(const Op& op);
  [[nodiscard]] Result<> apply_drop(TableId table);
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

  // Held while pages are changed in place, and while what was so changed is published: then the
  // state before is nowhere any more, so a snapshot waits for the batch.
  Mutex apply_mutex_;
  // Pages are changed by way of copies, outside apply_mutex_, and not yet published.
  bool is_copying_ NACRE_GUARDED_BY(apply_mutex_) = false;
  std::atomic<std::uint32_t> snapshot_waits_ = 0;  // batches to come that are kind to snapshots
  std::atomic<std::uint64_t> settled_;             // position that the next snapshot has, at least

  mutable Mutex visible_mutex_;
  // Since the last publish pages may have been changed in place. Set with both mutexes.
  bool in_place_ NACRE_GUARDED_BY(visible_mutex_) = false;
  // A batch failed after it had changed pages in place: there is nothing whole to look at.
  bool is_lost_ NACRE_GUARDED_BY(visible_mutex_) = false;
  bool is_batch_in_place_ = false;  // the applier's: how the batch under way is applied
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
