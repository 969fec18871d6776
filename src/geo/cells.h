// What an index stores of a place, and where the entries of a region lie.
//
// A 2dsphere index stores S2 cells: the one around a point, those that cover a line or an area. A
//   2d index stores the cell of a grid, its two coordinates bit by bit in turns (a Z-order curve).
//   Both are int64, and the descendants of a cell are the numbers from its first to its last.
// Invariants: GEO-1 a place that meets a region has at least one stored cell in one of the ranges
//             of the region's cover, whatever their sizes: ranges hold the ancestors of their
//             cells, too
// Errors:  kInvalid 13027 (outside of the grid of a 2d index).
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "bson/value.h"
#include "geo/geometry.h"

namespace nacre::geo {

// Both inclusive.
struct CellRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  auto operator<=>(const CellRange&) const = default;
};

// Ascending, disjoint.
using Cover = std::vector<CellRange>;

// The grid of a 2d index: `bits` of each coordinate between `min` and `max`, both inclusive.
struct Grid {
  int bits = 26;  // 1 to 32
  double min = -180;
  double max = 180;
  bool operator==(const Grid&) const = default;
};

// The cells a 2dsphere index stores of one geometry, ascending.
[[nodiscard]] std::vector<std::int64_t> sphere_cells(const Geometry& geometry);
// The cell of a point on the plane; kInvalid 13027 when it lies outside of the grid.
[[nodiscard]] Result<std::int64_t> grid_cell(const Geometry& point, const Grid& grid);

}  // namespace nacre::geo
