#include "txn/background.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/buggify.h"
#include "base/check.h"
#include "base/scheduler.h"

namespace nacre::txn {

BackgroundPool::Task::Task(std::shared_ptr<BackgroundPool> pool, Kind kind,
                           std::function<void()> work)
    : pool_(std::move(pool)), kind_(kind), work_(std::move(work)) {}

BackgroundPool::Task::~Task() { cancel(); }

void BackgroundPool::Task::run_at(Steady::time_point time) {
  if (NACRE_BUGGIFY("txn.background_late")) {
    time = std::max(time, steady_now()) + std::chrono::milliseconds(20);
  }
  if (NACRE_BUGGIFY("txn.background_early")) time = Steady::time_point::min();
  const MutexLock lock(pool_->mutex_);
  if (is_cancelled_) return;
  if (is_running_) {
    at_ = runs_again_ ? std::min(at_, time) : time;
    runs_again_ = true;
    return;
  }
  pool_->enqueue(*this, time);
}

void BackgroundPool::Task::cancel() {
  const MutexLock lock(pool_->mutex_);
  is_cancelled_ = true;
  runs_again_ = false;
  if (is_queued_) {
    pool_->queues_[static_cast<std::size_t>(kind_)].erase({at_, this});
    is_queued_ = false;
  }
  while (is_running_) pool_->finished_.wait(pool_->mutex_);
}

BackgroundPool::~BackgroundPool() {
  std::vector<Thread> threads;
  {
    const MutexLock lock(mutex_);
    NACRE_CHECK(!has_queued(), "tasks go before their pool");
    is_stopping_ = true;
    wake_.notify_all();
    clock_.notify_all();
    threads.swap(threads_);
  }
  for (Thread& thread : threads) thread.join();
}

std::shared_ptr<BackgroundPool> BackgroundPool::of_process() {
  static std::mutex mutex;
  static std::weak_ptr<BackgroundPool> existing;
  const std::lock_guard lock(mutex);
  std::shared_ptr<BackgroundPool> pool = existing.lock();
  if (pool == nullptr) {
    pool = std::make_shared<BackgroundPool>();
    existing = pool;
  }
  return pool;
}

std::size_t BackgroundPool::thread_count() {
  const MutexLock lock(mutex_);
  return threads_.size();
}

void BackgroundPool::enqueue(Task& task, Steady::time_point time) {
  auto& queue = queues_[static_cast<std::size_t>(task.kind_)];
  if (task.is_queued_) {
    if (task.at_ <= time) return;
    queue.erase({task.at_, &task});
  }
  task.is_queued_ = true;
  task.at_ = time;
  queue.emplace(time, &task);
  call_at(time);
}

void BackgroundPool::call_at(Steady::time_point time) {
  if (has_timekeeper_) {
    if (time < timekeeper_until_) clock_.notify_one();
  } else if (idle_ > 0) {
    wake_.notify_one();
  } else if (threads_.size() < kRunningMax[0]) {
    threads_.emplace_back("txn background", [this] { run(); });
  }  // else all are busy, and look when they have finished
}

bool BackgroundPool::has_queued() const {
  return std::ranges::any_of(queues_, [](const auto& queue) { return !queue.empty(); });
}

bool BackgroundPool::has_room(std::size_t kind) const {
  // One more of this kind counts for every more urgent kind as well.
  std::size_t running = 0;
  for (std::size_t k = kKindCount; k-- > 0;) {
    running += running_[k];
    if (k <= kind && running >= kRunningMax[k]) return false;
  }
  return true;
}

BackgroundPool::Task* BackgroundPool::take_due(Steady::time_point& next) {
  const auto now = steady_now();
  next = Steady::time_point::max();
  for (std::size_t kind = 0; kind < kKindCount; ++kind) {
    auto& queue = queues_[kind];
    if (queue.empty() || !has_room(kind)) continue;
    const auto [time, task] = *queue.begin();
    if (time > now) {
      next = std::min(next, time);
      continue;
    }
    queue.erase(queue.begin());
    task->is_queued_ = false;
    task->is_running_ = true;
    ++running_[kind];
    return task;
  }
  return nullptr;
}

void BackgroundPool::wait_until(Steady::time_point next) {
  if (has_timekeeper_ || next == Steady::time_point::max()) {
    if (has_timekeeper_ && next < timekeeper_until_) clock_.notify_one();
    ++idle_;
    wake_.wait(mutex_);
    --idle_;
    return;
  }
  has_timekeeper_ = true;
  timekeeper_until_ = next;
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(next - steady_now());
  clock_.wait_for(mutex_,
                  std::max(left, std::chrono::microseconds(0)) + std::chrono::microseconds(1));
  has_timekeeper_ = false;
}

void BackgroundPool::run() {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    Steady::time_point next;
    Task* task = take_due(next);
    if (task == nullptr) {
      wait_until(next);
      continue;
    }
    // Somebody else looks after the rest meanwhile.
    if (has_queued()) call_at(Steady::time_point::min());
    lock.unlock();
    task->work_();
    lock.lock();
    --running_[static_cast<std::size_t>(task->kind_)];
    task->is_running_ = false;
    if (std::exchange(task->runs_again_, false)) enqueue(*task, task->at_);
    finished_.notify_all();
  }
}

}  // namespace nacre::txn
