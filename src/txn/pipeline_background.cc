// What happens some time after a commit: delayed log writes and checkpoints.
#include <algorithm>
#include <utility>

#include "base/buggify.h"
#include "base/check.h"
#include "base/scheduler.h"
#include "txn/pipeline.h"

namespace nacre::txn {
namespace {

// A commit that need not be durable soon is so after this long without any log write.
constexpr std::chrono::milliseconds kIdleFlush{100};
// After this long without a commit the log is told that its last commit is durable.
constexpr std::chrono::milliseconds kIdleMark{10};
// Batches ahead of the disk: beyond the first, the log is written; beyond the second, by the
// committer, who so waits for it.
constexpr std::uint64_t kFlushBytesMax = std::uint64_t{1} << 20;
constexpr std::uint64_t kFlushBytesWaitMin = std::uint64_t{1} << 20;
constexpr std::uint64_t kFlushBytesWaitMax = std::uint64_t{8} << 20;

}  // namespace

std::uint64_t Pipeline::flush_bytes_wait(const Options& options) {
  std::uint64_t memory = options.cache_bytes;
  if (options.memory != nullptr) memory = std::min<std::uint64_t>(memory, options.memory->bytes());
  return std::clamp(memory / 32, kFlushBytesWaitMin, kFlushBytesWaitMax);
}

Result<> Pipeline::flush_later(Durability durability, std::uint64_t bytes) {
  const std::uint64_t ahead =
      bytes_not_flushed_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const std::uint64_t due = std::min(kFlushBytesMax, flush_bytes_wait_ / 2);
  if (ahead > flush_bytes_wait_ || NACRE_BUGGIFY("txn.flush_now")) return flush();
  if (options_.background_thread) {
    request_flush(ahead > due                        ? FlushDue::kNow
                  : durability == Durability::kGroup ? FlushDue::kGroupDelay
                                                     : FlushDue::kIdle);
    return {};
  }
  if (ahead > due) return flush();
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
  const auto now = steady_now();
  BackgroundPool::Task& flush = background_->flush;
  switch (due) {
    case FlushDue::kNone:
      return;
    case FlushDue::kMark:
      return flush.run_at(now + kIdleMark);
    case FlushDue::kIdle:
      return flush.run_at(now + kIdleFlush);  // a mark that is due earlier brings it along
    case FlushDue::kGroupDelay:
      return flush.run_at(now + std::chrono::microseconds(options_.group_delay_us));
    case FlushDue::kNow:
      return flush.run_now();
  }
}

// Failures in the background are not lost: they poison the log or the store, which say so to the
// next commit.
void Pipeline::flush_in_background() {
  {
    // Whoever wishes from here on gets a flush of his own; this one covers all before.
    MutexLock lock(background_mutex_);
    flush_due_.store(FlushDue::kNone, std::memory_order_release);
  }
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
  if (is_closed() || pressure() < kPressureDue) return;
  const auto written = write_checkpoint(
      /*clean=*/false, [this](std::chrono::microseconds took) { pace(took); });
  delay_us_.store(delay_us(pressure()), std::memory_order_relaxed);
  if (!written.has_value()) return;
  [[maybe_unused]] const auto vacuumed = vacuum_some(kStepsAfterCheckpoint);
}

// A step at a time, so that other upkeep comes in between. What is damaged is met by whoever reads
// there, and by verify.
void Pipeline::derive_in_background() {
  const auto done = store_.derive_free_space();
  if (done.has_value() && !*done) background_->derive.run_now();
}

Pipeline::Background::Background(Pipeline& pipeline)
    : flush(BackgroundPool::of_process(), BackgroundPool::Kind::kPrompt,
            [&pipeline] { pipeline.flush_in_background(); }),
      segment(BackgroundPool::of_process(), BackgroundPool::Kind::kUpkeep,
              [&pipeline] {
                [[maybe_unused]] const auto made = pipeline.store_.prepare_log_segment();
              }),
      checkpoint(BackgroundPool::of_process(), BackgroundPool::Kind::kBulk,
                 [&pipeline] { pipeline.checkpoint_in_background(); }),
      derive(BackgroundPool::of_process(), BackgroundPool::Kind::kUpkeep,
             [&pipeline] { pipeline.derive_in_background(); }) {}

void Pipeline::start_background() {
  background_ = std::make_unique<Background>(*this);
  background_->derive.run_now();
}

void Pipeline::stop_background() {
  if (background_ == nullptr) return;
  background_->flush.cancel();
  background_->segment.cancel();
  background_->checkpoint.cancel();
  background_->derive.cancel();
}

}  // namespace nacre::txn
