#include "log/format.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "base/text.h"

namespace nacre::log {
namespace {

constexpr std::uint64_t kSegmentMagic = 0x31474f4c4552434e;  // "NCRELOG1"
constexpr std::uint32_t kGroupMagic = 0x50524743;            // "CGRP"
constexpr std::uint32_t kClosingMagic = 0x444e4543;          // "CEND"
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kClosingSize = 56;  // the rest of the block is zero

// Offsets in a segment header.
constexpr std::size_t kSegmentCrc = 12;
constexpr std::size_t kSegmentUuid = 16;
constexpr std::size_t kSegmentFields = 32;
constexpr std::size_t kSegmentEnd = 96;  // the rest of the block is zero

std::uint32_t segment_checksum(Bytes block) {
  return crc32c(block.subspan(kSegmentUuid), crc32c(block.first(kSegmentCrc)));
}

std::uint32_t record_checksum(Bytes header, std::uint32_t ops_crc) {
  return crc32c(header.subspan(8, kRecordHeaderSize - 8), crc32c(header.first(4), ops_crc));
}

bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

void encode(const SegmentHeader& header, MutableBytes block) {
  NACRE_CHECK(block.size() == kBlockSize, "a segment header is one block");
  std::ranges::fill(block, std::byte{0});
  std::byte* to = block.data();
  store_le(to, kSegmentMagic);
  store_le(to + 8, kFormat);
  std::memcpy(to + kSegmentUuid, header.uuid.data(), header.uuid.size());
  store_le(to + kSegmentFields, static_cast<std::uint64_t>(header.seq));
  store_le(to + 40, header.nonce);
  store_le(to + 48, number(header.base));
  store_le(to + 56, header.chain);
  store_le(to + 64, number(header.created));
  store_le(to + 72, header.file_bytes);
  store_le(to + 80, header.base_group);
  store_le(to + 88, number(header.base_time));
  store_le(to + kSegmentCrc, segment_checksum(block));
}

Result<SegmentHeader> decode_segment_header(Bytes block, std::string_view path) {
  NACRE_CHECK(block.size() == kBlockSize, "a segment header is one block");
  const std::byte* from = block.data();
  const auto magic = load_le<std::uint64_t>(from);
  if (magic != kSegmentMagic) {
    return fail(Code::kCorrupt, format("{}: segment magic is {}, expected {}", path, hex(magic),
                                       hex(kSegmentMagic)));
  }
  const auto stored = load_le<std::uint32_t>(from + kSegmentCrc);
  const std::uint32_t computed = segment_checksum(block);
  if (stored != computed) {
    return fail(Code::kCorrupt, format("{}: segment header checksum is {}, expected {}", path,
                                       hex(stored), hex(computed)));
  }
  const auto version = load_le<std::uint32_t>(from + 8);
  if (version != kFormat) {
    return fail(Code::kUnsupported,
                format("{}: log format is {}, this version reads {}", path, version, kFormat));
  }
  if (load_le<std::uint32_t>(from + 60) != 0 || !all_zero(block.subspan(kSegmentEnd))) {
    return fail(Code::kCorrupt,
                format("{}: reserved bytes of the segment header are not zero", path));
  }
  SegmentHeader header;
  std::memcpy(header.uuid.data(), from + kSegmentUuid, header.uuid.size());
  header.seq = SegmentSeq{load_le<std::uint64_t>(from + kSegmentFields)};
  header.nonce = load_le<std::uint64_t>(from + 40);
  header.base = Position{load_le<std::uint64_t>(from + 48)};
  header.chain = load_le<std::uint32_t>(from + 56);
  header.created = Time{load_le<std::uint64_t>(from + 64)};
  header.file_bytes = load_le<std::uint64_t>(from + 72);
  header.base_group = load_le<std::uint64_t>(from + 80);
  header.base_time = Time{load_le<std::uint64_t>(from + 88)};
  if (header.base == kNoPosition || header.base > kPositionMax) {
    return fail(Code::kCorrupt, format("{}: first position is {}, expected 1 to {}", path,
                                       number(header.base), number(kPositionMax)));
  }
  return header;
}

void encode(const ClosingRecord& record, MutableBytes block) {
  NACRE_CHECK(block.size() == kBlockSize, "a closing record is one block");
  std::ranges::fill(block, std::byte{0});
  std::byte* to = block.data();
  store_le(to, kClosingMagic);
  store_le(to + 8, record.nonce);
  store_le(to + 16, record.next_group);
  store_le(to + 24, number(record.last));
  store_le(to + 32, number(record.last_time));
  store_le(to + 40, record.offset);
  store_le(to + 48, record.chain);
  store_le(to + 4, crc32c(Bytes(block).subspan(8)));
}

std::optional<ClosingRecord> decode_closing_record(Bytes block) {
  NACRE_CHECK(block.size() == kBlockSize, "a closing record is one block");
  const std::byte* from = block.data();
  if (load_le<std::uint32_t>(from) != kClosingMagic) return std::nullopt;
  if (load_le<std::uint32_t>(from + 4) != crc32c(block.subspan(8))) return std::nullopt;
  if (load_le<std::uint32_t>(from + 52) != 0 || !all_zero(block.subspan(kClosingSize))) {
    return std::nullopt;
  }
  ClosingRecord record;
  record.nonce = load_le<std::uint64_t>(from + 8);
  record.next_group = load_le<std::uint64_t>(from + 16);
  record.last = Position{load_le<std::uint64_t>(from + 24)};
  record.last_time = Time{load_le<std::uint64_t>(from + 32)};
  record.offset = load_le<std::uint64_t>(from + 40);
  record.chain = load_le<std::uint32_t>(from + 48);
  if (record.last >= kPositionMax) return std::nullopt;
  return record;
}

std::uint32_t encode(const GroupHeader& header, MutableBytes group) {
  NACRE_CHECK(group.size() >= kGroupHeaderSize, "a group starts with its header");
  std::byte* to = group.data();
  store_le(to, kGroupMagic);
  store_le(to + 8, header.nonce);
  store_le(to + 16, header.number);
  store_le(to + 24, number(header.first));
  store_le(to + 32, header.commits);
  store_le(to + 36, header.payload_bytes);
  store_le(to + 40, header.payload_crc);
  store_le(to + 44, header.chain);
  store_le(to + 48, number(header.durable));
  store_le(to + 56, header.term);
  store_le(to + 64, number(header.last_time));
  store_le(to + 72, std::uint64_t{0});
  const std::uint32_t crc = crc32c(Bytes(group).subspan(8, kGroupHeaderSize - 8));
  store_le(to + 4, crc);
  return crc;
}

std::optional<GroupHeader> decode_group_header(Bytes bytes) {
  if (bytes.size() < kGroupHeaderSize) return std::nullopt;
  const std::byte* from = bytes.data();
  if (load_le<std::uint32_t>(from) != kGroupMagic) return std::nullopt;
  if (stored_checksum(bytes) != crc32c(bytes.subspan(8, kGroupHeaderSize - 8))) return std::nullopt;
  GroupHeader header;
  header.nonce = load_le<std::uint64_t>(from + 8);
  header.number = load_le<std::uint64_t>(from + 16);
  header.first = Position{load_le<std::uint64_t>(from + 24)};
  header.commits = load_le<std::uint32_t>(from + 32);
  header.payload_bytes = load_le<std::uint32_t>(from + 36);
  header.payload_crc = load_le<std::uint32_t>(from + 40);
  header.chain = load_le<std::uint32_t>(from + 44);
  header.durable = Position{load_le<std::uint64_t>(from + 48)};
  header.term = load_le<std::uint64_t>(from + 56);
  header.last_time = Time{load_le<std::uint64_t>(from + 64)};
  const bool sane = load_le<std::uint64_t>(from + 72) == 0 && header.term == 0 &&
                    header.first != kNoPosition && header.first <= kPositionMax &&
                    header.durable < header.first;
  return sane ? std::optional(header) : std::nullopt;
}

std::uint32_t stored_checksum(Bytes group_header) {
  return load_le<std::uint32_t>(group_header.data() + 4);
}

void encode_record(Position position, Time time, Bytes ops, std::uint32_t ops_crc,
                   MutableBytes header) {
  NACRE_CHECK(header.size() == kRecordHeaderSize, "the caller made room");
  std::byte* to = header.data();
  store_le(to, static_cast<std::uint32_t>(ops.size()));
  store_le(to + 8, number(position));
  store_le(to + 16, number(time));
  store_le(to + 24, std::uint64_t{0});
  store_le(to + 4, record_checksum(header, ops_crc));
}

std::optional<Commit> decode_record(Bytes& payload) {
  if (payload.size() < kRecordHeaderSize) return std::nullopt;
  const std::byte* from = payload.data();
  const auto size = load_le<std::uint32_t>(from);
  if (payload.size() - kRecordHeaderSize < size) return std::nullopt;
  const Bytes ops = payload.subspan(kRecordHeaderSize, size);
  if (load_le<std::uint32_t>(from + 4) != record_checksum(payload, crc32c(ops))) {
    return std::nullopt;
  }
  if (load_le<std::uint64_t>(from + 24) != 0) return std::nullopt;
  payload = payload.subspan(kRecordHeaderSize + size);
  return Commit{.position = Position{load_le<std::uint64_t>(from + 8)},
                .time = Time{load_le<std::uint64_t>(from + 16)},
                .ops = ops};
}

std::string check_payload(const GroupHeader& header, Bytes payload, Time previous_time) {
  Position expected = header.first;
  for (std::uint32_t i = 0; i < header.commits; ++i) {
    const auto commit = decode_record(payload);
    if (!commit) return format("the record of position {} does not decode", number(expected));
    if (commit->position != expected) {
      return format("a record names position {}, expected {}", number(commit->position),
                    number(expected));
    }
    if (commit->time <= previous_time) {
      return format("the time of position {} is {}, expected more than {}", number(expected),
                    number(commit->time), number(previous_time));
    }
    previous_time = commit->time;
    expected = next(expected);
  }
  if (!payload.empty()) return format("{} bytes follow the last record", payload.size());
  if (header.last_time != previous_time) {
    return format("the header's time is {}, expected {}", number(header.last_time),
                  number(previous_time));
  }
  return {};
}

}  // namespace nacre::log
