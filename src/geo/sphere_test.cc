#include <gtest/gtest.h>

#include "geo/places_testing.h"

namespace nacre::geo {
namespace {

using testing::is_in;
using testing::meet;

constexpr std::string_view kSquare =
    R"({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]})";
constexpr std::string_view kRing = R"({"type": "Polygon", "coordinates": [
    [[-10, -10], [10, -10], [10, 10], [-10, 10], [-10, -10]],
    [[-5, -5], [5, -5], [5, 5], [-5, 5], [-5, -5]]]})";

std::string in(std::string_view geometry) {
  return R"({"$geometry": )" + std::string(geometry) + "}";
}

std::string point(double x, double y) {
  return R"({"type": "Point", "coordinates": [)" + std::to_string(x) + ", " + std::to_string(y) +
         "]}";
}

std::string line(std::string_view positions) {
  return R"({"type": "LineString", "coordinates": )" + std::string(positions) + "}";
}

std::string polygon(std::string_view ring) {
  return R"({"type": "Polygon", "coordinates": [)" + std::string(ring) + "]}";
}

std::string strict(std::string_view ring) {
  return R"({"type": "Polygon", "coordinates": [)" + std::string(ring) +
         R"(], "crs": {"type": "name",
             "properties": {"name": "urn:x-mongodb:crs:strictwinding:EPSG:4326"}}})";
}

TEST(Sphere, PointsOnTheEdgeOfAnAreaAreInIt) {
  for (const std::string& place :
       {point(5, 5), point(0, 0), point(10, 10), point(5, 0), point(0, 5), std::string("[5, 5]")}) {
    EXPECT_TRUE(is_in(place, in(kSquare))) << place;
    EXPECT_TRUE(meet(place, kSquare)) << place;
  }
  for (const std::string& place : {point(-0.001, 5), point(5, -0.001), point(11, 5)}) {
    EXPECT_FALSE(is_in(place, in(kSquare))) << place;
    EXPECT_FALSE(meet(place, kSquare)) << place;
  }
}

TEST(Sphere, AHoleIsOutside) {
  EXPECT_FALSE(is_in(point(0, 0), in(kRing)));
  EXPECT_TRUE(is_in(point(7, 7), in(kRing)));
  EXPECT_TRUE(is_in(point(5, 5), in(kRing)));
  EXPECT_FALSE(is_in(polygon("[[-6, -6], [6, -6], [6, 6], [-6, 6], [-6, -6]]"), in(kRing)));
  EXPECT_FALSE(meet(point(0, 0), kRing));
  EXPECT_FALSE(meet(line("[[-1, 0], [1, 0]]"), kRing));
  EXPECT_TRUE(meet(line("[[-1, 0], [7, 0]]"), kRing));
  EXPECT_FALSE(meet(polygon("[[-1, -1], [1, -1], [1, 1], [-1, -1]]"), kRing));
}

TEST(Sphere, WithinIsTheWholeOfAGeometryInOneArea) {
  EXPECT_TRUE(is_in(line("[[0, 0], [5, 5]]"), in(kSquare)));
  EXPECT_TRUE(is_in(line("[[0, 5], [5, 5]]"), in(kSquare)));
  EXPECT_TRUE(is_in(line("[[0, 0], [10, 0]]"), in(kSquare)));
  EXPECT_FALSE(is_in(line("[[1, 1], [5, 50]]"), in(kSquare)));
  EXPECT_TRUE(is_in(polygon("[[1, 1], [2, 1], [2, 2], [1, 1]]"), in(kSquare)));
  EXPECT_TRUE(is_in(kSquare, in(kSquare)));
  EXPECT_FALSE(is_in(kRing, in(kSquare)));
  EXPECT_TRUE(is_in(R"({"type": "MultiPoint", "coordinates": [[1, 1], [2, 2]]})", in(kSquare)));
  EXPECT_FALSE(is_in(R"({"type": "MultiPoint", "coordinates": [[1, 1], [50, 2]]})", in(kSquare)));
  EXPECT_FALSE(is_in(R"({"type": "GeometryCollection", "geometries": [
      {"type": "Point", "coordinates": [1, 1]},
      {"type": "LineString", "coordinates": [[1, 1], [50, 50]]}]})",
                     in(kSquare)));
  // Two areas side by side hold what is in one of them, not what is in both together.
  const std::string two = R"({"type": "MultiPolygon", "coordinates": [
      [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]],
      [[[10, 0], [20, 0], [20, 10], [10, 10], [10, 0]]]]})";
  EXPECT_TRUE(is_in(line("[[11, 1], [19, 9]]"), in(two)));
  EXPECT_FALSE(is_in(line("[[9, 5], [11, 5]]"), in(two)));
  EXPECT_TRUE(is_in(R"({"type": "MultiPoint", "coordinates": [[1, 1], [15, 2]]})", in(two)));
}

