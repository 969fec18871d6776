#include "base/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace nacre {
namespace {

TEST(Arena, PiecesDoNotOverlapAndKeepTheirBytes) {
  std::array<std::byte, 64> first{};
  Arena arena{MutableBytes(first)};
  std::vector<std::pair<std::string, Bytes>> pieces;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string text((i * 37) % 2000 + 1, static_cast<char>('a' + i % 26));
    pieces.emplace_back(text, arena.copy(as_bytes(text)));
  }
  for (const auto& [text, bytes] : pieces) EXPECT_EQ(text, as_text(bytes));
  EXPECT_GT(arena.heap_bytes(), 0u);
}

TEST(Arena, ServesFromTheGivenBufferFirst) {
  alignas(16) std::array<std::byte, 256> first{};
  Arena arena{MutableBytes(first)};
  EXPECT_EQ(arena.allocate(100, 1), first.data());
  const auto aligned = reinterpret_cast<std::uintptr_t>(arena.allocate(8, 8));
  EXPECT_EQ(aligned % 8, 0u);
  EXPECT_EQ(arena.heap_bytes(), 0u);
}

}  // namespace
}  // namespace nacre
