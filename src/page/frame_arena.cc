#include "page/frame_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace nacre::page {

Result<> FrameArena::init(std::size_t frame_count_max) {
  frame_count_max_ = frame_count_max;
  frame_memory_ = NACRE_TRY(Reservation::make(frame_count_max * kPageSize));
  info_memory_ = NACRE_TRY(Reservation::make(frame_count_max * sizeof(FrameInfo)));
  frames_ = frame_memory_.data();
  infos_ = reinterpret_cast<FrameInfo*>(info_memory_.data());
  return {};
}

std::byte* FrameArena::take_fresh() {
  if (taken_ == frame_count_max_) return nullptr;
  std::byte* fresh = frame(taken_);
  const auto from = static_cast<std::size_t>(fresh - frames_);
  if (from % kHugePageSize == 0 && from != 0) {
    // The database has outgrown its first piece: from here on large steps are right, and the first
    // piece, which holds the busiest pages, deserves a huge page as well.
    const std::size_t rest = frame_count_max_ * kPageSize - from;
    frame_memory_.use_huge_pages(from, std::min(rest, kHugePageSize));
    if (from == kHugePageSize) frame_memory_.use_huge_pages(0, kHugePageSize);
  }
  new (&infos_[taken_]) FrameInfo();
  ++taken_;
  return fresh;
}

void FrameArena::give_memory_back(std::byte* frame) {
  // A wish: when it is not granted, the memory stays ours.
  static_cast<void>(::madvise(frame, kPageSize, MADV_DONTNEED));
}

}  // namespace nacre::page
