// Snapshot: all tables as they were when one commit had just become visible.
//
// Cost:    taking one costs two short locks; keeping it costs one old version of every page that
//   changes meanwhile (page/pager.h, Hold).
// Errors:  kTooOld once the pager cancelled it for holding back too much memory.
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

class Snapshot {
 public:
  [[nodiscard]] Position position() const { return position_; }
  [[nodiscard]] Time time() const { return time_; }  // of the commit at position(); 0 at 0

  [[nodiscard]] Result<std::optional<std::string>> get(TableId table, Bytes key) const;
  // The commit that wrote the row of `key`; nothing when there is no row.
  [[nodiscard]] Result<std::optional<Position>> written_at(TableId table, Bytes key) const;
  // Calls `seen(i, value)` for each of `keys` that is there, in any order. The value is valid until
  // it returns; it must not call back into the store.
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
  // The tree of `table`, to be read through view(); nothing when the table has no rows yet.
  [[nodiscard]] std::optional<tree::Tree> table(TableId table) const;
  // kClosed when what it would show was lost with a batch that failed half way.
  [[nodiscard]] Result<> check() const;
  // Valid as long as this snapshot.
  [[nodiscard]] page::View view() const {
    if (NACRE_PLANTED(snapshot_sees_later_commits)) return page::View::newest();
    return shared_hold_ != nullptr ? shared_hold_->view() : hold_.view();
  }

 private:
  friend class Store;
  Snapshot(page::Pager& pager, page::Hold hold, Position position, Time time,
           std::shared_ptr<const TableMap> tables)
      : pager_(&pager),
        hold_(std::move(hold)),
        position_(position),
        time_(time),
        tables_(std::move(tables)) {}
  // The same with a hold that other snapshots have a part in.
  Snapshot(page::Pager& pager, std::shared_ptr<const page::Hold> hold, Position position, Time time,
           std::shared_ptr<const TableMap> tables)
      : pager_(&pager),
        shared_hold_(std::move(hold)),
        position_(position),
        time_(time),
        tables_(std::move(tables)) {}

  page::Pager* pager_;
  page::Hold hold_;                                // one of these two
  std::shared_ptr<const page::Hold> shared_hold_;  // owned by the snapshots of one long apply
  Position position_;
  Time time_;
  bool is_lost_ = false;
  std::shared_ptr<const TableMap> tables_;  // shared with the store and other snapshots
};

}  // namespace nacre::store
