// The bounded cache: reading pages in, giving them up, and reusing the memory of versions that
// nobody can see any more.
#include <algorithm>
#include <chrono>

#include "base/buggify.h"
#include "base/check.h"
#include "base/planted.h"
#include "base/scheduler.h"
#include "base/text.h"
#include "page/node_check.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

using std::chrono::microseconds;

// Versions that readers or a checkpoint are about to let go of are worth waiting for; where there
// are none, only pages that somebody keeps or has not published fill the cache.
constexpr microseconds kPatience{5'000'000};
constexpr microseconds kPatienceWithoutHope{100'000};
constexpr microseconds kNap{100};

}  // namespace

Result<FramePin> Pager::load(PageId id) {
  NACRE_CHECK(Epochs::slot().depth == 0, "nobody reads from the file under a pin");
  MutexLock lock(mutex_);
  for (;;) {
    const MappingWord word = table_.word(id);
    if (word.tag() == Tag::kFree) {
      if (!image_.is_missing(number(id) / kMapFanout)) return FramePin();
      NACRE_TRY(load_map(number(id) / kMapFanout));
      continue;
    }
    if (word.tag() == Tag::kFrame) return FramePin(arena_.info(word.frame()), word.frame());
    if (word.tag() == Tag::kLoading) {
      changed_.wait(mutex_);
      continue;
    }
    if (word.place().type == PageType::kValueChunk) {
      return fail(
          Code::kCorrupt,
          format("{}: page {}: it is a value chunk, expected a page of a tree", path_, number(id)));
    }
    std::byte* frame = NACRE_TRY(acquire_frame());
    if (table_.word(id) != word) {
      free_frames_.push_back(frame);  // somebody was faster while we looked for a frame
      continue;
    }
    FrameInfo& info = arena_.info(frame);
    info.id = id;
    info.place = word;
    info.state = FrameState::kLoading;
    info.retired = false;
    info.prev.store(nullptr, std::memory_order_relaxed);
    table_.set(id, MappingWord::loading());
    const CheckpointSeq newest{number(next_seq_) + 1};
    lock.unlock();
    Result<> read = read_page(id, word.place(), newest, frame);
    lock.lock();
    ++stats_.cache_misses;
    changed_.notify_all();
    if (!read.has_value()) {
      info.state = FrameState::kUnused;
      free_frames_.push_back(frame);
      table_.set(id, word);
      return std::unexpected(std::move(read).error());
    }
    info.state = FrameState::kClean;
    FramePin pin(info, frame);
    table_.set(id, MappingWord::frame(frame));
    return pin;
  }
}

Result<> Pager::read_page(PageId id, const Place& place, CheckpointSeq newest, std::byte* frame) {
  NACRE_TRY(file_->read(place.block * kBlockSize, MutableBytes(frame, kPageSize)));
  NACRE_TRY(check_page(frame, id, newest, place.check16, path_));
  if (const std::string rule = check_node_bounds(frame); !rule.empty()) {
    return fail(Code::kCorrupt, format("{}: page {}: {}", path_, number(id), rule));
  }
  volatile_word(frame, offset::kGeneration).store(0, std::memory_order_relaxed);
  volatile_word(frame, offset::kSuperseded).store(kNotSuperseded, std::memory_order_relaxed);
  return {};
}

Result<std::byte*> Pager::acquire_frame() {
  NACRE_CHECK(Epochs::slot().depth == 0, "a pinned thread would wait for itself");
  const std::size_t batch = std::clamp<std::size_t>(capacity_pages() / 16, 2, 32);
  auto start = steady_now();
  for (;;) {
    if (!free_frames_.empty()) {
      std::byte* frame = free_frames_.back();
      free_frames_.pop_back();
      return frame;
    }
    std::byte* fresh = NACRE_BUGGIFY("page.evict_first") ? nullptr : grow();
    if (fresh != nullptr) return fresh;
    reclaim();
    if (!free_frames_.empty() || evict_extents(batch)) continue;
    if (limbo_.size() < batch) {
      account_.note_need(batch * kPageSize);
      if (claim(batch)) continue;
      if (evict_clean(batch, 4 * arena_.taken()) > 0) reclaim();
      if (account_.should_shrink()) {
        [[maybe_unused]] const std::size_t given = give_free_frames(free_frames_.size() / 2);
      }
      if (!free_frames_.empty()) continue;
    }
    if (limbo_.empty()) {
      if (NACRE_TRY(clean_some(batch)) > 0) continue;
      if (cancel_oldest_hold()) continue;
    }
    // A checkpoint that is being written ends, however slow the disk.
    if (cut_.has_value() && !full_.has_value()) start = steady_now();
    const bool hope =
        !full_.has_value() && (!limbo_.empty() || !retired_.empty() || !kept_.empty());
    if (steady_now() - start > (hope ? kPatience : kPatienceWithoutHope)) {
      if (full_.has_value()) return disk_full();
      return fail(Code::kFull, format("{}: none of the {} pages in memory can be given up; "
                                      "cache_bytes is too small for what is going on at once",
                                      path_, account_.held() / kPageSize));
    }
    changed_.wait_for(mutex_, kNap);
  }
}

