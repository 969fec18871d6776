#include "sim/scheduler.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace nacre::sim {
namespace {

constexpr std::size_t kStackSize = std::size_t{1} << 20;  // of address space
constexpr std::uint64_t kStepsMax = 50'000'000;           // no run needs a tenth of these
constexpr std::uint64_t kStepsExpected = 20'000;          // change points lie within these

// Free ones, of simulations that are over too: a stack that was used has its memory already.
std::vector<std::byte*>& free_stacks() {
  static std::vector<std::byte*> stacks;
  return stacks;
}

std::byte* take_stack() {
  if (!free_stacks().empty()) {
    std::byte* const stack = free_stacks().back();
    free_stacks().pop_back();
    return stack;
  }
  void* at = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  NACRE_CHECK(at != MAP_FAILED, "there is address space for a stack");
  ::mprotect(at, 4096, PROT_NONE);
  return static_cast<std::byte*>(at);
}

// A fiber never returns from its first frames, so AddressSanitizer still holds their surroundings
// for forbidden; whoever is given this memory next, another fiber or somebody who maps it anew,
// must not be blamed for that.
void forget_frames([[maybe_unused]] std::byte* stack) {
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(stack, kStackSize);
#endif
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

FiberScheduler::FiberScheduler(std::uint64_t seed, Policy policy, std::string replay)
    : random_(seed), policy_(policy), replay_(std::move(replay)), before_(install(this)) {
  buggify_seed_ = random_.next();
  const std::uint64_t depth = 1 + random_.below(4);
  for (std::uint64_t i = 0; i < depth; ++i) change_points_.push_back(random_.below(kStepsExpected));
}

FiberScheduler::~FiberScheduler() {
  NACRE_CHECK(fibers_.empty(), "a simulation ends after its fibers");
  install(before_);
}

// --- switching

void FiberScheduler::enter(unsigned high, unsigned low) {
  // makecontext passes ints only.
  auto* fiber = reinterpret_cast<Fiber*>(  // NOLINT(performance-no-int-to-ptr)
      std::uint64_t{high} << 32 | low);
  static_cast<FiberScheduler*>(current())->body_of(*fiber);
}

void FiberScheduler::body_of(Fiber& fiber) {
  take_over(&fiber);
  fiber.body();
  fiber.body = nullptr;
  fiber.is_done = true;
  wake_all(&fiber);
  switch_to(next());
}

// On the stack of `fiber`, which runs from now on; null: outside.
void FiberScheduler::take_over([[maybe_unused]] Fiber* fiber) {
#if defined(__SANITIZE_ADDRESS__)
  const void* from = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(fiber == nullptr ? outside_fake_stack_ : fiber->fake_stack, &from,
                                  &size);
  if (outside_stack_ == nullptr) {
    outside_stack_ = from;
    outside_stack_size_ = size;
  }
#endif
}

void FiberScheduler::switch_to(Fiber* to) {
  Fiber* const from = running_;
  if (to == from) return;
  ++switches_;
  mix(to == nullptr ? 0 : to->id);
  Mutex::Held* const held = Mutex::exchange_held(to == nullptr ? nullptr : to->held);
  page::PinSlot* const pins = page::Epochs::exchange_slot(to == nullptr ? outside_pins_ : to->pins);
  if (from != nullptr) {
    from->held = held;
    from->pins = pins;
  } else {
    outside_pins_ = pins;
  }
  running_ = to;
#if defined(__SANITIZE_ADDRESS__)
  void** const save = from == nullptr ? &outside_fake_stack_ : &from->fake_stack;
  const bool is_last = from != nullptr && from->is_done;
  if (to == nullptr) {
    __sanitizer_start_switch_fiber(is_last ? nullptr : save, outside_stack_, outside_stack_size_);
  } else {
    __sanitizer_start_switch_fiber(is_last ? nullptr : save, to->stack, kStackSize);
  }
#endif
  ::swapcontext(from == nullptr ? &outside_ : &from->context,
                to == nullptr ? &outside_ : &to->context);
  take_over(from);
}

bool FiberScheduler::can_run(const Fiber& fiber) const {
  if (fiber.is_done) return false;
  return !fiber.is_blocked || (fiber.deadline_us.has_value() && *fiber.deadline_us <= time_us_);
}

FiberScheduler::Fiber* FiberScheduler::choose() {
  std::array<Fiber*, 64> ready{};
  std::size_t count = 0;
  for (const auto& fiber : fibers_) {
    if (can_run(*fiber) && count < ready.size()) ready[count++] = fiber.get();
  }
  if (count == 0) return nullptr;
  const auto first = ready.begin();
  const auto last = first + static_cast<std::ptrdiff_t>(count);
  switch (policy_) {
    case Policy::kRandomWalk:
      return ready[random_.below(count)];
    case Policy::kPriorities:
      return *std::max_element(
          first, last, [](const Fiber* a, const Fiber* b) { return a->priority < b->priority; });
    case Policy::kRoundRobin:
      break;
  }
  const FiberId mine = running();
  const auto after = std::find_if(first, last, [&](const Fiber* f) { return f->id > mine; });
  return after == last ? ready[0] : *after;
}

FiberScheduler::Fiber* FiberScheduler::next() {
  for (;;) {
    if (++steps_ > kStepsMax) hang("the fibers do not come to an end");
    if (Fiber* chosen = choose(); chosen != nullptr) {
      chosen->is_blocked = false;
      chosen->deadline_us.reset();
      return chosen;
    }
    std::optional<std::uint64_t> earliest;
    bool is_anyone_left = false;
    for (const auto& fiber : fibers_) {
      if (fiber->is_done) continue;
      is_anyone_left = true;
      if (fiber->deadline_us.has_value() && (!earliest || *fiber->deadline_us < *earliest)) {
        earliest = fiber->deadline_us;
      }
    }
    if (!is_anyone_left) return nullptr;
    if (!earliest.has_value()) hang("every fiber waits for another");
    time_us_ = std::max(time_us_, *earliest);
  }
}

void FiberScheduler::wait_here() {
  switch_to(next());
  bury();
}

// Frees what ended fibers leave; not from their own stack.
void FiberScheduler::bury() {
  std::erase_if(fibers_, [&](const std::unique_ptr<Fiber>& fiber) {
    if (!fiber->is_done || fiber.get() == running_) return false;
    Mutex::free_held(fiber->held);
    if (fiber->pins != nullptr) page::Epochs::give_slot(*fiber->pins);
    forget_frames(fiber->stack);
    free_stacks().push_back(fiber->stack);
    return true;
  });
}

void FiberScheduler::hang(const char* why) const {
  std::fprintf(stderr, "simulation: %s at step %llu, %llu us\n", why,
               static_cast<unsigned long long>(steps_), static_cast<unsigned long long>(time_us_));
  for (const auto& fiber : fibers_) {
    std::fprintf(stderr, "  fiber %llu (%s): %s\n", static_cast<unsigned long long>(fiber->id),
                 fiber->name.c_str(),
                 fiber->is_done      ? "done"
                 : fiber->is_blocked ? "waits"
                                     : "can run");
  }
  std::fprintf(stderr, "replay: %s\n", replay_.c_str());
  std::abort();
}

// --- what the engine asks for

void FiberScheduler::yield() {
  if (running_ == nullptr) return;
  ++time_us_;
  if (policy_ == Policy::kRandomWalk && !random_.chance(1, 3)) return;
  if (policy_ == Policy::kPriorities && !change_points_.empty()) {
    const auto hit = std::ranges::find(change_points_, steps_);
    if (hit != change_points_.end()) {
      running_->priority = random_.below(change_points_.size() + 1);  // below all others
    }
  }
  wait_here();
}

void FiberScheduler::block(const void* object) {
  if (running_ == nullptr) hang("somebody waits outside of all fibers");
  running_->is_blocked = true;
  running_->object = object;
  wait_here();
}

void FiberScheduler::block_for(const void* object, std::chrono::microseconds at_most) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(at_most.count(), 1));
  if (running_ == nullptr) {
    time_us_ += us;
    return;
  }
  running_->deadline_us = time_us_ + us;
  block(object);
}