TEST(Sphere, AreasHoldAndNothingElseDoes) {
  for (const char* geometry : {R"({"type": "Point", "coordinates": [1, 1]})", "[1, 1]",
                               R"({"type": "LineString", "coordinates": [[0, 0], [1, 1]]})",
                               R"({"type": "GeometryCollection", "geometries": [{"type": "Point",
            "coordinates": [1, 1]}]})"}) {
    EXPECT_FALSE(testing::within(in(geometry)).has_value()) << geometry;
    EXPECT_TRUE(testing::intersects(geometry).has_value()) << geometry;
  }
  const std::string mixed = R"({"type": "GeometryCollection", "geometries": [
      {"type": "Point", "coordinates": [50, 50]}, )" +
                            std::string(kSquare) + "]}";
  EXPECT_TRUE(is_in(point(5, 5), in(mixed)));
  EXPECT_FALSE(is_in(point(50, 50), in(mixed)));
}

TEST(Sphere, LinesMeetWhereTheyCrossOrShareAPoint) {
  EXPECT_TRUE(meet(line("[[-1, -1], [1, 1]]"), line("[[-1, 1], [1, -1]]")));
  EXPECT_TRUE(meet(line("[[0, 0], [1, 0]]"), line("[[1, 0], [2, 1]]")));
  EXPECT_FALSE(meet(line("[[0, 0], [1, 0]]"), line("[[0, 2], [1, 2]]")));
  EXPECT_TRUE(meet(point(0, 0), line("[[-1, 0], [1, 0]]")));
  EXPECT_TRUE(meet(line("[[-1, 0], [1, 0]]"), point(0, 0)));
  EXPECT_TRUE(meet(point(0, 0), point(0, 0)));
  EXPECT_FALSE(meet(point(0, 0), point(0, 0.0001)));
  EXPECT_TRUE(meet(line("[[5, 5], [20, 5]]"), kSquare));
  EXPECT_TRUE(meet(line("[[1, 1], [2, 2]]"), kSquare));
  EXPECT_TRUE(meet(kSquare, line("[[1, 1], [2, 2]]")));
}

TEST(Sphere, AreasMeetWhereTheyOverlapNotWhereTheyTouch) {
  EXPECT_TRUE(meet(kSquare, kSquare));
  EXPECT_TRUE(meet(polygon("[[1, 1], [2, 1], [2, 2], [1, 1]]"), kSquare));
  EXPECT_TRUE(meet(kSquare, polygon("[[1, 1], [2, 1], [2, 2], [1, 1]]")));
  EXPECT_TRUE(meet(polygon("[[5, 5], [15, 5], [15, 15], [5, 5]]"), kSquare));
  EXPECT_FALSE(meet(polygon("[[10, 10], [20, 10], [20, 20], [10, 20], [10, 10]]"), kSquare));
  EXPECT_FALSE(meet(polygon("[[10, 0], [20, 0], [20, 10], [10, 10], [10, 0]]"), kSquare));
  EXPECT_TRUE(meet(R"({"type": "MultiPoint", "coordinates": [[1, 1], [50, 50]]})", kSquare));
  EXPECT_TRUE(meet(kSquare, R"({"type": "MultiPoint", "coordinates": [[50, 50], [1, 1]]})"));
}

