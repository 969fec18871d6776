// BackgroundPool: the few threads that do, for all databases of a process, what need not be done
// inside a commit.
//
// Why shared: a thousand idle databases must not cost a thousand threads; and few threads that
//   write pages leave the disk to the commits.
// Why three kinds: a log write that is due in two milliseconds must not stand in line behind a
//   checkpoint of a minute, nor behind another database's. Lesser kinds may use only some of the
//   threads, so there is always one for the more urgent.
// Threads: internally locked (rank in docs/locks.md). Work runs without a lock of the pool and may
//   schedule any task. Threads start when there is work for them and end with the pool.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"

namespace nacre::txn {

class BackgroundPool {
 public:
  using Steady = std::chrono::steady_clock;

  enum class Kind : std::uint8_t {
    kPrompt,  // short, and somebody may wait for it: delayed log writes
    kUpkeep,  // short, ahead of need: the next log segment
    kBulk,    // long: checkpoints, cleaning
  };

  // A piece of work that is done some time after each wish for it. Never runs twice at once.
  class Task {
   public:
    Task(std::shared_ptr<BackgroundPool> pool, Kind kind, std::function<void()> work);
    ~Task();  // as cancel()
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    // Wishes it done: once for all wishes before it begins, once more for those made meanwhile.
    // The earliest time counts.
    void run_at(Steady::time_point time);
    void run_now() { run_at(Steady::time_point::min()); }
    // Returns when it is not running; wishes are forgotten from now on. Not from its own work.
    void cancel();

   private:
    friend class BackgroundPool;
    const std::shared_ptr<BackgroundPool> pool_;
    const Kind kind_;
    const std::function<void()> work_;
    // With the pool's lock.
    bool is_queued_ = false;
    bool is_running_ = false;
    bool is_cancelled_ = false;
    bool runs_again_ = false;
    Steady::time_point at_{};  // when queued, or to be queued again
  };

  BackgroundPool() = default;
  ~BackgroundPool();  // requires that no task is left
  BackgroundPool(const BackgroundPool&) = delete;
  BackgroundPool& operator=(const BackgroundPool&) = delete;

  // The one of this process; made for the first who asks, gone with the last who keeps it.
  [[nodiscard]] static std::shared_ptr<BackgroundPool> of_process();

  [[nodiscard]] std::size_t thread_count();

 private:
  static constexpr std::size_t kKindCount = 3;
  // How many tasks of a kind, lesser kinds included, may run at once.
  static constexpr std::array<std::size_t, kKindCount> kRunningMax = {4, 3, 2};

  void enqueue(Task& task, Steady::time_point time) NACRE_REQUIRES(mutex_);
  // Sees to it that some thread looks at the queues no later than `time`.
  void call_at(Steady::time_point time) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool has_queued() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool has_room(std::size_t kind) const NACRE_REQUIRES(mutex_);
  // The most urgent task that is due and may run; null when there is none. `next` becomes the time
  // at which there may be one.
  [[nodiscard]] Task* take_due(Steady::time_point& next) NACRE_REQUIRES(mutex_);
  void wait_until(Steady::time_point next) NACRE_REQUIRES(mutex_);
  void run();

  Mutex mutex_{"txn::BackgroundPool", 44};
  Condition wake_;      // for idle threads but the timekeeper
  Condition clock_;     // for the timekeeper
  Condition finished_;  // a task has run
  std::array<std::set<std::pair<Steady::time_point, Task*>>, kKindCount> queues_
      NACRE_GUARDED_BY(mutex_);
  std::array<std::size_t, kKindCount> running_ NACRE_GUARDED_BY(mutex_){};
  std::vector<Thread> threads_ NACRE_GUARDED_BY(mutex_);
  std::size_t idle_ NACRE_GUARDED_BY(mutex_) = 0;  // but the timekeeper
  // One idle thread waits for the earliest time only, so that a timer wakes one and not all.
  bool has_timekeeper_ NACRE_GUARDED_BY(mutex_) = false;
  Steady::time_point timekeeper_until_ NACRE_GUARDED_BY(mutex_){};
  bool is_stopping_ NACRE_GUARDED_BY(mutex_) = false;
};

}  // namespace nacre::txn
