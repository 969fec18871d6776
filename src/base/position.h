// The numbers every layer shares: where on the timeline, when, and in which table.
//
// Position: dense number of a commit in its database, 1, 2, 3, ...; 0 is "before the first commit".
//   Below 2^48. At once MVCC timestamp, etcd revision, change-stream token and backup point.
// Time: microseconds since the epoch, strictly increasing from commit to commit.
// TableId: one ordered map of byte keys; the layers above hand the numbers out.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <utility>

namespace nacre {

enum class Position : std::uint64_t {};
enum class Time : std::uint64_t {};
enum class TableId : std::uint32_t {};

inline constexpr Position kNoPosition{0};
inline constexpr Position kPositionMax{(std::uint64_t{1} << 48) - 1};

[[nodiscard]] constexpr std::uint64_t number(Position position) {
  return std::to_underlying(position);
}
[[nodiscard]] constexpr std::uint64_t number(Time time) { return std::to_underlying(time); }
[[nodiscard]] constexpr std::uint32_t number(TableId table) { return std::to_underlying(table); }

[[nodiscard]] constexpr Position next(Position position) { return Position{number(position) + 1}; }

}  // namespace nacre
