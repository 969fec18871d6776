#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "geo/parse_internal.h"

namespace nacre::geo {

using bson::Element;
using bson::Type;
using bson::View;
using Shape = Geometry::Shape;

namespace {

constexpr std::string_view kStrictWinding = "urn:x-mongodb:crs:strictwinding:EPSG:4326";

// Whether the crs is the strict one. Without one, the usual.
Result<bool> parse_crs(const View& object) {
  const Element crs = object.find("crs");
  if (!crs) return false;
  if (!crs.is(Type::kDocument)) return bad("GeoJSON crs must be an object");
  const Element type = crs.document().find("type");
  if (!type.is(Type::kString) || type.string() != "name") {
    return bad("GeoJSON crs must have the field \"type\": \"name\"");
  }
  const Element properties = crs.document().find("properties");
  if (!properties.is(Type::kDocument)) return bad("GeoJSON crs must have an object \"properties\"");
  const Element name = properties.document().find("name");
  if (!name.is(Type::kString)) return bad("\"properties.name\" of a crs must be a string");
  if (name.string() == kStrictWinding) return true;
  if (name.string() == "urn:ogc:def:crs:OGC:1.3:CRS84" || name.string() == "EPSG:4326") {
    return false;
  }
  return bad(format("unknown crs name: {}", name.string()));
}

Result<> refuse_strict(const View& object) {
  if (NACRE_TRY(parse_crs(object))) {
    return bad("the crs with a strict winding order is for the polygon of a query alone");
  }
  return {};
}

Result<S2Point> parse_position(const Element& value) {
  if (!value.is(Type::kArray)) return bad("GeoJSON coordinates must be an array");
  return to_sphere(NACRE_TRY(parse_pair(value, Extra::kIgnored)));
}

Result<std::vector<S2Point>> parse_positions(const Element& value) {
  if (!value.is(Type::kArray)) return bad("GeoJSON coordinates must be an array of coordinates");
  std::vector<S2Point> points;
  for (const Element& position : value.array()) {
    points.push_back(NACRE_TRY(parse_position(position)));
  }
  return points;
}

Result<Line> parse_line(const Element& coordinates) {
  Line line = NACRE_TRY(parse_positions(coordinates));
  drop_repeated(line);
  if (line.size() < 2) return bad("GeoJSON LineString must have at least 2 vertices");
  NACRE_TRY(check_neighbours(line, /*is_closed=*/false));
  return line;
}

Result<Area> parse_area(const Element& coordinates, bool as_drawn) {
  if (!coordinates.is(Type::kArray)) return bad("Polygon coordinates must be an array");
  std::vector<Ring> rings;
  for (const Element& ring : coordinates.array()) {
    rings.push_back(NACRE_TRY(parse_positions(ring)));
  }
  return make_area(std::move(rings), as_drawn);
}

// The coordinates of each part of a Multi geometry.
Result<View> parse_parts(const Element& coordinates, std::string_view type) {
  if (!coordinates.is(Type::kArray)) return bad(format("{} coordinates must be an array", type));
  if (coordinates.array().empty()) {
    return bad(format("{} coordinates must have at least 1 element", type));
  }
  return coordinates.array();
}

Result<> add_multi(const View& object, std::string_view type, Shape& shape) {
  NACRE_TRY(refuse_strict(object));
  for (const Element& part : NACRE_TRY(parse_parts(object.find("coordinates"), type))) {
    if (type == "MultiPoint") {
      shape.points.push_back(NACRE_TRY(parse_position(part)));
    } else if (type == "MultiLineString") {
      shape.lines.push_back(NACRE_TRY(parse_line(part)));
    } else {
      shape.areas.push_back(NACRE_TRY(parse_area(part, /*as_drawn=*/false)));
    }
  }
  return {};
}

Result<> add_polygon(const View& object, Winding winding, Shape& shape) {
  const bool is_strict = NACRE_TRY(parse_crs(object));
  if (is_strict && winding == Winding::kSmallerSide) NACRE_TRY(refuse_strict(object));
  shape.areas.push_back(NACRE_TRY(parse_area(object.find("coordinates"), is_strict)));
  return {};
}

Result<std::string_view> type_of(const View& object) {
  const Element type = object.find("type");
  if (!type.is(Type::kString)) return bad("unknown GeoJSON type: it must be a string");
  return type.string();
}

// Adds what one object says; false when its type is unknown.
Result<bool> add_single(const View& object, Winding winding, Shape& shape) {
  const std::string_view type = NACRE_TRY(type_of(object));
  if (type == "Point") {
    Shape point = NACRE_TRY(parse_geojson_point(object));
    shape.points.push_back(point.points.front());
    shape.plane = point.plane;
  } else if (type == "LineString") {
    NACRE_TRY(refuse_strict(object));
    shape.lines.push_back(NACRE_TRY(parse_line(object.find("coordinates"))));
  } else if (type == "Polygon") {
    NACRE_TRY(add_polygon(object, winding, shape));
  } else if (type == "MultiPoint" || type == "MultiLineString" || type == "MultiPolygon") {
    NACRE_TRY(add_multi(object, type, shape));
  } else {
    return false;
  }
  return true;
}

Result<Shape> parse_collection(const View& object) {
  NACRE_TRY(refuse_strict(object));
  const Element geometries = object.find("geometries");
  if (!geometries.is(Type::kArray)) return bad("GeometryCollection geometries must be an array");
  if (geometries.array().empty()) {
    return bad("GeometryCollection geometries must have at least 1 element");
  }
  Shape shape;
  for (const Element& part : geometries.array()) {
    if (!part.is(Type::kDocument)) {
      return bad(format("element {} of \"geometries\" is not an object", part.name()));
    }
    if (!NACRE_TRY(add_single(part.document(), Winding::kSmallerSide, shape))) {
      return bad("GeometryCollection holds a geometry of an unknown type, or a collection");
    }
  }
  shape.plane.reset();
  return shape;
}

}  // namespace

Result<Shape> parse_geojson_point(const View& object) {
  NACRE_TRY(refuse_strict(object));
  const Element type = object.find("type");
  if (type && (!type.is(Type::kString) || type.string() != "Point")) {
    return bad("the geometry must be a GeoJSON Point");
  }
  const PlanePoint at = NACRE_TRY(parse_pair(object.find("coordinates"), Extra::kIgnored));
  Shape shape{.is_legacy = false, .plane = at};
  shape.points.push_back(NACRE_TRY(to_sphere(at)));
  return shape;
}

Result<Shape> parse_geojson(const View& object, Winding winding) {
  const std::string_view type = NACRE_TRY(type_of(object));
  if (type == "GeometryCollection") return parse_collection(object);
  Shape shape;
  if (!NACRE_TRY(add_single(object, winding, shape))) {
    return bad(format("unknown GeoJSON type: {}", type));
  }
  return shape;
}

}  // namespace nacre::geo
