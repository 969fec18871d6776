// Near: what $near, $nearSphere and the stage $geoNear ask for: places by their distance from a
// point, nearest first, no nearer than one distance and no farther than another.
//
// Distances are metres for a GeoJSON point, radians for a pair of numbers on the sphere, the
//   coordinates' own unit on the plane.
// Errors:  kInvalid with the part that is wrong: 2 (BadValue), 16893 to 16896 for distances beside
// a
//          point of the old form, 34413 for other operators beside it.
// Threads: immutable.
#pragma once

#include <limits>
#include <memory>
#include <optional>

#include "base/result.h"
#include "bson/value.h"
#include "geo/cells.h"

namespace nacre::geo {

// What a stage's or an operator's arguments come to.
struct NearArguments {
  bson::Element point;      // GeoJSON or a pair of numbers
  bool spherical = false;   // a pair of numbers is a longitude and a latitude; GeoJSON always is
  double min_distance = 0;  // in the unit above
  double max_distance = std::numeric_limits<double>::infinity();
};

class Near {
 public:
  // {loc: {$near: ..., $minDistance: ..., $maxDistance: ...}}: `condition` is the whole object of
  // the field, which holds one of $near, $nearSphere and $geoNear.
  [[nodiscard]] static Result<Near> parse(const bson::View& condition);
  [[nodiscard]] static Result<Near> from(const NearArguments& arguments);

  Near(Near&&) noexcept;
  Near& operator=(Near&&) noexcept;
  ~Near();

  // From the point to the nearest part of the geometry in that value; nothing when it is no
  // geometry (or has no place on the sphere, the plane). The limits are not asked.
  [[nodiscard]] std::optional<double> distance(const bson::Element& stored) const;

  [[nodiscard]] double min_distance() const;
  [[nodiscard]] double max_distance() const;
  [[nodiscard]] bool is_on_sphere() const;
  // A GeoJSON point asks for a 2dsphere index; pairs of numbers on the sphere take either.
  [[nodiscard]] bool is_geojson() const;

  // Where the entries of all that is no farther than `radius` lie (with what is nearer than
  // min_distance: leaving it out is the caller's). Requires is_on_sphere() for the first.
  [[nodiscard]] Cover sphere_cover(double radius) const;
  [[nodiscard]] Cover plane_cover(double radius, const Grid& grid) const;
  // A radius to begin with when nothing is known of how the places lie, and the one that holds
  // everything (half the earth; the grid's diagonal).
  [[nodiscard]] double first_radius() const;
  [[nodiscard]] double whole_radius(const Grid& grid) const;

  struct Parts;

 private:
  explicit Near(std::unique_ptr<const Parts> parts);
  std::unique_ptr<const Parts> parts_;
};

}  // namespace nacre::geo
