// The example in docs/format/log.md is a log: it decodes, it opens, and it is what is written.
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "base/codec.h"
#include "base/crc32c.h"
#include "log/format.h"
#include "log/log_test_support.h"

namespace nacre::log {
namespace {

// The bytes of the ```text block under "## Example": "<offset>: <hex bytes>", all in hex.
std::string example_bytes() {
  std::ifstream file(NACRE_SOURCE_DIR "/docs/format/log.md");
  std::string bytes(3 * kBlockSize, '\0');
  std::string line;
  while (std::getline(file, line) && line != "## Example") {
  }
  while (std::getline(file, line) && line != "```text") {
  }
  while (std::getline(file, line) && line != "```") {
    std::istringstream words(line);
    std::size_t offset = 0;
    char colon = 0;
    words >> std::hex >> offset >> colon;
    unsigned byte = 0;
    while (words >> std::hex >> byte) bytes.at(offset++) = static_cast<char>(byte);
  }
  return bytes;
}

SegmentHeader example_segment() {
  SegmentHeader header;
  header.uuid.fill(std::byte{0x11});
  header.seq = SegmentSeq{1};
  header.nonce = 0x0123456789abcdef;
  header.base = Position{1};
  header.created = Time{1'700'000'000'000'000};
  header.file_bytes = 3 * kBlockSize;
  return header;
}

std::string encoded_example() {
  std::string bytes(3 * kBlockSize, '\0');
  const MutableBytes all = std::as_writable_bytes(std::span(bytes));
  encode(example_segment(), all.first(kBlockSize));
  const MutableBytes group = all.subspan(kBlockSize);
  std::size_t used = kGroupHeaderSize;
  std::uint64_t position = 0;
  for (const std::string_view ops : {"hello", "nacre"}) {
    ++position;
    std::ranges::copy(as_bytes(ops), group.subspan(used + kRecordHeaderSize).begin());
    encode_record(Position{position}, Time{1'700'000'000'000'000 + position}, as_bytes(ops),
                  crc32c(as_bytes(ops)), group.subspan(used, kRecordHeaderSize));
    used += kRecordHeaderSize + ops.size();
  }
  const Bytes payload = Bytes(group).first(used).subspan(kGroupHeaderSize);
  encode(GroupHeader{.nonce = example_segment().nonce,
                     .number = 0,
                     .first = Position{1},
                     .commits = 2,
                     .payload_bytes = static_cast<std::uint32_t>(payload.size()),
                     .payload_crc = crc32c(payload),
                     .chain = 0,
                     .durable = kNoPosition,
                     .term = 0,
                     .last_time = Time{1'700'000'000'000'002}},
         group);
  return bytes;
}

// The example as the document shows it, for whoever changes the format.
std::string rendered(const std::string& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = std::string_view(bytes).substr(at, 16);
    if (row.find_first_not_of('\0') == std::string_view::npos) continue;
    text += fmt::format("{:04x}:", at);
    for (const char byte : row) text += fmt::format(" {:02x}", static_cast<unsigned char>(byte));
    text += "\n";
  }
  return text;
}

TEST(LogFormatDoc, ExampleIsWhatIsWritten) {
  const std::string encoded = encoded_example();
  EXPECT_TRUE(example_bytes() == encoded) << "the document should show\n" << rendered(encoded);
}

TEST(LogFormatDoc, ExampleDecodes) {
  io::SimFileSystem disk(1);
  ASSERT_TRUE(disk.make_directory("log").has_value());
  ASSERT_TRUE(disk.open("log/1.log", {.mode = io::OpenMode::kCreate}).has_value());
  disk.replace_contents("log/1.log", example_bytes());
  LocalLogOptions options = small_options(disk);
  options.database_uuid.fill(std::byte{0x11});
  const auto log = LocalLog::open("log", options, {});
  ASSERT_TRUE(log.has_value()) << log.error().text();
  EXPECT_EQ((*log)->last_position(), Position{2});
  EXPECT_EQ((*log)->last_time(), Time{1'700'000'000'000'002});
  const auto reader = (*log)->read_from(Position{1});
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(as_text((**(*reader)->next()).ops), "hello");
  EXPECT_EQ(as_text((**(*reader)->next()).ops), "nacre");
}

}  // namespace
}  // namespace nacre::log
