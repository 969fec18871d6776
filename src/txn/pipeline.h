// Pipeline: the way of a commit from a private batch to a durable, visible position.
//
//   sequence  under the sequencer's lock: conflict check, position, time, append to the log; no I/O
//   write     the log makes it durable; one committing thread writes for all that wait
//   apply     after that, by whichever committing thread takes the applier's role; all that may be
//             applied is, and is published once
//   answer    after publishing: who is told "ok" finds the commit in the next snapshot
//
// Why apply after durable: applying costs microseconds, the disk a hundred; so a failed write never
//   has to be taken back, and no reader sees a commit that could vanish. Durability::kGroup and
//   kAsync ask for exactly that: they are applied as soon as every earlier commit is, and made
//   durable later.
// Invariants: TXN-2 commits become visible in the order of the log, a later one never before an
//                   earlier one
//             TXN-3 times strictly increase, whatever the clock does
//             STORE-3 a checkpoint waits for the log
// Errors:  kConflict; kClosed after close and after the first failure of log or store.
// Threads: internally locked; ranks in docs/locks.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/position.h"
#include "base/result.h"
#include "io/clock.h"
#include "store/store.h"
#include "txn/background.h"
#include "txn/conflicts.h"
#include "txn/database.h"
#include "txn/feed.h"
#include "txn/recent_writes.h"

namespace nacre::txn {

class Pipeline final : private log::DurableListener {
 public:
  // Pressure from which on a checkpoint is due.
  static constexpr unsigned kPressureDue = 40;

  Pipeline(store::Store& store, const Options& options);
  ~Pipeline() override;  // stops the background work; writes nothing
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  struct Request {
    const Footprint& footprint;
    Position snapshot;
    std::string ops;  // encoded batch
    std::uint64_t op_count = 0;
    Durability durability = Durability::kSync;
    // Refused with kInvalid unless it becomes exactly this commit.
    std::optional<Position> expected{};
    log::Room room = log::Room::kOrdinary;
    const ReadSet* reads = nullptr;                 // of a serializable transaction
    Position keys_unchanged_until = kNoPosition;    // as Conflicts::find takes it
    Position ranges_unchanged_until = kNoPosition;  // commit() notes here what it has checked
  };
  struct Outcome {
    Position position = kNoPosition;     // of the commit
    std::optional<Conflict> conflict{};  // why there is none
  };
  // Puts the commit in order and, unless it is kSync, makes it visible; finish() does what is left.
  // Leaves `request` as it was when there is a conflict.
  [[nodiscard]] Result<Outcome> submit(Request& request);
  // Returns when the commit at `position`, of `bytes`, is visible, and durable for kSync. Delays
  // who commits while checkpoints lag behind.
  [[nodiscard]] Result<> finish(Position position, std::uint64_t bytes, Durability durability);
  // What Conflicts::doubts says now.
  [[nodiscard]] Conflicts::Doubts doubts(const Footprint& footprint, Position snapshot);

  // A serializable transaction begins, before it has a snapshot, and is over.
  void enter_serializable();
  void leave_serializable();