bool Pager::is_evictable(const std::byte* frame) const {
  const FrameInfo& info = arena_.info(frame);
  const bool is_clean = info.state == FrameState::kClean ||
                        (NACRE_PLANTED(dirty_page_evicted) && info.state == FrameState::kDirty &&
                         info.place.bits() != 0);
  return is_clean && !info.retired && info.pins.load(std::memory_order_acquire) == 0 &&
         info.prev.load(std::memory_order_relaxed) == nullptr &&
         table_.word(info.id) == MappingWord::frame(frame);
}

std::size_t Pager::evict_clean(std::size_t wanted, std::size_t steps_max) {
  const std::size_t before = limbo_.size();
  const std::size_t taken = arena_.taken();
  for (std::size_t step = 0; step < steps_max && limbo_.size() - before < wanted; ++step) {
    clock_hand_ = clock_hand_ + 1 < taken ? clock_hand_ + 1 : 0;
    std::byte* frame = arena_.frame(clock_hand_);
    if (!is_evictable(frame)) continue;
    if (superseded_word(frame) >= kOneLife && !NACRE_BUGGIFY("page.evict_busy")) {
      volatile_word(frame, offset::kSuperseded).fetch_sub(kOneLife, std::memory_order_relaxed);
      continue;
    }
    FrameInfo& info = arena_.info(frame);
    table_.set(info.id, info.place);
    info.state = FrameState::kLimbo;
    limbo_.push_back({frame, 0});
  }
  const std::uint64_t tag = Epochs::tag();
  for (std::size_t i = before; i < limbo_.size(); ++i) limbo_[i].tag = tag;
  stats_.evictions += limbo_.size() - before;
  return limbo_.size() - before;
}

Result<std::size_t> Pager::clean_some(std::size_t wanted) {
  NACRE_TRY(check_poison());
  std::vector<Writing> pages;
  const std::size_t taken = arena_.taken();
  const std::uint64_t published = published_.load(std::memory_order_relaxed);
  for (std::size_t step = 0; step < taken && pages.size() < wanted; ++step) {
    clock_hand_ = clock_hand_ + 1 < taken ? clock_hand_ + 1 : 0;
    std::byte* frame = arena_.frame(clock_hand_);
    const FrameInfo& info = arena_.info(frame);
    if (info.state != FrameState::kDirty || info.retired || generation_of(frame) > published ||
        info.prev.load(std::memory_order_relaxed) != nullptr) {
      continue;
    }
    pages.push_back({.frame = frame, .block = 0, .seq = {}, .checksum = 0});
  }
  if (pages.empty()) return 0;
  begin_writing(pages);
  mutex_.unlock();
  Result<> written = write_pages(pages);
  mutex_.lock();
  end_writing(pages, written.has_value());
  if (written.has_value()) {
    note_write();
    return pages.size();
  }
  note_failed_write(written.error());
  // On a full disk what is clean still serves readers, and space may come back.
  if (full_.has_value()) return 0;
  return std::unexpected(std::move(written).error());
}

bool Pager::is_held(std::uint64_t created, std::uint64_t superseded) const {
  if (NACRE_PLANTED(held_version_freed)) return false;
  const auto hold = holds_.lower_bound(created);
  return hold != holds_.end() && hold->first < superseded;
}

bool Pager::is_wanted_by_checkpoint(const std::byte* frame) const {
  if (!cut_.has_value()) return false;
  const FrameState state = arena_.info(frame).state;
  if (state != FrameState::kDirty && state != FrameState::kWriting) return false;
  return generation_of(frame) <= *cut_ && (superseded_word(frame) & kNotSuperseded) > *cut_;
}

void Pager::recheck_kept() {
  recheck_kept_ = false;
  const std::uint64_t tag = Epochs::tag();
  for (Retired& retired : kept_) {
    // A reader of a hold that was cancelled may be under way: it counts as retired from now on.
    retired.tag = tag;
    retired_.push_back(retired);
  }
  kept_.clear();
  kept_extents_ = 0;
}

