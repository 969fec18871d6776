// Value chunks: gathered by the applier, written side by side, read past the frames.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

constexpr std::uint32_t kRunBlocksMin = 16;
constexpr std::uint32_t kCachedBlocksMax = 63;  // larger chunks would push too much else out
// A cache of fewer frames needs all of them for pages.
constexpr std::size_t kCacheFramesMin = 256;
// Up to their share chunks take frames from pages and keep them; above it the two take turns in
// giving way, so that what is used more stays.
constexpr std::size_t share_of(std::size_t frames) {
  return frames < kCacheFramesMin ? 0 : frames / 8;
}
constexpr std::size_t most_of(std::size_t frames) {
  return frames < kCacheFramesMin ? 0 : frames / 4 * 3;
}
constexpr std::size_t frames_for(std::size_t bytes) { return (bytes + kPageSize - 1) / kPageSize; }

bool is_extent(MappingWord word) {
  return word.tag() == Tag::kDisk && word.place().type == PageType::kValueChunk;
}

std::unexpected<Error> no_extent(std::string_view path, PageId id) {
  return fail(Code::kCorrupt, format("{}: page {}: it is no value chunk", path, number(id)));
}

}  // namespace

// --- the applier

Result<PageId> Pager::write_extent(std::uint32_t tree, Bytes payload) {
  NACRE_CHECK(Epochs::slot().depth == 0, "nobody writes to the file under a pin");
  NACRE_CHECK(!payload.empty() && payload.size() <= kExtentPayloadMax,
              "a chunk is 1 to 256 blocks");
  const std::uint32_t blocks = extent_blocks(payload.size());
  MutexLock lock(mutex_);
  NACRE_TRY(check_poison());
  if (run_.blocks - run_.used < blocks) {
    lock.unlock();
    auto written = write_run();
    lock.lock();
    if (!written.has_value()) {
      if (written.error().code() != Code::kFull) return std::unexpected(std::move(written).error());
      if (run_.used > 0 && !NACRE_PLANTED(refused_run_lost)) {
        refused_runs_.push_back(std::exchange(run_, {}));
      }
    }
    start_run(blocks);
  }
  if (next_page_id_ == UINT32_MAX) return fail(Code::kFull, path_ + ": no page ids left");
  NACRE_TRY(table_.grow(next_page_id_ + 1));
  const PageId id = free_ids_.empty() ? PageId{next_page_id_} : free_ids_.back();
  if (free_ids_.empty()) {
    ++next_page_id_;
  } else {
    free_ids_.pop_back();
  }
  const CheckpointSeq seq{number(next_seq_) + (cut_.has_value() ? 1 : 0)};
  const MutableBytes target =
      run_.buffer->bytes().subspan(run_.used * kBlockSize, blocks * kBlockSize);
  lock.unlock();
  // Nobody else looks at what is not yet counted as used.
  const std::uint32_t checksum =
      encode_extent({.id = id, .seq = seq, .tree = tree}, payload, target);
  lock.lock();
  const MappingWord word = MappingWord::disk({.block = run_.block + run_.used,
                                              .blocks = blocks,
                                              .type = PageType::kValueChunk,
                                              .check16 = static_cast<std::uint16_t>(checksum)});
  run_.used += blocks;
  run_.chunks.emplace_back(id, word);
  table_.set(id, word);
  record_word(id, cut_.has_value(), word);
  ++stats_.page_count;
  ++stats_.extents_written;
  return id;
}

Result<> Pager::flush_extents() {
  NACRE_TRY(write_run());
  const MutexLock lock(mutex_);
  run_.buffer.reset();  // a database at rest needs none
  return {};
}

