// Superblock: where everything starts. Two generations, two copies each, in the first four blocks.
//
// Format:     docs/format/file.md. Checkpoint seq n lies in blocks 0 and 2 when n is even, 1 and 3
//             when it is odd, so writing one never touches the one before it.
// Invariants: FILE-1  both copies of a generation are durable before the next one is begun, and the
//             first before the second: two bad copies of the newest are damage, not a torn write
// Errors:     kCorrupt names the file and the rule. kIo from reading.
// Threads:    one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file_system.h"
#include "page/mapping_word.h"
#include "page/root_record.h"
#include "page/types.h"

namespace nacre::page {

inline constexpr std::uint64_t kSuperblockCount = 4;
inline constexpr std::uint32_t kFileFormat = 1;

struct Superblock {
  CheckpointSeq seq{};
  MappingWord map_root;            // kFree: no pages
  std::uint32_t map_height = 0;    // levels of map blocks
  std::uint32_t next_page_id = 1;  // ids from here on were never used
  std::uint64_t file_blocks = 0;   // blocks above belong to nobody
  RootRecord root;

  [[nodiscard]] bool operator==(const Superblock&) const = default;
};

void encode_superblock(const Superblock& superblock, MutableBytes block);
// `place` is for the message: "store.dat: superblock 2".
[[nodiscard]] Result<Superblock> decode_superblock(Bytes block, std::string_view place);

// Writes both copies, each durable before the next.
[[nodiscard]] Result<> write_superblock(io::File& file, const Superblock& superblock);

struct SuperblockRead {
  Superblock newest;
  bool repair = false;                // a copy of the newest is bad: write it again
  std::vector<std::string> problems;  // for verify; a repairable copy is one
};
// The newest valid superblock. kCorrupt when none is valid, or when both copies of one generation
// are damaged and it may have been the newest.
[[nodiscard]] Result<SuperblockRead> read_superblock(io::File& file, std::string_view path);

}  // namespace nacre::page
