// Regions of the plane and what of them lies in a grid.
//
// Boxes hold their edges and circles theirs. A polygon holds its corners and whatever lies on a
//   level or an upright edge; of a sloping edge, what lies on it is inside when the polygon is to
//   the left of it, as in MongoDB. Where a polygon crosses itself, what is surrounded twice is
//   outside.
// Threads: plain values.
#pragma once

#include <span>
#include <vector>

#include "geo/cells.h"
#include "geo/geometry.h"

namespace nacre::geo {

struct PlaneBox {
  PlanePoint low;
  PlanePoint high;

  [[nodiscard]] static PlaneBox between(const PlanePoint& a, const PlanePoint& b);
  [[nodiscard]] bool contains(const PlanePoint& point) const;
};

struct PlaneCircle {
  PlanePoint center;
  double radius = 0;  // perhaps infinite

  [[nodiscard]] bool contains(const PlanePoint& point) const;
  [[nodiscard]] PlaneBox bounds() const;  // a little larger, for rounding
};

struct PlanePolygon {
  std::vector<PlanePoint> corners;  // one at least

  [[nodiscard]] bool contains(const PlanePoint& point) const;
  [[nodiscard]] PlaneBox bounds() const;
};

[[nodiscard]] double distance(const PlanePoint& a, const PlanePoint& b);

// The ranges of cells that meet one of the boxes; some dozen at most, so cells beyond them, too.
[[nodiscard]] Cover grid_cover(std::span<const PlaneBox> boxes, const Grid& grid);

}  // namespace nacre::geo
