// Memory taken from the system in large pieces: reserved at once, used bit by bit.
//
// Why not the heap: frames must never move or go away while a reader may look at them, large ones
//   want huge pages, and a thousand idle databases must cost next to nothing. A reservation costs
//   address space only; the system gives memory when a page is first touched.
// Threads: construction and destruction by one thread; the bytes are the user's business.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace nacre::page {

class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  // Bytes aligned to 2 MB. kFull when the system has no address space left.
  enum class Content : std::uint8_t { kZeros, kAnything };
  [[nodiscard]] static Result<Reservation> make(std::size_t size,
                                                Content content = Content::kZeros);

  // For tests that open thousands of databases a second, where most of the time would go into page
  // faults: small reservations that this thread gives back are kept for its next ones of that size.
  static void keep_for_reuse();
  // Only the first `bytes` have ever been written to. Who asked for zeros and never says so is not
  // reused.
  void note_used(std::size_t bytes) { used_ = bytes; }

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Asks for huge pages in [from, from + size); a wish, not an order. Until then there are none.
  void use_huge_pages(std::size_t from, std::size_t size) const;
  void use_small_pages(std::size_t from, std::size_t size) const;
  // The bytes of [from, from + size) are zero again and take no memory until touched.
  void give_memory_back(std::size_t from, std::size_t size) const;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
  std::size_t mapped_size_ = 0;
  Content content_ = Content::kZeros;
  std::size_t used_ = 0;  // bytes to be made zero before another use; 0: unknown
};

inline constexpr std::size_t kHugePageSize = std::size_t{2} << 20;  // bytes

}  // namespace nacre::page
