#include "page/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include "base/text.h"

namespace nacre::page {

Result<Reservation> Reservation::make(std::size_t size) {
  Reservation made;
  made.mapped_size_ = (size + kHugePageSize - 1) / kHugePageSize * kHugePageSize + kHugePageSize;
  void* at = ::mmap(nullptr, made.mapped_size_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    made.mapped_size_ = 0;
    return fail(Code::kFull, format("memory: {} bytes of address space are not to be had", size));
  }
  made.mapped_ = at;
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  const std::uintptr_t aligned = (address + kHugePageSize - 1) / kHugePageSize * kHugePageSize;
  made.data_ = static_cast<std::byte*>(at) + (aligned - address);
  made.size_ = size;
  // Where the system's habit is to give huge pages unasked, a thousand small tables would take two
  // gigabytes.
  made.use_small_pages(0, size);
  return made;
}

Reservation::Reservation(Reservation&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(std::exchange(other.mapped_size_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_size_, other.mapped_size_);
  return *this;
}

Reservation::~Reservation() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_size_);
}

void Reservation::use_huge_pages(std::size_t from, std::size_t size) const {
  ::madvise(data_ + from, size, MADV_HUGEPAGE);
}

void Reservation::use_small_pages(std::size_t from, std::size_t size) const {
  ::madvise(data_ + from, size, MADV_NOHUGEPAGE);
}

void Reservation::give_memory_back(std::size_t from, std::size_t size) const {
  ::madvise(data_ + from, size, MADV_DONTNEED);
}

}  // namespace nacre::page
