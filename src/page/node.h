// Node: how keys, values and children lie in a page of a tree; reading side.
//
// Why heads and hints: the first four bytes of every key lie side by side, and sixteen of them once
//   more in the line after the header, so a search touches two or three cache lines and compares a
//   whole key only when the four bytes are equal.
// Format:  docs/format/page.md. After the header: hints, fences, heads, slots, children (inner),
//   free space, cells. The prefix that both fences share is stored with the fence only; it is left
//   out of every key of the page.
// Rule:    bytes of a page are trusted only after check_node() (node_check.h), which the pager runs
//   on every page it reads.
// Threads: plain values over immutable bytes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/codec.h"
#include "page/page_header.h"
#include "page/types.h"

namespace nacre::page {

inline constexpr std::size_t kHintCount = 16;
inline constexpr std::size_t kHintsOffset = 64;
inline constexpr std::size_t kFencesOffset = 128;
inline constexpr std::size_t kPrefixLengthOffset = 136;
inline constexpr std::size_t kLeadOffset = 138;
inline constexpr std::size_t kHeadsOffset = 144;
inline constexpr std::size_t kCapacityStep = 16;
inline constexpr std::size_t kNodeCountMax = 480;  // no page holds more cells

// What a row says about itself besides its word: the slot's flag bits.
using RowFlags = std::uint8_t;
inline constexpr RowFlags kHasHistory = 2;  // versions before this one may be in the history
inline constexpr RowFlags kBigValue = 4;    // the value says where the real one lies
inline constexpr RowFlags kRowFlagsKnown = kHasHistory | kBigValue;

// The first four bytes of what is left of a key after prefix and lead, padded with zeros: numbers
// in the order of the keys.
[[nodiscard]] inline std::uint32_t head_of(Bytes suffix) {
  if (suffix.size() >= 4) return load_be<std::uint32_t>(suffix.data());
  std::uint32_t head = 0;
  for (std::size_t i = 0; i < suffix.size(); ++i) {
    head |= static_cast<std::uint32_t>(suffix[i]) << (24 - 8 * i);
  }
  return head;
}

[[nodiscard]] inline std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Where the arrays of a page with room for `capacity` cells end.
[[nodiscard]] constexpr std::size_t arrays_end(bool inner, std::size_t capacity) {
  return kHeadsOffset + 8 * capacity + (inner ? 8 * (capacity + 1) : 0);
}

class Node {
 public:
  explicit Node(const std::byte* page) : page_(page) {}

  [[nodiscard]] const std::byte* page() const { return page_; }
  [[nodiscard]] bool is_leaf() const { return type_of(page_) == PageType::kLeaf; }
  [[nodiscard]] std::uint8_t level() const { return level_of(page_); }
  [[nodiscard]] std::size_t count() const { return load16(offset::kCount); }
  [[nodiscard]] std::size_t capacity() const { return load16(offset::kCapacity); }
  [[nodiscard]] std::size_t heap_top() const { return load16(offset::kHeapTop); }
  [[nodiscard]] std::size_t heap_garbage() const { return load16(offset::kHeapGarbage); }

  [[nodiscard]] Bytes lower_fence() const { return at(load16(128), load16(130)); }
  // Absent: no upper limit.
  [[nodiscard]] std::optional<Bytes> upper_fence() const {
    if (load16(132) == 0) return std::nullopt;
    return at(load16(132), load16(134));
  }
  [[nodiscard]] std::size_t prefix_length() const { return load16(kPrefixLengthOffset); }
  [[nodiscard]] Bytes prefix() const { return at(load16(128), prefix_length()); }

  // What all keys of the page begin with after the prefix, when that would make their heads equal;
  // heads are then of what follows. Keys are stored with it.
  [[nodiscard]] std::size_t lead_length() const { return load16(kLeadOffset + 2); }
  [[nodiscard]] Bytes lead() const { return at(load16(kLeadOffset), lead_length()); }

  [[nodiscard]] const std::byte* heads() const { return page_ + kHeadsOffset; }
  [[nodiscard]] std::uint32_t head(std::size_t i) const {
    return load_le<std::uint32_t>(heads() + 4 * i);
  }
  [[nodiscard]] std::uint32_t slot(std::size_t i) const {
    return load_le<std::uint32_t>(heads() + 4 * capacity() + 4 * i);
  }
  static std::size_t cell_offset(std::uint32_t slot) { return slot & 0xffff; }
  static std::size_t suffix_length(std::uint32_t slot) { return (slot >> 16) & 0xfff; }
  static RowFlags slot_flags(std::uint32_t slot) { return static_cast<RowFlags>(slot >> 28); }

  // Key `i` without the prefix.
  [[nodiscard]] Bytes suffix(std::size_t i) const {
    const std::uint32_t s = slot(i);
    return at(cell_offset(s), suffix_length(s));
  }

  // Leaf: the whole cell after the suffix: word, length, value.
  struct LeafCell {
    Bytes suffix;
    std::uint64_t word;
    Bytes value;
    RowFlags flags;
    [[nodiscard]] std::size_t size() const {
      return suffix.size() + 8 + varint_size(value.size()) + value.size();
    }
  };
  [[nodiscard]] LeafCell leaf_cell(std::size_t i) const {
    const std::uint32_t s = slot(i);
    const Bytes key = at(cell_offset(s), suffix_length(s));
    const std::byte* from = key.data() + key.size();
    const auto word = load_le<std::uint64_t>(from);
    // At most two bytes: no value is longer than a page.
    std::size_t length = static_cast<std::uint8_t>(from[8]);
    const std::byte* value = from + 9;
    if (length >= 0x80) {
      length = (length & 0x7f) | (static_cast<std::size_t>(from[9]) << 7);
      ++value;
    }
    return {key, word, Bytes(value, length), slot_flags(s)};
  }

  // Inner: child `i` holds the keys in [separator i - 1, separator i); there are count() + 1.
  [[nodiscard]] PageId child(std::size_t i) const {
    return PageId{
        static_cast<std::uint32_t>(load_le<std::uint32_t>(heads() + 8 * capacity() + 8 * i))};
  }

  // Bytes of what the page holds, arrays and fences included; what a rebuild would need.
  [[nodiscard]] std::size_t used() const {
    return kPageSize - heap_top() - heap_garbage() + arrays_end(!is_leaf(), count());
  }

  // What of `key` is left after the prefix. Requires the key to lie between the fences.
  [[nodiscard]] Bytes strip(Bytes key) const {
    return key.subspan(std::min(key.size(), prefix_length()));
  }

 private:
  [[nodiscard]] std::size_t load16(std::size_t at) const {
    return load_le<std::uint16_t>(page_ + at);
  }
  [[nodiscard]] Bytes at(std::size_t from, std::size_t length) const {
    return Bytes(page_ + from, length);
  }

  const std::byte* page_;
};

}  // namespace nacre::page
