// Angles between a point and a shape. Each is asked once of a shape, so nothing is indexed.
#include <s2/s1angle.h>
#include <s2/s1chord_angle.h>
#include <s2/s2edge_distances.h>
#include <s2/s2lax_polygon_shape.h>
#include <s2/s2shapeutil_contains_brute_force.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "geo/sphere_internal.h"

namespace nacre::geo {
namespace {

// Of the lines and the edges of areas; what is inside of an area is no nearer than its edge.
S1ChordAngle chord_to_edges(const Geometry::Shape& shape, const S2Point& point) {
  S1ChordAngle nearest = S1ChordAngle::Infinity();
  for (const Line& line : shape.lines) {
    for (std::size_t at = 1; at < line.size(); ++at) {
      S2::UpdateMinDistance(point, line[at - 1], line[at], &nearest);
    }
  }
  for (const Area& area : shape.areas) {
    for (const Ring& ring : area.rings) {
      for (std::size_t at = 0; at < ring.size(); ++at) {
        S2::UpdateMinDistance(point, ring[at], ring[(at + 1) % ring.size()], &nearest);
      }
    }
  }
  return nearest;
}

bool is_inside(const Geometry::Shape& shape, const S2Point& point) {
  return std::ranges::any_of(shape.areas, [&](const Area& area) {
    return s2shapeutil::ContainsBruteForce(S2LaxPolygonShape(area.rings), point);
  });
}

}  // namespace

double angle_to(const Geometry::Shape& shape, const S2Point& point) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const S2Point& each : shape.points) {
    nearest = std::min(nearest, S1Angle(each, point).radians());
  }
  if (nearest == 0 || is_inside(shape, point)) return 0;
  const S1ChordAngle edges = chord_to_edges(shape, point);
  return edges.is_special() ? nearest : std::min(nearest, edges.ToAngle().radians());
}

bool is_all_within(const Geometry::Shape& shape, const S2Point& point, double angle) {
  if (angle >= std::numbers::pi) return true;
  const auto is_near = [&](const S2Point& each) {
    return S1Angle(each, point).radians() <= angle + 1e-15;
  };
  if (!std::ranges::all_of(shape.points, is_near)) return false;
  if (shape.lines.empty() && shape.areas.empty()) return true;
  // What is farthest from the point is nearest to the one opposite.
  const S2Point opposite(-point.x(), -point.y(), -point.z());
  const S1ChordAngle nearest = chord_to_edges(shape, opposite);
  return nearest.ToAngle().radians() >= std::numbers::pi - angle - 1e-15 &&
         !is_inside(shape, opposite);
}

}  // namespace nacre::geo
