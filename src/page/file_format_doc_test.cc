// The examples of docs/format/file.md, taken from the document: a superblock and a map block.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "page/map_block.h"
#include "page/superblock.h"

namespace nacre::page {
namespace {

// Example `nth` of the document: lines "040: 12 34 ..."; bytes not shown are zero.
std::vector<std::byte> example(int nth) {
  std::vector<std::byte> bytes(kBlockSize);
  std::ifstream file(NACRE_SOURCE_DIR "/docs/format/file.md");
  std::string line;
  int block = 0;
  while (std::getline(file, line)) {
    if (line == "```text") ++block;
    if (block != nth || line.size() < 5 || line[3] != ':') continue;
    std::size_t at = std::stoul(line.substr(0, 3), nullptr, 16);
    std::istringstream numbers(line.substr(4));
    for (std::string byte; numbers >> byte;) {
      bytes.at(at++) = static_cast<std::byte>(std::stoul(byte, nullptr, 16));
    }
  }
  return bytes;
}

std::string lines_of(Bytes bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    std::string line = format("{:03x}:", at);
    bool zero = true;
    for (std::size_t i = at; i < at + 16; ++i) {
      line += format(" {:02x}", static_cast<unsigned>(bytes[i]));
      zero = zero && bytes[i] == std::byte{0};
    }
    if (!zero) text += line + "\n";
  }
  return text;
}

MapBlock sample_map() {
  MapBlock map;
  map.level = 0;
  map.index = 0;
  map.seq = CheckpointSeq{3};
  map.words[1] =
      MappingWord::disk({.block = 4, .blocks = 2, .type = PageType::kInner, .check16 = 0xabcd});
  map.words[2] =
      MappingWord::disk({.block = 6, .blocks = 2, .type = PageType::kLeaf, .check16 = 0x1234});
  return map;
}

MappingWord map_root_word() {
  std::vector<std::byte> block(kBlockSize);
  const std::uint32_t checksum = encode_map_block(sample_map(), block);
  return MappingWord::disk({.block = 8,
                            .blocks = 1,
                            .type = PageType::kMap,
                            .check16 = static_cast<std::uint16_t>(checksum)});
}

Superblock sample_superblock() {
  Superblock superblock;
  superblock.seq = CheckpointSeq{3};
  superblock.map_root = map_root_word();
  superblock.map_height = 1;
  superblock.next_page_id = 3;
  superblock.file_blocks = 9;
  superblock.root.uuid.fill(std::byte{0x11});
  superblock.root.applied = Position{42};
  superblock.root.applied_time = Time{1'700'000'000'000'000};
  superblock.root.horizon = Position{40};
  superblock.root.durable = Position{43};
  superblock.root.catalog_root = PageId{1};
  superblock.root.log_segment = 1;
  superblock.root.clean = true;
  return superblock;
}

TEST(FileFormatDoc, SuperblockExampleDecodes) {
  std::vector<std::byte> encoded(kBlockSize);
  encode_superblock(sample_superblock(), encoded);
  const std::vector<std::byte> shown = example(1);
  EXPECT_EQ(lines_of(shown), lines_of(encoded));
  const auto decoded = decode_superblock(shown, "store.dat: superblock 1");
  ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
  EXPECT_EQ(*decoded, sample_superblock());
}

TEST(FileFormatDoc, MapBlockExampleDecodes) {
  std::vector<std::byte> encoded(kBlockSize);
  encode_map_block(sample_map(), encoded);
  const std::vector<std::byte> shown = example(2);
  EXPECT_EQ(lines_of(shown), lines_of(encoded));
  const auto decoded =
      decode_map_block(shown, 0, 0, map_root_word(), CheckpointSeq{3}, "store.dat");
  ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
  EXPECT_EQ(decoded->words, sample_map().words);
}

TEST(Superblock, EveryFlippedByteIsCorruptAndNamesThePlace) {
  std::vector<std::byte> block(kBlockSize);
  encode_superblock(sample_superblock(), block);
  for (std::size_t at = 0; at < block.size(); ++at) {
    block[at] ^= std::byte{0x20};
    const auto decoded = decode_superblock(block, "store.dat: superblock 1");
    ASSERT_FALSE(decoded.has_value()) << at;
    ASSERT_EQ(decoded.error().code(), Code::kCorrupt) << at;
    ASSERT_TRUE(decoded.error().what().starts_with("store.dat: superblock 1: ")) << at;
    block[at] ^= std::byte{0x20};
  }
}

TEST(MapBlock, EveryFlippedByteIsCorruptAndNamesTheBlock) {
  std::vector<std::byte> block(kBlockSize);
  encode_map_block(sample_map(), block);
  for (std::size_t at = 0; at < block.size(); ++at) {
    block[at] ^= std::byte{0x01};
    const auto decoded =
        decode_map_block(block, 0, 0, map_root_word(), CheckpointSeq{3}, "store.dat");
    ASSERT_FALSE(decoded.has_value()) << at;
    ASSERT_EQ(decoded.error().code(), Code::kCorrupt) << at;
    block[at] ^= std::byte{0x01};
  }
}

TEST(MapImage, GrowsLevelsAndNamesEveryBlockOnce) {
  // 300,000 pages need three levels; what is written is what a reader walking down would meet.
  MapImage image;
  const auto place = [](std::uint64_t block) {
    return MappingWord::disk({.block = block, .blocks = 2, .type = PageType::kLeaf, .check16 = 1});
  };
  std::uint64_t next_block = 10;
  const auto write_all = [&] {
    image.settle();
    std::uint64_t written = 0;
    while (MapBlock* map = image.next_dirty()) {
      static_cast<void>(image.written(
          *map, MappingWord::disk(
                    {.block = next_block++, .blocks = 1, .type = PageType::kMap, .check16 = 1})));
      ++written;
    }
    return written;
  };
  image.set(PageId{5}, place(1000));
  EXPECT_EQ(write_all(), 1U);
  EXPECT_EQ(image.settle(), 1U);
  image.set(PageId{600}, place(1002));
  EXPECT_EQ(write_all(), 2U) << "block 1 of level 0 and a new top; block 0 stays where it is";
  EXPECT_EQ(image.settle(), 2U);
  image.set(PageId{300'000}, place(1004));
  EXPECT_EQ(write_all(), 3U);
  EXPECT_EQ(image.settle(), 3U);
  EXPECT_EQ(image.get(PageId{5}), place(1000));
  EXPECT_EQ(image.get(PageId{600}), place(1002));
  EXPECT_EQ(image.get(PageId{300'000}), place(1004));
  image.set(PageId{300'000}, place(1004));
  EXPECT_EQ(write_all(), 0U) << "nothing has changed";
  image.set(PageId{5}, MappingWord());
  EXPECT_EQ(write_all(), 3U) << "one block on each level";
}

}  // namespace
}  // namespace nacre::page