void Pager::start_run(std::uint32_t blocks) {
  const std::size_t share = capacity_pages() * kPageSize / kBlockSize / 16;
  const auto most =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(share, kRunBlocksMin, kExtentBlocksMax));
  const FreeBlocks::Run run = blocks_.allocate_run(blocks, std::max(blocks, most));
  run_.block = run.block;
  run_.blocks = run.count;
  run_.used = 0;
  if (run_.buffer == nullptr || run_.buffer->size() < run.count * kBlockSize) {
    run_.buffer = std::make_shared<io::AlignedBuffer>(run.count * kBlockSize);
  }
}

Result<> Pager::write_run() {
  const MutexLock lock(mutex_);
  NACRE_TRY(check_poison());
  while (!refused_runs_.empty()) {
    NACRE_TRY(write_run_at(refused_runs_.front()));
    end_run(refused_runs_.front());
    refused_runs_.pop_front();
  }
  if (run_.used > 0) NACRE_TRY(write_run_at(run_));
  const ExtentRun run = std::exchange(run_, {});
  if (!run.is_shared) run_.buffer = run.buffer;
  end_run(run);
  return {};
}

// Lets the lock go meanwhile; the applier alone changes runs, but for what is released of them.
Result<> Pager::write_run_at(const ExtentRun& run) {
  const std::uint64_t offset = run.block * kBlockSize;
  const Bytes bytes = std::as_const(*run.buffer).bytes().first(run.used * kBlockSize);
  mutex_.unlock();
  Result<> written = file_->write(offset, bytes);
  mutex_.lock();
  if (written.has_value()) {
    note_write();
  } else {
    // What does not fit the disk stays readable here, and is tried again.
    note_failed_write(written.error());
  }
  return written;
}

void Pager::end_run(const ExtentRun& run) {
  if (run.used > 0) cache_written(run);
  if (run.blocks > run.used) {
    release_block({.block = run.block + run.used, .blocks = run.blocks - run.used});
  }
  for (const Place& place : run.released) release_block(place);
}

bool Pager::has_run_at(const Place& place) const {
  return run_.covers(place) || std::ranges::any_of(refused_runs_, [&](const ExtentRun& run) {
           return run.covers(place);
         });
}

Pager::ExtentRun* Pager::run_at(const Place& place) {
  if (run_.covers(place)) return &run_;
  const auto found =
      std::ranges::find_if(refused_runs_, [&](const ExtentRun& run) { return run.covers(place); });
  return found == refused_runs_.end() ? nullptr : &*found;
}

// --- reading

Result<ExtentRef> Pager::read_extent(View view, PageId id) {
  NACRE_CHECK(Epochs::slot().depth == 0, "nobody reads from the file under a pin");
  NACRE_TRY(know(id));
  for (;;) {
    const MappingWord word = table_.word(id);
    if (!is_extent(word)) {
      if (is_cancelled(view)) break;
      return no_extent(path_, id);
    }
    std::optional<ExtentRef> cached = extents_.find(id, word);
    if (!cached.has_value()) {
      Result<ExtentRef> read = read_extent_at(id, word.place());
      if (is_cancelled(view)) break;  // the id may be somebody else's by now
      if (!read.has_value()) {
        if (table_.word(id) != word) continue;  // it moved while we read
        return read;
      }
      cached = *std::move(read);
      cache_extent(view, id, word, *cached);
    }
    if (is_cancelled(view)) break;
    return *std::move(cached);
  }
  return fail(Code::kTooOld, format("{}: the snapshot was given up, because what it kept in memory "
                                    "exceeded its limit",
                                    path_));
}

Result<ExtentRef> Pager::read_extent_at(PageId id, const Place& place) {
  CheckpointSeq newest;
  {
    const MutexLock lock(mutex_);
    if (ExtentRun* run = run_at(place); run != nullptr) {
      run->is_shared = true;
      return ExtentRef(run->buffer, (place.block - run->block) * kBlockSize);
    }
    newest = CheckpointSeq{number(next_seq_) + 1};
    ++stats_.cache_misses;
  }
  auto buffer = std::make_shared<io::AlignedBuffer>(place.blocks * kBlockSize);
  NACRE_TRY(file_->read(place.block * kBlockSize, buffer->bytes()));
  NACRE_TRY(check_extent(buffer->bytes(), id, newest, place.check16, path_));
  return ExtentRef(std::move(buffer), 0);
}

