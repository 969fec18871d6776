#include "page/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "base/text.h"

namespace nacre::page {
namespace {

constexpr std::size_t kReusedMax = 2 * kHugePageSize;  // bytes mapped for one reservation

// What this thread gave back, by the bytes that are mapped and what is in them; null: nothing is
// kept.
using Spares = std::map<std::pair<std::size_t, Reservation::Content>, std::vector<void*>>;
constinit thread_local Spares* spares = nullptr;

void* take_spare(std::size_t mapped_size, Reservation::Content content) {
  if (spares == nullptr) return nullptr;
  std::vector<void*>& alike = (*spares)[{mapped_size, content}];
  if (alike.empty()) return nullptr;
  void* const mapped = alike.back();
  alike.pop_back();
  return mapped;
}

}  // namespace

void Reservation::keep_for_reuse() {
  if (spares == nullptr) spares = new Spares();  // for as long as the process lives
}

Result<Reservation> Reservation::make(std::size_t size, Content content) {
  Reservation made;
  made.mapped_size_ = (size + kHugePageSize - 1) / kHugePageSize * kHugePageSize + kHugePageSize;
  made.content_ = content;
  void* at = take_spare(made.mapped_size_, content);
  const bool is_spare = at != nullptr;
  if (!is_spare) {
    at = ::mmap(nullptr, made.mapped_size_, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
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
  if (!is_spare) made.use_small_pages(0, size);
  return made;
}

Reservation::Reservation(Reservation&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_size_(std::exchange(other.mapped_size_, 0)),
      content_(other.content_),
      used_(std::exchange(other.used_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_size_, other.mapped_size_);
  std::swap(content_, other.content_);
  std::swap(used_, other.used_);
  return *this;
}

Reservation::~Reservation() {
  if (mapped_ == nullptr) return;
  const bool can_be_reused = content_ == Content::kAnything || used_ != 0;
  if (spares != nullptr && can_be_reused && mapped_size_ <= kReusedMax) {
    std::memset(data_, 0, used_);
    (*spares)[{mapped_size_, content_}].push_back(mapped_);
    return;
  }
  ::munmap(mapped_, mapped_size_);
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
