#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "geo/cover_sets.h"
#include "geo/plane_internal.h"

namespace nacre::geo {
namespace {

constexpr std::int32_t kOutsideOfGrid = 13027;
constexpr std::size_t kRangesMax = 48;

// A square of the grid: 2^(bits - level) cells wide, counted from the lower left in squares of its
// size.
struct Square {
  std::uint64_t x = 0;
  std::uint64_t y = 0;
  int level = 0;
};

struct CellBox {
  std::uint64_t left, right, bottom, top;  // inclusive
};

std::uint64_t cell_of(double value, const Grid& grid) {
  const double cells = std::ldexp(1.0, grid.bits);
  const double at = std::floor((value - grid.min) / (grid.max - grid.min) * cells);
  if (!(at > 0)) return 0;
  return static_cast<std::uint64_t>(std::min(at, cells - 1));
}

std::uint64_t interleaved(std::uint64_t x, std::uint64_t y, int bits) {
  std::uint64_t all = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    all = all << 2 | (x >> bit & 1) << 1 | (y >> bit & 1);
  }
  return all;
}

// All 64 bits are used by a grid of 32 only: its first half is negative.
std::int64_t as_number(std::uint64_t interleaved, int bits) {
  return static_cast<std::int64_t>(bits == 32 ? interleaved ^ std::uint64_t{1} << 63 : interleaved);
}

CellRange range_of(const Square& square, const Grid& grid) {
  const int rest = grid.bits - square.level;
  const std::uint64_t low = interleaved(square.x, square.y, square.level);
  const std::uint64_t first = rest == 32 ? 0 : low << 2 * rest;
  const std::uint64_t more = rest == 32 ? ~std::uint64_t{0} : (std::uint64_t{1} << 2 * rest) - 1;
  return {.first = as_number(first, grid.bits), .last = as_number(first | more, grid.bits)};
}

enum class Overlap { kNone, kSome, kAll };

Overlap overlap(const Square& square, const CellBox& box, int bits) {
  const int rest = bits - square.level;
  const std::uint64_t width = std::uint64_t{1} << rest;
  const std::uint64_t left = square.x * width;
  const std::uint64_t bottom = square.y * width;
  const std::uint64_t right = left + (width - 1);
  const std::uint64_t top = bottom + (width - 1);
  if (left > box.right || right < box.left || bottom > box.top || top < box.bottom) {
    return Overlap::kNone;
  }
  const bool all = left >= box.left && right <= box.right && bottom >= box.bottom && top <= box.top;
  return all ? Overlap::kAll : Overlap::kSome;
}

// Squares are cut into four, level by level, as long as their number allows.
void add_cover(const CellBox& box, const Grid& grid, Cover& cover) {
  const std::size_t before = cover.size();
  std::vector<Square> open{Square()};
  while (!open.empty()) {
    std::vector<Square> cut;
    for (const Square& square : open) {
      const Overlap shared = overlap(square, box, grid.bits);
      if (shared == Overlap::kAll) cover.push_back(range_of(square, grid));
      if (shared == Overlap::kSome) cut.push_back(square);
    }
    open.clear();
    const bool is_enough = cover.size() - before + 2 * cut.size() > kRangesMax;
    for (const Square& square : cut) {
      if (is_enough) {
        cover.push_back(range_of(square, grid));
        continue;
      }
      for (const std::uint64_t part : {0U, 1U, 2U, 3U}) {
        open.push_back({.x = square.x * 2 + part / 2,
                        .y = square.y * 2 + part % 2,
                        .level = square.level + 1});
      }
    }
  }
}

bool is_inside(double value, const Grid& grid) { return value >= grid.min && value <= grid.max; }

}  // namespace

Result<std::int64_t> grid_cell(const Geometry& point, const Grid& grid) {
  const auto at = point.plane_point();
  if (!at.has_value()) {
    return fail(Code::kInvalid, kOutsideOfGrid, "a 2d index holds points of the plane alone");
  }
  if (!is_inside(at->x, grid) || !is_inside(at->y, grid)) {
    return fail(Code::kInvalid, kOutsideOfGrid,
                format("point not in interval of [ {}, {} ]: [ {}, {} ]", grid.min, grid.max, at->x,
                       at->y));
  }
  return as_number(interleaved(cell_of(at->x, grid), cell_of(at->y, grid), grid.bits), grid.bits);
}

Cover grid_cover(std::span<const PlaneBox> boxes, const Grid& grid) {
  Cover cover;
  for (const PlaneBox& box : boxes) {
    const bool is_beside = !(box.high.x >= grid.min && box.low.x <= grid.max &&
                             box.high.y >= grid.min && box.low.y <= grid.max);
    if (is_beside) continue;
    const CellBox cells{.left = cell_of(box.low.x, grid),
                        .right = cell_of(box.high.x, grid),
                        .bottom = cell_of(box.low.y, grid),
                        .top = cell_of(box.high.y, grid)};
    add_cover(cells, grid, cover);
  }
  return joined(std::move(cover));
}

}  // namespace nacre::geo
