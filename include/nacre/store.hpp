// Nacre's projection store: tables of ordered byte keys, as of every position it still keeps.
//
//   auto store = NACRE_TRY(nacre::Store::open("events.nacre", {.create_if_missing = true}));
//   nacre::Batch batch;
//   batch.put(1, "account/ada", "100");
//   NACRE_TRY(store.apply(store.applied_position() + 1, batch));
//   NACRE_TRY(store.sync());
//   auto now = NACRE_TRY(store.get(1, "account/ada"));
//   auto before = NACRE_TRY(store.get_at(1, "account/ada", 0));  // nothing: it was not there yet
//
// Use it without documents: as the state that a log of your own is projected into (apply takes
// exactly the next position, so a replay that goes wrong is refused), or as a transactional
// key-value store (begin). Every commit has a position; a snapshot is a position.
// Errors: every call that can fail returns Result<T>. kInvalid: the request is wrong and nothing
// has
//   changed. kTooOld: the position lies before the horizon, which the text names. kConflict:
//   another transaction won; retry. kFull: a limit or the disk; kCorrupt: names file and page;
//   kClosed: writing stopped after a failed write, reads go on, reopen.
// Limits: keys of 1 to 1,000 bytes, values of up to 64 MiB. Tables are numbers from 1 on, below
//   2^31, and need no creation.
// Threads: Store and Snapshot: any number of threads, readers beside writers. StoreCursor,
//   StoreTransaction, Batch, StoreFollower: one thread at a time. A Store must outlive its
//   transactions; snapshots and cursors may outlive it and answer kClosed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nacre/result.hpp"

namespace nacre {

namespace detail {  // what stands behind the classes below; of no use from outside
struct StoreAccess;
struct StoreState;
struct BatchState;
struct SnapshotState;
struct StoreTransactionState;
struct StoreCursorState;
struct FollowerState;
}  // namespace detail

using StorePosition = std::uint64_t;  // of a commit: 1, 2, 3, ...; 0 is before the first

// Long values go in pieces of up to 1 MiB. A sink gets one after the other, each valid until it
// returns, and answers false when it has seen enough; a source fills all of what it is given with
// the next bytes. An error of either gives the value up.
using ValueSink = std::function<Result<bool>(std::string_view)>;
using ValueSource = std::function<Result<>(std::span<char>)>;

// The puts and removals of one commit, in any order; the last one of a key counts.
class Batch {
 public:
  Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();
  void put(std::uint32_t table, std::string_view key, std::string_view value);
  void remove(std::uint32_t table, std::string_view key);
  // The same with a value of `size` bytes that `source` gives; nothing is put when it fails.
  [[nodiscard]] Result<> put_stream(std::uint32_t table, std::string_view key, std::uint64_t size,
                                    const ValueSource& source);
  // All rows written before, in the store and in this batch.
  void drop_table(std::uint32_t table);
  void clear();

 private:
  friend struct detail::StoreAccess;
  std::unique_ptr<detail::BatchState> state_;
};

// Keys from `begin` to before `end`; without `end` to the last one.
struct KeyRange {
  std::string_view begin{};
  std::optional<std::string_view> end{};
};

enum class Direction : std::uint8_t { kForward, kBackward };

struct StoreRow {
  std::string key;
  std::string value;
};

// The rows of one table in key order, as of one position.
class StoreCursor {
 public:
  StoreCursor(StoreCursor&&) noexcept;
  StoreCursor& operator=(StoreCursor&&) noexcept;
  ~StoreCursor();
  // Each returns whether the cursor now stands on a row.
  [[nodiscard]] Result<bool> seek(std::string_view key);         // first row with key >= `key`
  [[nodiscard]] Result<bool> seek_before(std::string_view key);  // last row with key < `key`
  [[nodiscard]] Result<bool> seek_first();
  [[nodiscard]] Result<bool> seek_last();
  [[nodiscard]] Result<bool> next();  // requires a row
  [[nodiscard]] Result<bool> prev();  // requires a row
  // Require a row; valid until the next call on this cursor.
  [[nodiscard]] std::string_view key() const;
  [[nodiscard]] std::string_view value() const;

