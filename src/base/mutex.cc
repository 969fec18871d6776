#include "base/mutex.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/buggify.h"
#include "base/check.h"

namespace nacre {

// The mutexes one thread or fiber holds, in the order it took them.
struct Mutex::Held {
  std::array<const Mutex*, 16> mutexes;
  std::array<int, 16> ranks;
  std::size_t count = 0;
};

namespace {

constinit thread_local Mutex::Held* fibers_held = nullptr;

}  // namespace

Mutex::Held* Mutex::exchange_held(Held* held) { return std::exchange(fibers_held, held); }
Mutex::Held* Mutex::make_held() { return new Held(); }
void Mutex::free_held(Held* held) { delete held; }

// --- in a simulation

void Mutex::lock_simulated() {
  Scheduler& scheduler = *Scheduler::current();
  scheduler.yield();
  while (!mutex_.try_lock()) scheduler.block(this);
}

// The mutex may be gone as soon as others run: its address is all that is used.
void Mutex::unlocked_simulated(const Mutex* mutex) {
  Scheduler& scheduler = *Scheduler::current();
  scheduler.wake_all(mutex);
  scheduler.yield();
}

void Condition::wait_simulated(Mutex& mutex, const std::chrono::microseconds* at_most) {
  Scheduler& scheduler = *Scheduler::current();
  // Nobody else runs between giving the mutex back and waiting.
  mutex.mutex_.unlock();
  scheduler.wake_all(&mutex);
  if (NACRE_BUGGIFY("base.spurious_wakeup")) {
    scheduler.yield();
  } else if (at_most != nullptr) {
    scheduler.block_for(this, *at_most);
  } else {
    scheduler.block(this);
  }
  while (!mutex.mutex_.try_lock()) scheduler.block(&mutex);
}

// --- the order of locks

#ifndef NDEBUG

namespace {

Mutex::Held& held() {
  static thread_local Mutex::Held held;
  return fibers_held != nullptr ? *fibers_held : held;
}

}  // namespace

void Mutex::check_order() const {
  const Held& mine = held();
  for (const int rank : std::span(mine.ranks).first(mine.count)) {
    if (rank >= rank_) {
      const std::string why = std::string("mutex ") + name_ + " of rank " + std::to_string(rank_) +
                              " is taken under rank " + std::to_string(rank);
      NACRE_CHECK(rank < rank_, why.c_str());
    }
  }
}

void Mutex::note_taken() const {
  Held& mine = held();
  NACRE_CHECK(mine.count < mine.mutexes.size(), "no thread holds more than 16 mutexes");
  mine.mutexes[mine.count] = this;
  mine.ranks[mine.count] = rank_;
  ++mine.count;
}

void Mutex::note_given() const {
  Held& mine = held();
  const auto end = mine.mutexes.begin() + static_cast<std::ptrdiff_t>(mine.count);
  const auto found = std::find(mine.mutexes.begin(), end, this);
  NACRE_CHECK(found != end, "a mutex is given back by the thread that took it");
  const auto at = found - mine.mutexes.begin();
  std::copy(found + 1, end, found);
  std::copy(mine.ranks.begin() + at + 1,
            mine.ranks.begin() + static_cast<std::ptrdiff_t>(mine.count), mine.ranks.begin() + at);
  --mine.count;
}

#endif

}  // namespace nacre
