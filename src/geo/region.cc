#include "geo/region.h"

#include <array>
#include <string_view>
#include <utility>
#include <variant>

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

namespace {

struct Cap {
  S2Point center;
  double radius = 0;  // radians, perhaps infinite
};

// Areas that hold what matches.
struct Within {
  SphereIndex areas;
};

// What meets whatever matches.
struct Meeting {
  SphereIndex shape;
};

using AnyRegion = std::variant<PlaneBox, PlanePolygon, PlaneCircle, Cap, Within, Meeting>;

}  // namespace

struct Region::Shape {
  AnyRegion any;
};

namespace {

Result<AnyRegion> parse_box(const View& corners) {
  auto at = corners.begin();
  const PlanePoint a = NACRE_TRY(parse_pair(*at, Extra::kRefused));
  ++at;
  const PlanePoint b = NACRE_TRY(parse_pair(*at, Extra::kRefused));
  return PlaneBox::between(a, b);
}

Result<AnyRegion> parse_polygon(const View& corners) {
  PlanePolygon polygon;
  for (const Element& corner : corners) {
    polygon.corners.push_back(NACRE_TRY(parse_pair(corner, Extra::kRefused)));
  }
  if (polygon.corners.size() < 3) return bad("Polygon must have at least 3 points");
  return polygon;
}

// [[x, y], radius]
Result<PlaneCircle> parse_circle(const View& parts) {
  auto at = parts.begin();
  PlaneCircle circle;
  circle.center = NACRE_TRY(parse_pair(*at, Extra::kRefused));
  ++at;
  const std::optional<double> radius = at->as_double();
  if (!radius.has_value() || !(*radius >= 0)) return bad("radius must be a non-negative number");
  circle.radius = *radius;
  if (++at != parts.end()) {
    return bad("a circular region has a center and a radius, and nothing else");
  }
  return circle;
}

Result<AnyRegion> parse_cap(const View& parts) {
  const PlaneCircle circle = NACRE_TRY(parse_circle(parts));
  return Cap{.center = NACRE_TRY(to_sphere(circle.center)), .radius = circle.radius};
}

// The operand of $geometry.
Result<Geometry::Shape> parse_geometry(const Element& value) {
  if (is_legacy_pair(value)) {
    Geometry::Shape shape = legacy_shape(NACRE_TRY(parse_pair(value, Extra::kRefused)));
    if (!shape.is_on_sphere()) return bad("a point on the sphere is a longitude and a latitude");
    return shape;
  }
  return parse_geojson(value.document(), Winding::kMayBeStrict);
}

Result<AnyRegion> parse_areas(const Element& value) {
  Geometry::Shape shape = NACRE_TRY(parse_geometry(value));
  if (shape.areas.empty()) {
    return bad("$geoWithin not supported with provided geometry: it must hold an area");
  }
  shape.points.clear();
  shape.lines.clear();
  return Within{.areas = SphereIndex(shape)};
}

Result<AnyRegion> parse_within_shape(const Element& shape) {
  const std::string_view name = shape.name();
  const bool is_known = name == "$box" || name == "$polygon" || name == "$center" ||
                        name == "$centerSphere" || name == "$geometry";
  if (!is_known || !bson::is_container(shape)) {
    return bad(format("unknown geo specifier: {}", shape.name()));
  }
  if (name == "$box") return parse_box(shape.document());
  if (name == "$polygon") return parse_polygon(shape.document());
  if (name == "$center") return NACRE_TRY(parse_circle(shape.document()));
  if (name == "$centerSphere") return parse_cap(shape.document());
  return parse_areas(shape);
}

Result<AnyRegion> parse_meeting_shape(const Element& shape) {
  if (shape.name() != "$geometry" || !bson::is_container(shape)) {
    return bad(
        format("$geoIntersects takes a $geometry that is an object, found {}", shape.name()));
  }
  return Meeting{.shape = SphereIndex(NACRE_TRY(parse_geometry(shape)))};
}

// The one shape of an operand, $uniqueDocs (of old) left out.
Result<Element> only_shape(const Element& operand) {
  if (!operand.is(Type::kDocument)) return bad("geometry must be an object");
  Element shape;
  for (const Element& part : operand.document()) {
    if (part.name() == "$uniqueDocs") continue;
    if (shape) return bad(format("geo query has more than one geometry: {}", part.name()));
    shape = part;
  }
  if (!shape) return bad("geo query doesn't have any geometry");
  return shape;
}

struct Matches {
  const Element& stored;

