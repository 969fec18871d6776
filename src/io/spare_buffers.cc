#include "io/spare_buffers.h"

#include <array>
#include <atomic>
#include <memory>
#include <utility>

namespace nacre::io {
namespace {

// Smaller ones come from the heap, which has them at hand.
constexpr std::size_t kWorthKeeping = std::size_t{128} << 10;  // bytes

// Each is null or owned here. Never freed: threads may end after whatever else this process has.
std::array<std::atomic<AlignedBuffer*>, kSpareBuffers> spares{};

}  // namespace

AlignedBuffer take_spare_buffer(std::size_t size) {
  if (size < kWorthKeeping || size > kSpareBufferSize) return AlignedBuffer(size);
  for (std::atomic<AlignedBuffer*>& spare : spares) {
    // acquire: pairs with the release in give_spare_buffer(); whoever had it is done with it
    const std::unique_ptr<AlignedBuffer> taken(spare.exchange(nullptr, std::memory_order_acquire));
    if (taken != nullptr) return std::move(*taken);
  }
  return AlignedBuffer(kSpareBufferSize);
}

void give_spare_buffer(AlignedBuffer buffer) {
  if (buffer.size() != kSpareBufferSize) return;
  auto given = std::make_unique<AlignedBuffer>(std::move(buffer));
  for (std::atomic<AlignedBuffer*>& spare : spares) {
    AlignedBuffer* none = nullptr;
    if (spare.compare_exchange_strong(none, given.get(), std::memory_order_release,
                                      std::memory_order_relaxed)) {
      static_cast<void>(given.release());
      return;
    }
  }
}

}  // namespace nacre::io
