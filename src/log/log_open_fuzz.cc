// Edits of a small log, with the checksums put right again so that they do not hide what comes
// after them: opening must refuse or give a log that reads, goes on and opens again.
//
// Input: edits of four bytes: place (2), what to do, a byte. The highest bit of the place is the
// file.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "io/sim_file_system.h"
#include "log/local_log.h"

namespace {

using namespace nacre;
using namespace nacre::log;

constexpr std::uint64_t kSegmentBytes = 6 * kBlockSize;

LocalLogOptions options_for(io::FileSystem& disk) {
  LocalLogOptions options;
  options.file_system = &disk;
  options.segment_bytes_min = options.segment_bytes_max = kSegmentBytes;
  return options;
}

// Two segments, groups of one and of several commits, one of two blocks.
std::unique_ptr<io::SimFileSystem> write_log() {
  auto disk = std::make_unique<io::SimFileSystem>(1);
  auto log = LocalLog::create("log", options_for(*disk));
  NACRE_CHECK(log.has_value(), "nothing fails on this disk");
  std::uint64_t time = 0;
  for (const int commits : {1, 3, 1, 1, 2}) {
    for (int i = 0; i < commits; ++i) {
      const std::string ops(time == 4 ? 4200 : 30, static_cast<char>('a' + time));
      NACRE_CHECK((*log)->make_room(ops.size()).has_value(), "nothing fails on this disk");
      const auto position = (*log)->append(Time{++time}, as_bytes(ops));
      NACRE_CHECK(position.has_value(), "nothing fails on this disk");
    }
    const auto durable = (*log)->wait_durable((*log)->last_position());
    NACRE_CHECK(durable.has_value(), "nothing fails on this disk");
  }
  return disk;
}

void fix_records(MutableBytes payload) {
  while (payload.size() >= kRecordHeaderSize) {
    const auto size = load_le<std::uint32_t>(payload.data());
    if (size > payload.size() - kRecordHeaderSize) return;
    const std::uint32_t ops_crc = crc32c(payload.subspan(kRecordHeaderSize, size));
    const std::uint32_t crc =
        crc32c(Bytes(payload).subspan(8, kRecordHeaderSize - 8), crc32c(payload.first(4), ops_crc));
    store_le(payload.data() + 4, crc);
    payload = payload.subspan(kRecordHeaderSize + size);
  }
}

// Groups from `at` on get right checksums; the next one is chained to each.
void fix_groups(MutableBytes file) {
  std::uint32_t chain = load_le<std::uint32_t>(file.data() + 56);
  for (std::size_t at = kBlockSize; at + kBlockSize <= file.size();) {
    const MutableBytes group = file.subspan(at);
    const auto size = load_le<std::uint32_t>(group.data() + 36);
    if (size > group.size() - kGroupHeaderSize) return;
    const MutableBytes payload = group.subspan(kGroupHeaderSize, size);
    fix_records(payload);
    store_le(group.data() + 40, crc32c(payload));
    store_le(group.data() + 44, chain);
    chain = crc32c(Bytes(group).subspan(8, kGroupHeaderSize - 8));
    store_le(group.data() + 4, chain);
    at += whole_blocks(kGroupHeaderSize + std::uint64_t{size});
  }
}

void fix(std::string& contents) {
  const MutableBytes file = std::as_writable_bytes(std::span(contents));
  if (file.size() < kBlockSize) return;
  store_le(file.data() + 12,
           crc32c(Bytes(file).subspan(16, kBlockSize - 16), crc32c(Bytes(file).first(12))));
  fix_groups(file);
}

// An edit may also cut a file, or ask for checksums to be put right.
void edit(io::SimFileSystem& disk, Bytes edits) {
  std::string files[2] = {disk.contents("log/1.log"), disk.contents("log/2.log")};
  bool fixes = false;
  for (; edits.size() >= 4; edits = edits.subspan(4)) {
    const auto place = load_le<std::uint16_t>(edits.data());
    const auto what = static_cast<unsigned>(edits[2]);
    const auto byte = static_cast<char>(edits[3]);
    std::string& file = files[place >> 15];
    if (file.empty()) continue;
    char& target = file[(place & 0x7fffU) % file.size()];
    if (what < 96) target = byte;
    if (what >= 96 && what < 160) target = static_cast<char>(target + byte);
    if (what >= 160 && what < 240) target = static_cast<char>(target ^ byte);
    if (what >= 240 && what < 244) file.resize((place & 0x7fffU) % (file.size() + 1));
    fixes = fixes || what >= 244;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (fixes) fix(files[i]);
    disk.replace_contents(i == 0 ? "log/1.log" : "log/2.log", std::move(files[i]));
  }
}

void expect_readable(LocalLog& log) {
  const auto reader = log.read_from(log.first_position());
  NACRE_CHECK(reader.has_value(), "a log reads from its first position");
  Position expected = log.first_position();
  Time previous{};
  while (true) {
    const auto commit = (*reader)->next();
    NACRE_CHECK(commit.has_value(), "what opening has checked can be read");
    if (!*commit) break;
    NACRE_CHECK((*commit)->position == expected, "positions are dense");
    NACRE_CHECK((*commit)->time > previous, "times increase");
    previous = (*commit)->time;
    expected = next(expected);
  }
  NACRE_CHECK(expected == next(log.last_position()), "readers see every commit");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<io::SimFileSystem> whole = write_log();
  const auto disk = whole->clone(1);
  edit(*disk, Bytes(reinterpret_cast<const std::byte*>(data), size));
  auto log = LocalLog::open("log", options_for(*disk), {});
  if (!log.has_value()) return 0;
  expect_readable(**log);
  const Position last = (*log)->last_position();
  const auto appended = (*log)->append(Time{number((*log)->last_time()) + 1}, {});
  if (!appended.has_value()) return 0;  // the last of all positions or times
  NACRE_CHECK((*log)->wait_durable(*appended).has_value(), "nothing fails on this disk");
  log->reset();
  const auto again = LocalLog::open("log", options_for(*disk), {});
  NACRE_CHECK(again.has_value(), "a log that went on can be opened again");
  NACRE_CHECK((*again)->last_position() == next(last), "with its last commit");
  expect_readable(**again);
  return 0;
}
