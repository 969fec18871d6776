// RecentWrites: the keys of the last commits in order, for transactions that have read ranges.
//
// Why beside the last-writer table: a hash says nothing of a key's place, and a phantom is a key
//   that lies between two others. Ranges are rare, so this is kept only while serializable
//   transactions run, and a little longer: all others pay nothing for it.
// Invariants: ISO-3 a key written in a range after the reader's snapshot is always reported; also,
//   as such, when commits after the snapshot are no longer or not yet remembered here.
// Cost: at most 4 MB of keys and 8,192 commits; a check costs ranges * commits * log(keys).
// Threads: one thread at a time (the sequencer's lock), Recent apart: it never changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"
#include "txn/conflicts.h"
#include "txn/read_set.h"

namespace nacre::txn {

class RecentWrites {
 public:
  // The keys one commit wrote, in order (BATCH-1).
  class Commit {
   public:
    Commit(Position position, Bytes batch);
    [[nodiscard]] Position position() const { return position_; }
    [[nodiscard]] std::size_t bytes() const {
      return keys_.size() + places_.size() * sizeof(Place);
    }
    [[nodiscard]] bool writes_in(const ReadSet::Range& range) const;

   private:
    struct Place {
      TableId table;
      std::uint32_t begin;  // in keys_
      std::uint32_t size;
    };
    [[nodiscard]] Bytes key(const Place& place) const {
      return as_bytes(keys_).subspan(place.begin, place.size);
    }

    Position position_;
    std::string keys_;
    std::vector<Place> places_;
  };
  using Commits =
      std::vector<std::shared_ptr<const Commit>>;  // shared with checks outside the lock

  // A serializable transaction begins, or is over. Everything committed from the first begin on is
  // remembered; `last` is the newest commit of all.
  void enter(Position last);
  void leave() { --users_; }

  [[nodiscard]] bool is_on() const { return is_on_; }
  // Requires is_on(): `batch` was committed at `position`, above every earlier one.
  void note(Position position, Bytes batch);

  // The commits after `after`; kForgotten when some of them are not remembered.
  [[nodiscard]] std::expected<Commits, Conflict> since(Position after) const;
  // The first of `commits` that wrote where `reads` has ranges.
  [[nodiscard]] static std::optional<Conflict> find(const Commits& commits, const ReadSet& reads);

 private:
  static constexpr std::size_t kCommitsMax = 8192;
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kIdleCommitsMax = 4096;

  bool is_on_ = false;
  std::size_t users_ = 0;
  std::size_t idle_commits_ = 0;  // since there were users
  Position complete_after_ = kNoPosition;
  std::size_t bytes_ = 0;
  std::deque<std::shared_ptr<const Commit>> commits_;
};

}  // namespace nacre::txn
