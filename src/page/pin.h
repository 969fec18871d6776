// Pin: for as long as it lives, no page memory that its thread can reach is used for anything else.
//
// Why epochs: a reader announces the time it began with one plain store; whoever wants to reuse
//   memory moves time on, makes every CPU pass a barrier, and waits for those that began before.
//   Readers pay about 1 ns and write to nothing that others read.
// Rule:    short: no waiting, no I/O. Destroyed on the thread that made it. Nesting is fine.
// Threads: each thread has a slot of its own, shared by all pagers of the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <utility>

namespace nacre::page {

// Everything before is visible to everybody before anything after happens. TSan has no notion of
// fences, but knows what an exchange does.
inline void full_barrier() {
#if defined(__SANITIZE_THREAD__)
  std::atomic<int> nobody{0};
  nobody.exchange(1, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// One thread's announcement; 128 bytes apart because CPUs fetch lines in pairs.
struct alignas(128) PinSlot {
  static constexpr std::uint64_t kIdle = std::numeric_limits<std::uint64_t>::max();
  std::atomic<std::uint64_t> epoch{kIdle};
  std::uint32_t depth = 0;  // of the owning thread only
  std::atomic<bool> owned{false};
  PinSlot* next = nullptr;  // all slots ever made; never freed, reused by later threads
};

class Epochs {
 public:
  // The calling thread's slot.
  [[nodiscard]] static PinSlot& slot() {
    PinSlot* mine = slot_;
    return mine != nullptr ? *mine : take_slot();
  }
  // For fibers, each of which pins on its own: makes `slot` the calling thread's, null for one to
  // be taken when it is needed. Returns the one before, which its fiber gives back with
  // give_slot().
  static PinSlot* exchange_slot(PinSlot* slot) { return std::exchange(slot_, slot); }
  static void give_slot(PinSlot& slot) { slot.owned.store(false, std::memory_order_release); }
  [[nodiscard]] static std::uint64_t now() { return now_.load(std::memory_order_acquire); }
  [[nodiscard]] static bool is_asymmetric() { return asymmetric_; }

  // The tag of memory that was put out of reach before the call.
  [[nodiscard]] static std::uint64_t tag() {
    // What put it out of reach must be visible before the epoch is read.
    full_barrier();
    return now();
  }
  // Moves time on and returns the earliest epoch a pinned thread may have begun in: memory retired
  // with a tag below it is out of every reader's sight.
  [[nodiscard]] static std::uint64_t advance();

 private:
  static PinSlot& take_slot();

  // Members of the class, named as such.
  // NOLINTBEGIN(readability-identifier-naming)
  inline static std::atomic<std::uint64_t> now_{1};
  constinit inline static thread_local PinSlot* slot_ = nullptr;
  static const bool asymmetric_;  // the system has the barrier that only the reclaimer pays for
  // NOLINTEND(readability-identifier-naming)
};

class Pin {
 public:
  Pin() : slot_(Epochs::slot()) {
    if (slot_.depth++ != 0) return;
    // release: a later pin of this thread still tells the reclaimer that earlier reads are over
    slot_.epoch.store(Epochs::now(), std::memory_order_release);
    if (Epochs::is_asymmetric()) {
      // The reclaimer's barrier does the rest, see Epochs::advance.
      std::atomic_signal_fence(std::memory_order_seq_cst);
    } else {
      full_barrier();
    }
  }
  ~Pin() {
    // release: pairs with the acquire in Epochs::advance; our reads are done
    if (--slot_.depth == 0) slot_.epoch.store(PinSlot::kIdle, std::memory_order_release);
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

 private:
  PinSlot& slot_;
};

}  // namespace nacre::page
