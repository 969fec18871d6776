// The operators that look at places, in filters: which values of a document they look at and where
// they may stand. What a region holds is for geo/ to test.
#include <gtest/gtest.h>

#include "bson/json.h"
#include "match/filter.h"

namespace nacre::match {
namespace {

Result<Filter> parse(std::string_view json) { return Filter::parse(*bson::from_json(json)); }

bool matches(std::string_view filter_json, std::string_view document_json) {
  const auto filter = parse(filter_json);
  EXPECT_TRUE(filter.has_value()) << filter_json << " " << filter.error().text();
  if (!filter.has_value()) return false;
  const auto result = filter->matches(*bson::from_json(document_json));
  return result.has_value() && *result;
}

int refused(std::string_view json) {
  const auto filter = parse(json);
  return filter.has_value() ? 0 : filter.error().number();
}

constexpr const char* kBox = R"({"a": {"$geoWithin": {"$box": [[0, 0], [10, 10]]}}})";

TEST(FilterGeo, AnyPlaceOfAnArrayCounts) {
  EXPECT_TRUE(matches(kBox, R"({"a": [5, 5]})"));
  EXPECT_FALSE(matches(kBox, R"({"a": [50, 5]})"));
  EXPECT_TRUE(matches(kBox, R"({"a": [[50, 5], [5, 5]]})"));
  EXPECT_TRUE(matches(kBox, R"({"a": [{"type": "Point", "coordinates": [5, 5]}, 7]})"));
  EXPECT_FALSE(matches(kBox, R"({"a": [[50, 5], [5, 50]]})"));
  EXPECT_FALSE(matches(kBox, R"({"a": [[[5, 5]]]})"));
  EXPECT_FALSE(matches(kBox, "{}"));
  EXPECT_FALSE(matches(kBox, R"({"a": null})"));
  const char* deep = R"({"a.b": {"$within": {"$center": [[0, 0], 2]}}})";
  EXPECT_TRUE(matches(deep, R"({"a": [{"b": [5, 5]}, {"b": {"x": 1, "y": 1}}]})"));
  EXPECT_FALSE(matches(deep, R"({"a": [{"b": [5, 5]}, {"c": [1, 1]}]})"));
}

TEST(FilterGeo, RegionsStandWhereverConditionsDo) {
  const char* inside = R"({"a": [5, 5], "b": 1})";
  const char* outside = R"({"a": [50, 5], "b": 1})";
  for (const char* filter :
       {R"({"$or": [{"b": 2}, {"a": {"$geoWithin": {"$box": [[0, 0], [10, 10]]}}}]})",
        R"({"b": 1, "a": {"$geoWithin": {"$box": [[0, 0], [10, 10]]}}})",
        R"({"$nor": [{"a": {"$not": {"$geoWithin": {"$box": [[0, 0], [10, 10]]}}}}]})",
        R"({"a": {"$geoIntersects": {"$geometry": {"type": "Point", "coordinates": [5, 5]}}}})"}) {
    EXPECT_TRUE(matches(filter, inside)) << filter;
    EXPECT_FALSE(matches(filter, outside)) << filter;
  }
  const char* element = R"({"a": {"$elemMatch": {"$geoWithin": {"$box": [[0, 0], [10, 10]]}}}})";
  EXPECT_TRUE(matches(element, R"({"a": [[50, 5], [5, 5]]})"));
  EXPECT_FALSE(matches(element, R"({"a": [5, 5]})"));
}

TEST(FilterGeo, NothingStandsBesideARegion) {
  for (const char* filter :
       {R"({"a": {"$geoWithin": {"$box": [[0, 0], [1, 1]]}, "$eq": 1}})",
        R"({"a": {"$gt": 1, "$geoIntersects": {"$geometry": [1, 1]}}})",
        R"({"a": {"$geoWithin": {"$box": [[0, 0], [1, 1]]}, "$maxDistance": 1}})",
        R"({"a": {"$geoIntersects": {"$geometry": [1, 1]}, "$near": [1, 1]}})",
        R"({"a": {"$maxDistance": 1}})", R"({"a": {"$box": [[0, 0], [1, 1]]}})",
        R"({"$geoWithin": {"$box": [[0, 0], [1, 1]]}})", R"({"a": {"$geoWithin": 1}})",
        R"({"a": {"$geoIntersects": {"$box": [[0, 0], [1, 1]]}}})"}) {
    EXPECT_EQ(refused(filter), 2) << filter;
  }
}

TEST(FilterGeo, NearStandsOnTopAndOnce) {
  for (const char* filter : {R"({"a": {"$near": [1, 1], "$maxDistance": 2}})",
                             R"({"b": 1, "a": {"$nearSphere": [1, 1]}})",
                             R"({"$and": [{"b": 1}, {"$and": [{"a": {"$geoNear": [1, 1]}}]}]})"}) {
    const auto parsed = parse(filter);
    ASSERT_TRUE(parsed.has_value()) << filter;
    ASSERT_NE(parsed->near(), nullptr) << filter;
    EXPECT_EQ(parsed->near()->path, "a");
  }
  for (const char* filter :
       {R"({"$or": [{"a": {"$near": [1, 1]}}, {"b": 1}]})",
        R"({"$nor": [{"a": {"$near": [1, 1]}}]})", R"({"a": {"$not": {"$near": [1, 1]}}})",
        R"({"c": {"$elemMatch": {"a": {"$near": [1, 1]}}}})",
        R"({"a": {"$elemMatch": {"$near": [1, 1]}}})",
        R"({"a": {"$near": [1, 1]}, "b": {"$near": [1, 1]}})", R"({"a": {"$near": 5}})",
        R"({"a": {"$near": [1, 1]}, "$text": {"$search": "x"}})",
        R"({"a": {"$gt": 1, "$near": [1, 1]}})"}) {
    EXPECT_EQ(refused(filter), 2) << filter;
  }
  EXPECT_EQ(refused(R"({"a": {"$near": [1, 1], "$gt": 1}})"), 34413);
  EXPECT_EQ(parse(R"({"a": 1})")->near(), nullptr);
}

TEST(FilterGeo, ADocumentIsAsNearAsItsNearestPlace) {
  const char* ring = R"({"a": {"$near": [0, 0], "$minDistance": 2, "$maxDistance": 5}})";
  EXPECT_TRUE(matches(ring, R"({"a": [3, 0]})"));
  EXPECT_TRUE(matches(ring, R"({"a": [[3, 0], [30, 0]]})"));
  EXPECT_FALSE(matches(ring, R"({"a": [[3, 0], [1, 0]]})"));
  EXPECT_FALSE(matches(ring, R"({"a": [6, 0]})"));
  EXPECT_FALSE(matches(ring, R"({"a": "x"})"));
}

TEST(FilterGeo, WhoPlansIsToldTheRegionsThatAlwaysHold) {
  const auto filter = parse(R"({"b": 1, "a.c": {"$geoWithin": {"$box": [[0, 0], [1, 1]]}},
      "$or": [{"d": {"$geoWithin": {"$box": [[0, 0], [1, 1]]}}}, {"b": 1}]})");
  ASSERT_TRUE(filter.has_value());
  const auto conditions = filter->geo_conditions();
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions.front().path, "a.c");
  EXPECT_FALSE(conditions.front().region->is_on_sphere());
  EXPECT_FALSE(filter->bounds("a.c", false).has_value());
  EXPECT_TRUE(filter->names("a.c"));
  EXPECT_TRUE(filter->equalities().size() == 1);
  EXPECT_TRUE(filter->implies(*parse(R"({"a.c": {"$exists": true}})")));
}

TEST(FilterGeo, ThePositionIsOfTheElementThatMatched) {
  const auto filter = parse(kBox);
  EXPECT_EQ(*filter->position(*bson::from_json(R"({"a": [[50, 5], [5, 5]]})")), 1U);
  EXPECT_EQ(*filter->position(*bson::from_json(R"({"a": [5, 5]})")), std::nullopt);
}

}  // namespace
}  // namespace nacre::match
