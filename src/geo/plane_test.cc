#include <gtest/gtest.h>

#include "geo/places_testing.h"

namespace nacre::geo {
namespace {

using testing::is_in;
using testing::within;

int refused(std::string_view region) {
  const auto parsed = within(region);
  return parsed.has_value() ? 0 : parsed.error().number();
}

TEST(Plane, ABoxHoldsItsEdgesWhicheverCornersNameIt) {
  for (const char* box : {R"({"$box": [[0, 0], [10, 5]]})", R"({"$box": [[10, 0], [0, 5]]})",
                          R"({"$box": {"a": {"x": 10, "y": 5}, "b": [0, 0]}})"}) {
    EXPECT_TRUE(is_in("[0, 0]", box)) << box;
    EXPECT_TRUE(is_in("[10, 5]", box)) << box;
    EXPECT_TRUE(is_in(R"({"lng": 3, "lat": 5})", box)) << box;
    EXPECT_TRUE(is_in(R"({"type": "Point", "coordinates": [3, 5, 100]})", box)) << box;
    EXPECT_TRUE(is_in("[3, 5, 100]", box)) << box;
    EXPECT_FALSE(is_in("[10.0001, 5]", box)) << box;
    EXPECT_FALSE(is_in("[3, -0.001]", box)) << box;
  }
}

TEST(Plane, WhatIsNoPointOfThePlaneIsInNothing) {
  const char* box = R"({"$box": [[-500, -500], [500, 500]]})";
  EXPECT_TRUE(is_in("[300, 300]", box));
  for (const char* place :
       {"5", "null", R"("0,0")", "[]", "[1]", R"(["1", "2"])", "{}", R"({"a": "b"})",
        R"({"type": "Point"})", R"({"type": "Point", "coordinates": [300, 300]})",
        R"({"type": "point", "coordinates": [3, 3]})", R"([{"$numberDouble": "NaN"}, 1])",
        R"([1, {"$numberDouble": "Infinity"}])",
        R"({"type": "LineString", "coordinates": [[0, 0], [1, 1]]})"}) {
    EXPECT_FALSE(is_in(place, box)) << place;
  }
}

TEST(Plane, ACircleHoldsItsEdgeAndMayBeAPointOrEverything) {
  EXPECT_TRUE(is_in("[1, 0]", R"({"$center": [[0, 0], 1]})"));
  EXPECT_TRUE(is_in("[1, 1]", R"({"$center": [[0, 0], 1.4142135623730951]})"));
  EXPECT_FALSE(is_in("[1.001, 0]", R"({"$center": [[0, 0], 1]})"));
  EXPECT_TRUE(is_in("[3, 4]", R"({"$center": [{"x": 3, "y": 4}, 0]})"));
  EXPECT_FALSE(is_in("[3, 4.1]", R"({"$center": [[3, 4], 0]})"));
  EXPECT_TRUE(is_in("[1e300, 4]", R"({"$center": [[3, 4], {"$numberDouble": "Infinity"}]})"));
}

TEST(Plane, APolygonHoldsItsCornersAndStraightEdgesAndOfSlopingOnesItsRightSide) {
  const char* square = R"({"$polygon": [[0, 0], [0, 10], [10, 10], [10, 0]]})";
  for (const char* place : {"[0, 0]", "[10, 10]", "[5, 0]", "[5, 10]", "[0, 5]", "[10, 5]"}) {
    EXPECT_TRUE(is_in(place, square)) << place;
  }
  EXPECT_FALSE(is_in("[10.5, 5]", square));
  const char* right_of_diagonal = R"({"$polygon": [[0, 0], [10, 10], [10, 0]]})";
  EXPECT_TRUE(is_in("[5, 1]", right_of_diagonal));
  EXPECT_FALSE(is_in("[5, 5]", right_of_diagonal));
  const char* left_of_diagonal = R"({"$polygon": [[0, 0], [10, 10], [0, 10]]})";
  EXPECT_TRUE(is_in("[5, 5]", left_of_diagonal));
}

TEST(Plane, APolygonMayCrossItselfAndBeFlat) {
  const char* bow = R"({"$polygon": [[0, 0], [10, 10], [10, 0], [0, 10]]})";
  EXPECT_TRUE(is_in("[2, 5]", bow));
  EXPECT_TRUE(is_in("[8, 5]", bow));
  EXPECT_FALSE(is_in("[5, 8]", bow));
  EXPECT_TRUE(is_in("[3, 0]", R"({"$polygon": [[0, 0], [5, 0], [10, 0]]})"));
  EXPECT_TRUE(is_in("[1, 1]", R"({"$polygon": [[1, 1], [1, 1], [1, 1]]})"));
}

TEST(Plane, RegionsThatMakeNoSenseAreRefused) {
  for (const char* region : {"{}",
                             "5",
                             "[]",
                             R"({"$box": []})",
                             R"({"$box": [[0, 0]]})",
                             R"({"$box": [0, [1, 1]]})",
                             R"({"$box": [[0, 0, 0], [1, 1, 1]]})",
                             R"({"$box": [[0, "a"], [1, 1]]})",
                             R"({"$box": "x"})",
                             R"({"$polygon": [[0, 0], [1, 1]]})",
                             R"({"$polygon": {}})",
                             R"({"$center": [[0, 0], -1]})",
                             R"({"$center": [[0, 0]]})",
                             R"({"$center": [[0, 0], {"$numberDouble": "NaN"}]})",
                             R"({"$center": [[0, 0], 1, 2]})",
                             R"({"$center": [[0], 1]})",
                             R"({"$centerSphere": [[181, 0], 1]})",
                             R"({"$centerSphere": [[0, 0], true]})",
                             R"({"$circle": [[0, 0], 1]})",
                             R"({"$box": [[0, 0], [1, 1]], "$center": [[0, 0], 1]})",
                             R"({"$uniqueDocs": true})"}) {
    EXPECT_EQ(refused(region), 2) << region;
  }
  EXPECT_EQ(refused(R"({"$box": [[0, 0], [1, 1]], "$uniqueDocs": true})"), 0);
}

}  // namespace
}  // namespace nacre::geo
