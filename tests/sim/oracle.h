// Oracle: what a database must show at every position, told by whoever commits.
//
// Promises asked for (docs/invariants.md): DUR-1 an acknowledged commit is there after any crash;
//   ATOM-1 any other is there whole or not at all; ISO-1 a snapshot shows every commit up to its
//   position and nothing of later ones; ISO-2 no two concurrent commits write one key.
// A commit is known by its position from the moment the log has given it one (the event
//   "txn.sequenced"), so also when nobody lives to hear that it is durable.
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/position.h"
#include "support/world.h"
#include "txn/database.h"

namespace nacre::sim {

using test::Change;
using test::RowKey;
using test::Rows;

class Oracle {
 public:
  // The commit that the log gave `position`, one after the last. `is_sync`: it is visible to nobody
  // before it is durable.
  void submit(std::uint64_t position, const std::vector<Change>& changes, bool is_sync);
  // Around a commit: from its call to its return it may get a position without our knowing yet.
  void begin_commit() { ++committing_; }
  void end_commit() { --committing_; }
  void acknowledge(std::uint64_t position) { acknowledged_ = std::max(acknowledged_, position); }
  // What lies before `position` was said to be forgotten (HIST-6).
  void acknowledge_horizon(std::uint64_t position) { horizon_ = std::max(horizon_, position); }
  // Somebody has seen the state at `position`: its kSync commits can no longer vanish.
  void show(std::uint64_t position);
  // What a crash left: commits after `position` never happened.
  void truncate(std::uint64_t position);

  [[nodiscard]] std::uint64_t submitted() const { return sync_.size(); }
  // The newest position that can be on the disk by now.
  [[nodiscard]] std::uint64_t possible() const { return submitted() + (committing_ > 0 ? 1 : 0); }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] std::uint64_t horizon() const { return horizon_; }
  [[nodiscard]] const std::string* value_at(std::uint64_t position, const RowKey& key) const;
  [[nodiscard]] Rows rows_at(std::uint64_t position) const;
  // Keys and values of the first `limit` rows from `from` on, of its table.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> rows_from(
      std::uint64_t position, const RowKey& from, std::uint64_t limit) const;
  // The newest commit in (after, until] that wrote `change`'s key, or table when it is a drop.
  [[nodiscard]] std::uint64_t written_between(std::uint64_t after, std::uint64_t until,
                                              const Change& change) const;
  [[nodiscard]] const std::vector<RowKey>& changes_of(std::uint64_t position) const {
    return changed_[position - 1];
  }

 private:
  struct Version {
    std::uint64_t position;
    std::optional<std::string> value;
  };
  std::map<RowKey, std::vector<Version>> rows_;  // ascending
  std::vector<bool> sync_;                       // by position - 1
  std::vector<std::vector<RowKey>> changed_;     // by position - 1; drops with an empty key
  std::uint64_t acknowledged_ = 0;
  std::uint64_t horizon_ = 0;
  std::uint64_t committing_ = 0;
};

// What is wrong with what a snapshot of `database` shows; empty when nothing is.
[[nodiscard]] std::string check_rows(const txn::Snapshot& snapshot, const Oracle& oracle,
                                     bool backwards);
// The same for some positions of the past that `database` still has (HIST-1); `count` is how many.
[[nodiscard]] std::string check_past(txn::Database& database, const Oracle& oracle,
                                     io::Random& random, std::uint64_t& count);

}  // namespace nacre::sim
