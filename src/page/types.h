// The numbers of the page room: who a page is, which version of it, which checkpoint wrote it.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace nacre::page {

enum class PageId : std::uint32_t {};         // logical; the mapping table knows where it is
enum class Generation : std::uint64_t {};     // publish number; in memory only
enum class CheckpointSeq : std::uint64_t {};  // 1, 2, ...; one per durable checkpoint

inline constexpr PageId kNoPage{0};
inline constexpr std::size_t kPageSize = 8192;   // bytes
inline constexpr std::size_t kBlockSize = 4096;  // bytes; the unit of place in the file
inline constexpr std::size_t kHeaderSize = 64;   // bytes

// The same numbers in a page header and in the class bits of a mapping word.
enum class PageType : std::uint8_t { kInner = 0, kLeaf = 1, kValueChunk = 2, kMap = 3 };

[[nodiscard]] constexpr std::uint32_t number(PageId id) { return std::to_underlying(id); }
[[nodiscard]] constexpr std::uint64_t number(Generation g) { return std::to_underlying(g); }
[[nodiscard]] constexpr std::uint64_t number(CheckpointSeq s) { return std::to_underlying(s); }

}  // namespace nacre::page
