// Scheduler: what stands in for the system's threads, clock and chance while a simulation runs.
//
// Why here: a mutex, a condition, a thread and the monotonic clock are where threads meet. When all
//   of them ask one scheduler, one OS thread can run every session and every background worker as a
//   fiber, in an order that a seed decides and that can be had again.
// Cost:    outside of a simulation one thread-local load and a branch that is never taken, and only
//   where a lock, a condition or the clock is used anyway.
// Threads: a scheduler belongs to the thread that installed it; all others run as ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace nacre {

class Scheduler {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using FiberId = std::uint64_t;

  // The calling thread's; null outside of a simulation.
  [[nodiscard]] static Scheduler* current() { return current_; }
  // Returns the one before.
  static Scheduler* install(Scheduler* scheduler);

  virtual ~Scheduler() = default;
  // A moment at which another fiber may run.
  virtual void yield() = 0;
  // Let others run until somebody wakes `object`, or for no reason.
  virtual void block(const void* object) = 0;
  virtual void block_for(const void* object, std::chrono::microseconds at_most) = 0;
  // Neither lets another fiber run before the next of the calls above.
  virtual void wake_one(const void* object) = 0;
  virtual void wake_all(const void* object) = 0;
  [[nodiscard]] virtual TimePoint now() = 0;
  [[nodiscard]] virtual std::uint64_t random() = 0;
  // Whether the rare path of `site` is to be taken this time; see base/buggify.h.
  [[nodiscard]] virtual bool is_rare(const char* site) = 0;
  // Something a test may want to know of has happened in the running fiber.
  virtual void note(const char* event, std::uint64_t number) = 0;
  [[nodiscard]] virtual FiberId start(const char* name, std::function<void()> body) = 0;
  virtual void join(FiberId fiber) = 0;

 private:
  // A member of the class, named as such.
  // NOLINTNEXTLINE(readability-identifier-naming)
  constinit inline static thread_local Scheduler* current_ = nullptr;
};

// The monotonic clock, or the simulation's.
[[nodiscard]] inline Scheduler::TimePoint steady_now() {
  Scheduler* const scheduler = Scheduler::current();
  if (scheduler != nullptr) [[unlikely]]
    return scheduler->now();
  return std::chrono::steady_clock::now();
}

// Tells a simulation that `event` has happened; nothing otherwise.
inline void note_event(const char* event, std::uint64_t number) {
  Scheduler* const scheduler = Scheduler::current();
  if (scheduler != nullptr) [[unlikely]]
    scheduler->note(event, number);
}

}  // namespace nacre