TEST(Sphere, ARingMeansItsSmallerSideUnlessTheWindingOrderIsStrict) {
  const char* clockwise = "[[-10, -10], [-10, 10], [10, 10], [10, -10], [-10, -10]]";
  const char* counter = "[[-10, -10], [10, -10], [10, 10], [-10, 10], [-10, -10]]";
  for (const char* ring : {clockwise, counter}) {
    EXPECT_TRUE(is_in(point(0, 0), in(polygon(ring))));
    EXPECT_FALSE(is_in(point(50, 50), in(polygon(ring))));
  }
  EXPECT_TRUE(is_in(point(0, 0), in(strict(counter))));
  EXPECT_FALSE(is_in(point(0, 0), in(strict(clockwise))));
  EXPECT_TRUE(is_in(point(50, 50), in(strict(clockwise))));
  EXPECT_TRUE(is_in(line("[[50, 50], [150, 50]]"), in(strict(clockwise))));
  EXPECT_FALSE(is_in(line("[[50, 0], [-50, 0]]"), in(strict(clockwise))));
  EXPECT_TRUE(is_in(polygon("[[50, 50], [60, 50], [60, 60], [50, 50]]"), in(strict(clockwise))));
  EXPECT_TRUE(meet(point(50, 50), strict(clockwise)));
  EXPECT_FALSE(meet(point(0, 0), strict(clockwise)));
  // Stored, it is no geometry.
  EXPECT_FALSE(meet(strict(counter), polygon(counter)));
}

TEST(Sphere, PolesAndTheMeridianOf180AreNothingSpecial) {
  const std::string across = polygon("[[178, -2], [-178, -2], [-178, 2], [178, 2], [178, -2]]");
  EXPECT_TRUE(is_in(point(179, 0), in(across)));
  EXPECT_TRUE(is_in(point(-179, 0), in(across)));
  EXPECT_TRUE(is_in(point(180, 0), in(across)));
  EXPECT_FALSE(is_in(point(0, 0), in(across)));
  const std::string pole = polygon("[[-10, 89], [10, 89], [10, 90], [-10, 90], [-10, 89]]");
  EXPECT_TRUE(meet(point(0, 89.5), pole));
  EXPECT_FALSE(meet(point(0, 80), pole));
  // Its edge is one with the meridian, and so with an edge between cells.
  EXPECT_TRUE(is_in(point(180, 89),
                    in(polygon("[[179, 88], [180, 88], [180, 90], [179, 90], [179, 88]]"))));
  const std::string cap = polygon("[[0, 80], [120, 80], [-120, 80], [0, 80]]");
  EXPECT_TRUE(is_in(point(60, 89), in(cap)));
  EXPECT_TRUE(is_in(point(-170, 90), in(cap)));
}

TEST(Sphere, ACapHoldsWhatIsNearItsCenter) {
  const char* degree = R"({"$centerSphere": [[0, 0], 0.017453292519943295]})";
  EXPECT_TRUE(is_in(point(1, 0), degree));
  EXPECT_TRUE(is_in("[0, 1]", degree));
  EXPECT_FALSE(is_in(point(0.9, 0.9), degree));
  EXPECT_TRUE(is_in(line("[[0.1, 0.1], [0.2, 0.2]]"), degree));
  EXPECT_FALSE(is_in(line("[[0, 0], [5, 5]]"), degree));
  EXPECT_TRUE(is_in(polygon("[[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.1]]"), degree));
  EXPECT_FALSE(is_in(polygon("[[-5, -5], [5, -5], [5, 5], [-5, 5], [-5, -5]]"), degree));
  EXPECT_TRUE(is_in(point(0, 0), R"({"$centerSphere": [[0, 0], 0]})"));
  EXPECT_FALSE(is_in(point(0.001, 0), R"({"$centerSphere": [[0, 0], 0]})"));
  EXPECT_FALSE(is_in("[200, 0]", R"({"$centerSphere": [[0, 0], 4]})"));
}

TEST(Sphere, ACapMayBeMoreThanHalfOfTheSphere) {
  const char* most = R"({"$centerSphere": [[0, 0], 3]})";
  EXPECT_TRUE(is_in(point(150, 0), most));
  EXPECT_FALSE(is_in(point(179, 0), most));
  EXPECT_TRUE(is_in(line("[[100, 0], [100, 60]]"), most));
  EXPECT_FALSE(is_in(line("[[170, 0], [-170, 0]]"), most));
  EXPECT_FALSE(is_in(polygon("[[170, -9], [-170, -9], [-170, 9], [170, 9], [170, -9]]"), most));
  EXPECT_TRUE(is_in(polygon("[[10, -9], [20, -9], [20, 9], [10, 9], [10, -9]]"), most));
  EXPECT_TRUE(
      is_in(point(180, 0), R"({"$centerSphere": [[0, 0], {"$numberDouble": "Infinity"}]})"));
}

}  // namespace
}  // namespace nacre::geo
