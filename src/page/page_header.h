// The first 64 bytes of every page: who it is, how it is checked, what it holds.
//
// Format:     docs/format/page.md (this file and that table change together)
// Invariants: PAGE-1 a page names its own id, so a misdirected write is detected
//             PAGE-2 the checksum covers bytes [4, page size), header included
//             PAGE-3 a page is never newer than the checkpoint that refers to it
// Errors:     check_page() returns kCorrupt; it never asserts on bytes from disk
// Threads:    pure functions; the two in-memory fields, and the frame hints in an inner page, are
//   touched through atomics because readers and the applier meet there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/result.h"
#include "page/types.h"

namespace nacre::page {

namespace offset {
inline constexpr std::size_t kChecksum = 0;
inline constexpr std::size_t kId = 4;
inline constexpr std::size_t kWriteSeq = 8;
inline constexpr std::size_t kTree = 16;
inline constexpr std::size_t kType = 20;
inline constexpr std::size_t kLevel = 21;
inline constexpr std::size_t kLog2Size = 22;
inline constexpr std::size_t kFlags = 23;
inline constexpr std::size_t kCount = 24;
inline constexpr std::size_t kCapacity = 26;
inline constexpr std::size_t kHeapTop = 28;
inline constexpr std::size_t kHeapGarbage = 30;
inline constexpr std::size_t kHistoryMaxEnd = 32;
inline constexpr std::size_t kMinEnd = 40;
inline constexpr std::size_t kGeneration = 48;  // in memory only: publish number of this version
inline constexpr std::size_t kSuperseded = 56;  // in memory only: and of the next one
}  // namespace offset

inline constexpr std::uint8_t kLog2PageSize = 13;
static_assert(std::size_t{1} << kLog2PageSize == kPageSize);

// The field kSuperseded: the low 56 bits are a generation, all ones while this is the newest
// version; the top byte counts the lives the page has left in the cache.
inline constexpr std::uint64_t kNotSuperseded = (std::uint64_t{1} << 56) - 1;
inline constexpr std::uint64_t kOneLife = std::uint64_t{1} << 56;

[[nodiscard]] inline std::atomic_ref<std::uint64_t> volatile_word(const std::byte* page,
                                                                  std::size_t at) {
  // Frames are writable memory of ours; const says that a reader leaves the page's contents alone.
  return std::atomic_ref<std::uint64_t>(
      *reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(page) + at));
}

// relaxed: the mapping word that led here was loaded with acquire
[[nodiscard]] inline std::uint64_t generation_of(const std::byte* page) {
  return volatile_word(page, offset::kGeneration).load(std::memory_order_relaxed);
}
[[nodiscard]] inline std::uint64_t superseded_word(const std::byte* page) {
  return volatile_word(page, offset::kSuperseded).load(std::memory_order_relaxed);
}

[[nodiscard]] inline PageId id_of(const std::byte* page) {
  return PageId{load_le<std::uint32_t>(page + offset::kId)};
}
[[nodiscard]] inline PageType type_of(const std::byte* page) {
  return PageType{static_cast<std::uint8_t>(page[offset::kType])};
}
[[nodiscard]] inline std::uint8_t level_of(const std::byte* page) {
  return static_cast<std::uint8_t>(page[offset::kLevel]);
}
[[nodiscard]] inline std::uint32_t tree_of(const std::byte* page) {
  return load_le<std::uint32_t>(page + offset::kTree);
}
[[nodiscard]] inline CheckpointSeq write_seq_of(const std::byte* page) {
  return CheckpointSeq{load_le<std::uint64_t>(page + offset::kWriteSeq)};
}

// Copies `page` to `target` (a whole page) as it is to lie on disk: `seq` and the checksum set,
// what lives in memory only zeroed. Returns the checksum.
std::uint32_t encode_page(const std::byte* page, CheckpointSeq seq, std::byte* target);

// Checks `page`, read from the place that a map word with `check16` names, in the order of
// docs/format/page.md. Its id must be `expected`; `newest` is the highest checkpoint that may have
// written it. `file` is for the message.
[[nodiscard]] Result<> check_page(const std::byte* page, PageId expected, CheckpointSeq newest,
                                  std::uint16_t check16, std::string_view file);

}  // namespace nacre::page
