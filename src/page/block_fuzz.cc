// A superblock and a map block of any bytes, checksums put right: refused, or read to values that
// written again give a block that reads the same.
//
// Input: a byte that says which, then the block from its start; what is left stays zero.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "page/map_block.h"
#include "page/superblock.h"

namespace {

using namespace nacre;
using namespace nacre::page;

using Block = std::array<std::byte, kBlockSize>;

void try_superblock(Block& block, bool with_magic) {
  if (with_magic) {
    std::memcpy(block.data(), "NACRESB1", 8);
    store_le(block.data() + 8, kFileFormat);
    store_le(block.data() + 70, std::uint16_t{13});
  }
  store_le(block.data() + 12, crc32c(Bytes(block).subspan(16), crc32c(Bytes(block).first(12))));
  const auto decoded = decode_superblock(block, "fuzz");
  if (!decoded.has_value()) return;
  Block again{};
  encode_superblock(*decoded, again);
  const auto second = decode_superblock(again, "fuzz");
  NACRE_CHECK(second.has_value() && *second == *decoded, "a superblock is read as it was written");
}

void try_map_block(Block& block, std::uint8_t level) {
  block[4] = static_cast<std::byte>(level);
  store_le(block.data() + 8, std::uint32_t{5});
  store_le(block.data() + 24, UINT64_MAX);
  const std::uint32_t checksum = crc32c(Bytes(block).subspan(4));
  store_le(block.data(), checksum);
  const MappingWord word = MappingWord::disk({.block = 9,
                                              .blocks = 1,
                                              .type = PageType::kMap,
                                              .check16 = static_cast<std::uint16_t>(checksum)});
  const auto decoded = decode_map_block(block, level, 5, word, CheckpointSeq{1000}, "fuzz");
  if (!decoded.has_value()) return;
  Block again{};
  NACRE_CHECK(encode_map_block(*decoded, again) == checksum && again == block,
              "a map block is read as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Block block{};
  std::memcpy(block.data(), data + 1, std::min(size - 1, block.size()));
  switch (data[0] % 4) {
    case 0:
      try_superblock(block, /*with_magic=*/false);
      break;
    case 1:
      try_superblock(block, /*with_magic=*/true);
      break;
    default:
      try_map_block(block, data[0] % 4 == 2 ? 0 : 1);
      break;
  }
  return 0;
}
