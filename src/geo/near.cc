#include "geo/near.h"

#include <s2/s1angle.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "bson/container.h"
#include "geo/cover_internal.h"
#include "geo/parse_internal.h"
#include "geo/plane_internal.h"
#include "geo/sphere_internal.h"

namespace nacre::geo {

using bson::Element;
using bson::Type;
using bson::View;

struct Near::Parts {
  PlanePoint at{};
  std::optional<S2Point> center{};  // nothing: on the plane
  bool is_geojson = false;
  double min_distance = 0;
  double max_distance = std::numeric_limits<double>::infinity();

  // How many units an angle of one radian is.
  [[nodiscard]] double unit() const { return is_geojson ? kEarthRadiusMetres : 1; }
};

namespace {

using Parts = Near::Parts;

constexpr std::int32_t kMinNotNumber = 16893;
constexpr std::int32_t kMinNegative = 16894;
constexpr std::int32_t kMaxNotNumber = 16895;
constexpr std::int32_t kMaxNegative = 16896;
constexpr std::int32_t kNotAlone = 34413;

bool is_near_name(std::string_view name) {
  return name == "$near" || name == "$nearSphere" || name == "$geoNear";
}

// The distances that stand beside a point of the old form.
Result<double> parse_old_distance(const Element& value, std::int32_t not_number,
                                  std::int32_t negative) {
  const std::optional<double> distance = value.as_double();
  if (!distance.has_value()) {
    return fail(Code::kInvalid, not_number, format("{} must be a number", value.name()));
  }
  if (!(*distance >= 0)) {
    return fail(Code::kInvalid, negative, format("{} must be non-negative", value.name()));
  }
  return *distance;
}

// Those that stand beside $geometry.
Result<double> parse_distance(const Element& value) {
  const std::optional<double> distance = value.as_double();
  if (!distance.has_value()) return bad(format("{} must be a number", value.name()));
  if (!(*distance >= 0) || !std::isfinite(*distance)) {
    return bad(format("{} must be non-negative and finite", value.name()));
  }
  return *distance;
}

Result<> set_geojson(Parts& parts, const View& point) {
  const Geometry::Shape shape = NACRE_TRY(parse_geojson_point(point));
  parts.is_geojson = true;
  parts.at = shape.plane.value_or(PlanePoint());
  parts.center = shape.points.front();
  return {};
}

// [x, y], {any: x, names: y}, or either with the largest distance as a third.
Result<> set_pair(Parts& parts, const Element& value) {
  parts.at = NACRE_TRY(parse_pair(value, Extra::kIgnored));
  const std::size_t count = value.document().count();
  if (count == 2) return {};
  if (count > 3) return bad("a point is two numbers, with the largest distance behind them");
  auto third = value.document().begin();
  ++third;
  ++third;
  const std::optional<double> distance = third->as_double();
  if (!distance.has_value() || !(*distance >= 0)) {
    return bad("the largest distance must be a non-negative number");
  }
  parts.max_distance = *distance;
  return {};
}

// {$geometry: ..., $minDistance: ..., $maxDistance: ...}
Result<Parts> parse_new(const View& arguments) {
  Parts parts;
  bool has_geometry = false;
  for (const Element& part : arguments) {
    if (part.name() == "$geometry") {
      if (!part.is(Type::kDocument) || is_legacy_pair(part)) {
        return bad("$near requires a GeoJSON point as its $geometry");
      }
      NACRE_TRY(set_geojson(parts, part.document()));
      has_geometry = true;
    } else if (part.name() == "$minDistance") {
      parts.min_distance = NACRE_TRY(parse_distance(part));
    } else if (part.name() == "$maxDistance") {
      parts.max_distance = NACRE_TRY(parse_distance(part));
    } else {
      return bad(format("invalid argument in geo near query: {}", part.name()));
    }
  }
  if (!has_geometry) return bad("$geometry is required for geo near query");
  return parts;
}

// What stands beside the point: of the old form the distances, of the new nothing.
Result<> set_siblings(Parts& parts, const View& condition) {
  for (const Element& part : condition) {
    if (is_near_name(part.name())) continue;
    if (part.name() == "$minDistance") {
      parts.min_distance = NACRE_TRY(parse_old_distance(part, kMinNotNumber, kMinNegative));
    } else if (part.name() == "$maxDistance") {
      parts.max_distance = NACRE_TRY(parse_old_distance(part, kMaxNotNumber, kMaxNegative));
    } else if (part.name() != "$uniqueDocs") {
      return fail(Code::kInvalid, kNotAlone,
                  format("invalid argument in geo near query: {}", part.name()));
    }
  }
  return {};
}

Result<> put_on_sphere(Parts& parts) {
  if (parts.center.has_value()) return {};
  parts.center = NACRE_TRY(to_sphere(parts.at));
  return {};
}

}  // namespace

Near::Near(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Near::Near(Near&&) noexcept = default;
Near& Near::operator=(Near&&) noexcept = default;
Near::~Near() = default;

Result<Near> Near::parse(const View& condition) {
  Element near;
  for (const Element& part : condition) {
    if (!is_near_name(part.name())) continue;
    if (near) return bad("geo near accepts just one point");
    near = part;
  }
  if (!bson::is_container(near)) return bad("geo near query argument is not an object");
  const Element geometry = near.document().find("$geometry");
  // A point alone is of the old form, also when it is GeoJSON.
  const bool is_pair = is_legacy_pair(near);
  const bool is_point = !is_pair && !geometry && near.document().find("coordinates");
  Parts parts;
  Parts beside;
  NACRE_TRY(set_siblings(beside, condition));
  if (!is_pair && !is_point) {
    if (condition.count() > 1) {
      return bad("geo near accepts just one argument when querying for a GeoJSON point");
    }
    parts = NACRE_TRY(parse_new(near.document()));
    return Near(std::make_unique<const Parts>(parts));
  }
  if (is_point) {
    NACRE_TRY(set_geojson(parts, near.document()));
  } else {
    NACRE_TRY(set_pair(parts, near));
  }
  NACRE_TRY(set_siblings(parts, condition));
  if (near.name() == "$nearSphere") NACRE_TRY(put_on_sphere(parts));
  return Near(std::make_unique<const Parts>(parts));
}

Result<Near> Near::from(const NearArguments& arguments) {
  Parts parts;
  if (is_legacy_pair(arguments.point)) {
    NACRE_TRY(set_pair(parts, arguments.point));
    if (arguments.spherical) NACRE_TRY(put_on_sphere(parts));
  } else if (arguments.point.is(Type::kDocument)) {
    NACRE_TRY(set_geojson(parts, arguments.point.document()));
  } else {
    return bad("a point to be near to is a GeoJSON point or a pair of numbers");
  }
  parts.min_distance = arguments.min_distance;
  parts.max_distance = std::min(parts.max_distance, arguments.max_distance);
  return Near(std::make_unique<const Parts>(parts));
}

std::optional<double> Near::distance(const Element& stored) const {
  if (const auto point = stored_point(stored)) {
    if (!parts_->center.has_value()) return geo::distance(parts_->at, point->at);
    if (!point->is_on_sphere) return std::nullopt;
    const auto at = to_sphere(point->at);
    if (!at.has_value()) return std::nullopt;
    return S1Angle(*at, *parts_->center).radians() * parts_->unit();
  }
  if (!stored.is(Type::kDocument)) return std::nullopt;
  const auto shape = parse_stored(stored);
  if (!shape.has_value()) return std::nullopt;
  if (parts_->center.has_value()) {
    if (!shape->is_on_sphere()) return std::nullopt;
    return angle_to(*shape, *parts_->center) * parts_->unit();
  }
  if (!shape->plane.has_value()) return std::nullopt;
  return geo::distance(parts_->at, *shape->plane);
}

double Near::min_distance() const { return parts_->min_distance; }
double Near::max_distance() const { return parts_->max_distance; }
bool Near::is_on_sphere() const { return parts_->center.has_value(); }
bool Near::is_geojson() const { return parts_->is_geojson; }

Cover Near::sphere_cover(double radius) const {
  NACRE_CHECK(parts_->center.has_value(), "the point lies on the sphere");
  return cap_cover(*parts_->center, radius / parts_->unit());
}

Cover Near::plane_cover(double radius, const Grid& grid) const {
  std::vector<PlaneBox> boxes;
  if (parts_->center.has_value()) {
    boxes = cap_boxes(*parts_->center, radius / parts_->unit());
  } else {
    boxes.push_back(PlaneCircle{.center = parts_->at, .radius = radius}.bounds());
  }
  return grid_cover(boxes, grid);
}

double Near::first_radius() const {
  constexpr double kOnSphere = 1000 / kEarthRadiusMetres;
  constexpr double kOnPlane = 0.125;
  return parts_->center.has_value() ? kOnSphere * parts_->unit() : kOnPlane;
}

double Near::whole_radius(const Grid& grid) const {
  if (parts_->center.has_value()) return std::numbers::pi * parts_->unit();
  double radius = 0;
  for (const double x : {grid.min, grid.max}) {
    for (const double y : {grid.min, grid.max}) {
      radius = std::max(radius, geo::distance(parts_->at, {.x = x, .y = y}));
    }
  }
  return radius;
}

}  // namespace nacre::geo
