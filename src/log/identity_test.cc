// What tells a group that belongs here from one that an earlier use of the file, or somebody else,
// left: the nonce of the segment (LOG-3) and the chain (LOG-2).
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "log/format.h"
#include "log/log_test_support.h"

namespace nacre::log {
namespace {

std::unique_ptr<LocalLog> create(io::SimFileSystem& disk) {
  auto log = LocalLog::create("log", small_options(disk));
  EXPECT_TRUE(log.has_value()) << log.error().text();
  return std::move(*log);
}

void commit(LocalLog& log) {
  const auto position = append_next(log);
  ASSERT_TRUE(position.has_value()) << position.error().text();
  ASSERT_TRUE(log.wait_durable(*position).has_value());
}

// LOG-3
TEST(LogIdentity, EverySegmentHasANonceOfItsOwnThoughItsFileWasOneBefore) {
  io::SimFileSystem disk(1);
  const auto log = create(disk);
  std::map<std::string, std::uint64_t> nonces;  // by file
  for (int i = 0; i < 120; ++i) {
    ASSERT_NO_FATAL_FAILURE(commit(*log));
    ASSERT_TRUE(log->trim(log->last_position()).has_value());
    for (const std::string& file : disk.files()) {
      if (!file.ends_with(".log")) continue;
      const std::string contents = disk.contents(file);
      const auto header = decode_segment_header(as_bytes(contents).first(kBlockSize), file);
      ASSERT_TRUE(header.has_value()) << header.error().text();
      nonces[file] = header->nonce;
    }
  }
  std::set<std::uint64_t> different;
  for (const auto& [file, nonce] : nonces) different.insert(nonce);
  EXPECT_GT(nonces.size(), 10U);
  EXPECT_EQ(different.size(), nonces.size());
}

// LOG-2: its checksums are right, it just does not follow the group before it.
TEST(LogIdentity, GroupThatBreaksTheChainIsDamage) {
  io::SimFileSystem disk(1);
  const auto log = create(disk);
  for (int i = 0; i < 4; ++i) ASSERT_NO_FATAL_FAILURE(commit(*log));
  std::string contents = disk.contents("log/1.log");
  const MutableBytes second =
      std::as_writable_bytes(std::span(contents)).subspan(2 * kBlockSize, kGroupHeaderSize);
  auto header = decode_group_header(second);
  ASSERT_TRUE(header.has_value()) << "one block for each of these groups";
  ASSERT_EQ(header->first, Position{2});
  header->chain ^= 1;
  encode(*header, second);
  const auto other = disk.clone(1);
  other->replace_contents("log/1.log", contents);
  const auto opened = LocalLog::open("log", small_options(*other), {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), Code::kCorrupt) << opened.error().text();
}

}  // namespace
}  // namespace nacre::log