void Pager::cache_extent(View view, PageId id, MappingWord word, const ExtentRef& extent) {
  const std::size_t size = word.place().blocks * kBlockSize;
  if (word.place().blocks > kCachedBlocksMax) return;
  if (extent.memory() != size) return;  // it lies in a run
  const MutexLock lock(mutex_);
  // Under the lock and with a hold that stands, the id cannot have gone to somebody else.
  if (is_cancelled(view) || table_.word(id) != word) return;
  insert_extent(id, word, extent);
}

// What was just written will be read soon, as far as there is memory that nobody uses.
void Pager::cache_written(const ExtentRun& run) {
  for (const auto& [id, word] : run.chunks) {
    const Place place = word.place();
    const std::size_t size = place.blocks * kBlockSize;
    if (table_.word(id) != word || place.blocks > kCachedBlocksMax) continue;
    const bool has_room = account_.capacity() > account_.held() || !free_frames_.empty();
    if (!has_room || frames_for(extents_.bytes() + size) > share_of(capacity_pages())) {
      return;
    }
    auto copy = std::make_shared<io::AlignedBuffer>(size);
    std::ranges::copy(
        std::as_const(*run.buffer).bytes().subspan((place.block - run.block) * kBlockSize, size),
        copy->data());
    insert_extent(id, word, ExtentRef(std::move(copy), 0));
  }
}

void Pager::insert_extent(PageId id, MappingWord word, const ExtentRef& extent) {
  const std::size_t size = word.place().blocks * kBlockSize;
  const std::size_t frames = capacity_pages();
  if (frames_for(size) > share_of(frames)) return;
  const std::size_t had = lent_pages_;
  const bool is_full = frames_for(extents_.bytes() + size) > most_of(frames);
  const bool is_crowded = had >= share_of(frames) && account_.capacity() <= account_.held();
  if (is_full || (is_crowded && std::exchange(extents_give_way_, !extents_give_way_))) {
    while (frames_for(extents_.bytes() + size) > had && extents_.evict_one()) {
    }
  }
  if (lend_pages(frames_for(extents_.bytes() + size))) extents_.insert(id, word, extent);
  return_lent_pages();
}

bool Pager::evict_extents(std::size_t frames) {
  if (lent_pages_ <= share_of(capacity_pages())) return false;
  if (!std::exchange(extents_give_way_, !extents_give_way_)) return false;
  const std::size_t kept = lent_pages_ - std::min(frames, lent_pages_);
  while (frames_for(extents_.bytes()) > kept && extents_.evict_one()) {
  }
  return_lent_pages();
  return account_.capacity() > account_.held();
}

bool Pager::lend_pages(std::size_t count) {
  while (lent_pages_ < count) {
    if (!account_.take(kPageSize)) {
      if (free_frames_.empty()) {
        if (limbo_.empty()) {
          static_cast<void>(evict_clean(count - lent_pages_, 4 * arena_.taken()));
        }
        reclaim();
      }
      if (free_frames_.empty()) return false;
      arena_.give(free_frames_.back(), account_);
      free_frames_.pop_back();
      if (!account_.take(kPageSize)) return false;  // the budget is overdrawn
    }
    ++lent_pages_;
  }
  return true;
}

void Pager::return_lent_pages() {
  const std::size_t needed = frames_for(extents_.bytes());
  if (lent_pages_ <= needed) return;
  account_.give((lent_pages_ - needed) * kPageSize);
  lent_pages_ = needed;
}

Result<> Pager::check_is_extent(PageId id) {
  NACRE_TRY(know(id));
  if (!is_extent(table_.word(id))) return no_extent(path_, id);
  return {};
}

}  // namespace nacre::page
