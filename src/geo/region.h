// Region: what $geoWithin, $within and $geoIntersects ask for.
//
// $geoWithin: {$box}, {$polygon}, {$center} on the plane, {$centerSphere}, {$geometry: a Polygon or
//   MultiPolygon} on the sphere. $geoIntersects: {$geometry: any}. A stored value is looked at by
//   itself: who asks goes through the elements of an array. A stored polygon with a strict winding
//   order never matches; what is meant by one in a query may be larger than half of the sphere.
// Errors:  kInvalid 2 (BadValue) with the part that is wrong.
// Threads: immutable.
#pragma once

#include <memory>

#include "base/result.h"
#include "bson/value.h"
#include "geo/cells.h"

namespace nacre::geo {

class Region {
 public:
  // The operand of $geoWithin or $within.
  [[nodiscard]] static Result<Region> parse_within(const bson::Element& operand);
  // The operand of $geoIntersects.
  [[nodiscard]] static Result<Region> parse_intersects(const bson::Element& operand);

  Region(Region&&) noexcept;
  Region& operator=(Region&&) noexcept;
  ~Region();

  // Whether the geometry stored in that value is within it (meets it); a value that is no geometry
  // is not.
  [[nodiscard]] bool matches(const bson::Element& stored) const;

  // On the sphere: a 2dsphere index answers it. Else on the plane: a 2d index does.
  [[nodiscard]] bool is_on_sphere() const;
  // A 2d index answers it: every region of the plane, and $centerSphere.
  [[nodiscard]] bool has_plane_cover() const;
  // Where the entries of whatever matches lie. Requires is_on_sphere() and has_plane_cover().
  [[nodiscard]] Cover sphere_cover() const;
  [[nodiscard]] Cover plane_cover(const Grid& grid) const;

 private:
  struct Shape;
  explicit Region(std::unique_ptr<const Shape> shape);
  std::unique_ptr<const Shape> shape_;
};

}  // namespace nacre::geo
