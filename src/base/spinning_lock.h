// SpinningLock: holds a mutex for a scope, and asks for it some hundred times before it sleeps.
//
// Why: what is done under the locks on the way of a commit takes a microsecond or less; a sleep and
//   its end take ten. For mutexes that are mostly held so briefly, and only for those.
// In a simulation, and where lock order is checked, it is an ordinary MutexLock.
// Threads: as MutexLock.
#pragma once

#include "base/mutex.h"

namespace nacre {

// Tells the CPU that we wait for another.
inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

class NACRE_SCOPED_CAPABILITY SpinningLock {
 public:
  explicit SpinningLock(Mutex& mutex) NACRE_ACQUIRE(mutex) : mutex_(mutex) {
#ifdef NDEBUG
    constexpr int kTurns = 100;
    for (int turn = 0; turn < kTurns && Scheduler::current() == nullptr; ++turn) {
      if (mutex.try_lock()) return;
      spin_pause();
    }
#endif
    mutex.lock();
  }
  ~SpinningLock() NACRE_RELEASE() { mutex_.unlock(); }
  SpinningLock(const SpinningLock&) = delete;
  SpinningLock& operator=(const SpinningLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace nacre
