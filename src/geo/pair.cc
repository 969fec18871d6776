#include <s2/s2latlng.h>

#include <cmath>
#include <utility>

#include "base/text.h"
#include "bson/container.h"
#include "geo/parse_internal.h"

namespace nacre::geo {

using bson::Element;
using bson::Type;

namespace {

// Nothing unless both are numbers, and finite.
std::optional<PlanePoint> pair_of(const Element& value) {
  if (!bson::is_container(value)) return std::nullopt;
  auto at = value.document().begin();
  const Element x = *at;
  if (!x.is_number()) return std::nullopt;
  ++at;
  const Element y = *at;
  if (!y.is_number()) return std::nullopt;
  const PlanePoint point{.x = x.as_double().value_or(NAN), .y = y.as_double().value_or(NAN)};
  if (!std::isfinite(point.x) || !std::isfinite(point.y)) return std::nullopt;
  return point;
}

}  // namespace

Result<PlanePoint> parse_pair(const Element& value, Extra extra) {
  if (!bson::is_container(value)) {
    return bad(format("a point is an array or an object of two numbers, found {}",
                      bson::name(value.type())));
  }
  const auto point = pair_of(value);
  if (!point.has_value()) return bad("a point consists of two finite numbers");
  if (extra == Extra::kRefused && value.document().count() > 2) {
    return bad("a point consists of two numbers and nothing else");
  }
  return *point;
}

bool is_legacy_pair(const Element& value) {
  if (value.is(Type::kArray)) return true;
  return value.is(Type::kDocument) && value.document().begin()->is_number();
}

bool is_longitude_and_latitude(const PlanePoint& at) {
  return std::abs(at.x) <= 180 && std::abs(at.y) <= 90;
}

Result<S2Point> to_sphere(const PlanePoint& at) {
  if (!is_longitude_and_latitude(at)) {
    return bad(format("longitude/latitude is out of bounds, lng: {} lat: {}", at.x, at.y));
  }
  return S2LatLng::FromDegrees(at.y, at.x).ToPoint();
}

Geometry::Shape legacy_shape(const PlanePoint& at) {
  Geometry::Shape shape{.is_legacy = true, .plane = at};
  if (is_longitude_and_latitude(at)) {
    shape.points.push_back(S2LatLng::FromDegrees(at.y, at.x).ToPoint());
  }
  return shape;
}

Result<Geometry::Shape> parse_stored(const Element& stored) {
  if (!bson::is_container(stored)) {
    return bad(format("a geometry is an object or an array, found {}", bson::name(stored.type())));
  }
  if (is_legacy_pair(stored)) return legacy_shape(NACRE_TRY(parse_pair(stored, Extra::kIgnored)));
  return parse_geojson(stored.document(), Winding::kSmallerSide);
}

std::optional<StoredPoint> stored_point(const Element& stored) {
  if (is_legacy_pair(stored)) {
    const auto at = pair_of(stored);
    if (!at.has_value()) return std::nullopt;
    return StoredPoint{.at = *at, .is_on_sphere = is_longitude_and_latitude(*at)};
  }
  if (!stored.is(Type::kDocument)) return std::nullopt;
  Element type;
  Element coordinates;
  for (const Element& field : stored.document()) {
    if (field.name() == "crs") return std::nullopt;
    if (!type && field.name() == "type") type = field;
    if (!coordinates && field.name() == "coordinates") coordinates = field;
  }
  if (!type.is(Type::kString) || type.string() != "Point") return std::nullopt;
  const auto at = pair_of(coordinates);
  if (!at.has_value() || !is_longitude_and_latitude(*at)) return std::nullopt;
  return StoredPoint{.at = *at, .is_on_sphere = true};
}

}  // namespace nacre::geo
