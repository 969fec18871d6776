// Checkpoints: the pages of one generation, the map to them and the superblock that names the map,
// written beside readers and the applier. A published page never changes, so the frozen generation
// needs no copy of its own; only its versions are kept until they are written.
#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "base/scheduler.h"
#include "io/aligned_buffer.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

constexpr std::size_t kPagesPerWrite = 64;
constexpr std::size_t kFramesPerLook = 1024;
constexpr std::size_t kPagesPerRecheck = 4096;
// A small database has no use for more at first.
constexpr std::size_t kMapBlocksAtFirst = 16;
constexpr std::size_t kMapBlocksPerWrite = 64;
// A free end that is shorter, or shorter than a sixteenth of the file, is kept: the next checkpoint
// is written there.
constexpr std::uint64_t kTailMin = 256;  // blocks

}  // namespace

Result<> Pager::write_checkpoint(const Cut& cut, const RootRecord& root, const Pace& pace) {
  const MutexLock alone(checkpoint_mutex_);
  bool superblock_begun = false;
  Result<> written = write_checkpoint_parts(cut, root, pace, superblock_begun);
  const MutexLock lock(mutex_);
  if (written.has_value()) {
    note_write();
    return {};
  }
  note_failed_write(written.error());
  if (poison_.has_value()) return std::unexpected(std::move(written).error());
  abandon_checkpoint(superblock_begun);
  return disk_full();
}

// PAGE-9. The disk is full. What was written stays where it is and need not be written again; the
// log still has all of it. The number is not used again: pages that belonged to the checkpoint
// after this one carry the next (PAGE-3).
void Pager::abandon_checkpoint(bool superblock_begun) {
  // One copy of a superblock that did not fit may be there all the same, so what it refers to must
  // stay until a newer one is (PAGE-5).
  if (superblock_begun) blocks_.keep_all();
  merge_later();
  next_seq_ = CheckpointSeq{number(next_seq_) + 2};
  recheck_kept_ = true;
  changed_.notify_all();
}

void Pager::abandon(const Cut& cut) {
  const MutexLock lock(mutex_);
  NACRE_CHECK(cut_ == number(cut.generation), "the checkpoint of the last cut");
  abandon_checkpoint(/*superblock_begun=*/false);
}

// After a failed sync nothing is known of what was written, whatever the reason.
Result<> Pager::sync_file() {
  auto synced = file_->sync();
  if (synced.has_value()) return {};
  const MutexLock lock(mutex_);
  poison(synced.error());
  return synced;
}

Result<> Pager::write_checkpoint_parts(const Cut& cut, const RootRecord& root, const Pace& pace,
                                       bool& superblock_begun) {
  {
    const MutexLock lock(mutex_);
    NACRE_TRY(check_poison());
    NACRE_CHECK(cut_ == number(cut.generation), "the checkpoint of the last cut");
  }
  // Space that is free inside the file is used before the file grows. What is damaged stays as it
  // is, and only the file's end is used then.
  derive_all();
  {
    const MutexLock lock(mutex_);
    reclaim();  // pages freed long ago take no space in this checkpoint
    // A free end must not be kept by a few blocks of the map, which are written rarely.
    const std::uint64_t enough = blocks_.used() + blocks_.used() / 4 + kTailMin;
    if (is_derived_ && blocks_.end() > enough) image_.mark_above(enough);
  }
  NACRE_TRY(write_wanted_pages(pace));
  NACRE_TRY(write_map(cut.seq));
  // What the sync that follows makes durable of the size, at least.
  const std::uint64_t synced_bytes = NACRE_TRY(file_->size());
  if (NACRE_PLANTED(checkpoint_not_synced) || NACRE_PLANTED(superblock_before_data)) {
  } else if (NACRE_PLANTED(checkpoint_sync_error_ignored)) {
    [[maybe_unused]] const auto ignored = file_->sync();
  } else if (NACRE_PLANTED(checkpoint_sync_retried)) {
    if (!file_->sync().has_value()) NACRE_TRY(file_->sync());
  } else {
    NACRE_TRY(sync_file());
  }
  Superblock superblock;
  {
    const MutexLock lock(mutex_);
    superblock = {.seq = cut.seq,
                  .map_root = image_.root(),
                  .map_height = image_.settle(),
                  .next_page_id = cut.next_page_id,
                  .file_blocks = blocks_.end_without(obsolete_),
                  .root = root};
  }
  // The file must be as long as the superblock says, on the disk too, even when its last blocks are
  // of a page that is being written for the next checkpoint.
  const std::uint64_t least = superblock.file_blocks * kBlockSize;
  if (synced_bytes < least) {
    {
      // Beyond the size found here others may be writing: what is given is never less than they
      // have.
      const MutexLock lock(mutex_);
      if (NACRE_TRY(file_->size()) < least) {
        NACRE_TRY(file_->resize(std::max(superblock.file_blocks, blocks_.end()) * kBlockSize));
      }
    }
    NACRE_TRY(sync_file());
  }
  superblock_begun = true;
  NACRE_TRY(write_superblock(*file_, superblock));
  if (NACRE_PLANTED(superblock_before_data)) NACRE_TRY(file_->sync());
  {
    const MutexLock lock(mutex_);
    finish_checkpoint(superblock);
  }
  // Where that is refused, the space is given back after a later checkpoint.
  [[maybe_unused]] const auto given =
      give_back_tail(std::max(kTailMin, superblock.file_blocks / 16));
  return {};
}

