#include "page/superblock.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/codec.h"
#include "base/crc32c.h"
#include "base/planted.h"
#include "base/text.h"

namespace nacre::page {
namespace {

constexpr std::uint64_t kMagic = 0x314253455243414e;  // the bytes "NACRESB1"
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kFieldsEnd = 192;

struct alignas(io::kDirectAlignment) Block {
  std::array<std::byte, kBlockSize> bytes{};
};

std::uint64_t copy_block(CheckpointSeq seq, std::uint64_t copy) {
  return number(seq) % 2 + 2 * copy;
}

std::uint32_t checksum_of(Bytes block) {
  const std::uint32_t before = crc32c(block.first(kChecksumOffset));
  return crc32c(block.subspan(kChecksumOffset + 4), before);
}

std::unexpected<Error> damaged(std::string_view place, std::string_view rule) {
  return fail(Code::kCorrupt, format("{}: {}", place, rule));
}

}  // namespace

void encode_superblock(const Superblock& s, MutableBytes block) {
  std::ranges::fill(block, std::byte{0});
  std::byte* at = block.data();
  const RootRecord& root = s.root;
  store_le(at, kMagic);
  store_le(at + 8, kFileFormat);
  std::memcpy(at + 16, root.uuid.data(), root.uuid.size());
  store_le(at + 32, number(s.seq));
  store_le(at + 40, number(root.applied));
  store_le(at + 48, number(root.horizon));
  store_le(at + 56, s.map_root.bits());
  store_le(at + 64, s.next_page_id);
  store_le(at + 68, static_cast<std::uint16_t>(s.map_height));
  store_le(at + 70, std::uint16_t{13});
  store_le(at + 72, s.file_blocks);
  store_le(at + 80, number(root.catalog_root));
  store_le(at + 84, number(root.history_root));
  store_le(at + 88, root.history_bytes);
  store_le(at + 96, root.history_rows);
  store_le(at + 104, root.log_segment);
  store_le(at + 112, root.log_offset);
  std::memcpy(at + 120, root.log_hash.data(), root.log_hash.size());
  store_le(at + 152, root.features_compatible);
  store_le(at + 160, root.features_required);
  store_le(at + 168, number(root.applied_time));
  at[176] = root.clean ? std::byte{1} : std::byte{0};
  store_le(at + 184, number(root.durable));
  store_le(at + kChecksumOffset, checksum_of(block));
}

Result<Superblock> decode_superblock(Bytes block, std::string_view place) {
  const std::byte* at = block.data();
  if (load_le<std::uint64_t>(at) != kMagic) return damaged(place, "this is no Nacre superblock");
  const auto format_number = load_le<std::uint32_t>(at + 8);
  const auto stored = load_le<std::uint32_t>(at + kChecksumOffset);
  const std::uint32_t computed = checksum_of(block);
  if (stored != computed) {
    return damaged(place, format("checksum is {}, expected {}", hex(stored), hex(computed)));
  }
  if (format_number != kFileFormat) {
    return fail(Code::kUnsupported, format("{}: file format is {}, this version reads {}", place,
                                           format_number, kFileFormat));
  }
  Superblock s;
  std::memcpy(s.root.uuid.data(), at + 16, s.root.uuid.size());
  s.seq = CheckpointSeq{load_le<std::uint64_t>(at + 32)};
  s.root.applied = Position{load_le<std::uint64_t>(at + 40)};
  s.root.horizon = Position{load_le<std::uint64_t>(at + 48)};
  s.map_root = MappingWord(load_le<std::uint64_t>(at + 56));
  s.next_page_id = load_le<std::uint32_t>(at + 64);
  s.map_height = load_le<std::uint16_t>(at + 68);
  s.file_blocks = load_le<std::uint64_t>(at + 72);
  s.root.catalog_root = PageId{load_le<std::uint32_t>(at + 80)};
  s.root.history_root = PageId{load_le<std::uint32_t>(at + 84)};
  s.root.history_bytes = load_le<std::uint64_t>(at + 88);
  s.root.history_rows = load_le<std::uint64_t>(at + 96);
  s.root.log_segment = load_le<std::uint64_t>(at + 104);
  s.root.log_offset = load_le<std::uint64_t>(at + 112);
  std::memcpy(s.root.log_hash.data(), at + 120, s.root.log_hash.size());
  s.root.features_compatible = load_le<std::uint64_t>(at + 152);
  s.root.features_required = load_le<std::uint64_t>(at + 160);
  s.root.applied_time = Time{load_le<std::uint64_t>(at + 168)};
  s.root.clean = at[176] != std::byte{0};
  s.root.durable = Position{load_le<std::uint64_t>(at + 184)};
  if (load_le<std::uint16_t>(at + 70) != 13) return damaged(place, "log2 page size is not 13");
  if (s.root.features_required != 0) {
    return fail(Code::kUnsupported, format("{}: required features are {}, this version knows none",
                                           place, hex(s.root.features_required)));
  }
  if (number(s.root.applied) > number(kPositionMax)) return damaged(place, "position above 2^48");
  if (s.next_page_id == 0) return damaged(place, "next page id is 0");
  if (s.map_height > 4) return damaged(place, "map height is above 4");
  if (s.file_blocks < kSuperblockCount || s.file_blocks > kBlockCountMax) {
    return damaged(place, format("file blocks are {}", s.file_blocks));
  }
  if (std::ranges::any_of(block.subspan(kFieldsEnd),
                          [](std::byte b) { return b != std::byte{0}; })) {
    return damaged(place, "reserved bytes are not zero");
  }
  return s;
}

Result<> write_superblock(io::File& file, const Superblock& superblock) {
  Block block;
  encode_superblock(superblock, block.bytes);
  for (std::uint64_t copy = NACRE_PLANTED(superblock_written_once) ? 1 : 0; copy < 2; ++copy) {
    if (NACRE_PLANTED(superblock_not_durable)) {
      NACRE_TRY(file.write(copy_block(superblock.seq, copy) * kBlockSize, block.bytes));
      continue;
    }
    NACRE_TRY(file.write_durably(copy_block(superblock.seq, copy) * kBlockSize, block.bytes));
  }
  return {};
}

namespace {

struct Slots {
  std::array<std::optional<Superblock>, kSuperblockCount> found;
  std::array<std::string, kSuperblockCount> problem;
  bool unsupported = false;
};

// A generation whose two copies are both unreadable: no torn write does that.
std::optional<std::string> lost_pair(const Slots& slots) {
  for (std::size_t parity = 0; parity < 2; ++parity) {
    if (!slots.found[parity].has_value() && !slots.found[parity + 2].has_value()) {
      return slots.problem[parity] + "; " + slots.problem[parity + 2];
    }
  }
  return std::nullopt;
}

}  // namespace

Result<SuperblockRead> read_superblock(io::File& file, std::string_view path) {
  Slots slots;
  std::optional<Error> unsupported;
  for (std::size_t i = 0; i < kSuperblockCount; ++i) {
    Block block;
    const std::string place = format("{}: superblock {}", path, i);
    NACRE_TRY(file.read(i * kBlockSize, block.bytes));
    auto decoded = decode_superblock(block.bytes, place);
    if (decoded.has_value() && number(decoded->seq) % 2 != i % 2) {
      decoded = fail(Code::kCorrupt,
                     format("{}: checkpoint {} does not belong here", place, number(decoded->seq)));
    }
    if (decoded.has_value()) {
      slots.found[i] = *decoded;
    } else {
      if (decoded.error().code() == Code::kUnsupported) unsupported = decoded.error().clone();
      slots.problem[i] = decoded.error().what();
    }
  }
  if (unsupported.has_value()) return std::unexpected(std::move(*unsupported));
  if (const auto lost = lost_pair(slots)) {
    return fail(Code::kCorrupt, format("both copies of one generation are damaged: {}", *lost));
  }
  SuperblockRead read;
  for (std::size_t i = 0; i < kSuperblockCount; ++i) {
    if (!slots.found[i].has_value()) {
      read.problems.push_back(slots.problem[i]);
    } else if (number(slots.found[i]->seq) >= number(read.newest.seq) ||
               NACRE_PLANTED(last_superblock_wins)) {
      read.newest = *slots.found[i];
    }
  }
  const auto& sibling = slots.found[number(read.newest.seq) % 2 == 0 ? 0 : 1];
  const auto& other = slots.found[number(read.newest.seq) % 2 == 0 ? 2 : 3];
  read.repair = !(sibling == read.newest) || !(other == read.newest);
  return read;
}

}  // namespace nacre::page