void FiberScheduler::wake_one(const void* object) {
  std::array<Fiber*, 64> waiting{};
  std::size_t count = 0;
  for (const auto& fiber : fibers_) {
    const bool waits = fiber->is_blocked && fiber->object == object && !fiber->is_done;
    if (waits && count < waiting.size()) waiting[count++] = fiber.get();
  }
  if (count == 0) return;
  Fiber* const chosen = waiting[count == 1 ? 0 : random_.below(count)];
  chosen->is_blocked = false;
  chosen->deadline_us.reset();
}

void FiberScheduler::wake_all(const void* object) {
  for (const auto& fiber : fibers_) {
    if (!fiber->is_blocked || fiber->object != object) continue;
    fiber->is_blocked = false;
    fiber->deadline_us.reset();
  }
}

std::uint64_t FiberScheduler::random() { return random_.next(); }

bool FiberScheduler::is_rare(const char* name) {
  if (running_ == nullptr) return false;
  const auto [at, is_new] = sites_.try_emplace(name);
  Site& site = at->second;
  if (is_new) {
    io::Random drawn(buggify_seed_ ^ hash_of(name));
    site.enabled = drawn.chance(1, 4);
    site.percent = 1 + drawn.below(25);
  }
  if (!site.enabled || !random_.chance(site.percent, 100)) return false;
  ++rare_paths_[name];
  mix(hash_of(name));
  return true;
}

void FiberScheduler::note(const char* event, std::uint64_t number) {
  mix(hash_of(event));
  mix(number);
  if (seen_) seen_(event, number);
}

Scheduler::FiberId FiberScheduler::start(const char* name, std::function<void()> body) {
  auto fiber = std::make_unique<Fiber>();
  fiber->id = next_id_++;
  fiber->name = name;
  fiber->body = std::move(body);
  fiber->held = Mutex::make_held();
  fiber->priority = 100 + random_.below(1'000'000);
  fiber->stack = take_stack();
  ::getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = kStackSize;
  fiber->context.uc_link = nullptr;
  const auto address = reinterpret_cast<std::uint64_t>(fiber.get());
  ::makecontext(&fiber->context, reinterpret_cast<void (*)()>(&FiberScheduler::enter), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  fibers_.push_back(std::move(fiber));
  return fibers_.back()->id;
}

void FiberScheduler::join(FiberId id) {
  const auto find = [&]() -> Fiber* {
    const auto at = std::ranges::find_if(fibers_, [&](const auto& f) { return f->id == id; });
    return at == fibers_.end() || (*at)->is_done ? nullptr : at->get();
  };
  while (Fiber* fiber = find()) block(fiber);
}

void FiberScheduler::run(std::function<void()> body) {
  NACRE_CHECK(running_ == nullptr, "a simulation is run from outside of it");
  static_cast<void>(start("main", std::move(body)));
  switch_to(next());
  bury();
}

}  // namespace nacre::sim