bool Pager::cancel_oldest_hold() {
  if (kept_.empty() || holds_.empty()) return false;
  auto oldest = holds_.extract(holds_.begin());
  // release: pairs with the acquire in is_cancelled()
  oldest.mapped()->cancelled.store(true, std::memory_order_release);
  cancelled_holds_.push_back(std::move(oldest.mapped()));
  ++stats_.holds_cancelled;
  recheck_kept_ = true;
  return true;
}

void Pager::bound_held() {
  while ((kept_.size() - kept_extents_) * kPageSize > options_.held_bytes_max && !recheck_kept_ &&
         cancel_oldest_hold()) {
  }
}

void Pager::reclaim() {
  if (NACRE_BUGGIFY("page.give_up_snapshot")) static_cast<void>(cancel_oldest_hold());
  if (recheck_kept_ || NACRE_BUGGIFY("page.recheck_kept")) recheck_kept();
  retired_blocks_ = 0;
  const std::uint64_t earliest = Epochs::advance();
  // The lock is ours; the lambdas only say so to the analysis.
  std::erase_if(limbo_, [&](const Limbo& limbo)
                            NACRE_REQUIRES(mutex_) { return reclaim_limbo(limbo, earliest); });
  std::erase_if(retired_, [&](const Retired& retired) NACRE_REQUIRES(mutex_) {
    if (retired.tag >= earliest && !NACRE_PLANTED(version_freed_under_pin)) return false;
    return retired.frame == nullptr ? reclaim_page(retired) : reclaim_version(retired);
  });
  bound_held();
}

bool Pager::reclaim_limbo(const Limbo& limbo, std::uint64_t earliest) {
  FrameInfo& info = arena_.info(limbo.frame);
  const bool may_be_seen = limbo.tag >= earliest && !NACRE_PLANTED(evicted_page_freed_under_pin);
  if (may_be_seen || info.pins.load(std::memory_order_acquire) != 0) return false;
  info.state = FrameState::kUnused;
  free_frames_.push_back(limbo.frame);
  return true;
}

bool Pager::reclaim_version(const Retired& retired) {
  std::byte* frame = retired.frame;
  FrameInfo& info = arena_.info(frame);
  if (is_held(retired.created, retired.superseded) || is_wanted_by_checkpoint(frame)) {
    kept_.push_back(retired);
    return true;
  }
  if (info.state == FrameState::kWriting || info.pins.load(std::memory_order_acquire) != 0) {
    return false;
  }
  std::byte* newer = table_.word(info.id).frame();
  for (;;) {
    std::byte* next = arena_.info(newer).prev.load(std::memory_order_relaxed);
    NACRE_CHECK(next != nullptr, "a retired version hangs on a newer one");
    if (next == frame) break;
    newer = next;
  }
  std::byte* older = info.prev.load(std::memory_order_relaxed);
  arena_.info(newer).prev.store(older, std::memory_order_release);
  if (older == nullptr) {
    info.state = FrameState::kUnused;
    free_frames_.push_back(frame);
  } else {
    // Readers of the older version may be walking through this one.
    info.state = FrameState::kLimbo;
    limbo_.push_back({frame, Epochs::tag()});
  }
  return true;
}

bool Pager::reclaim_page(const Retired& retired) {
  const PageId id = retired.freed;
  const MappingWord word = table_.word(id);
  std::byte* frame = word.tag() == Tag::kFrame ? word.frame() : nullptr;
  const bool held = !holds_.empty() && holds_.begin()->first < retired.superseded;
  const bool is_extent = word.tag() == Tag::kDisk && word.place().type == PageType::kValueChunk;
  const bool is_forgotten = is_extent && NACRE_PLANTED(held_value_chunk_freed);
  if ((held && !is_forgotten) || (frame != nullptr && is_wanted_by_checkpoint(frame))) {
    kept_extents_ += is_extent ? 1 : 0;
    kept_.push_back(retired);
    return true;
  }
  if (is_extent) extents_.erase(id);
  if (word.tag() == Tag::kLoading) return false;
  if (frame != nullptr) {
    FrameInfo& info = arena_.info(frame);
    if (info.state == FrameState::kWriting || info.pins.load(std::memory_order_acquire) != 0 ||
        info.prev.load(std::memory_order_relaxed) != nullptr) {
      return false;
    }
    info.state = FrameState::kUnused;
    free_frames_.push_back(frame);
  }
  table_.set(id, MappingWord());
  free_ids_.push_back(id);
  auto places = leaving_.extract(number(id));
  NACRE_CHECK(!places.empty(), "a freed page is leaving");
  for (const Place& place : places.mapped()) release_block(place);
  return true;
}

}  // namespace nacre::page
