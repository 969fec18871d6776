#include "store/history.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/crc32c.h"
#include "base/planted.h"
#include "base/text.h"

namespace nacre::store {
namespace {

// Bits of a record's first byte.
constexpr std::uint8_t kAbsent = 1;
constexpr std::uint8_t kDelete = 2;
constexpr std::uint8_t kJump = 4;
constexpr std::uint8_t kKey = 8;
constexpr std::uint8_t kKnown = kAbsent | kDelete | kJump | kKey;

constexpr std::size_t kWordSize = 8;

std::unexpected<Error> damaged(std::uint64_t end, std::string_view rule) {
  return fail(Code::kCorrupt, format("history: record of commit {}, operation {}: {}",
                                     number(position_of(end)), end & kOpMax, rule));
}

}  // namespace

void encode_record(const Record& record, bool with_key, std::string& bytes) {
  bytes.clear();
  bytes.reserve(record.version.value.size() + record.key.size() + 20);
  std::uint8_t bits = 0;
  if (record.version.is_absent) bits |= kAbsent;
  if (record.is_delete) bits |= kDelete;
  if (record.jump != 0) bits |= kJump;
  if (with_key) bits |= kKey;
  bytes.push_back(static_cast<char>(bits));
  if (record.jump != 0) {
    std::byte jump[8];
    store_le(jump, record.jump);
    append_bytes(bytes, jump);
  }
  if (with_key) {
    append_varint(bytes, number(record.table));
    append_varint(bytes, record.key.size());
    bytes.append(record.key);
  }
  bytes.append(record.version.value);
}

Result<> decode_record(std::uint64_t end, std::uint64_t word, page::RowFlags flags, Bytes value,
                       Record& into) {
  Decoder in(value);
  const auto bits = in.fixed<std::uint8_t>();
  if (!bits.has_value()) return damaged(end, "it is empty");
  if ((*bits & ~kKnown) != 0) return damaged(end, format("its first byte is {}", *bits));
  into.version.is_absent = (*bits & kAbsent) != 0;
  into.version.flags = flags;
  into.version.word = word;
  into.is_delete = (*bits & kDelete) != 0;
  into.jump = 0;
  into.table = TableId{};
  into.key.clear();
  if ((*bits & kJump) != 0) {
    const auto jump = in.fixed<std::uint64_t>();
    if (!jump.has_value()) return damaged(end, "its jump is cut short");
    into.jump = *jump;
  }
  if ((*bits & kKey) != 0) {
    const auto table = in.varint();
    const auto size = in.varint();
    if (!table.has_value() || *table > UINT32_MAX || !size.has_value()) {
      return damaged(end, "its table is cut short");
    }
    const auto key = in.bytes(*size);
    if (!key.has_value()) return damaged(end, "its key is cut short");
    into.table = TableId{static_cast<std::uint32_t>(*table)};
    into.key.assign(as_text(*key));
  } else if (into.is_delete || is_shared_word(end)) {
    return damaged(end, "it does not say its key");
  }
  if (word >= end) return damaged(end, "its version is not older than its end");  // HIST-2
  if (into.jump >= end) return damaged(end, "it jumps forwards");
  into.version.value.assign(as_text(in.rest()));
  return {};
}

std::string record_key(std::uint64_t end, TableId table, Bytes key, std::uint16_t probe) {
  std::byte bytes[kWordSize + 6];
  store_be(bytes, end);
  if (!is_shared_word(end)) return to_string(Bytes(bytes, kWordSize));
  std::byte number_bytes[4];
  store_be(number_bytes, number(table));
  store_be(bytes + kWordSize, crc32c(key, crc32c(Bytes(number_bytes))));
  store_be(bytes + kWordSize + 4, probe);
  return to_string(Bytes(bytes));
}

std::uint64_t end_of(Bytes record_key) {
  return record_key.size() < kWordSize ? 0 : load_be<std::uint64_t>(record_key.data());
}

Result<bool> find_record(const tree::Tree& history, page::View view, std::uint64_t end,
                         TableId table, Bytes key, Record& into) {
  for (std::uint16_t probe = 0;; ++probe) {
    const std::string at = record_key(end, table, key, probe);
    Result<> decoded;
    const bool found = NACRE_TRY(history.visit(
        view, as_bytes(at), [&](Bytes value, std::uint64_t word, page::RowFlags flags) {
          decoded = decode_record(end, word, flags, value, into);
        }));
    if (!found) return false;
    NACRE_TRY(std::move(decoded));
    if (!is_shared_word(end)) return true;
    if (into.table == table && as_text(key) == into.key) return true;
    if (probe == UINT16_MAX) return false;
  }
}

Result<bool> follow(const tree::Tree& history, page::View view, std::uint64_t word, TableId table,
                    Bytes key, Position at, Version& into, std::uint64_t* hops) {
  Record record;
  while (true) {
    if (hops != nullptr) ++*hops;
    if (!NACRE_TRY(find_record(history, view, word, table, key, record))) {
      return damaged(word, "it is missing");
    }
    if (position_of(record.version.word) <= at) {
      const bool is_there = !record.version.is_absent;
      into = std::move(record.version);
      return is_there;
    }
    if ((record.version.flags & page::kHasHistory) == 0) return false;  // its first version
    const bool jumps =
        record.jump != 0 && (position_of(record.jump) > at || NACRE_PLANTED(jump_goes_too_far));
    word = jumps ? record.jump : record.version.word;
  }
}

std::uint64_t Jumps::note(std::uint64_t end, std::uint64_t word) {
  if (slots_ == nullptr) slots_ = std::make_unique<Path[]>(kSlots);
  Path path;
  path.size = 1;
  path.depth[0] = 0;
  path.end[0] = end;
  Path& before = slot(word);
  std::uint64_t jump = 0;
  if (before.size > 0 && before.end[0] == word) {
    path.depth[0] = before.depth[0] + 1;
    // Two lists of one size become one: jump over both.
    const bool joins =
        before.size > 2 && before.depth[0] - before.depth[1] == before.depth[1] - before.depth[2];
    const std::size_t from = joins ? 2 : 0;
    const std::size_t kept = std::min<std::size_t>(before.size - from, kDepth - 1);
    std::copy_n(before.depth + from, kept, path.depth + 1);
    std::copy_n(before.end + from, kept, path.end + 1);
    path.size = static_cast<std::uint32_t>(kept + 1);
    if (joins) jump = path.end[1];
    before.size = 0;
  }
  // Operations that share a word have records by their keys, which a jump does not name.
  if (is_shared_word(end)) return jump;
  Path& after = slot(end);
  after.size = path.size;
  std::copy_n(path.depth, path.size, after.depth);
  std::copy_n(path.end, path.size, after.end);
  return jump;
}

}  // namespace nacre::store
