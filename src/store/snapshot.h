// Snapshot: all tables as they were at one position.
//
// Why two ways: one taken of the newest state holds the versions of pages that it sees, which makes
//   reading it cost nothing extra. When it has held back too much memory, and for positions of the
//   past, what it saw is read from the newest state and the history.
// Cost:    taking one costs two short locks; keeping it costs one old version of every page that
//   changes meanwhile (page/pager.h, Hold), up to a limit.
// Errors:  kTooOld, naming the horizon, when the position can be read neither way.
// Threads: reading: any number of threads. Must not outlive its store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/planted.h"
#include "base/position.h"
#include "base/result.h"
#include "page/pager.h"
#include "store/catalog.h"
#include "tree/tree.h"

namespace nacre::store {

class Store;

// What a key was at a position, and the commit that made it so.
struct KeyState {
  std::optional<std::string> value;  // nothing: the key was not there
  Position since = kNoPosition;      // wrote or removed it; 0: none that is still known
};

// Keeps the horizon from passing a position of the past while the history has room for it.
class PastHold {
 public:
  PastHold() = default;  // holds nothing
  PastHold(Store& store, Position position);
  PastHold(PastHold&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {
    position_ = other.position_;
  }
  PastHold& operator=(PastHold&& other) noexcept {
    std::swap(store_, other.store_);
    std::swap(position_, other.position_);
    return *this;
  }
  ~PastHold();

 private:
  Store* store_ = nullptr;
  Position position_ = kNoPosition;
};

class Snapshot {
 public:
  [[nodiscard]] Position position() const { return position_; }
  [[nodiscard]] Time time() const { return time_; }  // of the commit at position(); 0 when unknown

  [[nodiscard]] Result<std::optional<std::string>> get(TableId table, Bytes key) const;
  // The commit that wrote the row of `key`; nothing when there is no row. Not of the past.
  [[nodiscard]] Result<std::optional<Position>> written_at(TableId table, Bytes key) const;
  // The same with the commit that wrote or removed it. kTooOld before the horizon, however fresh
  // the pages are.
  [[nodiscard]] Result<KeyState> state(TableId table, Bytes key) const;
  // Calls `seen(i, value)` for each of `keys` that is there, in any order, for one twice when the
  // pages are given up meanwhile. The value is valid until it returns; it must not call back into
  // the store.
  using Seen = std::function<void(std::size_t i, Bytes value)>;
  [[nodiscard]] Result<> get_many(TableId table, std::span<const Bytes> keys,
                                  const Seen& seen) const;
  // Shows the value from byte `offset` on, piece by piece of up to 1 MB, until `seen` returns false
  // or it ends. Returns its size; nothing when the key is absent.
  using SeenPiece = std::function<Result<bool>(Bytes)>;
  [[nodiscard]] Result<std::optional<std::uint64_t>> read_value(TableId table, Bytes key,
                                                                std::uint64_t offset,
                                                                const SeenPiece& seen) const;
  // The value that a row of a cursor through view() stands for, when page::kBigValue is among its
  // flags.
  [[nodiscard]] Result<> read_big_value(Bytes row, std::string& into) const;
  // Whether this is of the past from the beginning: table() and view() show a newer state.
  [[nodiscard]] bool is_past() const { return is_past_; }
  // The tree of `table`, to be read through view(); nothing when the table has no rows yet.
  [[nodiscard]] std::optional<tree::Tree> table(TableId table) const;
  // kClosed when what it would show was lost with a batch that failed half way.
  [[nodiscard]] Result<> check() const;
  // Valid as long as this snapshot.
  [[nodiscard]] page::View view() const {
    if (NACRE_PLANTED(snapshot_sees_later_commits)) return page::View::newest();
    return shared_hold_ != nullptr ? shared_hold_->view() : hold_.view();
  }
  [[nodiscard]] page::Pager& pager() const { return *pager_; }
  [[nodiscard]] const TableMap& tables() const { return *tables_; }
  [[nodiscard]] Store& store() const { return *store_; }

 private:
  friend class Store;
  Snapshot(Store& store, page::Pager& pager, page::Hold hold, Position position, Time time,
           std::shared_ptr<const TableMap> tables)
      : store_(&store),
        pager_(&pager),
        hold_(std::move(hold)),
        position_(position),
        time_(time),
        tables_(std::move(tables)) {}
  // The same with a hold that other snapshots have a part in.
  Snapshot(Store& store, page::Pager& pager, std::shared_ptr<const page::Hold> hold,
           Position position, Time time, std::shared_ptr<const TableMap> tables)
      : store_(&store),
        pager_(&pager),
        shared_hold_(std::move(hold)),
        position_(position),
        time_(time),
        tables_(std::move(tables)) {}
  // Of the past.
  Snapshot(Store& store, page::Pager& pager, PastHold past, Position position, Time time)
      : store_(&store),
        pager_(&pager),
        is_past_(true),
        past_(std::move(past)),
        position_(position),
        time_(time),
        tables_(std::make_shared<const TableMap>()) {}

  [[nodiscard]] Result<std::optional<std::string>> get_held(TableId table, Bytes key) const;
  [[nodiscard]] Result<std::optional<std::uint64_t>> read_value_held(TableId table, Bytes key,
                                                                     std::uint64_t offset,
                                                                     const SeenPiece& seen) const;
  // Whether the history makes good what failed.
  [[nodiscard]] bool must_look_back(const Error& error) const;
  [[nodiscard]] Result<> get_many_past(TableId table, std::span<const Bytes> keys,
                                       const Seen& seen) const;

  Store* store_;
  page::Pager* pager_;
  bool is_past_ = false;
  page::Hold hold_;                                // one of these three
  std::shared_ptr<const page::Hold> shared_hold_;  // owned by the snapshots of one long apply
  PastHold past_;
  Position position_;
  Time time_;
  bool is_lost_ = false;
  std::shared_ptr<const TableMap> tables_;  // shared with the store and other snapshots
};

}  // namespace nacre::store
