// Which cells cover a part of the sphere, and where a 2d index would hold it.
//
// Threads: pure functions.
#pragma once

#include <s2/s2point.h>

#include <vector>

#include "geo/cells.h"
#include "geo/plane_internal.h"
#include "geo/sphere_internal.h"

namespace nacre::geo {

// Where what meets a cap lies in a 2dsphere index; the angle in radians.
[[nodiscard]] Cover cap_cover(const S2Point& center, double angle);
[[nodiscard]] Cover shape_cover(const SphereIndex& shape);
// The longitudes and latitudes of a cap: two boxes when it crosses the meridian of 180 degrees.
[[nodiscard]] std::vector<PlaneBox> cap_boxes(const S2Point& center, double angle);

}  // namespace nacre::geo
