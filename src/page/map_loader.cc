// The map, read as it is needed: opening reads one block of each level, a page's first use those on
// the way to it, and deriving free space the rest.
//
// Why lazy: the map is a thousandth of the file; reading all of it made opening as slow as the file
//   is long.
// Rule:    PAGE-8: a block of the map is taken over once, with everything it names, or not at all.
// Until
// all
//   of level 0 is here, nothing that was inside the file at open is given out again (PAGE-5): what
//   is not known to be in use may be.
// Threads: under the pager's lock, which is let go while a block is read.
#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

constexpr std::size_t kMapBlocksPerStep = 64;

// Number of the block of `level` above block `index` of level 0.
std::uint32_t above(std::uint32_t index, std::uint32_t level) {
  for (std::uint32_t i = 0; i < level; ++i) index /= kMapFanout;
  return index;
}

}  // namespace

Result<> Pager::adopt(const SuperblockRead& read) {
  const MutexLock lock(mutex_);
  durable_ = read.newest;
  next_seq_ = CheckpointSeq{number(durable_.seq) + 1};
  const std::uint64_t size = NACRE_TRY(file_->size());
  if (size < durable_.file_blocks * kBlockSize) {
    return fail(Code::kCorrupt, format("{}: file size is {}, expected at least {}", path_, size,
                                       durable_.file_blocks * kBlockSize));
  }
  opened_ = {.word = durable_.map_root,
             .height = durable_.map_height,
             .seq = durable_.seq,
             .file_blocks = durable_.file_blocks};
  NACRE_TRY(check_map_root(opened_, path_));
  next_page_id_ = durable_.next_page_id;
  opened_next_page_id_ = next_page_id_;
  stats_.page_count = next_page_id_ - 1;
  NACRE_TRY(table_.grow(next_page_id_));
  blocks_.begin_deriving(durable_.file_blocks);
  image_.begin_lazy((next_page_id_ - 1) / kMapFanout + 1);
  image_.adopt_root(durable_.map_root);
  if (opened_.height > 0) {
    const std::uint64_t top = opened_.word.place().block;
    if (top >= opened_.file_blocks || !blocks_.adopt(top, 1)) {
      return fail(Code::kCorrupt,
                  format("{}: the top map block is said to be block {}, which is "
                         "{}",
                         path_, top, top >= opened_.file_blocks ? "outside the file" : "taken"));
    }
  }
  // New pages take ids from the last block on, and the map grows from what is above it.
  NACRE_TRY(load_map((next_page_id_ - 1) / kMapFanout));
  static_cast<void>(is_map_here());  // small files are done with
  return {};
}

bool Pager::is_absent(PageId id) const {
  if (table_.word(id).tag() != Tag::kFree) return false;
  const MutexLock lock(mutex_);
  return table_.word(id).tag() == Tag::kFree && !image_.is_missing(number(id) / kMapFanout);
}

Result<> Pager::know(PageId id) {
  if (table_.word(id).tag() != Tag::kFree) return {};
  const MutexLock lock(mutex_);
  return load_map(number(id) / kMapFanout);
}

// For free(), which cannot fail.
bool Pager::know_to_free(PageId id) {
  if (table_.word(id).tag() != Tag::kFree) return true;
  const Result<> known = load_map(number(id) / kMapFanout);
  if (!known.has_value()) poison(known.error());
  return known.has_value();
}

