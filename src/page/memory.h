// Memory taken from the system in large pieces: reserved at once, used bit by bit.
//
// Why not the heap: frames must never move or go away while a reader may look at them, large ones
//   want huge pages, and a thousand idle databases must cost next to nothing. A reservation costs
//   address space only; the system gives memory when a page is first touched.
// Threads: construction and destruction by one thread; the bytes are the user's business.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace nacre::page {

class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  // Zeroed bytes, aligned to 2 MB. kFull when the system has no address space left.
  [[nodiscard]] static Result<Reservation> make(std::size_t size);

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
};

inline constexpr std::size_t kHugePageSize = std::size_t{2} << 20;  // bytes

}  // namespace nacre::page
