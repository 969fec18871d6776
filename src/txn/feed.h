// Feed: the newest commits in memory, for whoever follows the database.
//
// Why: a follower that keeps up should cost neither a read of the log nor the writer anything.
// While
//   nobody follows, a writer looks at one counter and that is all; while somebody does, it takes
//   one lock for each publish, and the batches it has applied are handed on, not copied.
// Cost:    kRecentBytes of memory at most, none without followers.
// Threads: internally locked (docs/locks.md).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/position.h"

namespace nacre::txn {

struct RecentCommit {
  Position position;
  Time time;
  std::string ops;  // encoded batch
};
using RecentCommits = std::vector<std::shared_ptr<const RecentCommit>>;

class Feed {
 public:
  static constexpr std::uint64_t kRecentBytes = std::uint64_t{8} << 20;

  Feed();

  // --- writers ---

  // Asked after the commits are visible and durable: whoever starts to follow later sees them so.
  [[nodiscard]] bool is_followed() const { return followers_.load() > 0; }
  // The commits just made visible, in order; the oldest are forgotten.
  void add(RecentCommits commits);
  // Something that followers wait for may have changed.
  void wake();

  // --- followers ---

  void join();
  void leave();
  // How often wake() was called: to be asked before looking for what is waited for.
  [[nodiscard]] std::uint64_t wakes() const;
  // Returns after a wake beyond `seen`, or at the end of `at_most`.
  void wait(std::uint64_t seen, std::chrono::microseconds at_most);
  // Commits from `first` to `last`, as many as there are in a row; none when `first` is no longer
  // here.
  [[nodiscard]] RecentCommits take(Position first, Position last) const;

 private:
  std::atomic<int> followers_ = 0;
  mutable Mutex mutex_;
  Condition woken_;
  std::uint64_t wakes_ NACRE_GUARDED_BY(mutex_) = 0;
  std::deque<std::shared_ptr<const RecentCommit>> recent_ NACRE_GUARDED_BY(mutex_);  // dense
  std::uint64_t recent_bytes_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::txn