  [[nodiscard]] std::optional<PlanePoint> plane() const {
    const auto point = stored_point(stored);
    if (point.has_value()) return point->at;
    // A GeoJSON Point that names its crs.
    if (!stored.is(Type::kDocument)) return std::nullopt;
    const auto shape = parse_stored(stored);
    return shape.has_value() ? shape->plane : std::nullopt;
  }
  bool operator()(const PlaneBox& box) const { return on_plane(box); }
  bool operator()(const PlanePolygon& polygon) const { return on_plane(polygon); }
  bool operator()(const PlaneCircle& circle) const { return on_plane(circle); }

  bool operator()(const Cap& cap) const {
    return on_sphere(
        [&](const Geometry::Shape& shape) { return is_all_within(shape, cap.center, cap.radius); });
  }
  bool operator()(const Within& within) const {
    if (const auto point = stored_point(stored)) return is_at(within.areas, *point);
    return on_sphere([&](const Geometry::Shape& shape) { return within.areas.contains(shape); });
  }
  bool operator()(const Meeting& meeting) const {
    if (const auto point = stored_point(stored)) return is_at(meeting.shape, *point);
    return on_sphere([&](const Geometry::Shape& shape) { return meeting.shape.meets(shape); });
  }

 private:
  [[nodiscard]] bool on_plane(const auto& region) const {
    const auto point = plane();
    return point.has_value() && region.contains(*point);
  }
  static bool is_at(const SphereIndex& index, const StoredPoint& point) {
    if (!point.is_on_sphere) return false;
    const auto at = to_sphere(point.at);
    return at.has_value() && index.meets(*at);
  }
  template <class Predicate>
  [[nodiscard]] bool on_sphere(const Predicate& holds) const {
    if (!bson::is_container(stored)) return false;
    const auto shape = parse_stored(stored);
    return shape.has_value() && shape->is_on_sphere() && holds(*shape);
  }
};

}  // namespace

Region::Region(std::unique_ptr<const Shape> shape) : shape_(std::move(shape)) {}
Region::Region(Region&&) noexcept = default;
Region& Region::operator=(Region&&) noexcept = default;
Region::~Region() = default;

Result<Region> Region::parse_within(const Element& operand) {
  const Element shape = NACRE_TRY(only_shape(operand));
  AnyRegion any = NACRE_TRY(parse_within_shape(shape));
  return Region(std::make_unique<const Shape>(std::move(any)));
}

Result<Region> Region::parse_intersects(const Element& operand) {
  const Element shape = NACRE_TRY(only_shape(operand));
  AnyRegion any = NACRE_TRY(parse_meeting_shape(shape));
  return Region(std::make_unique<const Shape>(std::move(any)));
}

bool Region::matches(const Element& stored) const {
  if (!bson::is_container(stored)) return false;
  return std::visit(Matches{stored}, shape_->any);
}

bool Region::is_on_sphere() const {
  return std::holds_alternative<Cap>(shape_->any) || std::holds_alternative<Within>(shape_->any) ||
         std::holds_alternative<Meeting>(shape_->any);
}

bool Region::has_plane_cover() const {
  return !std::holds_alternative<Within>(shape_->any) &&
         !std::holds_alternative<Meeting>(shape_->any);
}

Cover Region::sphere_cover() const {
  if (const auto* cap = std::get_if<Cap>(&shape_->any)) return cap_cover(cap->center, cap->radius);
  if (const auto* within = std::get_if<Within>(&shape_->any)) return shape_cover(within->areas);
  const auto* meeting = std::get_if<Meeting>(&shape_->any);
  NACRE_CHECK(meeting != nullptr, "the region lies on the sphere");
  return shape_cover(meeting->shape);
}

Cover Region::plane_cover(const Grid& grid) const {
  std::vector<PlaneBox> boxes;
  if (const auto* box = std::get_if<PlaneBox>(&shape_->any)) boxes.push_back(*box);
  if (const auto* polygon = std::get_if<PlanePolygon>(&shape_->any)) {
    boxes.push_back(polygon->bounds());
  }
  if (const auto* circle = std::get_if<PlaneCircle>(&shape_->any)) {
    boxes.push_back(circle->bounds());
  }
  if (const auto* cap = std::get_if<Cap>(&shape_->any)) {
    boxes = cap_boxes(cap->center, cap->radius);
  }
  NACRE_CHECK(!boxes.empty(), "the region has a cover on the plane");
  return grid_cover(boxes, grid);
}

}  // namespace nacre::geo
