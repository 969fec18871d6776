// Extent: bytes that are written once and never changed, in 1 to 256 blocks that lie together.
//
// Why not pages: a value of a megabyte in pages of 8 KB is 128 reads, and a copy of each page in
//   memory. An extent is one read, has the id, the map word and the life of a page, and never takes
//   a frame.
// Format:  docs/format/page.md, "Value chunks": the header of a page, then the payload, then zeros
//   to the end of the last block.
// Invariants: PAGE-1, PAGE-2, PAGE-3, as for pages.
// Errors:  check_extent: kCorrupt naming file, page and field; no length from disk is trusted.
// Threads: plain values and pure functions; the bytes of an ExtentRef never change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "io/aligned_buffer.h"
#include "page/mapping_word.h"
#include "page/page_header.h"
#include "page/types.h"

namespace nacre::page {

namespace offset {
inline constexpr std::size_t kPayloadSize = 24;  // 4 bytes; extents have no cells
}  // namespace offset

inline constexpr std::uint32_t kExtentBlocksMax = 256;
inline constexpr std::size_t kExtentPayloadMax =
    std::size_t{kExtentBlocksMax} * kBlockSize - kHeaderSize;  // bytes

[[nodiscard]] constexpr std::uint32_t extent_blocks(std::size_t payload_size) {
  return static_cast<std::uint32_t>((kHeaderSize + payload_size + kBlockSize - 1) / kBlockSize);
}

struct ExtentHeader {
  PageId id{};
  CheckpointSeq seq{};
  std::uint32_t tree = 0;
};

// Fills `target`, extent_blocks(payload.size()) whole blocks; returns the checksum.
std::uint32_t encode_extent(const ExtentHeader& header, Bytes payload, MutableBytes target);

// Checks `bytes`, read from the place that a map word with `check16` names. `newest` is the highest
// checkpoint that may have written it.
[[nodiscard]] Result<> check_extent(Bytes bytes, PageId expected, CheckpointSeq newest,
                                    std::uint16_t check16, std::string_view file);

// A whole extent in memory, shared with the cache and other readers.
class ExtentRef {
 public:
  ExtentRef() = default;
  // `at` bytes into `buffer` lies an extent that is checked, or was encoded here.
  ExtentRef(std::shared_ptr<io::AlignedBuffer> buffer, std::size_t at)
      : buffer_(std::move(buffer)), at_(at) {}

  [[nodiscard]] Bytes payload() const {
    const std::byte* extent = buffer_->data() + at_;
    return {extent + kHeaderSize, load_le<std::uint32_t>(extent + offset::kPayloadSize)};
  }
  [[nodiscard]] std::uint32_t tree() const { return tree_of(buffer_->data() + at_); }
  // Bytes of memory that stay while this does.
  [[nodiscard]] std::size_t memory() const { return buffer_->size(); }

 private:
  std::shared_ptr<io::AlignedBuffer> buffer_;  // shared by readers, the cache and the writer
  std::size_t at_ = 0;
};

}  // namespace nacre::page
