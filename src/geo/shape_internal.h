// What a geometry consists of once it is parsed: points, lines and areas on the sphere, and the
// place of a single point on the plane.
//
// Invariants: SHAPE-1 neighbours on a line or a ring differ and do not lie opposite each other; a
//             line has two points, a ring three or more, its first not repeated at the end
//             SHAPE-2 the inside of an area is to the left of each of its rings, which neither
//             cross nor repeat a point
// Threads:    plain values.
#pragma once

#include <s2/s2point.h>

#include <optional>
#include <vector>

#include "geo/geometry.h"

namespace nacre::geo {

using Line = std::vector<S2Point>;
using Ring = std::vector<S2Point>;

struct Area {
  std::vector<Ring> rings;  // the outer one first
};

struct Geometry::Shape {
  bool is_legacy = false;
  std::optional<PlanePoint> plane{};
  std::vector<S2Point> points{};
  std::vector<Line> lines{};
  std::vector<Area> areas{};

  [[nodiscard]] bool is_on_sphere() const {
    return !points.empty() || !lines.empty() || !areas.empty();
  }
};

}  // namespace nacre::geo
