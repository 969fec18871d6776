#include "geo/near.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "base/text.h"
#include "bson/json.h"
#include "geo/places_testing.h"

namespace nacre::geo {
namespace {

using testing::Place;

Result<Near> parse(std::string_view json) { return Near::parse(*bson::from_json(json)); }

int refused(std::string_view json) {
  const auto near = parse(json);
  return near.has_value() ? 0 : near.error().number();
}

double distance(std::string_view near, std::string_view place) {
  const auto parsed = parse(near);
  EXPECT_TRUE(parsed.has_value()) << near << " " << parsed.error().text();
  if (!parsed.has_value()) return -2;
  return parsed->distance(Place(place).element()).value_or(-1);
}

constexpr const char* kOrigin =
    R"({"$near": {"$geometry": {"type": "Point", "coordinates": [0, 0]}}})";

TEST(Near, DistancesAreInTheUnitOfThePoint) {
  EXPECT_NEAR(distance(kOrigin, R"({"type": "Point", "coordinates": [1, 0]})"),
              kEarthRadiusMetres * std::numbers::pi / 180, 1e-6);
  EXPECT_NEAR(distance(R"({"$nearSphere": [0, 0]})", "[0, 90]"), std::numbers::pi / 2, 1e-15);
  EXPECT_DOUBLE_EQ(distance(R"({"$near": [0, 0]})", "[300, 400]"), 500);
  EXPECT_DOUBLE_EQ(
      distance(R"({"$near": {"x": 1, "y": 1}})", R"({"type": "Point", "coordinates": [4, 5]})"), 5);
  // A GeoJSON point without $geometry around it is one all the same.
  EXPECT_NEAR(distance(R"({"$near": {"type": "Point", "coordinates": [0, 0]}})", "[1, 0]"),
              kEarthRadiusMetres * std::numbers::pi / 180, 1e-6);
}

TEST(Near, DistancesGoToTheNearestPartOfAGeometry) {
  const double degree = kEarthRadiusMetres * std::numbers::pi / 180;
  EXPECT_NEAR(distance(kOrigin, R"({"type": "LineString", "coordinates": [[1, -5], [1, 5]]})"),
              degree, 1e-3);
  EXPECT_NEAR(distance(kOrigin, R"({"type": "MultiPoint", "coordinates": [[50, 5], [0, 2]]})"),
              2 * degree, 1e-6);
  EXPECT_EQ(distance(kOrigin, R"({"type": "Polygon", "coordinates": [
      [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]]})"),
            0);
  EXPECT_NEAR(distance(kOrigin, R"({"type": "Polygon", "coordinates": [
      [[-9, -9], [9, -9], [9, 9], [-9, 9], [-9, -9]],
      [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]]})"),
              degree, 20);
}

TEST(Near, WhatHasNoPlaceHasNoDistance) {
  EXPECT_EQ(distance(kOrigin, "[200, 0]"), -1);
  EXPECT_EQ(distance(kOrigin, "5"), -1);
  EXPECT_EQ(distance(kOrigin, R"({"type": "Point"})"), -1);
  EXPECT_EQ(distance(R"({"$near": [0, 0]})",
                     R"({"type": "LineString", "coordinates": [[1, -5], [1, 5]]})"),
            -1);
}

TEST(Near, LimitsStandBesideAPairOrBesideTheGeometry) {
  const auto pair = parse(R"({"$near": [0, 0], "$minDistance": 1, "$maxDistance": 2.5})");
  ASSERT_TRUE(pair.has_value());
  EXPECT_EQ(pair->min_distance(), 1);
  EXPECT_EQ(pair->max_distance(), 2.5);
  EXPECT_FALSE(pair->is_on_sphere());
  const auto third = parse(R"({"$nearSphere": [0, 0, 3]})");
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->max_distance(), 3);
  EXPECT_TRUE(third->is_on_sphere());
  EXPECT_FALSE(third->is_geojson());
  const auto geometry = parse(R"({"$nearSphere": {"$geometry": {"coordinates": [0, 0]},
                                  "$minDistance": 5, "$maxDistance": 50}})");
  ASSERT_TRUE(geometry.has_value());
  EXPECT_EQ(geometry->min_distance(), 5);
  EXPECT_EQ(geometry->max_distance(), 50);
  EXPECT_TRUE(geometry->is_geojson());
}

