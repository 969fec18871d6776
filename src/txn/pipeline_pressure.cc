// How committers and checkpoints keep step: nobody waits for a checkpoint as a whole. The further
// the file lags behind, the longer every commit is delayed, and the less a checkpoint leaves the
// disk to others, until both go at the same speed.
#include <algorithm>
#include <thread>

#include "base/buggify.h"
#include "base/scheduler.h"
#include "txn/pipeline.h"

namespace nacre::txn {
namespace {

constexpr std::uint64_t kCheckBytesMax = std::uint64_t{256} << 10;
constexpr std::uint64_t kBytesPerDelay = 4096;

// Delays double every three percent from here on: 1 us, at 65 32 us, at 80 1 ms. Commits and
// checkpoint always meet somewhere on the way, however different their speeds.
constexpr unsigned kPressureDelay = 50;
constexpr unsigned kPressureDoubling = 3;
constexpr std::uint32_t kDelayMax = 30'000;  // us
// A sleep takes some 60 us at least, so shorter delays are saved up.
constexpr std::uint64_t kSleepMin = 200;  // us

// From here on a checkpoint writes without rests.
constexpr unsigned kPressureHurry = 55;
constexpr std::chrono::microseconds kRestMax{20'000};

// A checkpoint is due when the log has grown by its allowance. Beyond it nothing runs out but the
// time that an opening takes, so writers are slowed down by and by only: not before it has grown by
// three allowances, and to the speed of the disk within eight.
constexpr std::uint64_t kPressurePerAllowance = 5;

unsigned of_log(std::uint64_t grown, std::uint64_t allowed) {
  const std::uint64_t due = Pipeline::kPressureDue;
  if (grown <= allowed) return static_cast<unsigned>(grown * due / allowed);
  const std::uint64_t beyond = std::min(grown - allowed, 12 * allowed);
  return static_cast<unsigned>(due + beyond * kPressurePerAllowance / allowed);
}

void rest(std::chrono::microseconds time) {
  Scheduler* const scheduler = Scheduler::current();
  if (scheduler != nullptr) return scheduler->block_for(&time, time);
  std::this_thread::sleep_for(time);
}

}  // namespace

unsigned Pipeline::pressure() const {
  if (NACRE_BUGGIFY("txn.checkpoint_due")) return kPressureDue;
  const std::uint64_t bytes = store_.log().bytes();
  const std::uint64_t before = log_bytes_at_checkpoint_.load(std::memory_order_relaxed);
  const std::uint64_t allowed = store_.log_allowance();
  const std::uint64_t grown = bytes > before ? bytes - before : 0;
  return std::max(of_log(grown, allowed), store_.dirty_percent());
}

std::uint32_t Pipeline::delay_us(unsigned pressure) {
  if (pressure < kPressureDelay) return 0;
  const unsigned doublings = std::min((pressure - kPressureDelay) / kPressureDoubling, 20U);
  return std::min(std::uint32_t{1} << doublings, kDelayMax);
}

void Pipeline::delay(std::uint64_t bytes) {
  const std::uint32_t each = delay_us_.load(std::memory_order_relaxed);
  if (each == 0) return;
  // What this thread still has to wait. Nothing is lost when it is somebody else's in part, but a
  // simulation must not begin with what the one before it owed.
  static thread_local std::uint64_t owed_us = 0;
  const bool is_simulated = Scheduler::current() != nullptr;
  if (is_simulated) owed_us = 0;
  const std::uint64_t pages = std::min<std::uint64_t>(1 + bytes / kBytesPerDelay, kDelayMax);
  owed_us += each * pages;
  if (owed_us < kSleepMin && !is_simulated) return;
  const std::uint64_t wait = std::min<std::uint64_t>(owed_us, kDelayMax);
  owed_us = 0;
  rest(std::chrono::microseconds(wait));
}

void Pipeline::pace(std::chrono::microseconds took) {
  const unsigned now = pressure();
  delay_us_.store(delay_us(now), std::memory_order_relaxed);
  if (now >= kPressureHurry || is_closed()) return;
  rest(std::min(took, kRestMax));
}

void Pipeline::keep_up(std::uint64_t bytes) {
  if (background_ != nullptr) delay(bytes);
  const std::uint64_t allowed = options_.checkpoint_log_bytes;  // 0: much
  const std::uint64_t check_bytes =
      allowed == 0 ? kCheckBytesMax : std::min(kCheckBytesMax, allowed / 8);
  if (bytes_since_check_.fetch_add(bytes, std::memory_order_relaxed) + bytes < check_bytes &&
      !NACRE_BUGGIFY("txn.check_now")) {
    return;
  }
  bytes_since_check_.store(0, std::memory_order_relaxed);
  if (background_ != nullptr && store_.wants_log_segment()) background_->segment.run_now();
  const unsigned now = pressure();
  if (background_ != nullptr) {
    delay_us_.store(delay_us(now), std::memory_order_relaxed);
    if (now >= kPressureDue) background_->checkpoint.run_now();
    return;
  }
  if (now < kPressureDue) return;
  MutexLock lock(checkpoint_mutex_);
  if (pressure() < kPressureDue) return;  // somebody was faster
  // Our own commit is done whatever becomes of this: a failure stops the store, which says so to
  // the next one.
  if (!write_checkpoint(/*clean=*/false).has_value()) return;
  [[maybe_unused]] const auto vacuumed = vacuum_some(kStepsAfterCheckpoint);
}

}  // namespace nacre::txn
