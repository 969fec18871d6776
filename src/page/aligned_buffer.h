// AlignedBuffer: bytes a direct transfer can start from.
//
// Threads: plain value.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/bytes.h"
#include "io/file_system.h"

namespace nacre::page {

class AlignedBuffer {
 public:
  // Uninitialised; `size` is a multiple of io::kDirectAlignment.
  explicit AlignedBuffer(std::size_t size)
      : bytes_(static_cast<std::byte*>(std::aligned_alloc(io::kDirectAlignment, size))),
        size_(size) {
    if (bytes_ == nullptr) throw std::bad_alloc();
  }
  [[nodiscard]] std::byte* data() { return bytes_.get(); }
  [[nodiscard]] MutableBytes bytes() { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte[], Free> bytes_;
  std::size_t size_;
};

}  // namespace nacre::page
