// One database: ordered tables of byte keys with snapshot-isolated transactions.
//
// What a commit promises (docs/invariants.md):
//   DUR-1   a commit that returned ok under Durability::kSync is there after any crash
//   ATOM-1  a commit that did not return ok is there whole or not at all, after a crash too
//   ISO-1   a snapshot shows every commit up to its position and nothing of later ones
//   ISO-2   of two concurrent transactions that write one key, the second to commit gets kConflict
//   ISO-3   so does a serializable transaction when a key or range that it read was written
//   meanwhile
// Tables need no creation: a table exists from its first put on. Whoever hands out the numbers
//   (document/, revision/) keeps them in a table of its own. 0 is reserved for the store.
// Errors: kConflict from commit: retry the whole transaction; what it lost against is visible by
//   then. kTooOld: the horizon has passed the
//   position; or, without history, the snapshot held back more memory than allowed. kClosed after a
//   failed log write: reopen. kCorrupt names file and page. kInvalid: empty or too long key, too
//   long value. kFull: more than kTransactionSizeMax of writes in one transaction.
// Threads: Database: internally locked. Snapshot: any number of threads at once. Cursor and
//   Transaction: one thread at a time. Readers never wait for writers, but that taking a snapshot
//   may wait for the batch of up to 1024 operations that is just being applied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/position.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "tree/row_view.h"
#include "txn/follower.h"

