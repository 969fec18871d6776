// MappingWord: eight bytes that say where a page is: in memory, or where in the file.
//
// Format:  docs/format/file.md; the disk form is what map blocks hold.
//            bits 0-2 tag, 3 has garbage (reserved for history), 4-5 class, 6-13 blocks - 1,
//            14-47 first block, 48-63 low half of the page's checksum
//          The frame form, in memory only, is the address of a frame with the tag in its low bits.
// Why 16 bits of checksum: a page that was never written (a lost write) is intact and old; only
//   whoever refers to it can tell.
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "page/types.h"

namespace nacre::page {

enum class Tag : std::uint8_t { kFree = 0, kDisk = 1, kLoading = 2, kFrame = 3 };

inline constexpr std::uint64_t kBlockCountMax = std::uint64_t{1} << 34;

struct Place {
  std::uint64_t block = 0;   // 4 KB blocks from the start of the file
  std::uint32_t blocks = 0;  // 1 to 256
  PageType type{};           // the word's class
  std::uint16_t check16 = 0;
};

class MappingWord {
 public:
  constexpr MappingWord() = default;
  constexpr explicit MappingWord(std::uint64_t bits) : bits_(bits) {}

  static MappingWord disk(const Place& place) {
    NACRE_CHECK(place.block < kBlockCountMax, "a file has at most 2^34 blocks");
    NACRE_CHECK(place.blocks >= 1 && place.blocks <= 256, "an extent has 1 to 256 blocks");
    return MappingWord(std::uint64_t{1} |
                       std::uint64_t{static_cast<std::uint8_t>(place.type)} << 4 |
                       (std::uint64_t{place.blocks} - 1) << 6 | place.block << 14 |
                       std::uint64_t{place.check16} << 48);
  }
  static MappingWord frame(const std::byte* frame) {
    return MappingWord(reinterpret_cast<std::uint64_t>(frame) |
                       static_cast<std::uint64_t>(Tag::kFrame));
  }
  static constexpr MappingWord loading() {
    return MappingWord(static_cast<std::uint64_t>(Tag::kLoading));
  }

  [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
  // Values above kFrame exist in damaged files only.
  [[nodiscard]] constexpr Tag tag() const { return Tag{static_cast<std::uint8_t>(bits_ & 7)}; }
  [[nodiscard]] std::byte* frame() const {
    // The word is a place or a pointer: that is its point.
    return reinterpret_cast<std::byte*>(  // NOLINT(performance-no-int-to-ptr)
        bits_ & ~std::uint64_t{63});
  }
  [[nodiscard]] constexpr Place place() const {
    return {.block = (bits_ >> 14) & (kBlockCountMax - 1),
            .blocks = static_cast<std::uint32_t>((bits_ >> 6) & 0xff) + 1,
            .type = PageType{static_cast<std::uint8_t>((bits_ >> 4) & 3)},
            .check16 = static_cast<std::uint16_t>(bits_ >> 48)};
  }
  [[nodiscard]] constexpr bool has_garbage() const { return (bits_ & 8) != 0; }
  [[nodiscard]] constexpr bool operator==(const MappingWord&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace nacre::page
