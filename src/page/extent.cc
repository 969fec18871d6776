#include "page/extent.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "base/planted.h"
#include "base/text.h"

namespace nacre::page {

std::uint32_t encode_extent(const ExtentHeader& header, Bytes payload, MutableBytes target) {
  std::byte* at = target.data();
  std::memset(at, 0, kHeaderSize);
  store_le(at + offset::kId, number(header.id));
  store_le(at + offset::kWriteSeq, number(header.seq));
  store_le(at + offset::kTree, header.tree);
  at[offset::kType] = static_cast<std::byte>(PageType::kValueChunk);
  store_le(at + offset::kPayloadSize, static_cast<std::uint32_t>(payload.size()));
  std::ranges::copy(payload, at + kHeaderSize);
  std::ranges::fill(target.subspan(kHeaderSize + payload.size()), std::byte{0});
  const std::uint32_t checksum = crc32c(target.subspan(4));
  store_le(at, checksum);
  return checksum;
}

Result<> check_extent(Bytes bytes, PageId expected, CheckpointSeq newest, std::uint16_t check16,
                      std::string_view file) {
  const auto damaged = [&](std::string_view field, const std::string& found,
                           const std::string& wanted) {
    return fail(Code::kCorrupt, format("{}: page {}, a value chunk: {} is {}, expected {}", file,
                                       number(expected), field, found, wanted));
  };
  const std::byte* at = bytes.data();
  const auto stored = load_le<std::uint32_t>(at);
  const std::uint32_t computed = crc32c(bytes.subspan(4));
  if (stored != computed && !NACRE_PLANTED(value_chunk_not_checked)) {  // PAGE-2
    return damaged("checksum", hex(stored), hex(computed));
  }
  if (id_of(at) != expected) {  // PAGE-1
    return damaged("stored page id", format("{}", number(id_of(at))),
                   format("{}", number(expected)));
  }
  if ((stored & 0xffff) != check16) {
    return damaged(
        "low half of the checksum", hex(stored & 0xffff),
        hex(static_cast<std::uint32_t>(check16)) + " (an older state: a write was lost)");
  }
  const std::uint64_t seq = number(write_seq_of(at));
  if (seq == 0 || seq > number(newest)) {  // PAGE-3
    return damaged("write sequence", format("{}", seq), format("1 to {}", number(newest)));
  }
  if (type_of(at) != PageType::kValueChunk) {
    return damaged("type", format("{}", static_cast<int>(type_of(at))), "2");
  }
  const auto size = load_le<std::uint32_t>(at + offset::kPayloadSize);
  if (size == 0 || size > kExtentPayloadMax || extent_blocks(size) * kBlockSize != bytes.size()) {
    return damaged("payload size", format("{}", size),
                   format("one that fills {} blocks", bytes.size() / kBlockSize));
  }
  const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
  if (!std::all_of(at + 21, at + 24, is_zero) || !std::all_of(at + 28, at + kHeaderSize, is_zero)) {
    return damaged("one of bytes 21 to 23 and 28 to 63", "set", "zero");
  }
  return {};
}

}  // namespace nacre::page
