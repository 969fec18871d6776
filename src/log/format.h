// The bytes of a log segment: its header, the groups in it, the commits in a group.
//
// Format:     docs/format/log.md (this file and those tables change together)
// Invariants: LOG-1 positions are dense: a group starts one past the last position before it
//             LOG-2 each group header carries the checksum of the header before it (the chain)
//             LOG-3 a group of this segment carries the nonce in the segment's header
// Errors:     what does not decode is nothing (groups, which may be torn) or kCorrupt (the rest)
// Threads:    plain values and pure functions
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"
#include "log/log.h"

namespace nacre::log {

using Uuid = std::array<std::byte, 16>;

enum class SegmentSeq : std::uint64_t {};  // 1, 2, ...: the segments of a log in order

inline constexpr std::size_t kBlockSize = 4096;        // bytes; groups start on a block
inline constexpr std::size_t kGroupHeaderSize = 80;    // bytes
inline constexpr std::size_t kRecordHeaderSize = 32;   // bytes
inline constexpr std::size_t kOpsSizeMax = 256 << 20;  // bytes of one commit's ops

// `bytes` rounded up to whole blocks.
[[nodiscard]] constexpr std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + kBlockSize - 1) / kBlockSize * kBlockSize;
}

// The first block of a segment file.
struct SegmentHeader {
  Uuid uuid{};  // of the database
  SegmentSeq seq{};
  std::uint64_t nonce = 0;  // drawn anew each time a file becomes a segment
  Position base{};          // the first position that can be in this segment
  std::uint64_t base_group = 0;
  Time base_time{};         // of position base - 1
  std::uint32_t chain = 0;  // checksum of the last group header before this segment, 0 for none
  Time created{};
  std::uint64_t file_bytes = 0;

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

// Where the groups of a segment of `file_bytes` end: the last block says how the log was closed.
[[nodiscard]] constexpr std::uint64_t groups_end(std::uint64_t file_bytes) {
  return file_bytes - kBlockSize;
}

// Fills `block`, which has kBlockSize bytes.
void encode(const SegmentHeader& header, MutableBytes block);
// `path` is for the error text. Does not compare uuid, seq or size with what is expected.
[[nodiscard]] Result<SegmentHeader> decode_segment_header(Bytes block, std::string_view path);

// The last block of a segment at whose end an orderly close left the log. Wiped, durably, before
// anything follows.
struct ClosingRecord {
  std::uint64_t nonce = 0;       // the segment's
  std::uint64_t next_group = 0;  // the number of the group that would come next
  Position last{};
  Time last_time{};
  std::uint64_t offset = 0;  // where it would come
  std::uint32_t chain = 0;   // checksum of the header before it

  friend bool operator==(const ClosingRecord&, const ClosingRecord&) = default;
};

// Fills `block`, which has kBlockSize bytes.
void encode(const ClosingRecord& record, MutableBytes block);
// Nothing when `block` is not a whole closing record.
[[nodiscard]] std::optional<ClosingRecord> decode_closing_record(Bytes block);

struct GroupHeader {
  std::uint64_t nonce = 0;
  std::uint64_t number = 0;  // dense over all segments
  Position first{};
  std::uint32_t commits = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_crc = 0;
  std::uint32_t chain = 0;  // checksum of the previous group's header
  Position durable{};       // highest position known durable when this header was built
  std::uint64_t term = 0;   // 0: local log
  Time last_time{};         // of the last commit up to and with this group

  [[nodiscard]] Position last() const { return Position{number_of_last()}; }
  // Bytes of the segment it takes.
  [[nodiscard]] std::uint64_t extent() const {
    return whole_blocks(kGroupHeaderSize + std::uint64_t{payload_bytes});
  }
  friend bool operator==(const GroupHeader&, const GroupHeader&) = default;

 private:
  [[nodiscard]] std::uint64_t number_of_last() const { return nacre::number(first) + commits - 1; }
};

// Fills the first kGroupHeaderSize bytes of `group`; returns the header's checksum.
std::uint32_t encode(const GroupHeader& header, MutableBytes group);
// Nothing when these bytes are not a whole group header.
[[nodiscard]] std::optional<GroupHeader> decode_group_header(Bytes bytes);
// The checksum stored in an encoded group header.
[[nodiscard]] std::uint32_t stored_checksum(Bytes group_header);

// Fills the kRecordHeaderSize bytes that come before `ops`.
// `ops_crc` is crc32c(ops), so that it can be computed outside of locks.
void encode_record(Position position, Time time, Bytes ops, std::uint32_t ops_crc,
                   MutableBytes header);

// The commit at the front of `payload`, which is moved behind it; ops point into `payload`.
// Nothing when the bytes there are not a whole record with a right checksum.
[[nodiscard]] std::optional<Commit> decode_record(Bytes& payload);

// Whether `payload` is exactly the records that `header` announces, positions and times in order
// after `previous_time`. The text says what is wrong, and is empty when nothing is.
[[nodiscard]] std::string check_payload(const GroupHeader& header, Bytes payload,
                                        Time previous_time);

}  // namespace nacre::log
