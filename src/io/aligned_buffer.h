// AlignedBuffer: memory that a direct transfer accepts, zero at first.
//
// Threads: one thread at a time, like any value.
#pragma once

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
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::size_t size_ = 0;
};

}  // namespace nacre::io