namespace nacre::txn {

struct Engine;

using tree::RowsWanted;
using tree::RowView;
using tree::RowViews;

inline constexpr std::size_t kKeySizeMax = 1000;                           // bytes
inline constexpr std::size_t kValueSizeMax = std::size_t{64} << 20;        // bytes
inline constexpr std::size_t kTransactionSizeMax = std::size_t{80} << 20;  // bytes of all writes

// When commit returns the commit is visible to every later snapshot, whichever of these is asked
// for.
enum class Durability : std::uint8_t {
  kSync,   // commit returns when the commit would survive a power cut; the default
  kGroup,  // commit writes nothing; durable within Options::group_delay_us
  kAsync,  // commit writes nothing; durable when the log is next written for any reason
};

// What a transaction that writes is kept apart from. One that only reads is serializable anyway.
enum class Isolation : std::uint8_t {
  kSnapshot,  // ISO-2: nobody else has written what it writes; the default
  // ISO-3: as well, nobody else has written what it read through get() and cursor(), gaps between
  // rows included. Transactions that are all serializable are as if run one after another, in the
  // order of their positions. What is read through snapshot() does not count.
  kSerializable,
};

struct Options {
  io::FileSystem* file_system = nullptr;  // required; outlives the database
  io::Clock* clock = nullptr;             // null: io::system_clock()
  bool create_if_missing = false;
  // Nothing in the directory is changed: what recovery writes stays in memory, the lock is shared
  // with others who only read, and whatever would change something is kInvalid. Nothing runs in the
  // background.
  bool read_only = false;
  // Memory for pages at most; where there is little to keep, less is taken.
  std::size_t cache_bytes = std::size_t{256} << 20;
  // Where the memory comes from: databases of one budget share its bytes, each up to its own
  // cache_bytes. Null: a budget of its own, of cache_bytes.
  std::shared_ptr<MemoryBudget> memory = nullptr;
  // So much log makes a checkpoint due, and may be replayed after a crash, several times that under
  // load. 0: half of what the database takes, at least 64 MB and at most 1 GB.
  std::uint64_t checkpoint_log_bytes = 0;
  // Log segments grow from the first to the second size, multiples of 4096; so many group writes
  // are under way at once.
  std::uint64_t log_segment_bytes_min = std::uint64_t{256} << 10;
  std::uint64_t log_segment_bytes_max = std::uint64_t{64} << 20;
  std::uint32_t log_inflight_max = 4;
  // How far back the past can be read: as long as neither is exceeded. One of them 0: not at all,
  // and nothing is kept for it.
  std::uint64_t history_age_us = std::uint64_t{24} * 3600 * 1000000;
  std::uint64_t history_bytes = std::uint64_t{1} << 30;  // of replaced versions and log
  std::uint32_t group_delay_us = 2000;
  // Checkpoints and delayed log writes run on a few threads that all databases of the process share
  // (txn/background.h); without, they run inside the commit that makes them due (deterministic
  // tests).
  bool background_thread = true;
};

// Rows of one table in key order, as of one snapshot (and the transaction's own writes).
class Cursor {
 public:
  virtual ~Cursor() = default;
  // Each returns whether the cursor now stands on a row.
  [[nodiscard]] virtual Result<bool> seek(Bytes key) = 0;         // first row with key >= `key`
  [[nodiscard]] virtual Result<bool> seek_before(Bytes key) = 0;  // last row with key < `key`
  [[nodiscard]] virtual Result<bool> seek_first() = 0;
  [[nodiscard]] virtual Result<bool> seek_last() = 0;
  [[nodiscard]] virtual Result<bool> next() = 0;  // requires a row
  [[nodiscard]] virtual Result<bool> prev() = 0;  // requires a row
  // Requires a row. That row and those beyond it that lie beside it, as far as they are wanted, as
  // views; the cursor then stands on the row beyond them, or on none: see RowViews. For scans: a
  // few ns per row. The rows are valid until the next call on this cursor.
  [[nodiscard]] virtual Result<RowViews> read_rows(const RowsWanted& wanted) = 0;
  // Require a row; valid until the next call on this cursor.
  [[nodiscard]] virtual Bytes key() const = 0;
  [[nodiscard]] virtual Bytes value() const = 0;
  // For those that only want keys: with false, steps do not read long values, and value() is empty
  // for such rows. Counts from the next step on; true at first.
  virtual void read_values(bool wanted) { static_cast<void>(wanted); }
};

// Gets a value piece by piece, in order; returns false when it has seen enough. The bytes are valid
// until it returns.
using ValueSink = std::function<Result<bool>(Bytes)>;
// Fills all of a buffer with the next bytes of a value; an error gives the value up.
using ValueSource = std::function<Result<>(MutableBytes)>;

// What a key was at a position, and the commit that made it so.
struct RowState {
  std::optional<std::string> value;  // nothing: the key was not there
  Position since = kNoPosition;      // wrote or removed it; 0: none that is still known
};

// A reader's place on the timeline. Copies share it; it is given back with the last copy.
class Snapshot {
 public:
  [[nodiscard]] Position position() const;
  [[nodiscard]] Time time() const;  // of the commit at position(); 0 at position 0
  [[nodiscard]] Result<std::optional<std::string>> get(TableId table, Bytes key) const;
  // The same with the commit that wrote or removed it: the version before it is what a snapshot at
  // the position before that commit shows. kTooOld before the horizon.
  [[nodiscard]] Result<RowState> state(TableId table, Bytes key) const;
  // Calls `seen(i, value)` for each of `keys` that is there, in any order; the value is valid until
  // it returns, and it must not call back into the database. About half the time of as many gets.
  using Seen = std::function<void(std::size_t i, Bytes value)>;
  [[nodiscard]] Result<> get_many(TableId table, std::span<const Bytes> keys,
                                  const Seen& seen) const;
  // Keys that divide the rows into up to `parts` parts of about one size, ascending: for those who
  // scan on several threads. None for a table that is small, or of the past.
  [[nodiscard]] Result<std::vector<std::string>> split_keys(TableId table, std::size_t parts) const;
  // The value from byte `offset` on, in pieces of up to 1 MB, without ever being whole in memory.
  // Returns its size; nothing when the key is absent.
  [[nodiscard]] Result<std::optional<std::uint64_t>> read_value(TableId table, Bytes key,
                                                                std::uint64_t offset,
                                                                const ValueSink& sink) const;
  // Never null. Holds the snapshot.
  [[nodiscard]] Result<std::unique_ptr<Cursor>> cursor(TableId table) const;

