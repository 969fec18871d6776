// SimImage: the bytes of a simulated file, shared with its copies until one of them is written to.
//
// Why: crash tests copy a whole disk at every interesting moment. A copy costs a pointer per chunk;
//   chunks that were never written, or only with zeros of a new size, take no memory.
// Threads: plain value; copies may be used by different threads only one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace nacre::io {

class SimImage {
 public:
  SimImage() = default;
  explicit SimImage(std::string_view bytes) { write(0, bytes); }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Requires a range inside the file.
  void read(std::uint64_t offset, MutableBytes into) const;
  [[nodiscard]] std::string text() const;
  // Grows the file when needed.
  void write(std::uint64_t offset, std::string_view bytes);
  void resize(std::uint64_t size);
  // The part inside the file of [begin, end) becomes zeros.
  void zero(std::uint64_t begin, std::uint64_t end);
  // Requires an offset inside the file.
  void flip(std::uint64_t offset, std::byte mask);

 private:
  static constexpr std::uint64_t kChunkSize = 4096;
  using Chunk = std::array<char, kChunkSize>;

  [[nodiscard]] Chunk& writable(std::uint64_t chunk);

  // Null: zeros. What lies beyond the size in the last one is zeros too.
  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::uint64_t size_ = 0;
};

}  // namespace nacre::io