 private:
  friend struct detail::StoreAccess;
  explicit StoreCursor(std::unique_ptr<detail::StoreCursorState> state);
  std::unique_ptr<detail::StoreCursorState> state_;
};

// Everything as of one position. Copies share it. Keeping it stops nobody.
class StoreSnapshot {
 public:
  [[nodiscard]] StorePosition position() const;
  [[nodiscard]] std::chrono::microseconds time() const;  // since 1970; of the commit there
  [[nodiscard]] Result<std::optional<std::string>> get(std::uint32_t table,
                                                       std::string_view key) const;
  // The value from byte `offset` on, without ever being whole in memory. Its size; nothing when the
  // key is not there.
  [[nodiscard]] Result<std::optional<std::uint64_t>> read_value(std::uint32_t table,
                                                                std::string_view key,
                                                                std::uint64_t offset,
                                                                const ValueSink& sink) const;
  // One answer for each key, in their order. Faster than as many gets.
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> get_many(
      std::uint32_t table, const std::vector<std::string_view>& keys) const;
  [[nodiscard]] Result<std::vector<StoreRow>> scan(std::uint32_t table, KeyRange range,
                                                   std::size_t limit,
                                                   Direction direction = Direction::kForward) const;
  [[nodiscard]] Result<StoreCursor> cursor(std::uint32_t table) const;

 private:
  friend struct detail::StoreAccess;
  explicit StoreSnapshot(std::shared_ptr<const detail::SnapshotState> state);
  std::shared_ptr<const detail::SnapshotState> state_;
};

enum class StoreIsolation : std::uint8_t {
  kSnapshot,      // nobody else wrote what it writes
  kSerializable,  // nor what it read, gaps between rows included
};

// Reads one position and its own writes. Destroyed without commit, it leaves no trace.
class StoreTransaction {
 public:
  StoreTransaction(StoreTransaction&&) noexcept;
  StoreTransaction& operator=(StoreTransaction&&) noexcept;
  ~StoreTransaction();
  [[nodiscard]] Result<std::optional<std::string>> get(std::uint32_t table,
                                                       std::string_view key) const;
  [[nodiscard]] Result<StoreCursor> cursor(std::uint32_t table) const;
  [[nodiscard]] Result<> put(std::uint32_t table, std::string_view key, std::string_view value);
  // See Batch and StoreSnapshot.
  [[nodiscard]] Result<> put_stream(std::uint32_t table, std::string_view key, std::uint64_t size,
                                    const ValueSource& source);
  [[nodiscard]] Result<std::optional<std::uint64_t>> read_value(std::uint32_t table,
                                                                std::string_view key,
                                                                std::uint64_t offset,
                                                                const ValueSink& sink) const;
  [[nodiscard]] Result<> remove(std::uint32_t table, std::string_view key);
  [[nodiscard]] Result<> drop_table(std::uint32_t table);
  // The position of the commit, which is durable. After any answer the transaction is over.
  [[nodiscard]] Result<StorePosition> commit();

 private:
  friend struct detail::StoreAccess;
  explicit StoreTransaction(std::unique_ptr<detail::StoreTransactionState> state);
  std::unique_ptr<detail::StoreTransactionState> state_;
};

struct StoreChange {
  enum class Kind : std::uint8_t { kPut, kRemove, kDropTable };
  Kind kind = Kind::kPut;
  std::uint32_t table = 0;
  std::string_view key{};
  std::string_view value{};
  // When asked for: what was there before the commit; none when nothing was, and of dropped tables.
  std::optional<std::string_view> before{};
};

// One commit; valid until the next call on the follower that gave it.
struct StoreCommit {
  StorePosition position = 0;
  std::chrono::microseconds time{};
  std::vector<StoreChange> changes;  // by table and key
};

// The commits after a position, each once and in order, live.
class StoreFollower {
 public:
  StoreFollower(StoreFollower&&) noexcept;
  StoreFollower& operator=(StoreFollower&&) noexcept;
  ~StoreFollower();
  // The next commit; null when none came for `at_most`. kTooOld when it is no longer kept.
  [[nodiscard]] Result<const StoreCommit*> next(std::chrono::microseconds at_most);
  // Where Store::follow goes on when it is given this.
  [[nodiscard]] StorePosition position() const;