 private:
  friend class Database;
  friend class Transaction;
  class Rep;
  explicit Snapshot(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}
  std::shared_ptr<const Rep> rep_;  // shared by copies and cursors; never null
};

// A commit of which the second half is still to come.
struct Submitted {
  Position position;
  std::uint64_t bytes = 0;  // of its batch; 0: it wrote nothing, and nothing is to come
};

// Reads a snapshot and its own writes; nothing is visible to others before commit. The snapshot is
// taken when it is first read, asked for or required; a transaction that never reads conflicts with
// what was committed after begin().
// Destroyed without commit, it leaves no trace.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  [[nodiscard]] const Snapshot& snapshot() const;
  [[nodiscard]] Result<std::optional<std::string>> get(TableId table, Bytes key) const;
  // Sees the writes made before the call; what is written later may or may not be seen. Not to be
  // used after the transaction is over.
  [[nodiscard]] Result<std::unique_ptr<Cursor>> cursor(TableId table) const;
  // Also see Snapshot::read_value.
  [[nodiscard]] Result<std::optional<std::uint64_t>> read_value(TableId table, Bytes key,
                                                                std::uint64_t offset,
                                                                const ValueSink& sink) const;
  // A long value takes its size in memory until the commit has ended, and up to three times as much
  // while it commits.
  [[nodiscard]] Result<> put(TableId table, Bytes key, Bytes value);
  // The same with a value of `size` bytes that `source` gives in pieces of up to 1 MB. When it
  // fails, nothing was put.
  [[nodiscard]] Result<> put_stream(TableId table, Bytes key, std::uint64_t size,
                                    const ValueSource& source);
  [[nodiscard]] Result<> remove(TableId table, Bytes key);  // absent: nothing happens
  // Removes every row. A commit of another transaction that wrote to the table since the snapshot
  // is a conflict.
  [[nodiscard]] Result<> drop_table(TableId table);
  // Makes commit fail with kConflict when `key` has changed since the snapshot.
  [[nodiscard]] Result<> require_unchanged(TableId table, Bytes key);
  [[nodiscard]] bool has_writes() const;
  // A transaction without writes commits at its snapshot's position, free of cost.
  // After any answer the transaction is over.
  [[nodiscard]] Result<Position> commit(Durability durability = Durability::kSync);
  // The first half of commit, for who holds what others wait for: the commit is in its place and
  // visible, as under kAsync, and has waited neither for the disk nor for checkpoints that lag
  // behind. Database::finish is the other half.
  [[nodiscard]] Result<Submitted> submit();
  // Commits as exactly `position`, without writes too: kInvalid, and nothing has changed, unless it
  // is the next one. Nothing lies between, so what it has only written conflicts with nobody. For
  // the projection of a log that numbers its own entries.
  [[nodiscard]] Result<> commit_as(Position position, Durability durability);