// Takes over block `index` of level 0, and before it those above that are not here yet.
Result<> Pager::load_map(std::uint32_t index) {
  while (image_.is_missing(index)) {
    MappingWord word = opened_.word;
    std::uint32_t level = opened_.height;
    // Down from the top to the first that is not here; a word of zero ends the way.
    if (level > 0 && above(index, level - 1) > 0) word = MappingWord();
    while (level > 0 && word.bits() != 0) {
      const MapBlock* map = image_.find(level - 1, above(index, level - 1));
      if (map == nullptr) break;
      --level;
      NACRE_CHECK(level > 0, "the block that is missing is not here");
      word = map->words[above(index, level - 1) % kMapFanout];
    }
    if (level == 0 || word.bits() == 0) {
      // None of these pages was ever in a checkpoint.
      MapBlock none;
      none.index = index;
      return adopt_map(none);
    }
    const std::uint32_t block = above(index, --level);
    const std::uint64_t key = std::uint64_t{level} << 32 | block;
    if (std::ranges::find(maps_loading_, key) != maps_loading_.end()) {
      changed_.wait(mutex_);
      continue;
    }
    maps_loading_.push_back(key);
    const MapRoot opened = opened_;
    mutex_.unlock();
    auto map = read_map_block(*file_, path_, static_cast<std::uint8_t>(level), block, word,
                              opened.seq, opened.file_blocks);
    mutex_.lock();
    std::erase(maps_loading_, key);
    changed_.notify_all();
    if (!map.has_value()) return std::unexpected(std::move(map).error());
    NACRE_TRY(adopt_map(*map));
  }
  return {};
}

// Takes over a block that was read: all that it names is in use, or it is damaged and nothing of it
// is.
Result<> Pager::adopt_map(const MapBlock& map) {
  std::uint32_t good = 0;
  std::string rule;
  for (; good < kMapFanout; ++good) {
    const MappingWord word = map.words[good];
    if (word.bits() == 0) continue;
    const Place place = word.place();
    const std::uint64_t id = std::uint64_t{map.index} * kMapFanout + good;
    if (map.level == 0 && (id == 0 || id >= opened_next_page_id_)) {
      rule = format("is of page {}, expected 1 to {}", id, opened_next_page_id_ - 1);
    } else if (place.block + place.blocks > opened_.file_blocks) {
      rule = format("names block {}, which is outside the file", place.block);
    } else if (!blocks_.adopt(place.block, place.blocks)) {
      rule = format("names block {}, which is taken", place.block);
    }
    if (!rule.empty()) break;
  }
  if (!rule.empty()) {
    for (std::uint32_t i = 0; i < good; ++i) {
      if (map.words[i].bits() != 0) blocks_.forget(map.words[i].place());
    }
    return fail(Code::kCorrupt, format("{}: map block {} of level {}: word {} {}", path_, map.index,
                                       map.level, good, rule));
  }
  image_.adopt(map);
  if (map.level == 0) adopt_pages(map);
  return {};
}

void Pager::adopt_pages(const MapBlock& map) {
  // Downwards: the lowest free id is the first to be given out.
  for (std::uint32_t i = kMapFanout; i > 0; --i) {
    const std::uint64_t id = std::uint64_t{map.index} * kMapFanout + i - 1;
    if (id == 0 || id >= opened_next_page_id_) continue;
    const PageId page{static_cast<std::uint32_t>(id)};
    if (map.words[i - 1].bits() != 0) {
      table_.set(page, map.words[i - 1]);
    } else {
      free_ids_.push_back(page);
      --stats_.page_count;
    }
  }
}

// Whether all of the map is here; if not, derive_next_ is the first block that is missing.
bool Pager::is_map_here() {
  if (is_derived_) return true;
  const std::uint32_t end = (opened_next_page_id_ - 1) / kMapFanout + 1;
  while (derive_next_ < end && !image_.is_missing(derive_next_)) ++derive_next_;
  if (derive_next_ < end) return false;
  is_derived_ = true;
  blocks_.end_deriving();
  return true;
}

Result<bool> Pager::derive_free_space(std::size_t map_blocks) {
  const MutexLock lock(mutex_);
  while (!is_map_here()) {
    if (map_blocks-- == 0) return false;
    NACRE_TRY(load_map(derive_next_));
  }
  return true;
}

void Pager::derive_all() {
  for (;;) {
    const auto done = derive_free_space(kMapBlocksPerStep);
    if (!done.has_value() || *done) return;
  }
}

}  // namespace nacre::page