 private:
  friend struct detail::StoreAccess;
  explicit StoreFollower(std::unique_ptr<detail::FollowerState> state);
  std::unique_ptr<detail::FollowerState> state_;
};

struct FollowOptions {
  // Each change comes with the value that it replaced, read from the history when the follower
  // comes to it: kInvalid where none is kept, kTooOld when the horizon has passed.
  bool before_images = false;
};

struct StoreOptions {
  bool create_if_missing = false;
  // Nothing in the directory is changed, not even by recovery; others may have it open to read at
  // the same time, nobody to write. What would write is kInvalid.
  bool read_only = false;
  bool in_memory = false;  // nothing is on disk, everything is gone at close; the path is a name
  std::size_t cache_bytes = std::size_t{256} << 20;
  // How far back the past can be read: as long as neither is exceeded. One of them 0: not at all,
  // and nothing is kept for it.
  std::chrono::microseconds history_age = std::chrono::hours(24);
  std::uint64_t history_bytes = std::uint64_t{1} << 30;
};

struct StoreReport {
  StorePosition position = 0;
  std::uint64_t pages_checked = 0;
  std::uint64_t rows_checked = 0;
  std::vector<std::string> problems;  // empty: all is well; each names file and page
};

class Store {
 public:
  // Recovers what was not closed. kNotFound when there is none and create_if_missing is off;
  // kConflict when somebody else has it open; kCorrupt when acknowledged data is damaged.
  [[nodiscard]] static Result<Store> open(std::string_view path, StoreOptions options = {});
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Applies all of `batch` as the commit `position`, or nothing: kInvalid unless it is exactly
  // applied_position() + 1. Visible on return; durable after sync().
  [[nodiscard]] Result<> apply(StorePosition position, const Batch& batch);
  [[nodiscard]] StorePosition applied_position() const;
  // Returns when everything applied would survive a power cut.
  [[nodiscard]] Result<> sync();

  // Reads of the newest position, or of the one named.
  [[nodiscard]] Result<std::optional<std::string>> get(std::uint32_t table,
                                                       std::string_view key) const;
  [[nodiscard]] Result<std::optional<std::string>> get_at(std::uint32_t table, std::string_view key,
                                                          StorePosition at) const;
  [[nodiscard]] Result<std::vector<StoreRow>> scan(std::uint32_t table, KeyRange range,
                                                   std::size_t limit,
                                                   Direction direction = Direction::kForward) const;
  [[nodiscard]] Result<std::vector<StoreRow>> scan_at(
      std::uint32_t table, KeyRange range, std::size_t limit, StorePosition at,
      Direction direction = Direction::kForward) const;
  [[nodiscard]] StoreSnapshot snapshot() const;
  // Deleted keys and dropped tables included. kTooOld before the horizon, kInvalid after
  // applied_position().
  [[nodiscard]] Result<StoreSnapshot> snapshot_at(StorePosition position) const;
  // As the last commit not after `time`, counted from 1970, left it.
  [[nodiscard]] Result<StoreSnapshot> snapshot_at_time(std::chrono::microseconds time) const;
  // The oldest position that can be read.
  [[nodiscard]] StorePosition horizon() const;
  // Forgets what lies before `position`, durably on return.
  [[nodiscard]] Result<> set_horizon(StorePosition position);
  // Gives back what lies before the horizon; done by itself too, after checkpoints.
  [[nodiscard]] Result<> vacuum();
  // Makes the file as short as its rows allow, beside readers and writers.
  [[nodiscard]] Result<> compact();

  [[nodiscard]] StoreTransaction begin(StoreIsolation isolation = StoreIsolation::kSnapshot);
  // The commits after `after`, as far back as they are kept.
  [[nodiscard]] Result<StoreFollower> follow(StorePosition after,
                                             const FollowOptions& options = {}) const;

  // Checks every page, row and reference, beside readers and writers.
  [[nodiscard]] Result<StoreReport> verify();
  [[nodiscard]] Result<> checkpoint();
  // Makes everything durable and gives the directory free. Every later call answers kClosed.
  [[nodiscard]] Result<> close();

 private:
  friend struct detail::StoreAccess;
  explicit Store(std::unique_ptr<detail::StoreState> state);
  std::unique_ptr<detail::StoreState> state_;
};

}  // namespace nacre
