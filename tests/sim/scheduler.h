// FiberScheduler: every thread of a simulation as a fiber of one OS thread, in an order that a seed
// decides.
//
// Where fibers change: at every lock, unlock, wait and wake-up (base/mutex.h), and at every call of
//   the simulated disk (disk_watch.h). Between two of those a fiber has the machine to itself.
// Schedules: random walk; priorities with a few change points (PCT: Burckhardt and others, "A
//   randomized scheduler with probabilistic guarantees of finding bugs", 2010); round robin.
// Time stands still but for a microsecond per switch point, and jumps to the next deadline when
//   nobody can run.
// Outside of fibers the calls still work, as far as nobody has to wait for another fiber: recovery
// of
//   a crash image needs no schedule.
// Errors: fibers that wait for each other for ever, or that never end, are printed, and the process
//   aborts: nothing can be told of a database whose threads hang.
// Threads: one.
#pragma once

#include <ucontext.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/scheduler.h"
#include "io/random.h"
#include "page/pin.h"

namespace nacre::sim {

enum class Policy : std::uint8_t { kRandomWalk, kPriorities, kRoundRobin };

class FiberScheduler final : public Scheduler {
 public:
  // Installs itself; `replay` is printed when the process has to be aborted.
  FiberScheduler(std::uint64_t seed, Policy policy, std::string replay);
  ~FiberScheduler() override;

  void yield() override;
  void block(const void* object) override;
  void block_for(const void* object, std::chrono::microseconds at_most) override;
  void wake_one(const void* object) override;
  void wake_all(const void* object) override;
  [[nodiscard]] TimePoint now() override { return TimePoint(std::chrono::microseconds(time_us_)); }
  [[nodiscard]] std::uint64_t random() override;
  [[nodiscard]] bool is_rare(const char* site) override;
  void note(const char* event, std::uint64_t number) override;
  [[nodiscard]] FiberId start(const char* name, std::function<void()> body) override;
  void join(FiberId fiber) override;

  // Runs `body` and everything it starts as fibers, to the end of the last of them.
  void run(std::function<void()> body);
  void sleep(std::uint64_t us) { block_for(nullptr, std::chrono::microseconds(us)); }

  // Of everything that happened so far: equal for equal seeds.
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  void mix(std::uint64_t word) { hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15 ^ hash_ >> 29; }
  [[nodiscard]] std::uint64_t switches() const { return switches_; }
  [[nodiscard]] std::uint64_t time_us() const { return time_us_; }
  // Every number noted under an event is also given to this, in the fiber that noted it.
  void on_note(std::function<void(std::string_view, std::uint64_t)> seen) {
    seen_ = std::move(seen);
  }
  // How often each site of NACRE_BUGGIFY took its rare path.
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& rare_paths() const {
    return rare_paths_;
  }
  // The fiber that runs; 0 outside.
  [[nodiscard]] FiberId running() const { return running_ == nullptr ? 0 : running_->id; }

 private:
  struct Fiber {
    FiberId id = 0;
    std::string name;
    std::function<void()> body;
    ucontext_t context{};
    std::byte* stack = nullptr;
    void* fake_stack = nullptr;  // AddressSanitizer's
    Mutex::Held* held = nullptr;
    page::PinSlot* pins = nullptr;
    bool is_blocked = false;
    bool is_done = false;
    const void* object = nullptr;
    std::optional<std::uint64_t> deadline_us;
    std::uint64_t priority = 0;
  };
  struct Site {
    bool enabled = false;
    std::uint64_t percent = 0;
  };

  static void enter(unsigned high, unsigned low);
  void body_of(Fiber& fiber);
  [[nodiscard]] bool can_run(const Fiber& fiber) const;
  [[nodiscard]] Fiber* choose();
  // Waits in time until somebody can run; null when all are done.
  [[nodiscard]] Fiber* next();
  void wait_here();
  void switch_to(Fiber* to);
  void take_over(Fiber* fiber);
  void bury();
  [[noreturn]] void hang(const char* why) const;

  io::Random random_;
  const Policy policy_;
  const std::string replay_;
  Scheduler* const before_;
  std::vector<std::unique_ptr<Fiber>> fibers_;  // that are not done, in the order of their start
  Fiber* running_ = nullptr;
  ucontext_t outside_{};
  page::PinSlot* outside_pins_ = nullptr;
  // Of the thread itself, for the sanitizer; nobody else asks.
  [[maybe_unused]] void* outside_fake_stack_ = nullptr;
  [[maybe_unused]] const void* outside_stack_ = nullptr;
  [[maybe_unused]] std::size_t outside_stack_size_ = 0;
  FiberId next_id_ = 1;
  std::uint64_t time_us_ = 1'000'000;
  std::uint64_t steps_ = 0;
  std::uint64_t switches_ = 0;
  std::uint64_t hash_ = 0x6e61637265;
  std::uint64_t buggify_seed_ = 0;
  std::vector<std::uint64_t> change_points_;  // steps at which the running fiber's priority falls
  std::map<const void*, Site> sites_;
  std::map<std::string, std::uint64_t, std::less<>> rare_paths_;
  std::function<void(std::string_view, std::uint64_t)> seen_;
};

}  // namespace nacre::sim
