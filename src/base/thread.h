// Thread: a thread of the system, or a fiber when a simulation runs.
//
// Threads: one thread at a time, like any value; joined before it is destroyed.
#pragma once

#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/scheduler.h"

namespace nacre {

class Thread {
 public:
  Thread() = default;
  Thread(const char* name, std::function<void()> body) {
    Scheduler* const scheduler = Scheduler::current();
    if (scheduler != nullptr) {
      fiber_ = scheduler->start(name, std::move(body));
    } else {
      thread_ = std::thread(std::move(body));
    }
  }
  ~Thread() { NACRE_CHECK(!joinable(), "threads are joined before they go"); }
  Thread(Thread&& other) noexcept
      : thread_(std::move(other.thread_)), fiber_(std::exchange(other.fiber_, std::nullopt)) {}
  Thread& operator=(Thread&& other) noexcept {
    NACRE_CHECK(!joinable(), "threads are joined before they go");
    thread_ = std::move(other.thread_);
    fiber_ = std::exchange(other.fiber_, std::nullopt);
    return *this;
  }

  [[nodiscard]] bool joinable() const { return fiber_.has_value() || thread_.joinable(); }
  void join() {
    if (!fiber_.has_value()) return thread_.join();
    Scheduler::current()->join(*fiber_);
    fiber_.reset();
  }

 private:
  std::thread thread_;
  std::optional<Scheduler::FiberId> fiber_;
};

}  // namespace nacre
