// Mutex: a lock that knows its place in the order of all locks, and says so to the compiler.
//
// Why ranks: two threads that take two locks in different orders deadlock some day. Every mutex has
//   a rank (docs/locks.md); a thread takes locks in rising rank only. Builds without NDEBUG abort
//   on the first violation, whichever thread would have won.
// In a simulation both ask the scheduler (scheduler.h) and never make the thread wait.
// Why annotations: clang's -Wthread-safety proves that guarded members are touched under their
// lock. Threads: that is what it is for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/scheduler.h"

#if defined(__clang__)
#define NACRE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define NACRE_THREAD_ATTRIBUTE(x)
#endif
#define NACRE_CAPABILITY NACRE_THREAD_ATTRIBUTE(capability("mutex"))
#define NACRE_SCOPED_CAPABILITY NACRE_THREAD_ATTRIBUTE(scoped_lockable)
#define NACRE_GUARDED_BY(x) NACRE_THREAD_ATTRIBUTE(guarded_by(x))
#define NACRE_REQUIRES(...) NACRE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define NACRE_EXCLUDES(...) NACRE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define NACRE_ACQUIRE(...) NACRE_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define NACRE_RELEASE(...) NACRE_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define NACRE_TRY_ACQUIRE(...) NACRE_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))

namespace nacre {

class NACRE_CAPABILITY Mutex {
 public:
  // `rank` is one of docs/locks.md; `name` outlives the mutex and is for the abort message.
  constexpr Mutex(const char* name, int rank) : name_(name), rank_(rank) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() NACRE_ACQUIRE() {
    check_order();
    if (Scheduler::current() != nullptr) [[unlikely]] {
      lock_simulated();
    } else {
      mutex_.lock();
    }
    note_taken();
  }
  // Never waits, so any order is allowed.
  [[nodiscard]] bool try_lock() NACRE_TRY_ACQUIRE(true) {
    if (!mutex_.try_lock()) return false;
    note_taken();
    return true;
  }
  void unlock() NACRE_RELEASE() {
    note_given();
    mutex_.unlock();
    if (Scheduler::current() != nullptr) [[unlikely]]
      unlocked_simulated(this);
  }

  // The mutexes a thread holds, apart for each fiber. Returns what was set before; null stands for
  // the thread's own.
  struct Held;
  static Held* exchange_held(Held* held);
  // A fiber's; freed by whoever made it.
  [[nodiscard]] static Held* make_held();
  static void free_held(Held* held);

 private:
  friend class Condition;
  void lock_simulated();
  static void unlocked_simulated(const Mutex* mutex);
#ifdef NDEBUG
  void check_order() const {}
  void note_taken() const {}
  void note_given() const {}
#else
  void check_order() const;
  void note_taken() const;
  void note_given() const;
#endif

  std::mutex mutex_;
  [[maybe_unused]] const char* name_;
  [[maybe_unused]] int rank_;
};

// Holds a mutex for a scope; may be given back early and taken again.
class NACRE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) NACRE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() NACRE_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() NACRE_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() NACRE_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// Where threads that hold a Mutex wait for its guarded state to change. Wake-ups may be spurious:
// callers wait in a loop.
class Condition {
 public:
  void wait(Mutex& mutex) NACRE_REQUIRES(mutex) {
    if (Scheduler::current() != nullptr) [[unlikely]]
      return wait_simulated(mutex, nullptr);
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void wait_for(Mutex& mutex, std::chrono::microseconds at_most) NACRE_REQUIRES(mutex) {
    if (Scheduler::current() != nullptr) [[unlikely]]
      return wait_simulated(mutex, &at_most);
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(lock, at_most);
    lock.release();
  }
  void notify_one() {
    if (Scheduler::current() != nullptr) [[unlikely]]
      return Scheduler::current()->wake_one(this);
    condition_.notify_one();
  }
  void notify_all() {
    if (Scheduler::current() != nullptr) [[unlikely]]
      return Scheduler::current()->wake_all(this);
    condition_.notify_all();
  }

 private:
  void wait_simulated(Mutex& mutex, const std::chrono::microseconds* at_most);

  std::condition_variable condition_;
};

}  // namespace nacre
