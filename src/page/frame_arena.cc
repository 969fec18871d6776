#include "page/frame_arena.h"

#include <algorithm>
#include <new>

namespace nacre::page {

Result<> FrameArena::init(std::size_t frame_count_max) {
  frame_count_max_ = frame_count_max;
  frame_memory_ =
      NACRE_TRY(Reservation::make(frame_count_max * kPageSize, Reservation::Content::kAnything));
  info_memory_ = NACRE_TRY(
      Reservation::make(frame_count_max * sizeof(FrameInfo), Reservation::Content::kAnything));
  frames_ = frame_memory_.data();
  infos_ = reinterpret_cast<FrameInfo*>(info_memory_.data());
  return {};
}

std::byte* FrameArena::take(MemoryBudget::Account& account) {
  if (paid_ > 0) {
    --paid_;
    return fresh_frame();
  }
  if (!has_room()) return nullptr;
  const std::size_t from = taken_ * kPageSize;
  const std::size_t rest = (frame_count_max_ - taken_) * kPageSize;
  if (given_.empty() && from != 0 && from % kHugePageSize == 0 && rest >= kHugePageSize &&
      account.take(kHugePageSize)) {
    // The database has outgrown its first piece: from here on large steps are right, and the first
    // piece, which holds the busiest pages, deserves a huge page as well.
    frame_memory_.use_huge_pages(from, kHugePageSize);
    if (from == kHugePageSize) frame_memory_.use_huge_pages(0, kHugePageSize);
    paid_ = kHugePageSize / kPageSize - 1;
    return fresh_frame();
  }
  return account.take(kPageSize) ? empty_frame() : nullptr;
}

std::byte* FrameArena::take_from_floor(MemoryBudget::Account& account) {
  if (!has_room() || !account.take_from_floor(kPageSize)) return nullptr;
  return empty_frame();
}

std::byte* FrameArena::fresh_frame() {
  new (&infos_[taken_]) FrameInfo();
  return frame(taken_++);
}

std::byte* FrameArena::empty_frame() {
  if (given_.empty()) return fresh_frame();
  std::byte* frame = given_.back();
  given_.pop_back();
  if (!given_.empty()) return frame;
  // All is in use again, so large pages waste nothing.
  for (std::size_t i = 0; i < is_small_.size(); ++i) {
    if (!is_small_[i] || (i + 1) * kHugePageSize > taken_ * kPageSize) continue;
    frame_memory_.use_huge_pages(i * kHugePageSize, kHugePageSize);
    is_small_[i] = false;
  }
  return frame;
}

void FrameArena::give(std::byte* frame, MemoryBudget::Account& account) {
  const auto from = static_cast<std::size_t>(frame - frames_);
  const std::size_t huge = from / kHugePageSize;
  is_small_.resize(std::max(is_small_.size(), huge + 1));
  if (!is_small_[huge]) {
    // Or the system would fill the hole that we make here.
    const std::size_t rest = frame_memory_.size() - huge * kHugePageSize;
    frame_memory_.use_small_pages(huge * kHugePageSize, std::min(kHugePageSize, rest));
    is_small_[huge] = true;
  }
  frame_memory_.give_memory_back(from, kPageSize);
  given_.push_back(frame);
  account.give(kPageSize);
}

}  // namespace nacre::page
