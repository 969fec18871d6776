// What happens some time after a commit: delayed log writes and checkpoints.
#include <utility>

#include "base/check.h"
#include "txn/pipeline.h"

namespace nacre::txn {
namespace {

// A commit that need not be durable soon is so after this long without any log write.
constexpr std::chrono::milliseconds kIdleFlush{100};
// After this long without a commit the log is told that its last commit is durable.
constexpr std::chrono::milliseconds kIdleMark{10};
// Batches ahead of the disk: beyond the first, the log is written; beyond the second, by the
// committer, who so waits for it.
constexpr std::uint64_t kFlushBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kFlushBytesWait = std::uint64_t{8} << 20;

}  // namespace

Result<> Pipeline::flush_later(Durability durability, std::uint64_t bytes) {
  const std::uint64_t ahead =
      bytes_not_flushed_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  if (ahead > kFlushBytesWait) return flush();
  if (options_.background_thread) {
    request_flush(ahead > kFlushBytes                ? FlushDue::kNow
                  : durability == Durability::kGroup ? FlushDue::kGroupDelay
                                                     : FlushDue::kIdle);
    return {};
  }
  if (ahead > kFlushBytes) return flush();
  if (durability != Durability::kGroup) return {};
  const std::uint64_t now = number(clock_.now());
  std::uint64_t oldest = 0;
  if (oldest_delayed_us_.compare_exchange_strong(oldest, now, std::memory_order_relaxed)) return {};
  if (now - oldest < options_.group_delay_us) return {};
  oldest_delayed_us_.store(0, std::memory_order_relaxed);
  return flush();
}

void Pipeline::request_flush(FlushDue due) {
  // A stale value costs a lock or a later flush by one round, never a lost one: whoever clears it
  // reads the log's last position afterwards.
  if (flush_due_.load(std::memory_order_acquire) >= due) return;
  MutexLock lock(background_mutex_);
  if (flush_due_.load(std::memory_order_relaxed) >= due) return;
  flush_due_.store(due, std::memory_order_release);
  const auto now = Steady::now();
  switch (due) {
    case FlushDue::kNone:
      return;
    case FlushDue::kMark:
      flush_at_ = now + kIdleMark;
      break;
    case FlushDue::kIdle:
      // A mark that is due earlier brings the flush along.
      if (flush_at_.has_value()) return;
      flush_at_ = now + kIdleFlush;
      break;
    case FlushDue::kGroupDelay:
      flush_at_ = now + std::chrono::microseconds(options_.group_delay_us);
      break;
    case FlushDue::kNow:
      flush_at_ = now;
      break;
  }
  background_wake_.notify_one();
}

void Pipeline::request(bool& wanted) {
  MutexLock lock(background_mutex_);
  if (wanted) return;
  wanted = true;
  background_wake_.notify_one();
}

// Failures in the background are not lost: they poison the log or the store, which say so to the
// next commit.
void Pipeline::flush_in_background() {
  const auto flushed = flush();
  const Position last = store_.log().last_position();
  bool is_idle = false;
  {
    MutexLock lock(background_mutex_);
    is_idle = marked_ == last;
    marked_ = last;
  }
  if (!flushed.has_value()) return;
  if (is_idle) {
    [[maybe_unused]] const auto marked = store_.mark_log_durable();
  } else {
    request_flush(FlushDue::kMark);
  }
}

void Pipeline::checkpoint_in_background() {
  MutexLock lock(checkpoint_mutex_);
  if (is_closed() || !is_checkpoint_due(kDirtyPercentDue)) return;
  [[maybe_unused]] const auto written = write_checkpoint(/*clean=*/false);
}

void Pipeline::run_background() {
  MutexLock lock(background_mutex_);
  while (!background_stop_) {
    const auto now = Steady::now();
    if (flush_at_.has_value() && *flush_at_ <= now) {
      flush_at_.reset();
      flush_due_.store(FlushDue::kNone, std::memory_order_release);
      lock.unlock();
      flush_in_background();
      lock.lock();
    } else if (segment_wanted_) {
      lock.unlock();
      [[maybe_unused]] const auto prepared = store_.prepare_log_segment();
      lock.lock();
      segment_wanted_ = false;
    } else if (checkpoint_wanted_) {
      lock.unlock();
      checkpoint_in_background();
      lock.lock();
      checkpoint_wanted_ = false;
    } else if (flush_at_.has_value()) {
      background_wake_.wait_for(
          background_mutex_,
          std::chrono::duration_cast<std::chrono::microseconds>(*flush_at_ - now) +
              std::chrono::microseconds(1));
    } else {
      background_wake_.wait(background_mutex_);
    }
  }
}

void Pipeline::stop_background() {
  {
    MutexLock lock(background_mutex_);
    background_stop_ = true;
    background_wake_.notify_one();
  }
  if (background_.joinable()) background_.join();
}

}  // namespace nacre::txn
