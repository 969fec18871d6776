#include "page/map_block.h"

#include <algorithm>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace nacre::page {
namespace {

constexpr std::size_t kMapHeaderSize = 64;

struct alignas(io::kDirectAlignment) Block {
  std::array<std::byte, kBlockSize> bytes{};
};

std::unexpected<Error> damaged(std::string_view path, std::uint8_t level, std::uint32_t index,
                               const std::string& rule) {
  return fail(Code::kCorrupt, format("{}: map block {} of level {}: {}", path, index, level, rule));
}

// Empty when the word may stand in a block of `level`.
std::string check_word(MappingWord word, std::uint8_t level) {
  if (word.bits() == 0) return {};
  if (word.tag() != Tag::kDisk) return format("tag is {}", static_cast<int>(word.tag()));
  if (word.has_garbage()) return "the garbage bit is set, which this version does not know";
  const Place place = word.place();
  if (level > 0) {
    if (place.type != PageType::kMap || place.blocks != 1) return "it names no map block";
  } else if (place.type != PageType::kValueChunk &&
             (place.type > PageType::kLeaf || place.blocks != kPageSize / kBlockSize)) {
    return "it names no page";
  }
  return {};
}

}  // namespace

std::uint32_t encode_map_block(const MapBlock& map, MutableBytes block) {
  std::ranges::fill(block, std::byte{0});
  std::byte* at = block.data();
  at[4] = static_cast<std::byte>(map.level);
  store_le(at + 8, map.index);
  store_le(at + 16, number(map.seq));
  store_le(at + 24, UINT64_MAX);  // no page below has garbage
  for (std::size_t i = 0; i < kMapFanout; ++i) {
    store_le(at + kMapHeaderSize + 8 * i, map.words[i].bits());
  }
  const std::uint32_t checksum = crc32c(block.subspan(4));
  store_le(at, checksum);
  return checksum;
}

Result<MapBlock> decode_map_block(Bytes block, std::uint8_t level, std::uint32_t index,
                                  MappingWord word, CheckpointSeq newest, std::string_view path) {
  const std::byte* at = block.data();
  const auto stored = load_le<std::uint32_t>(at);
  const std::uint32_t computed = crc32c(block.subspan(4));
  if (stored != computed) {
    return damaged(path, level, index,
                   format("checksum is {}, expected {}", hex(stored), hex(computed)));
  }
  if ((stored & 0xffff) != word.place().check16) {
    return damaged(path, level, index, "an older state of it is there: a write was lost");
  }
  MapBlock map;
  map.level = static_cast<std::uint8_t>(at[4]);
  map.index = load_le<std::uint32_t>(at + 8);
  map.seq = CheckpointSeq{load_le<std::uint64_t>(at + 16)};
  if (map.level != level || map.index != index) {
    return damaged(path, level, index,
                   format("it says it is block {} of level {}", map.index, map.level));
  }
  if (number(map.seq) == 0 || number(map.seq) > number(newest)) {
    return damaged(
        path, level, index,
        format("its checkpoint is {}, expected 1 to {}", number(map.seq), number(newest)));
  }
  if (load_le<std::uint64_t>(at + 24) != UINT64_MAX) {
    return damaged(path, level, index, "its earliest end is set, which this version does not know");
  }
  const bool zero = std::all_of(at + 5, at + 8, [](std::byte b) { return b == std::byte{0}; }) &&
                    load_le<std::uint32_t>(at + 12) == 0 &&
                    std::all_of(at + 32, at + 64, [](std::byte b) { return b == std::byte{0}; });
  if (!zero) return damaged(path, level, index, "reserved bytes are not zero");
  for (std::size_t i = 0; i < kMapFanout; ++i) {
    map.words[i] = MappingWord(load_le<std::uint64_t>(at + kMapHeaderSize + 8 * i));
    if (const std::string rule = check_word(map.words[i], level); !rule.empty()) {
      return damaged(path, level, index, format("word {}: {}", i, rule));
    }
  }
  return map;
}

Result<MapBlock> read_map_block(io::File& file, std::string_view path, std::uint8_t level,
                                std::uint32_t index, MappingWord word, CheckpointSeq newest,
                                std::uint64_t file_blocks) {
  const Place place = word.place();
  if (word.tag() != Tag::kDisk || place.type != PageType::kMap || place.blocks != 1 ||
      place.block >= file_blocks) {
    return damaged(path, level, index, format("its word is {}", hex(word.bits())));
  }
  auto block = std::make_unique<Block>();
  NACRE_TRY(file.read(place.block * kBlockSize, block->bytes));
  return decode_map_block(block->bytes, level, index, word, newest, path);
}