TEST(Near, WhatMakesNoSenseIsRefusedByMongoDbsNumbers) {
  const std::string point = R"({"type": "Point", "coordinates": [0, 0]})";
  for (const std::string& condition :
       {std::string(R"({"$near": []})"), std::string(R"({"$near": [1]})"),
        std::string(R"({"$near": {}})"), std::string(R"({"$near": ["a", "b"]})"),
        std::string(R"({"$near": {"$geometry": [0, 0]}})"),
        std::string(R"({"$near": {"$geometry": {"type": "LineString",
                        "coordinates": [[0, 0], [1, 1]]}}})"),
        std::string(R"({"$near": {"$geometry": {"type": null, "coordinates": [0, 0]}}})"),
        std::string(R"({"$near": {"$geometry": {"type": "Point", "coordinates": [0, 91]}}})"),
        std::string(R"({"$near": {"$maxDistance": 5}})"), R"({"$near": {"$box": )" + point + "}}",
        R"({"$near": {"$geometry": )" + point + R"(, "$maxDistance": -1}})",
        R"({"$near": {"$geometry": )" + point + R"(, "$minDistance": "1"}})",
        R"({"$near": {"$geometry": )" + point +
            R"(, "$maxDistance": {"$numberDouble": "Infinity"}}})",
        R"({"$near": {"$geometry": )" + point + R"(}, "$maxDistance": 5})",
        format(R"({{"$near": {{"$geometry": {0}}}, "$nearSphere": {{"$geometry": {0}}}}})",
               point)}) {
    EXPECT_EQ(refused(condition), 2) << condition;
  }
  EXPECT_EQ(refused(R"({"$near": [0, 0], "$minDistance": "1"})"), 16893);
  EXPECT_EQ(refused(R"({"$near": [0, 0], "$minDistance": -1})"), 16894);
  EXPECT_EQ(refused(R"({"$near": [0, 0], "$maxDistance": "1"})"), 16895);
  EXPECT_EQ(refused(R"({"$near": [0, 0], "$maxDistance": {"$numberDouble": "NaN"}})"), 16896);
  EXPECT_EQ(refused(R"({"$near": [0, 0], "$eq": 5})"), 34413);
  EXPECT_EQ(refused(R"({"$near": {"$geometry": )" + point + R"(}, "$eq": 5})"), 34413);
  EXPECT_EQ(refused(R"({"$nearSphere": [200, 0]})"), 2);
  EXPECT_EQ(refused(R"({"$nearSphere": {"$minDistance": 1000, "$maxDistance": 5000}})"), 2);
  EXPECT_EQ(refused(R"({"$near": [200, 0]})"), 0);
}

TEST(Near, DistancesAgreeWithTheHaversineFormula) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> longitude(-180, 180);
  std::uniform_real_distribution<double> latitude(-90, 90);
  for (int i = 0; i < 500; ++i) {
    const double x1 = longitude(random), y1 = latitude(random);
    const double x2 = longitude(random), y2 = latitude(random);
    const double turn = std::numbers::pi / 180;
    const double h =
        std::pow(std::sin((y2 - y1) * turn / 2), 2) +
        std::cos(y1 * turn) * std::cos(y2 * turn) * std::pow(std::sin((x2 - x1) * turn / 2), 2);
    const double expected = 2 * std::atan2(std::sqrt(h), std::sqrt(1 - h));
    const std::string near = format(R"({{"$nearSphere": [{}, {}]}})", x1, y1);
    EXPECT_NEAR(distance(near, format("[{}, {}]", x2, y2)), expected, 1e-12) << near;
  }
}

}  // namespace
}  // namespace nacre::geo
