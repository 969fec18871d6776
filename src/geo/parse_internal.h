// Reading geometries out of BSON: pairs of numbers and GeoJSON, as documents and queries write
// them.
//
// Errors:  kInvalid 2 (BadValue) with the part that is wrong.
// Threads: pure functions.
#pragma once

#include <s2/s2point.h>

#include <string>
#include <vector>

#include "base/error_codes.h"
#include "base/result.h"
#include "bson/value.h"
#include "geo/shape_internal.h"

namespace nacre::geo {

[[nodiscard]] inline std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, error_codes::kBadValue, std::move(what));
}

// Documents may hold more behind the two numbers (an altitude), queries may not.
enum class Extra { kRefused, kIgnored };

// [x, y] or {any: x, names: y}, finite.
[[nodiscard]] Result<PlanePoint> parse_pair(const bson::Element& value, Extra extra);
// An array, or an object that begins with a number: a pair where a geometry is expected.
[[nodiscard]] bool is_legacy_pair(const bson::Element& value);

// x is the longitude. Whether it is one:
[[nodiscard]] bool is_longitude_and_latitude(const PlanePoint& at);
[[nodiscard]] Result<S2Point> to_sphere(const PlanePoint& at);

// What a document stores and a pair in a query come to.
[[nodiscard]] Geometry::Shape legacy_shape(const PlanePoint& at);
[[nodiscard]] Result<Geometry::Shape> parse_stored(const bson::Element& stored);

// The same without an allocation for what most documents store: a pair, or a GeoJSON Point without
// a crs. Nothing for everything else.
struct StoredPoint {
  PlanePoint at;
  bool is_on_sphere = false;
};
[[nodiscard]] std::optional<StoredPoint> stored_point(const bson::Element& stored);

// A query may ask that a Polygon be as large as its direction says: its inside lies to the left,
// by the crs "urn:x-mongodb:crs:strictwinding:EPSG:4326".
enum class Winding { kSmallerSide, kMayBeStrict };
[[nodiscard]] Result<Geometry::Shape> parse_geojson(const bson::View& object, Winding winding);
// {coordinates: [...]}, whose type may be left out: what $near takes.
[[nodiscard]] Result<Geometry::Shape> parse_geojson_point(const bson::View& object);

// An area from its closed rings as written. `as_drawn`: its inside is to the left of its one ring;
// else it is the smaller side of each, the first the outer one, the others holes in it.
[[nodiscard]] Result<Area> make_area(std::vector<Ring> rings, bool as_drawn);
// Without points that repeat the one before.
void drop_repeated(std::vector<S2Point>& points);
[[nodiscard]] Result<> check_neighbours(const std::vector<S2Point>& points, bool is_closed);

}  // namespace nacre::geo
