#include "page/page_header.h"

#include <cstring>

#include "base/crc32c.h"
#include "base/planted.h"
#include "base/text.h"
#include "page/node.h"

namespace nacre::page {
namespace {

std::unexpected<Error> damaged(std::string_view file, PageId id, std::string_view field,
                               const std::string& found, const std::string& expected) {
  return fail(Code::kCorrupt, format("{}: page {}: {} is {}, expected {}", file, number(id), field,
                                     found, expected));
}

// Frame hints are a guess about this run of the program; on disk they are zero.
void clear_frame_hints(std::byte* page) {
  const Node node(page);
  for (std::size_t i = 0; i <= node.count(); ++i) {
    store_le(page + kHeadsOffset + 8 * node.capacity() + 8 * i + 4, std::uint32_t{0});
  }
}

}  // namespace

std::uint32_t encode_page(const std::byte* page, CheckpointSeq seq, std::byte* target) {
  // The in-memory half of the header is skipped, not copied: readers may be storing to it.
  std::memcpy(target, page, offset::kGeneration);
  std::memset(target + offset::kGeneration, 0, kHeaderSize - offset::kGeneration);
  std::memcpy(target + kHeaderSize, page + kHeaderSize, kPageSize - kHeaderSize);
  if (type_of(target) == PageType::kInner) clear_frame_hints(target);
  store_le(target + offset::kWriteSeq, number(seq));
  const std::uint32_t checksum = crc32c(Bytes(target + 4, kPageSize - 4));
  store_le(target + offset::kChecksum, checksum);
  return checksum;
}

Result<> check_page(const std::byte* page, PageId expected, CheckpointSeq newest,
                    std::uint16_t check16, std::string_view file) {
  const auto stored = load_le<std::uint32_t>(page);
  const std::uint32_t computed = crc32c(Bytes(page + 4, kPageSize - 4));
  if (stored != computed && !NACRE_PLANTED(page_checksum_not_checked)) {
    return damaged(file, expected, "checksum", hex(stored), hex(computed));  // PAGE-2
  }
  if (id_of(page) != expected && !NACRE_PLANTED(page_id_not_checked)) {
    // PAGE-1: intact bytes in the wrong place; the disk or our block arithmetic misdirected them.
    return damaged(file, expected, "stored page id", format("{}", number(id_of(page))),
                   format("{}", number(expected)));
  }
  if ((stored & 0xffff) != check16 && !NACRE_PLANTED(lost_page_write_not_seen)) {
    return damaged(file, expected, "low half of the checksum", hex(stored & 0xffff),
                   hex(static_cast<std::uint32_t>(check16)) +
                       " (an older state of the page: a write was lost)");
  }
  const std::uint64_t seq = number(write_seq_of(page));
  if (seq == 0 || seq > number(newest)) {
    return damaged(file, expected, "write sequence", format("{}", seq),
                   format("1 to {}", number(newest)));  // PAGE-3
  }
  const auto type = static_cast<std::uint8_t>(page[offset::kType]);
  if (type > 1) return damaged(file, expected, "type", format("{}", type), "0 or 1");
  const auto log2_size = static_cast<std::uint8_t>(page[offset::kLog2Size]);
  if (log2_size != kLog2PageSize) {
    return damaged(file, expected, "log2 size", format("{}", log2_size), "13");
  }
  const std::uint64_t memory_only = load_le<std::uint64_t>(page + offset::kGeneration) |
                                    load_le<std::uint64_t>(page + offset::kSuperseded);
  if (memory_only != 0) return damaged(file, expected, "bytes 48 to 63", hex(memory_only), "0");
  return {};
}

}  // namespace nacre::page
