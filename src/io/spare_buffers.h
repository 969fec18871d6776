// Spare buffers: a few large aligned buffers that the process keeps for whoever writes next.
//
// Why: memory new from the system costs a page fault for each 4 KB that is touched; for a megabyte
//   of log or of pages about as long as its write takes.
// Cost:    up to kSpareBuffers * kSpareBufferSize for the whole process, however many databases.
// Threads: any.
#pragma once

#include <cstddef>
#include <utility>

#include "io/aligned_buffer.h"

namespace nacre::io {

inline constexpr std::size_t kSpareBufferSize = (std::size_t{1} << 20) + kDirectAlignment;
inline constexpr std::size_t kSpareBuffers = 3;

// A buffer of `size` bytes or more, whose content is anything.
[[nodiscard]] AlignedBuffer take_spare_buffer(std::size_t size);
// Keeps it when it is of the size that is kept and there is room for it.
void give_spare_buffer(AlignedBuffer buffer);

// Takes one for a scope.
class SpareBuffer {
 public:
  explicit SpareBuffer(std::size_t size) : buffer_(take_spare_buffer(size)), size_(size) {}
  ~SpareBuffer() { give_spare_buffer(std::move(buffer_)); }
  SpareBuffer(const SpareBuffer&) = delete;
  SpareBuffer& operator=(const SpareBuffer&) = delete;

  [[nodiscard]] std::byte* data() { return buffer_.data(); }
  [[nodiscard]] MutableBytes bytes() { return buffer_.bytes().first(size_); }

 private:
  AlignedBuffer buffer_;
  std::size_t size_;
};

}  // namespace nacre::io