namespace {

Result<> walk_block(io::File& file, std::string_view path, const MapRoot& root, std::uint8_t level,
                    std::uint32_t index, MappingWord word, const SeenMapBlock& seen) {
  const MapBlock map =
      NACRE_TRY(read_map_block(file, path, level, index, word, root.seq, root.file_blocks));
  NACRE_TRY(seen(map));
  if (level == 0) return {};
  for (std::uint32_t i = 0; i < kMapFanout; ++i) {
    if (map.words[i].bits() == 0) continue;
    const std::uint64_t below = std::uint64_t{index} * kMapFanout + i;
    if (below * kMapFanout > UINT32_MAX) return damaged(path, level, index, "it is too wide");
    NACRE_TRY(walk_block(file, path, root, static_cast<std::uint8_t>(level - 1),
                         static_cast<std::uint32_t>(below), map.words[i], seen));
  }
  return {};
}

}  // namespace

Result<> check_map_root(const MapRoot& root, std::string_view path) {
  if ((root.height == 0) == (root.word.bits() == 0)) return {};
  return fail(Code::kCorrupt, format("{}: map height is {} and its root {}", path, root.height,
                                     hex(root.word.bits())));
}

Result<> walk_map(io::File& file, std::string_view path, const MapRoot& root,
                  const SeenMapBlock& seen) {
  NACRE_TRY(check_map_root(root, path));
  if (root.height == 0) return {};
  return walk_block(file, path, root, static_cast<std::uint8_t>(root.height - 1), 0, root.word,
                    seen);
}

MapImage::Entry& MapImage::at(std::uint8_t level, std::uint32_t index) {
  auto& entries = levels_[level];
  if (entries.size() <= index) entries.resize(std::size_t{index} + 1);
  if (entries[index] == nullptr) {
    entries[index] = std::make_unique<Entry>();
    entries[index]->map.level = level;
    entries[index]->map.index = index;
  }
  height_ = std::max(height_, std::uint32_t{level} + 1);
  return *entries[index];
}

void MapImage::mark(Entry& entry) {
  if (entry.dirty) return;
  entry.dirty = true;
  dirty_[entry.map.level].push_back(&entry);
}

MappingWord MapImage::get(PageId id) const {
  const std::uint32_t index = number(id) / kMapFanout;
  NACRE_DCHECK(!is_missing(index), "the part of the map that is changed has been read");
  const MapBlock* map = find(0, index);
  return map == nullptr ? MappingWord() : map->words[number(id) % kMapFanout];
}

void MapImage::set(PageId id, MappingWord word) {
  if (get(id) == word) return;
  Entry& entry = at(0, number(id) / kMapFanout);
  entry.map.words[number(id) % kMapFanout] = word;
  mark(entry);
}

void MapImage::adopt(const MapBlock& map) { at(map.level, map.index).map = map; }

void MapImage::mark_above(std::uint64_t block) {
  for (std::uint32_t level = 0; level < height_; ++level) {
    for (const auto& entry : levels_[level]) {
      if (entry == nullptr) continue;
      const MapBlock* parent =
          level + 1 < height_ ? find(level + 1, entry->map.index / kMapFanout) : nullptr;
      if (parent == nullptr && level + 1 < height_) continue;
      const MappingWord word =
          parent == nullptr ? root_ : parent->words[entry->map.index % kMapFanout];
      if (word.bits() != 0 && word.place().block >= block) mark(*entry);
    }
  }
}

std::uint32_t MapImage::settle() {
  std::uint8_t level = 0;
  while (levels_[level].size() > 1) {
    ++level;
    NACRE_CHECK(level < kMapHeightMax, "504^4 blocks are more than there are page ids");
    if (levels_[level].empty()) {
      // A new level: its blocks name everything below. All of that is about to be written and will
      // name itself, except perhaps the old top.
      Entry& top = at(level, 0);
      mark(top);
      top.map.words[0] = root_;
      root_ = MappingWord();
    }
    // The level is as wide as what it names needs, before what lies above it is looked at.
    at(level, static_cast<std::uint32_t>(levels_[level - 1].size() - 1) / kMapFanout);
  }
  return height_;
}

MapBlock* MapImage::next_dirty() {
  for (auto& dirty : dirty_) {
    if (!dirty.empty()) return &dirty.back()->map;
  }
  return nullptr;
}

MappingWord MapImage::written(MapBlock& map, MappingWord word) {
  auto& dirty = dirty_[map.level];
  NACRE_CHECK(!dirty.empty() && &dirty.back()->map == &map, "the block next_dirty gave");
  dirty.back()->dirty = false;
  dirty.pop_back();
  if (std::uint32_t{map.level} + 1 == height_) return std::exchange(root_, word);
  Entry& parent = at(static_cast<std::uint8_t>(map.level + 1), map.index / kMapFanout);
  mark(parent);
  return std::exchange(parent.map.words[map.index % kMapFanout], word);
}

std::uint32_t MapImage::block_count() const {
  std::size_t count = 0;
  for (const auto& level : levels_) {
    count += static_cast<std::size_t>(
        std::ranges::count_if(level, [](const auto& entry) { return entry != nullptr; }));
  }
  return static_cast<std::uint32_t>(count);
}

}  // namespace nacre::page
