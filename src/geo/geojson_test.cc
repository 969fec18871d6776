#include <gtest/gtest.h>

#include <cmath>

#include "base/text.h"
#include "geo/cells.h"
#include "geo/places_testing.h"

namespace nacre::geo {
namespace {

using testing::intersects;
using testing::Place;
using testing::refusal;
using testing::within;

std::string polygon(std::string_view rings, std::string_view more = "") {
  return R"({"type": "Polygon", "coordinates": )" + std::string(rings) + std::string(more) + "}";
}

constexpr std::string_view kStrict =
    R"(, "crs": {"type": "name",
        "properties": {"name": "urn:x-mongodb:crs:strictwinding:EPSG:4326"}})";

TEST(GeoJson, EachTypeIsUnderstood) {
  for (const char* geometry :
       {"[1, 2]", R"({"lng": 1, "lat": 2})", "[1000, 2]",
        R"({"type": "Point", "coordinates": [1, 2]})",
        R"({"type": "Point", "coordinates": {"x": 1, "y": 2}})",
        R"({"coordinates": [180, -90, 7], "type": "Point", "more": 1})",
        R"({"type": "LineString", "coordinates": [[1, 2], [1, 2], [3, 4]]})",
        R"({"type": "MultiPoint", "coordinates": [[1, 2], [1, 2]]})",
        R"({"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], [[1, 2], [3, 4]]]})",
        R"({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]})",
        R"({"type": "GeometryCollection", "geometries": [
            {"type": "Point", "coordinates": [1, 2]},
            {"type": "MultiPoint", "coordinates": [[1, 2]]}]})"}) {
    EXPECT_EQ(refusal(geometry), 0) << geometry;
  }
  for (const char* name : {"urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"}) {
    EXPECT_EQ(refusal(R"({"type": "Point", "coordinates": [1, 2], "crs": {"type": "name",
                          "properties": {"name": ")" +
                      std::string(name) + "\"}}}"),
              0);
  }
}

TEST(GeoJson, WhatIsNoGeometryIsRefused) {
  for (const char* geometry :
       {"5",
        "null",
        "[]",
        "[1]",
        R"(["a", 1])",
        "{}",
        R"({"type": "Point"})",
        R"({"type": "Point", "coordinates": []})",
        R"({"type": "Point", "coordinates": [[0, 0]]})",
        R"({"type": "Point", "coordinates": [181, 0]})",
        R"({"type": "Point", "coordinates": [0, -90.5]})",
        R"({"type": "Point", "coordinates": [{"$numberDouble": "NaN"}, 0]})",
        R"({"type": 1, "coordinates": [0, 0]})",
        R"({"type": "Feature", "coordinates": [0, 0]})",
        R"({"type": "LineString", "coordinates": [[0, 0]]})",
        R"({"type": "LineString", "coordinates": [[0, 0], [0, 0]]})",
        R"({"type": "LineString", "coordinates": [{"x": 0, "y": 0}, [1, 1]]})",
        R"({"type": "MultiPoint", "coordinates": []})",
        R"({"type": "MultiPolygon", "coordinates": 3})",
        R"({"type": "GeometryCollection", "geometries": []})",
        R"({"type": "GeometryCollection", "geometries": [5]})",
        R"({"type": "GeometryCollection", "geometries": [
            {"type": "GeometryCollection", "geometries": []}]})",
        R"({"type": "Point", "coordinates": [1, 2], "crs": 1})",
        R"({"type": "Point", "coordinates": [1, 2], "crs": {"type": "name"}})",
        R"({"type": "Point", "coordinates": [1, 2], "crs": {"type": "name",
            "properties": {"name": "EPSG:3857"}}})"}) {
    EXPECT_EQ(refusal(geometry), 2) << geometry;
  }
}

// SHAPE-1, SHAPE-2: what would break them is refused, but for repeated neighbours, which are
// dropped.
TEST(GeoJson, RingsAreClosedAndDoNotCrossThemselves) {
  for (const char* rings : {"[]", "5", "[[]]", "[[[0, 0], [1, 0], [1, 1], [0, 1]]]",  // not closed
                            "[[[0, 0], [1, 0], [0, 0]]]", "[[[0, 0], [1, 0], [1, 0], [0, 0]]]",
                            "[[[0, 0], [0, 0], [0, 0], [0, 0]]]",
                            "[[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]",                  // a bow
                            "[[[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 1], [0, 0]]]",  // twice
                            "[[[0, 0], [1, 0], [0, 0], [0, 1], [0, 0]]]",  // a spike
                            "[[0, 0], [1, 0], [1, 1], [0, 0]]"}) {
    EXPECT_EQ(refusal(polygon(rings)), 2) << rings;
  }
  EXPECT_EQ(refusal(polygon("[[[0, 0], [0, 0], [1, 0], [1, 1], [1, 1], [0, 0]]]")), 0);
  EXPECT_EQ(refusal(polygon("[[[0, 0], [1, 0], [2, 0], [0, 0]]]")), 0);  // on one line
}

