#include "txn/feed.h"

#include <algorithm>
#include <utility>

namespace nacre::txn {
namespace {

constexpr int kFeedRank = 45;  // docs/locks.md
constexpr std::size_t kTakeMax = 256;

std::uint64_t bytes_of(const RecentCommit& commit) { return sizeof(commit) + commit.ops.size(); }

}  // namespace

Feed::Feed() : mutex_("txn::Feed", kFeedRank) {}

void Feed::add(RecentCommits commits) {
  std::deque<std::shared_ptr<const RecentCommit>> forgotten;  // freed outside the lock
  const MutexLock lock(mutex_);
  for (auto& commit : commits) {
    if (!recent_.empty() && commit->position != next(recent_.back()->position)) {
      // Commits in between came while nobody followed.
      forgotten.swap(recent_);
      recent_bytes_ = 0;
    }
    recent_bytes_ += bytes_of(*commit);
    recent_.push_back(std::move(commit));
  }
  while (recent_bytes_ > kRecentBytes) {
    recent_bytes_ -= bytes_of(*recent_.front());
    forgotten.push_back(std::move(recent_.front()));
    recent_.pop_front();
  }
  ++wakes_;
  woken_.notify_all();
}

void Feed::wake() {
  const MutexLock lock(mutex_);
  ++wakes_;
  woken_.notify_all();
}

void Feed::join() { followers_.fetch_add(1); }

void Feed::leave() {
  if (followers_.fetch_sub(1) > 1) return;
  std::deque<std::shared_ptr<const RecentCommit>> forgotten;
  const MutexLock lock(mutex_);
  // What somebody who joins now loses by this is in the log.
  forgotten.swap(recent_);
  recent_bytes_ = 0;
}

std::uint64_t Feed::wakes() const {
  const MutexLock lock(mutex_);
  return wakes_;
}

void Feed::wait(std::uint64_t seen, std::chrono::microseconds at_most) {
  const MutexLock lock(mutex_);
  if (wakes_ == seen) woken_.wait_for(mutex_, at_most);
}

RecentCommits Feed::take(Position first, Position last) const {
  RecentCommits taken;
  const MutexLock lock(mutex_);
  if (recent_.empty() || first < recent_.front()->position) return taken;
  const std::uint64_t skipped = number(first) - number(recent_.front()->position);
  for (std::size_t at = skipped; at < recent_.size() && taken.size() < kTakeMax; ++at) {
    if (recent_[at]->position > last) break;
    taken.push_back(recent_[at]);
  }
  return taken;
}

}  // namespace nacre::txn
