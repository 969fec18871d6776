// Big values: what is too long for a leaf lies in value chunks, and the row says where.
//
// Format:     docs/format/store.md, "Big values": size, checksum and the ids of the chunks; every
//             chunk but the last is full.
// Invariants: STORE-6 a chunk belongs to exactly one row; it is freed with the last version of the
//             row that refers to it.
// Errors:     kCorrupt from what the rows and chunks say; kTooOld, kFull: page/pager.h.
// Cost:       one read for each chunk that is not in memory, of up to 1 MB.
// Threads:    reading: any thread. write, release: the applier's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "page/pager.h"
#include "store/limits.h"
#include "tree/tree.h"

namespace nacre::store {

// Longer values leave the leaf (docs/decisions/0005).
inline constexpr std::size_t kInlineValueMax = 2500;  // bytes

[[nodiscard]] constexpr bool is_big(std::size_t value_size) { return value_size > kInlineValueMax; }

// What a row with page::kBigValue holds. Views the row.
class BigValue {
 public:
  // kCorrupt unless every rule of the format holds.
  [[nodiscard]] static Result<BigValue> decode(Bytes row);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint32_t checksum() const { return checksum_; }
  [[nodiscard]] std::size_t chunk_count() const { return ids_.size() / 4; }
  [[nodiscard]] page::PageId chunk(std::size_t i) const;
  [[nodiscard]] std::size_t chunk_size(std::size_t i) const;

 private:
  BigValue(std::uint64_t size, std::uint32_t checksum, Bytes ids)
      : size_(size), checksum_(checksum), ids_(ids) {}
  std::uint64_t size_;
  std::uint32_t checksum_;
  Bytes ids_;
};

// Writes `value`, which is_big(), for the tree `tree`; returns what its row is to hold. After an
// error nothing is left of it.
[[nodiscard]] Result<std::string> write_big_value(page::Pager& pager, tree::TreeId tree,
                                                  Bytes value);
// Frees the chunks of a row that no version refers to any more.
[[nodiscard]] Result<> release_big_value(page::Pager& pager, Bytes row);

// Shows the chunks from byte `offset` on one after another, until `seen` returns false or the value
// ends.
using SeenChunk = std::function<Result<bool>(Bytes)>;
[[nodiscard]] Result<> read_big_value(page::Pager& pager, page::View view, Bytes row,
                                      std::uint64_t offset, const SeenChunk& seen);
// The whole value, checked as a whole.
[[nodiscard]] Result<> read_big_value(page::Pager& pager, page::View view, Bytes row,
                                      std::string& into);

}  // namespace nacre::store