// Their points are opposite each other but for a rounding; what it makes of them is the same each
// time, and nothing stops the process.
TEST(GeoJson, RingsAndLinesFromPoleToPoleAreTaken) {
  const char* line = R"({"type": "LineString", "coordinates": [[0, 90], [0, -90]]})";
  EXPECT_TRUE(testing::meet(R"({"type": "LineString", "coordinates": [[-5, 5], [5, 5]]})", line));
  EXPECT_FALSE(testing::meet(R"({"type": "LineString", "coordinates": [[5, 5], [15, 5]]})", line));
  for (const char* rings :
       {"[[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]",
        "[[[-180, -90], [0, -90], [180, -90], [180, 90], [0, 90], [-180, 90], [-180, -90]]]",
        "[[[0, 0], [0, 90], [180, 0], [0, -90], [0, 0]]]",
        "[[[-180, 0], [180, 0], [0, 90], [-180, 0]]]",
        "[[[-180, -90], [-180, 90], [180, 90], [180, -90], [-180, -90]]]"}) {
    const std::string area = polygon(rings);
    const auto geometry = Geometry::parse(Place(area).element());
    if (!geometry.has_value()) continue;
    EXPECT_FALSE(sphere_cells(*geometry).empty());
    for (const char* place : {"[0, 0]", "[180, 0]", "[-180, 90]", "[90, 10]", line}) {
      static_cast<void>(testing::meet(place, area));
      static_cast<void>(testing::meet(area, R"({"type": "Point", "coordinates": [180, 0]})"));
      static_cast<void>(testing::is_in(place, R"({"$geometry": )" + area + "}"));
      static_cast<void>(testing::is_in(area, R"({"$centerSphere": [[0, 0], 3]})"));
    }
  }
}

TEST(GeoJson, HolesLieInTheOuterRingAndBesideEachOther) {
  const std::string outer = "[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]";
  const auto with = [&](std::string_view holes) {
    return polygon("[" + outer + ", " + std::string(holes) + "]");
  };
  EXPECT_EQ(refusal(with("[[1, 1], [2, 1], [2, 2], [1, 1]]")), 0);
  EXPECT_EQ(refusal(with("[[1, 1], [2, 1], [2, 2], [1, 1]], [[2, 2], [3, 2], [3, 3], [2, 2]]")), 0);
  EXPECT_EQ(refusal(with("[[0, 0], [3, 1], [1, 3], [0, 0]]")), 0);  // touches in a corner
  for (const char* holes :
       {"[[20, 20], [21, 20], [21, 21], [20, 20]]",            // outside
        "[[-1, -1], [11, -1], [11, 11], [-1, 11], [-1, -1]]",  // around it
        "[[9, 9], [11, 9], [11, 11], [9, 9]]",                 // across the edge
        "[[0, 0], [10, 0], [5, 5], [0, 0]]",                   // along an edge
        "[[0, 0], [0, 2], [2, 2], [2, 0], [0, 0]]",            // along two
        "[[1, 1], [5, 1], [5, 5], [1, 5], [1, 1]], [[2, 2], [3, 2], [3, 3], [2, 2]]",
        "[[2, 2], [3, 2], [3, 3], [2, 2]], [[1, 1], [5, 1], [5, 5], [1, 5], [1, 1]]",
        "[[1, 1], [5, 1], [5, 5], [1, 1]], [[2, 1], [6, 1.5], [6, 5], [2, 1]]"}) {
    EXPECT_EQ(refusal(with(holes)), 2) << holes;
  }
}

TEST(GeoJson, AStrictWindingOrderIsForThePolygonOfAQueryAlone) {
  const std::string ring = "[[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]";
  EXPECT_EQ(refusal(polygon(ring, kStrict)), 2);
  EXPECT_TRUE(intersects(polygon(ring, kStrict)).has_value());
  EXPECT_TRUE(within(R"({"$geometry": )" + polygon(ring, kStrict) + "}").has_value());
  const std::string two = "[[[0, 0], [9, 0], [9, 9], [0, 0]], [[5, 2], [6, 2], [6, 3], [5, 2]]]";
  EXPECT_FALSE(intersects(polygon(two, kStrict)).has_value());
  EXPECT_FALSE(intersects(R"({"type": "Point", "coordinates": [1, 1])" + std::string(kStrict) + "}")
                   .has_value());
}

TEST(GeoJson, PointsAloneLieOnThePlaneAndPairsPerhapsOnTheSphere) {
  const auto pair = Geometry::parse(Place("[200, 3]").element());
  ASSERT_TRUE(pair.has_value());
  EXPECT_TRUE(pair->is_legacy());
  EXPECT_FALSE(pair->is_on_sphere());
  EXPECT_EQ(pair->plane_point()->x, 200);
  const auto point =
      Geometry::parse(Place(R"({"type": "Point", "coordinates": [2, 3]})").element());
  ASSERT_TRUE(point.has_value());
  EXPECT_FALSE(point->is_legacy());
  EXPECT_TRUE(point->is_on_sphere());
  EXPECT_EQ(point->plane_point()->y, 3);
  const auto line = Geometry::parse(
      Place(R"({"type": "LineString", "coordinates": [[2, 3], [4, 5]]})").element());
  ASSERT_TRUE(line.has_value());
  EXPECT_TRUE(line->is_on_sphere());
  EXPECT_FALSE(line->plane_point().has_value());
}

// Checking each pair of holes would take minutes.
TEST(GeoJson, ManyHolesAndManyCornersAreLookedAtInTimeThatGrowsWithTheirNumber) {
  std::string rings = "[[[-170, -80], [-5, -80], [-5, 80], [-170, 80], [-170, -80]]";
  for (int i = 0; i < 5000; ++i) {
    const int row = i / 100;
    const double x = -150 + i % 100;
    const double y = -40 + row;
    rings += format(", [[{}, {}], [{}, {}], [{}, {}], [{}, {}]]", x, y, x + 0.5, y, x + 0.5,
                    y + 0.5, x, y);
  }
  EXPECT_EQ(refusal(polygon(rings + "]")), 0);
  std::string ring = "[[";
  for (int i = 0; i < 20000; ++i) {
    const double angle = i * 2 * 3.14159265358979 / 20000;
    ring += format("[{}, {}], ", 30 * std::cos(angle), 30 * std::sin(angle));
  }
  EXPECT_EQ(refusal(polygon(ring + "[30, 0]]]")), 0);
}

}  // namespace
}  // namespace nacre::geo