// Takes up to kPagesPerWrite pages of the cut from where it left off. Returns whether there are
// frames it has not looked at.
bool Pager::collect_wanted(Progress& progress, std::vector<Writing>& pages) {
  const std::size_t end = std::min(arena_.taken(), progress.from + kFramesPerLook);
  for (; progress.from < end && pages.size() < kPagesPerWrite; ++progress.from) {
    std::byte* frame = arena_.frame(progress.from);
    const FrameState state = arena_.info(frame).state;
    if (state != FrameState::kDirty && state != FrameState::kWriting) continue;
    if (!is_wanted_by_checkpoint(frame)) continue;
    if (state == FrameState::kWriting) {
      progress.others_write = true;
    } else {
      pages.push_back({.frame = frame, .block = 0, .seq = {}, .checksum = 0});
    }
  }
  return progress.from < arena_.taken();
}

// Every step under the lock is short: committers and readers that miss need it too.
Result<> Pager::write_wanted_pages(const Pace& pace) {
  std::vector<Writing> pages;
  Progress progress;
  for (std::size_t written_count = 0;;) {
    pages.clear();
    bool more = false;
    {
      const MutexLock lock(mutex_);
      more = collect_wanted(progress, pages);
      begin_writing(pages);
    }
    if (!pages.empty()) {
      const auto start = steady_now();
      Result<> written = write_pages(pages);
      {
        const MutexLock lock(mutex_);
        end_writing(pages, written.has_value());
        written_count += pages.size();
        // What was kept only to be written need not wait for the rest.
        if (written_count >= kPagesPerRecheck) {
          recheck_kept_ = true;
          written_count = 0;
        }
      }
      NACRE_TRY(std::move(written));
      if (pace != nullptr) {
        pace(std::chrono::duration_cast<std::chrono::microseconds>(steady_now() - start));
      }
    }
    if (more) continue;
    if (!progress.others_write) break;
    // Of those only what the others could not write is ours again.
    const MutexLock lock(mutex_);
    changed_.wait_for(mutex_, std::chrono::microseconds(200));
    NACRE_TRY(check_poison());
    progress = {};
  }
  const MutexLock lock(mutex_);
  recheck_kept_ = true;
  return {};
}

Result<> Pager::write_map(CheckpointSeq seq) {
  std::size_t at_once = kMapBlocksAtFirst;
  io::AlignedBuffer buffer(at_once * kBlockSize);
  std::vector<std::uint64_t> blocks;
  std::vector<MapBlock*> maps;
  MutexLock lock(mutex_);
  image_.settle();
  for (bool done = false; !done;) {
    blocks.clear();
    maps.clear();
    while (blocks.size() < at_once) {
      MapBlock* map = image_.next_dirty();
      done = map == nullptr;
      if (done) break;
      map->seq = seq;
      const std::uint32_t checksum =
          encode_map_block(*map, buffer.bytes().subspan(blocks.size() * kBlockSize, kBlockSize));
      maps.push_back(map);
      blocks.push_back(blocks_.allocate(1));
      const MappingWord old = image_.written(
          *map, MappingWord::disk({.block = blocks.back(),
                                   .blocks = 1,
                                   .type = PageType::kMap,
                                   .check16 = static_cast<std::uint16_t>(checksum)}));
      if (old.bits() != 0) release_block(old.place());
      ++stats_.map_blocks_written;
    }
    lock.unlock();
    Result<> written = write_map_blocks(blocks, buffer.bytes());
    if (!done && at_once < kMapBlocksPerWrite) {
      at_once = kMapBlocksPerWrite;
      buffer = io::AlignedBuffer(at_once * kBlockSize);
    }
    lock.lock();
    if (written.has_value()) continue;
    // Not there: to be written anew, to other blocks.
    for (const MapBlock* map : maps) image_.mark(map->level, map->index);
    return written;
  }
  return {};
}

Result<> Pager::write_map_blocks(const std::vector<std::uint64_t>& blocks, Bytes bytes) {
  for (std::size_t begin = 0, end = 0; begin < blocks.size(); begin = end) {
    end = begin + 1;
    while (end < blocks.size() && blocks[end] == blocks[end - 1] + 1) ++end;
    NACRE_TRY(file_->write(blocks[begin] * kBlockSize,
                           bytes.subspan(begin * kBlockSize, (end - begin) * kBlockSize)));
  }
  return {};
}

void Pager::merge_later() {
  auto later = std::exchange(later_, {});
  if (NACRE_PLANTED(writes_beside_checkpoint_forgotten)) later.clear();
  cut_.reset();
  for (const auto& [id, word] : later) {
    const MappingWord old = image_.get(PageId{id});
    if (old == word) continue;
    image_.set(PageId{id}, word);
    release_place(PageId{id}, old);
  }
}

void Pager::finish_checkpoint(const Superblock& superblock) {
  std::vector<Place> later;
  for (const auto& [id, word] : later_) {
    if (word.bits() != 0) later.push_back(word.place());
  }
  // The rest of a run belongs to no checkpoint yet.
  const auto keep_rest = [&](const ExtentRun& run) {
    if (run.blocks == run.used) return;
    later.push_back({.block = run.block + run.used, .blocks = run.blocks - run.used});
  };
  keep_rest(run_);
  for (const ExtentRun& run : refused_runs_) keep_rest(run);
  if (NACRE_PLANTED(old_blocks_leak)) obsolete_.clear();
  blocks_.checkpoint_done(std::exchange(obsolete_, {}), later);
  durable_ = superblock;
  next_seq_ = CheckpointSeq{number(superblock.seq) + 1};
  merge_later();
  recheck_kept_ = true;
  ++stats_.checkpoint_count;
  changed_.notify_all();
}

}  // namespace nacre::page
