#include "log/format.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/codec.h"
#include "base/crc32c.h"

namespace nacre::log {
namespace {

SegmentHeader sample_segment() {
  SegmentHeader header;
  header.uuid.fill(std::byte{0xab});
  header.seq = SegmentSeq{3};
  header.nonce = 0x1122334455667788;
  header.base = Position{41};
  header.base_group = 17;
  header.base_time = Time{1000};
  header.chain = 0xdeadbeef;
  header.created = Time{2000};
  header.file_bytes = 1 << 20;
  return header;
}

GroupHeader sample_group() {
  GroupHeader header;
  header.nonce = 7;
  header.number = 5;
  header.first = Position{10};
  header.commits = 2;
  header.payload_bytes = 100;
  header.payload_crc = 9;
  header.chain = 11;
  header.durable = Position{9};
  header.last_time = Time{12};
  return header;
}

TEST(SegmentHeader, DecodesToWhatWasEncoded) {
  std::vector<std::byte> block(kBlockSize, std::byte{0xff});
  encode(sample_segment(), block);
  const auto decoded = decode_segment_header(block, "f");
  ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
  EXPECT_EQ(*decoded, sample_segment());
}

TEST(ClosingRecord, DecodesToWhatWasEncodedAndNoFlippedByteDoes) {
  const ClosingRecord record{.nonce = 7,
                             .next_group = 9,
                             .last = Position{12},
                             .last_time = Time{99},
                             .offset = 3 * kBlockSize,
                             .chain = 0xfeed};
  std::vector<std::byte> block(kBlockSize, std::byte{0xff});
  encode(record, block);
  EXPECT_EQ(decode_closing_record(block), record);
  for (std::size_t at = 0; at < block.size(); ++at) {
    block[at] ^= std::byte{0x10};
    ASSERT_FALSE(decode_closing_record(block).has_value()) << at;
    block[at] ^= std::byte{0x10};
  }
}

TEST(SegmentHeader, EveryFlippedByteIsCorruptAndNamesTheFile) {
  std::vector<std::byte> block(kBlockSize);
  encode(sample_segment(), block);
  for (std::size_t at = 0; at < block.size(); ++at) {
    block[at] ^= std::byte{0x01};
    const auto decoded = decode_segment_header(block, "log/3.log");
    ASSERT_FALSE(decoded.has_value()) << at;
    ASSERT_EQ(decoded.error().code(), Code::kCorrupt) << at;
    ASSERT_TRUE(decoded.error().what().starts_with("log/3.log: ")) << decoded.error().text();
    block[at] ^= std::byte{0x01};
  }
}

TEST(SegmentHeader, LaterFormatIsUnsupportedNotCorrupt) {
  std::vector<std::byte> block(kBlockSize);
  encode(sample_segment(), block);
  store_le(block.data() + 8, std::uint32_t{2});
  store_le(block.data() + 12, crc32c(Bytes(block).subspan(16), crc32c(Bytes(block).first(12))));
  const auto decoded = decode_segment_header(block, "f");
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code(), Code::kUnsupported) << decoded.error().text();
}

TEST(GroupHeader, DecodesToWhatWasEncodedAndNothingElse) {
  std::vector<std::byte> bytes(kGroupHeaderSize, std::byte{0xff});
  const std::uint32_t crc = encode(sample_group(), bytes);
  EXPECT_EQ(crc, stored_checksum(bytes));
  const auto decoded = decode_group_header(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, sample_group());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] ^= std::byte{0x80};
    EXPECT_FALSE(decode_group_header(bytes).has_value()) << at;
    bytes[at] ^= std::byte{0x80};
  }
  EXPECT_FALSE(decode_group_header(Bytes(bytes).first(kGroupHeaderSize - 1)).has_value());
}

TEST(GroupHeader, OfTheFutureIsRefused) {
  std::vector<std::byte> bytes(kGroupHeaderSize);
  GroupHeader header = sample_group();
  header.durable = header.first;
  encode(header, bytes);
  EXPECT_FALSE(decode_group_header(bytes).has_value());
}

std::string record(Position position, Time time, std::string_view ops) {
  std::string bytes(kRecordHeaderSize, '\0');
  encode_record(position, time, as_bytes(ops), crc32c(as_bytes(ops)),
                std::as_writable_bytes(std::span(bytes)));
  return bytes.append(ops);
}

TEST(CommitRecord, DecodesToWhatWasEncodedAndMovesOn) {
  const std::string bytes =
      record(Position{4}, Time{5}, "hello") + record(Position{5}, Time{6}, "");
  Bytes rest = as_bytes(bytes);
  const auto first = decode_record(rest);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->position, Position{4});
  EXPECT_EQ(first->time, Time{5});
  EXPECT_EQ(as_text(first->ops), "hello");
  const auto second = decode_record(rest);
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->ops.empty());
  EXPECT_TRUE(rest.empty());
}

TEST(CommitRecord, EveryFlippedByteAndEveryMissingByteIsNoticed) {
  std::string bytes = record(Position{4}, Time{5}, "hello");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes cut = as_bytes(bytes).first(at);
    EXPECT_FALSE(decode_record(cut).has_value()) << at;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    Bytes rest = as_bytes(bytes);
    EXPECT_FALSE(decode_record(rest).has_value()) << at;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  }
}

TEST(GroupPayload, SaysWhatIsWrong) {
  GroupHeader header = sample_group();
  const std::string right =
      record(Position{10}, Time{11}, "a") + record(Position{11}, Time{12}, "b");
  EXPECT_EQ(check_payload(header, as_bytes(right), Time{10}), "");
  EXPECT_EQ(check_payload(header, as_bytes(right), Time{11}),
            "the time of position 10 is 11, expected more than 11");
  EXPECT_EQ(check_payload(header, as_bytes(right + "x"), Time{10}),
            "1 bytes follow the last record");
  const std::string gap = record(Position{10}, Time{11}, "a") + record(Position{12}, Time{12}, "b");
  EXPECT_EQ(check_payload(header, as_bytes(gap), Time{10}),
            "a record names position 12, expected 11");
  header.last_time = Time{13};
  EXPECT_EQ(check_payload(header, as_bytes(right), Time{10}),
            "the header's time is 13, expected 12");
}

}  // namespace
}  // namespace nacre::log