 private:
  friend class Database;
  class Rep;
  explicit Transaction(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

struct Stats {
  Position position;             // newest visible commit
  Position durable;              // newest commit that would survive a power cut
  Position checkpoint;           // applied position of the last durable checkpoint
  std::uint64_t file_bytes = 0;  // store.dat
  std::uint64_t used_bytes = 0;  // of it, not free
  std::uint64_t log_bytes = 0;
  std::uint64_t page_count = 0;   // pages in use
  std::uint64_t cache_bytes = 0;  // page memory in use
  std::uint64_t cache_misses = 0;
  std::uint64_t checkpoint_count = 0;
  std::uint64_t table_count = 0;
  Position horizon;                 // oldest position that can be read
  std::uint64_t history_bytes = 0;  // of replaced versions
  std::uint64_t history_rows = 0;   // replaced versions
};

// What is left to give back.
struct VacuumProgress {
  Position horizon;
  std::uint64_t history_bytes = 0;
  std::uint64_t history_rows = 0;
};

// What verify saw; `problems` is empty when all is well. Each names file and page.
struct VerifyReport {
  Position position;
  std::uint64_t pages_checked = 0;
  std::uint64_t rows_checked = 0;
  std::vector<std::string> problems;
};

// How compact() goes about it.
struct CompactProgress {
  std::uint64_t file_bytes = 0;   // store.dat now
  std::uint64_t used_bytes = 0;   // of it, in use
  std::uint64_t bytes_moved = 0;  // so far
  std::uint64_t pages_freed = 0;  // so far, by making others fuller
};
struct CompactOptions {
  std::uint32_t slack_percent = 5;     // done when the file is at most this much longer than needed
  std::uint64_t bytes_per_second = 0;  // of what is written for it; 0: without limit
  // Called now and then, on the calling thread. Compaction ends when it returns false; what is done
  // by then stays done.
  std::function<bool(const CompactProgress&)> progress;
};
struct CompactReport {
  std::uint64_t file_bytes_before = 0;
  std::uint64_t file_bytes = 0;  // store.dat
  std::uint64_t used_bytes = 0;  // of it, in use
  std::uint64_t bytes_moved = 0;
  std::uint64_t pages_freed = 0;
  std::uint64_t damaged = 0;  // pages and values that failed their check; they were left in place
  bool is_cancelled = false;
};

class Database {
 public:
  // Opens the database in directory `path`, recovering it when it was not closed cleanly.
  // kNotFound when there is none and create_if_missing is off; kConflict when another process or
  // handle has it open; kCorrupt when acknowledged data is damaged.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(std::string_view path,
                                                              const Options& options);
  // Closes without a checkpoint what close() did not; loses nothing that was acknowledged.
  // Snapshots and transactions may outlive it; they answer kClosed.
  ~Database();

  // Reads of the newest visible state without a snapshot, the cheapest there are. Each call sees
  // every commit that was visible before it, and one state; two calls may see two. What is shown is
  // shown in place: `seen` must be brief, must not call back into the database, and writers wait
  // for it; the bytes are valid until it returns. Each returns whether `key` is there.
  using SeenValue = std::function<void(Bytes value)>;
  [[nodiscard]] Result<bool> visit(TableId table, Bytes key, const SeenValue& seen);
  [[nodiscard]] Result<bool> get(TableId table, Bytes key, std::string& into);
  // The first `limit` rows from `from` on, in order and all of one state, some at a time.
  using SeenRows = std::function<void(std::span<const RowView>)>;
  [[nodiscard]] Result<> visit_rows(TableId table, Bytes from, std::size_t limit,
                                    const SeenRows& seen);

  // How many rows the newest visible state of the table has; nothing when that takes counting them.
  [[nodiscard]] Result<std::optional<std::uint64_t>> row_count(TableId table);

  [[nodiscard]] Snapshot snapshot();
  // The database as it was at `position`, or as the last commit not after `time` left it; deleted
  // keys and dropped tables included. kTooOld, naming the horizon, before that; kInvalid after the
  // newest visible position.
  [[nodiscard]] Result<Snapshot> snapshot_at(Position position);
  [[nodiscard]] Result<Snapshot> snapshot_at_time(Time time);
  // The oldest position that can be read. It rises by age, bytes and set_horizon(), never past a
  // snapshot in use for as long as the history has room.
  [[nodiscard]] Position horizon() const;
  // Forgets what lies before `position`, durably on return. kInvalid after the newest visible
  // position.
  [[nodiscard]] Result<> set_horizon(Position position);
  // Gives back what lies before the horizon, beside readers and writers, which wait for a step of
  // about a millisecond at most. Done also after checkpoints. `progress`, when given, is called
  // between steps and stops it by answering false.
  [[nodiscard]] Result<> vacuum(const std::function<bool(const VacuumProgress&)>& progress = {});
  [[nodiscard]] Transaction begin(Isolation isolation = Isolation::kSnapshot);
  // Puts rows that come in ascending order of their keys, by far the fastest way to have many in a
  // table, above all in a new one: `next` gives one after another, valid until its next call, and
  // returns false at the end. They are committed half a megabyte at a time, each such commit
  // atomic, and all are durable on return unless kAsync is asked for. Returns how many rows there
  // were. After an error the commits before it stay. kInvalid when the order is broken. Conflicts
  // with nobody; a transaction that began before and writes the table, or requires keys of it, gets
  // kConflict.
  struct LoadRow {
    Bytes key;
    Bytes value;
  };
  using NextRow = std::function<Result<bool>(LoadRow&)>;
  [[nodiscard]] Result<std::uint64_t> load(TableId table, const NextRow& next,
                                           Durability durability = Durability::kSync);
  // Every commit after `after`, live. kTooOld when the log no longer has the next one; kInvalid for
  // a position that is still to come, and for before-images where no history is kept.
  [[nodiscard]] Result<Follower> follow(Position after, BeforeImages before = BeforeImages::kNone);
  // Returns when every commit so far would survive a power cut.
  [[nodiscard]] Result<> sync();
  // Returns when `commit` is what Transaction::commit under `durability` would have left.
  [[nodiscard]] Result<> finish(const Submitted& commit, Durability durability);
  [[nodiscard]] Result<> checkpoint();
  // Checks every page, key order and reference against the newest snapshot, beside readers and
  // writers. An error is returned only when the check itself could not run.
  [[nodiscard]] Result<VerifyReport> verify();
  // Makes the file as short as its rows allow: half empty pages become full ones, pages move from
  // the end of the file to free space, and the end is given back. Beside readers and writers, in
  // constant memory; takes about the time to read and write what moves. One call at a time.
  // Snapshots that are held keep what they see, and so may keep the file long.
  [[nodiscard]] Result<CompactReport> compact(const CompactOptions& options);
  [[nodiscard]] Stats stats() const;
  // Checkpoints, closes the log and releases the directory. Every later call returns kClosed.
  [[nodiscard]] Result<> close();

 private:
  friend class Transaction;
  class Rep;
  explicit Database(std::shared_ptr<Rep> rep);
  [[nodiscard]] Engine& engine() const;
  std::shared_ptr<Rep> rep_;  // shared with the snapshots and transactions still alive
};

}  // namespace nacre::txn
