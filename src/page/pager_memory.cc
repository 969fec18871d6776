// The pager's share of the memory budget: frames taken from it, and given back to others.
#include <algorithm>

#include "page/pager.h"

namespace nacre::page {
namespace {

// Of memory for each page of the database, whether it is here or not: its mapping word, its word in
// the image of the map, and two bits for each of its blocks.
constexpr std::size_t kTableBytesPerPage = 17;

}  // namespace

// A frame that takes new memory; null when there is none for us. Lets the lock go where others have
// to be asked.
std::byte* Pager::grow() {
  if (std::byte* fresh = arena_.take(account_); fresh != nullptr) return fresh;
  if (account_.held() + kPageSize > account_.limits().floor) return nullptr;
  if (claim(1)) {
    if (std::byte* fresh = arena_.take(account_); fresh != nullptr) return fresh;
  }
  return arena_.take_from_floor(account_);
}

// Asks the other databases for memory; lets the lock go meanwhile. True: try again.
bool Pager::claim(std::size_t frames) {
  mutex_.unlock();
  const std::size_t given = account_.claim(frames * kPageSize);
  mutex_.lock();
  return given >= kPageSize || !free_frames_.empty();
}

std::size_t Pager::give_back(std::size_t bytes) {
  const std::size_t wanted = std::max<std::size_t>(bytes / kPageSize, 1);
  MutexLock lock(mutex_);
  if (free_frames_.size() < wanted) reclaim();
  if (free_frames_.size() < wanted) {
    // Only a part of the cache: what is still used here gets the chance to show it.
    const std::size_t steps = std::max(8 * wanted, arena_.taken() / 8);
    if (evict_clean(wanted, steps) > 0) reclaim();
  }
  if (free_frames_.empty() && 2 * dirty_pages() > account_.held() / kPageSize) {
    // Nothing to be had because nobody has written a checkpoint for long.
    const Result<std::size_t> cleaned = clean_some(wanted);
    if (cleaned.has_value() && evict_clean(wanted, arena_.taken()) > 0) reclaim();
  }
  const std::size_t given = give_free_frames(wanted);
  const std::size_t lent = lent_pages_;
  while (given + (lent - lent_pages_) * kPageSize < wanted * kPageSize && extents_.evict_one()) {
    return_lent_pages();
  }
  return given + (lent - lent_pages_) * kPageSize;
}

std::size_t Pager::give_free_frames(std::size_t wanted) {
  std::size_t given = 0;
  while (given < wanted && !free_frames_.empty() && account_.held() > account_.limits().floor) {
    arena_.give(free_frames_.back(), account_);
    free_frames_.pop_back();
    ++given;
  }
  return given * kPageSize;
}

// Called when the table grows: every 2^15 pages are worth the trouble.
void Pager::charge_tables() {
  constexpr std::uint32_t kStep = 1U << 15;
  const std::uint32_t pages = next_page_id_ / kStep * kStep;
  tables_charge_.set(pages * kTableBytesPerPage + arena_.taken() / 1024 * 1024 * sizeof(FrameInfo));
}

}  // namespace nacre::page