  // Waits until `position`, which has been sequenced, is visible, applying what is due when nobody
  // else does.
  [[nodiscard]] Result<> make_visible(Position position);
  // Returns when everything committed so far is durable and visible.
  [[nodiscard]] Result<> sync();
  [[nodiscard]] Result<> checkpoint();
  [[nodiscard]] Result<store::VerifyReport> verify();
  [[nodiscard]] Result<CompactReport> compact(const CompactOptions& options);
  [[nodiscard]] Result<> set_horizon(Position position);
  // Until nothing is left to give back or `progress` answers false.
  [[nodiscard]] Result<> vacuum(const std::function<bool(const VacuumProgress&)>& progress);
  // Ends committing, makes everything durable and visible, writes a clean checkpoint when
  // `with_checkpoint`, and closes the store. Later calls: kClosed.
  [[nodiscard]] Result<> close(bool with_checkpoint);
  [[nodiscard]] bool is_closed() const { return closed_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t checkpoint_count() const {
    return checkpoint_count_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Feed& feed() { return feed_; }

 private:
  // On a full disk: up to here commits that only remove rows are taken.
  static constexpr unsigned kDirtyPercentFull = 85;
  // Of a vacuum after each checkpoint: some hundred milliseconds when there is much to give back.
  static constexpr int kStepsAfterCheckpoint = 256;

  using Steady = std::chrono::steady_clock;
  enum class FlushDue : std::uint8_t { kNone, kMark, kIdle, kGroupDelay, kNow };

  // A commit that is in the log and not yet visible.
  struct Pending {
    Position position;
    Time time;
    std::string ops;
    std::uint64_t op_count;
    bool after_durable;  // kSync: applied only when durable
  };

  // `has_role` when the commit may be applied at once and the caller is to do it: the applier's
  // role is taken then, and so is what it will apply.
  [[nodiscard]] Result<Outcome> sequence(Request& request, bool& has_role);
  // After the log had no room for it: makes some. kFull when the disk is.
  [[nodiscard]] Result<> make_room(Request& request);
  // ISO-3, ahead of sequence() and without its lock for most of the work: the first conflict of the
  // ranges read, among the commits so far. `request` gets where it need not look again.
  [[nodiscard]] std::optional<Conflict> check_ranges(Request& request);
  [[nodiscard]] std::optional<Conflict> check_ranges_again(const Request& request) const
      NACRE_REQUIRES(sequencer_);
  [[nodiscard]] bool is_soon_visible(Position position) const;
  // Applies what has just become durable, before those who wait for it are woken: they then find it
  // visible.
  void durable_advanced() override;
  // Applies and publishes what was taken, with the queue's lock let go meanwhile.
  void apply_in_role() NACRE_REQUIRES(queue_mutex_);
  // The end of it.
  void leave_role(Position last, Result<> applied) NACRE_REQUIRES(queue_mutex_);
  // Takes what may be applied now off the queue.
  [[nodiscard]] bool take_applicable() NACRE_REQUIRES(queue_mutex_);
  // Applies and publishes what was taken. In the applier's role.
  [[nodiscard]] Result<> apply_taken();
  [[nodiscard]] Result<> wait_durable(Position position);
  void stop_waiters(const Error& cause);
  // kInvalid in a database that was opened to be read only.
  [[nodiscard]] Result<> check_may_write() const;
  // Hands what was applied to whoever follows.
  void feed_taken();

  // The applier's role for something other than applying; waiting committers let it pass first.
  void take_role();
  void give_role();

  [[nodiscard]] Result<store::Store::Cut> write_checkpoint(bool clean,
                                                           const page::Pace& pace = nullptr)
      NACRE_REQUIRES(checkpoint_mutex_);
  // compact.cc
  class Compactor;
  friend class Compactor;

  // Some steps of a vacuum; returns whether there may be more.
  [[nodiscard]] Result<bool> vacuum_some(int steps) NACRE_REQUIRES(checkpoint_mutex_);
  // After a commit of `bytes`: checkpoints that are due; writers wait when they lag behind.
  void keep_up(std::uint64_t bytes);
  // On a full disk only what surely can be applied may enter the log. Ok while there is space.
  [[nodiscard]] Result<> admit(Bytes ops);
  // How far the file lags behind, in percent: of the cache that is changed pages, or of the log so
  // that kPressureDue is all of its allowance.
  [[nodiscard]] unsigned pressure() const;
  // What `pressure` asks of every committer.
  [[nodiscard]] static std::uint32_t delay_us(unsigned pressure);
  void delay(std::uint64_t bytes);
  // Between the writes of a checkpoint in the background.
  void pace(std::chrono::microseconds took);
  [[nodiscard]] Result<> flush_later(Durability durability, std::uint64_t bytes);
  [[nodiscard]] Result<> flush();
  [[nodiscard]] static std::uint64_t flush_bytes_wait(const Options& options);
  void request_flush(FlushDue due);
  void flush_in_background();
  void checkpoint_in_background();
  void derive_in_background();
  void start_background();
  void stop_background();

  store::Store& store_;
  const Options options_;
  const std::uint64_t flush_bytes_wait_;
  io::Clock& clock_;

  // One at a time: checkpoints and what needs a checkpoint to stand still.
  Mutex checkpoint_mutex_;
  std::atomic<std::uint64_t> checkpoint_count_ = 0;
  std::atomic<std::uint64_t> log_bytes_at_checkpoint_ = 0;

  Feed feed_;

  Mutex sequencer_;
  Conflicts conflicts_ NACRE_GUARDED_BY(sequencer_);
  RecentWrites recent_ NACRE_GUARDED_BY(sequencer_);
  Time last_time_ NACRE_GUARDED_BY(sequencer_){0};
  bool sequencing_ended_ NACRE_GUARDED_BY(sequencer_) = false;
  std::atomic<bool> closed_ = false;

  Mutex queue_mutex_;
  Condition queue_changed_;
  std::vector<Pending> queue_ NACRE_GUARDED_BY(queue_mutex_);
  std::vector<Pending> taken_;  // the applier's
  Position visible_ NACRE_GUARDED_BY(queue_mutex_);
  std::atomic<std::uint64_t> visible_now_;  // the same, for those who only look
  std::unique_ptr<Error> stopped_ NACRE_GUARDED_BY(queue_mutex_);  // why nothing more gets durable
  int role_requests_ NACRE_GUARDED_BY(queue_mutex_) = 0;
  int waiters_ NACRE_GUARDED_BY(queue_mutex_) = 0;
  bool role_taken_ NACRE_GUARDED_BY(queue_mutex_) = false;
  bool apply_failed_ NACRE_GUARDED_BY(queue_mutex_) = false;

  // What the next flush was wished for; committers look here before they take the lock.
  std::atomic<FlushDue> flush_due_ = FlushDue::kNone;
  std::atomic<std::uint64_t> bytes_since_check_ = 0;  // of log, since pressure() was asked
  std::atomic<std::uint32_t> delay_us_ = 0;           // for a commit of a page or less
  std::atomic<std::uint64_t> bytes_not_flushed_ = 0;  // of batches applied ahead of the disk
  std::atomic<std::uint64_t> oldest_delayed_us_ = 0;  // kGroup without background work; 0: none

  struct Background {
    explicit Background(Pipeline& pipeline);
    BackgroundPool::Task flush;
    BackgroundPool::Task segment;
    BackgroundPool::Task checkpoint;
    BackgroundPool::Task derive;  // which space of the file is free
  };
  std::unique_ptr<Background> background_;  // null when all work is done inside commits
  Mutex background_mutex_;
  Position marked_ NACRE_GUARDED_BY(background_mutex_) = kNoPosition;
};

}  // namespace nacre::txn
