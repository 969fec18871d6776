// FrameArena: the memory pages live in: 8 KB frames, each with 64 bytes about it.
//
// Invariants: a frame stays where it is until the arena dies; a stale pointer into one reads
// another
//   page, never unmapped memory.
// Cost:    address space for all frames at once, memory as frames are taken from the budget; huge
//   pages from the second 2 MB on, where the budget has 2 MB at once.
// Threads: address arithmetic: any thread. Taking and giving back: under the pager's lock. Fields
//   of a descriptor: as said there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "page/mapping_word.h"
#include "page/memory.h"
#include "page/types.h"

namespace nacre::page {

enum class FrameState : std::uint8_t {
  kUnused,   // on the free list, or the applier's
  kLoading,  // being read
  kClean,    // as its place in the file has it
  kDirty,    // not written yet
  kWriting,  // being written; still as good as dirty
  kLimbo,    // given up; readers of before may still look
};

// All under the pager's lock, except where said.
struct alignas(64) FrameInfo {
  std::atomic<std::byte*> prev{nullptr};  // the version before this one; read by anybody
  std::atomic<std::uint32_t> pins{0};     // FramePins; taken by anybody who is pinned
  PageId id = kNoPage;
  MappingWord place;      // where kClean pages lie
  std::uint64_t tag = 0;  // epoch of the retirement, for retired and limbo frames
  FrameState state = FrameState::kUnused;
  bool retired = false;  // superseded, or of a freed page
};
static_assert(sizeof(FrameInfo) == 64);

class FrameArena {
 public:
  [[nodiscard]] Result<> init(std::size_t frame_count_max);

  [[nodiscard]] std::size_t frame_count_max() const { return frame_count_max_; }
  // Frames that have ever been taken are below this index.
  [[nodiscard]] std::size_t taken() const { return taken_; }

  // A frame without content, its memory taken from `account`; null when that has none to give.
  [[nodiscard]] std::byte* take(MemoryBudget::Account& account);
  // As take(), from the account's floor.
  [[nodiscard]] std::byte* take_from_floor(MemoryBudget::Account& account);
  // The frame is in no use; its memory goes back to the system and to `account`.
  void give(std::byte* frame, MemoryBudget::Account& account);

  [[nodiscard]] std::byte* frame(std::size_t index) const { return frames_ + index * kPageSize; }
  [[nodiscard]] FrameInfo& info(const std::byte* frame) const {
    return infos_[static_cast<std::size_t>(frame - frames_) / kPageSize];
  }

 private:
  Reservation frame_memory_;
  Reservation info_memory_;
  std::byte* frames_ = nullptr;
  FrameInfo* infos_ = nullptr;
  [[nodiscard]] bool has_room() const { return !given_.empty() || taken_ < frame_count_max_; }
  [[nodiscard]] std::byte* fresh_frame();
  [[nodiscard]] std::byte* empty_frame();  // given back before, or fresh

  std::size_t frame_count_max_ = 0;
  std::size_t taken_ = 0;
  std::size_t paid_ = 0;           // frames of the huge page under way that are paid for
  std::vector<std::byte*> given_;  // taken once, and without memory now
  std::vector<bool> is_small_;     // huge pages that were broken up to give parts of them back
};

}  // namespace nacre::page
