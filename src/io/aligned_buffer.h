// AlignedBuffer: memory that a direct transfer accepts, zero at first.
//
// Why large ones come from the system and not from the heap: a heap that has once lent a megabyte
//   keeps it, per thread, and a process with a memory budget would not get it back.
// Threads: one thread at a time, like any value.
#pragma once

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/bytes.h"
#include "io/file_system.h"

namespace nacre::io {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  // `size` is rounded up to a multiple of kDirectAlignment.
  explicit AlignedBuffer(std::size_t size)
      : size_((size + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment) {
    if (size_ == 0) return;
    if (size_ >= kFromSystem) {
      void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (at == MAP_FAILED) throw std::bad_alloc();
      bytes_ = {static_cast<std::byte*>(at), Free{size_}};
      return;
    }
    bytes_.reset(static_cast<std::byte*>(std::aligned_alloc(kDirectAlignment, size_)));
    if (bytes_ == nullptr) throw std::bad_alloc();
    std::memset(bytes_.get(), 0, size_);
  }

  [[nodiscard]] std::byte* data() { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Valid as long as the buffer.
  [[nodiscard]] MutableBytes bytes() { return {bytes_.get(), size_}; }
  [[nodiscard]] Bytes bytes() const { return {bytes_.get(), size_}; }

 private:
  static constexpr std::size_t kFromSystem = std::size_t{256} << 10;
  struct Free {
    Free() : mapped(0) {}
    explicit Free(std::size_t bytes) : mapped(bytes) {}
    std::size_t mapped;  // bytes; 0: of the heap
    void operator()(std::byte* bytes) const {
      if (mapped != 0) {
        ::munmap(bytes, mapped);
      } else {
        std::free(bytes);
      }
    }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace nacre::io
