// The map: page id to place in the file, as a radix tree of 4 KB blocks, and its image in memory.
//
// Format:  docs/format/file.md. Level 0 blocks hold the words of 504 pages each, level n those of
//          504 blocks of level n - 1; the word of the one block at the top is in the superblock.
// Why an image apart from the mapping table: the table says where pages are now, the image what the
//   next checkpoint will say.
// Errors:  kCorrupt names the file, the map block and the rule.
// Threads: under the pager's lock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file_system.h"
#include "page/mapping_word.h"
#include "page/types.h"

namespace nacre::page {

inline constexpr std::uint32_t kMapFanout = 504;
inline constexpr std::uint32_t kMapHeightMax = 4;  // 504^4 is above 2^32

struct MapBlock {
  std::uint8_t level = 0;
  std::uint32_t index = 0;  // of the block in its level
  CheckpointSeq seq{};
  std::array<MappingWord, kMapFanout> words{};
};

// Returns the checksum.
std::uint32_t encode_map_block(const MapBlock& map, MutableBytes block);
// `word` is what refers to it, `newest` the checkpoint of the superblock.
[[nodiscard]] Result<MapBlock> decode_map_block(Bytes block, std::uint8_t level,
                                                std::uint32_t index, MappingWord word,
                                                CheckpointSeq newest, std::string_view path);

// Reads the block that `word` names.
[[nodiscard]] Result<MapBlock> read_map_block(io::File& file, std::string_view path,
                                              std::uint8_t level, std::uint32_t index,
                                              MappingWord word, CheckpointSeq newest,
                                              std::uint64_t file_blocks);

// Reads the map whose top is `root`, parents first, and shows every block of it.
using SeenMapBlock = std::function<Result<>(const MapBlock&)>;
struct MapRoot {
  MappingWord word;
  std::uint32_t height = 0;
  CheckpointSeq seq{};
  std::uint64_t file_blocks = 0;
};
// A map without levels has no root, and the other way round.
[[nodiscard]] Result<> check_map_root(const MapRoot& root, std::string_view path);
[[nodiscard]] Result<> walk_map(io::File& file, std::string_view path, const MapRoot& root,
                                const SeenMapBlock& seen);

class MapImage {
 public:
  [[nodiscard]] MappingWord get(PageId id) const;
  void set(PageId id, MappingWord word);
  // From now on blocks of level 0 below `blocks` are in the file until they are adopted.
  void begin_lazy(std::uint32_t blocks) { lazy_blocks_ = blocks; }
  // Whether block `index` of level 0 is in the file only; get and set need it here.
  [[nodiscard]] bool is_missing(std::uint32_t index) const {
    return index < lazy_blocks_ && find(0, index) == nullptr;
  }
  // Null when it is not here.
  [[nodiscard]] const MapBlock* find(std::uint32_t level, std::uint32_t index) const {
    const auto& entries = levels_[level];
    return index < entries.size() && entries[index] != nullptr ? &entries[index]->map : nullptr;
  }
  // Takes a block that is in the file as it is here.
  void adopt(const MapBlock& map);
  void adopt_root(MappingWord root) { root_ = root; }

  // Marks every block that lies at `block` or above as changed, so that it will be written lower.
  void mark_above(std::uint64_t block);
  void mark(std::uint32_t level, std::uint32_t index) { mark(*levels_[level][index]); }

  // Makes the tree high enough for all pages; returns the number of levels.
  std::uint32_t settle();
  // The next block that differs from the file, lowest level first; null when there is none.
  [[nodiscard]] MapBlock* next_dirty();
  // `map` (from next_dirty) has been written to `word`; returns where it was before.
  MappingWord written(MapBlock& map, MappingWord word);
  [[nodiscard]] MappingWord root() const { return root_; }
  [[nodiscard]] std::uint32_t block_count() const;

 private:
  struct Entry {
    MapBlock map;
    bool dirty = false;
  };
  Entry& at(std::uint8_t level, std::uint32_t index);
  void mark(Entry& entry);

  std::array<std::vector<std::unique_ptr<Entry>>, kMapHeightMax> levels_;
  std::array<std::vector<Entry*>, kMapHeightMax> dirty_;
  std::uint32_t height_ = 0;
  std::uint32_t lazy_blocks_ = 0;
  MappingWord root_;
};

}  // namespace nacre::page
