#include "page/pin.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace nacre::page {
namespace {

std::atomic<PinSlot*> all_slots{nullptr};

long membarrier(int command) { return ::syscall(SYS_membarrier, command, 0, 0); }

// Gives the slot back when its thread ends.
struct SlotOwner {
  PinSlot* slot = nullptr;
  ~SlotOwner() {
    if (slot != nullptr) slot->owned.store(false, std::memory_order_release);
  }
};

}  // namespace

const bool Epochs::asymmetric_ = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;

PinSlot& Epochs::take_slot() {
  thread_local SlotOwner owner;
  for (PinSlot* slot = all_slots.load(std::memory_order_acquire); slot != nullptr;
       slot = slot->next) {
    bool free = false;
    if (slot->owned.compare_exchange_strong(free, true, std::memory_order_acq_rel)) {
      owner.slot = slot;
      slot_ = slot;
      return *slot;
    }
  }
  auto* made = new PinSlot();  // lives for ever: a reclaimer may be looking at it at any time
  made->owned.store(true, std::memory_order_relaxed);
  made->next = all_slots.load(std::memory_order_relaxed);
  while (!all_slots.compare_exchange_weak(made->next, made, std::memory_order_release)) {
  }
  owner.slot = made;
  slot_ = made;
  return *made;
}

std::uint64_t Epochs::advance() {
  const std::uint64_t before = now_.fetch_add(1, std::memory_order_acq_rel);
  if (asymmetric_) {
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  } else {
    full_barrier();
  }
  std::uint64_t earliest = before + 1;
  for (PinSlot* slot = all_slots.load(std::memory_order_acquire); slot != nullptr;
       slot = slot->next) {
    earliest = std::min(earliest, slot->epoch.load(std::memory_order_acquire));
  }
  return earliest;
}

}  // namespace nacre::page
