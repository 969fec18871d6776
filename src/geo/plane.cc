#include <algorithm>
#include <cmath>

#include "geo/plane_internal.h"

namespace nacre::geo {
namespace {

// Where an edge stands to a point.
enum class Side { kElsewhere, kThrough, kRight };

bool is_between(double value, double a, double b) {
  return value >= std::min(a, b) && value <= std::max(a, b);
}

// kThrough: the edge is level or upright, or ends there, and the point is on it. kRight: a ray from
// the point to the right meets it, its lower end left out.
Side side_of(const PlanePoint& point, const PlanePoint& from, const PlanePoint& to) {
  if (!is_between(point.y, from.y, to.y)) return Side::kElsewhere;
  const bool ends_there =
      (point.x == from.x && point.y == from.y) || (point.x == to.x && point.y == to.y);
  if (ends_there) return Side::kThrough;
  if (from.y == to.y) {
    return is_between(point.x, from.x, to.x) ? Side::kThrough : Side::kElsewhere;
  }
  if (point.y == std::min(from.y, to.y)) return Side::kElsewhere;
  if (from.x == to.x) {
    if (point.x == from.x) return Side::kThrough;
    return point.x < from.x ? Side::kRight : Side::kElsewhere;
  }
  if (point.x > std::max(from.x, to.x)) return Side::kElsewhere;
  const double x = (point.y - from.y) * (to.x - from.x) / (to.y - from.y) + from.x;
  return point.x <= x ? Side::kRight : Side::kElsewhere;
}

}  // namespace

PlaneBox PlaneBox::between(const PlanePoint& a, const PlanePoint& b) {
  return {.low = {.x = std::min(a.x, b.x), .y = std::min(a.y, b.y)},
          .high = {.x = std::max(a.x, b.x), .y = std::max(a.y, b.y)}};
}

bool PlaneBox::contains(const PlanePoint& point) const {
  return point.x >= low.x && point.x <= high.x && point.y >= low.y && point.y <= high.y;
}

double distance(const PlanePoint& a, const PlanePoint& b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

bool PlaneCircle::contains(const PlanePoint& point) const {
  return distance(center, point) <= radius;
}

PlaneBox PlaneCircle::bounds() const {
  const double reach = radius + (radius + std::abs(center.x) + std::abs(center.y)) * 1e-14;
  return {.low = {.x = center.x - reach, .y = center.y - reach},
          .high = {.x = center.x + reach, .y = center.y + reach}};
}

bool PlanePolygon::contains(const PlanePoint& point) const {
  bool inside = false;
  for (std::size_t at = 0; at < corners.size(); ++at) {
    switch (side_of(point, corners[at], corners[(at + 1) % corners.size()])) {
      case Side::kThrough:
        return true;
      case Side::kRight:
        inside = !inside;
        break;
      case Side::kElsewhere:
        break;
    }
  }
  return inside;
}

PlaneBox PlanePolygon::bounds() const {
  PlaneBox box{.low = corners.front(), .high = corners.front()};
  for (const PlanePoint& corner : corners) {
    box.low = PlaneBox::between(box.low, corner).low;
    box.high = PlaneBox::between(box.high, corner).high;
  }
  return box;
}

}  // namespace nacre::geo
