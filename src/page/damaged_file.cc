#include "page/damaged_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "page/node_check.h"
#include "page/page_header.h"

namespace nacre::page {

Result<DamagedFile> DamagedFile::open(io::FileSystem& files, std::string_view path) {
  DamagedFile damaged(
      NACRE_TRY(files.open(path, {.mode = io::OpenMode::kReadOnly, .direct = true})), path);
  NACRE_TRY(damaged.read_superblocks());
  const Superblock& top = damaged.superblock_;
  if (top.map_height > 0) {
    damaged.read_map(static_cast<std::uint8_t>(top.map_height - 1), 0, top.map_root);
  }
  return damaged;
}

Result<> DamagedFile::read_superblocks() {
  std::array<std::optional<Superblock>, kSuperblockCount> found;
  for (std::size_t i = 0; i < kSuperblockCount; ++i) {
    const std::string place = format("{}: superblock {}", path_, i);
    auto bytes = file_->read(i * kBlockSize, buffer_.bytes().first(kBlockSize));
    auto decoded = bytes.has_value()
                       ? decode_superblock(buffer_.bytes().first(kBlockSize), place)
                       : Result<Superblock>(std::unexpected(std::move(bytes).error()));
    if (!decoded.has_value()) {
      problems_.push_back(decoded.error().text());
    } else if (number(decoded->seq) % 2 != i % 2) {
      problems_.push_back(
          format("{}: checkpoint {} does not belong here", place, number(decoded->seq)));
    } else {
      found[i] = *decoded;
    }
  }
  bool is_any = false;
  for (const auto& each : found) {
    if (!each.has_value() || (is_any && each->seq <= superblock_.seq)) continue;
    superblock_ = *each;
    is_any = true;
  }
  if (!is_any) return fail(Code::kCorrupt, format("{}: no superblock is readable", path_));
  const std::size_t other = number(superblock_.seq) % 2 == 0 ? 1 : 0;
  if (!found[other].has_value() && !found[other + 2].has_value()) {
    problems_.push_back(
        format("{}: the superblock used is of checkpoint {}; a newer one may be "
               "lost",
               path_, number(superblock_.seq)));
  }
  return {};
}

Result<MapBlock> DamagedFile::read_map_block(std::uint8_t level, std::uint32_t index,
                                             MappingWord word) {
  const Place place = word.place();
  if (word.tag() != Tag::kDisk || place.type != PageType::kMap) {
    return fail(Code::kCorrupt,
                format("{}: map block {} of level {}: its word is damaged", path_, index, level));
  }
  const MutableBytes block = buffer_.bytes().first(kBlockSize);
  NACRE_TRY(file_->read(place.block * kBlockSize, block));
  return decode_map_block(block, level, index, word, superblock_.seq, path_);
}

void DamagedFile::read_map(std::uint8_t level, std::uint32_t index, MappingWord word) {
  auto map = read_map_block(level, index, word);
  if (!map.has_value()) {
    std::uint64_t pages = kMapFanout;
    for (std::uint8_t i = 0; i < level; ++i) pages *= kMapFanout;
    problems_.push_back(format("{}: where pages {} to {} lie is not known: {}", path_,
                               index * pages, (index + 1) * pages - 1, map.error().text()));
    return;
  }
  for (std::uint32_t i = 0; i < kMapFanout; ++i) {
    if (map->words[i].bits() == 0) continue;
    const std::uint32_t below = index * kMapFanout + i;
    if (level == 0) {
      pages_.push_back({.id = PageId{below}, .word = map->words[i], .newest = map->seq});
    } else {
      read_map(static_cast<std::uint8_t>(level - 1), below, map->words[i]);
    }
  }
}

Result<const std::byte*> DamagedFile::read(const PageAt& page) {
  const Place place = page.word.place();
  if (place.type != PageType::kLeaf && place.type != PageType::kInner) {
    return fail(Code::kInvalid, format("{}: page {} is of no tree", path_, number(page.id)));
  }
  NACRE_TRY(file_->read(place.block * kBlockSize, buffer_.bytes().first(kPageSize)));
  NACRE_TRY(check_page(buffer_.data(), page.id, page.newest, place.check16, path_));
  std::string rule = check_node_bounds(buffer_.data());
  if (rule.empty()) rule = check_node_order(buffer_.data());
  if (!rule.empty()) {
    return fail(Code::kCorrupt, format("{}: page {}: {}", path_, number(page.id), rule));
  }
  return buffer_.data();
}

Result<ExtentRef> DamagedFile::read_chunk(const PageAt& page) {
  const Place place = page.word.place();
  auto buffer = std::make_shared<io::AlignedBuffer>(place.blocks * kBlockSize);
  NACRE_TRY(file_->read(place.block * kBlockSize, buffer->bytes()));
  NACRE_TRY(check_extent(buffer->bytes(), page.id, page.newest, place.check16, path_));
  return ExtentRef(std::move(buffer), 0);
}

}  // namespace nacre::page
