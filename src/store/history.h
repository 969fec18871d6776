// History: the versions that later commits replaced, for readers of the past.
//
// One tree, keyed by the word (position << 16 | operation) of the commit that ended a version; what
//   the row holds is that version: its own word, its flags, its value. A row of a table carries the
//   word of the commit that wrote it, which is the key of the record of the version before it: the
//   versions of a key form a chain through the history that costs the row one flag bit. Words
//   ascend, so records are appended.
// Deletes: the row leaves its table; its key goes to the table's graveyard with the delete's word,
//   where a chain begins as it does in a row. A key is in the table, in the graveyard, or unknown.
// Format:     docs/format/store.md
// Invariants: HIST-1  a version replaced after the horizon has its record, under the word of the
//                     commit that replaced it
//             HIST-2  a record's version is older than its end
//             HIST-3  no key is in a table and in its graveyard
// Cost:    appending is one insert at the right edge. Going back n versions of a key that changes
//   often costs O(log n) reads through the jumps, of one that changes seldom n.
// Errors:  kCorrupt names the record.
// Threads: records are plain values; Jumps and append are the applier's; find: any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"
#include "page/pager.h"
#include "tree/tree.h"

namespace nacre::store {

[[nodiscard]] constexpr Position position_of(std::uint64_t word) { return Position{word >> 16}; }

// The largest operation number a word can tell; operations of larger batches share it.
inline constexpr std::uint64_t kOpMax = 0xffff;
[[nodiscard]] constexpr bool is_shared_word(std::uint64_t word) {
  return (word & kOpMax) == kOpMax;
}

// One state of a key: a value, or that there was none.
struct Version {
  bool is_absent = false;  // deleted by the commit of `word`
  page::RowFlags flags = 0;
  std::uint64_t word = 0;
  std::string value;
};

// A version that has ended, with the way to older ones.
struct Record {
  Version version;
  bool is_delete = false;  // what ended it deleted the key
  std::uint64_t jump = 0;  // key of a record further back in the chain; 0: none
  TableId table{};         // with `key`, when is_delete or is_shared_word(end)
  std::string key;
};

// Bytes a record counts for; that of a delete with its row in the graveyard.
[[nodiscard]] constexpr std::uint64_t cost_of(bool is_delete, std::size_t key_size,
                                              std::size_t value_size) {
  return key_size + value_size + (is_delete ? 48 : 16);
}

void encode_record(const Record& record, bool with_key, std::string& into);
// `into` keeps its memory.
[[nodiscard]] Result<> decode_record(std::uint64_t end, std::uint64_t word, page::RowFlags flags,
                                     Bytes value, Record& into);
// The key of a record in the tree; `probe` tells keys of one shared word apart.
[[nodiscard]] std::string record_key(std::uint64_t end, TableId table, Bytes key,
                                     std::uint16_t probe = 0);
[[nodiscard]] std::uint64_t end_of(Bytes record_key);

// The record of the version that the commit of `end` ended; false when there is none.
[[nodiscard]] Result<bool> find_record(const tree::Tree& history, page::View view,
                                       std::uint64_t end, TableId table, Bytes key, Record& into);

// What key `key` of `table` was at `at`, from a version with word `word` that is later: false when
// it was not there yet. `hops`, when not null, counts the records read. kCorrupt when the chain
// breaks: also when a vacuum was faster, which the caller finds out by the horizon.
[[nodiscard]] Result<bool> follow(const tree::Tree& history, page::View view, std::uint64_t word,
                                  TableId table, Bytes key, Position at, Version& into,
                                  std::uint64_t* hops = nullptr);

// Remembers the chains of keys that change often, so that their records get jumps: a skew-binary
// list each, as deep as it is remembered. What is forgotten starts anew.
class Jumps {
 public:
  // A record is about to be appended at `end` over the version of `word`. Returns where it jumps
  // to, 0: nowhere.
  [[nodiscard]] std::uint64_t note(std::uint64_t end, std::uint64_t word);

 private:
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kDepth = 24;
  // Of the newest record of a key: itself, where it jumps to, where that jumps to, ...
  struct Path {
    std::uint32_t size = 0;
    std::uint32_t depth[kDepth];  // records behind it in the list
    std::uint64_t end[kDepth];
  };
  [[nodiscard]] Path& slot(std::uint64_t word) { return slots_[(word * 0x9e3779b97f4a7c15) >> 54]; }
  std::unique_ptr<Path[]> slots_;  // made with the first record
};

}  // namespace nacre::store
