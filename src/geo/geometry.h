// Geometry: a place as a document stores it: a pair of numbers ("legacy": [x, y] or {lng: x, lat:
// y}) or GeoJSON (Point, LineString, Polygon, their Multi forms, GeometryCollection).
//
// A pair of numbers lies on the plane and, where it is a longitude and a latitude, on the sphere,
//   too; of GeoJSON only a Point lies on the plane.
// Errors:  kInvalid 2 (BadValue) with the part that is wrong; who indexes says 16755 instead.
// Threads: immutable.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "bson/value.h"

namespace nacre::geo {

// MongoDB's: what turns radians into metres.
inline constexpr double kEarthRadiusMetres = 6'378'100;

struct PlanePoint {
  double x = 0;
  double y = 0;
};

class Geometry {
 public:
  // What is stored in a document's field.
  [[nodiscard]] static Result<Geometry> parse(const bson::Element& stored);

  Geometry(Geometry&&) noexcept;
  Geometry& operator=(Geometry&&) noexcept;
  ~Geometry();

  // Nothing: it has no place there.
  [[nodiscard]] std::optional<PlanePoint> plane_point() const;
  [[nodiscard]] bool is_on_sphere() const;
  [[nodiscard]] bool is_legacy() const;

  struct Shape;  // geo/shape_internal.h
  [[nodiscard]] const Shape& shape() const { return *shape_; }

 private:
  explicit Geometry(std::unique_ptr<const Shape> shape);
  std::unique_ptr<const Shape> shape_;  // never null, except after being moved from
};

}  // namespace nacre::geo
