// Arena: memory that is taken in small pieces and given back all at once.
//
// Why: a transaction makes many short byte strings that all die with it; one chunk serves hundreds.
// Cost: allocate is a few instructions; chunks double from 4 KB to 1 MB; a larger request gets a
//   chunk of its own.
// Threads: one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace nacre {

class Arena {
 public:
  Arena() = default;
  // Serves from `first` before it takes memory of its own; `first` outlives the arena.
  explicit Arena(MutableBytes first) : free_(first) {}

  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised bytes, valid until the arena dies. `alignment` is a power of two, at most 16.
  [[nodiscard]] std::byte* allocate(std::size_t size, std::size_t alignment) {
    NACRE_DCHECK(alignment <= 16, "chunks are aligned to 16");
    void* at = free_.data();
    std::size_t space = free_.size();
    if (at == nullptr || std::align(alignment, size, at, space) == nullptr) return refill(size);
    auto* taken = static_cast<std::byte*>(at);
    free_ = MutableBytes(taken + size, space - size);
    return taken;
  }

  // A copy of `bytes` that lives as long as the arena.
  [[nodiscard]] Bytes copy(Bytes bytes) {
    if (bytes.empty()) return {};
    std::byte* to = allocate(bytes.size(), 1);
    std::memcpy(to, bytes.data(), bytes.size());
    return Bytes(to, bytes.size());
  }

  // Bytes of the chunks taken from the heap.
  [[nodiscard]] std::size_t heap_bytes() const { return heap_bytes_; }

 private:
  static constexpr std::size_t kChunkMin = 4096;
  static constexpr std::size_t kChunkMax = std::size_t{1} << 20;

  std::byte* refill(std::size_t size) {
    const std::size_t chunk_size = std::clamp(heap_bytes_, kChunkMin, kChunkMax);
    const bool alone = size > chunk_size / 4;
    const std::size_t taken = alone ? size : chunk_size;
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(taken));
    heap_bytes_ += taken;
    std::byte* start = chunks_.back().get();
    // A large piece does not throw away what is left of the current chunk.
    if (!alone) free_ = MutableBytes(start + size, taken - size);
    return start;
  }

  MutableBytes free_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t heap_bytes_ = 0;
};

}  // namespace nacre
