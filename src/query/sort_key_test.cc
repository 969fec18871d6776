#include "query/sort_key.h"

#include <gtest/gtest.h>

#include <map>

#include "bson/json_testing.h"

namespace nacre::query {
namespace {

// The documents in the pattern's order, those of equal keys as they were.
std::string sorted(std::string_view spec, const std::vector<std::string>& documents) {
  const auto pattern = SortPattern::parse(bson::testing::parse_json(spec));
  EXPECT_TRUE(pattern.has_value()) << pattern.error().text();
  if (!pattern.has_value()) return {};
  std::multimap<std::string, std::string> by_key;
  for (const std::string& document : documents) {
    const auto key = pattern->key(bson::testing::parse_json(document));
    EXPECT_TRUE(key.has_value()) << key.error().text();
    if (key.has_value()) by_key.emplace(*key, document);
  }
  std::string text;
  for (const auto& [key, document] : by_key) text += document;
  return text;
}

std::int32_t refused_with(std::string_view spec) {
  const auto pattern = SortPattern::parse(bson::testing::parse_json(spec));
  EXPECT_FALSE(pattern.has_value()) << spec;
  return pattern.has_value() ? 0 : pattern.error().number();
}

TEST(SortPattern, OrdersAcrossTypesWithMissingAsNull) {
  EXPECT_EQ(sorted(R"({"a":1})", {R"({"a":"x"})", R"({"a":2})", "{}", R"({"a":null})",
                                  R"({"a":[]})", R"({"a":1.5})"}),
            R"({"a":[]}{}{"a":null}{"a":1.5}{"a":2}{"a":"x"})");
}

TEST(SortPattern, AnArraySortsByItsLeastElementAscendingAndGreatestDescending) {
  EXPECT_EQ(sorted(R"({"a":1})", {R"({"a":[3,9]})", R"({"a":5})", R"({"a":[1,7]})"}),
            R"({"a":[1,7]}{"a":[3,9]}{"a":5})");
  EXPECT_EQ(sorted(R"({"a":-1})", {R"({"a":5})", R"({"a":[1,7]})", R"({"a":[3,9]})"}),
            R"({"a":[3,9]}{"a":[1,7]}{"a":5})");
  EXPECT_EQ(sorted(R"({"a.b":1})",
                   {R"({"a":[{"b":2},{"b":8}]})", R"({"a":{"b":3}})", R"({"a":[{"b":9},{}]})"}),
            R"({"a":[{"b":9},{}]}{"a":[{"b":2},{"b":8}]}{"a":{"b":3}})");
}

TEST(SortPattern, SeveralFieldsWithMixedDirections) {
  EXPECT_EQ(
      sorted(R"({"a":1,"b":-1})", {R"({"a":2,"b":1})", R"({"a":1,"b":1})", R"({"a":1,"b":2})"}),
      R"({"a":1,"b":2}{"a":1,"b":1}{"a":2,"b":1})");
}

TEST(SortPattern, FieldsOfOneArrayArePlacedByOneElement) {
  // By b alone the second would come first with (1, 5), a pair that no element has.
  EXPECT_EQ(sorted(R"({"a.b":1,"a.c":1})",
                   {R"({"a":[{"b":1,"c":9},{"b":2,"c":5}]})", R"({"a":{"b":1,"c":7}})"}),
            R"({"a":{"b":1,"c":7}}{"a":[{"b":1,"c":9},{"b":2,"c":5}]})");
  EXPECT_EQ(sorted(R"({"a.b":1,"a.c":-1})",
                   {R"({"a":{"b":1,"c":7}})", R"({"a":[{"b":1,"c":9},{"b":2,"c":5}]})"}),
            R"({"a":[{"b":1,"c":9},{"b":2,"c":5}]}{"a":{"b":1,"c":7}})");
}

TEST(SortPattern, DirectionsAreWholeOnceCutOffOrRounded) {
  const auto is_descending = [](std::string_view spec) {
    const auto pattern = SortPattern::parse(bson::testing::parse_json(spec));
    EXPECT_TRUE(pattern.has_value()) << spec;
    return pattern->fields().front().direction == bson::Direction::kDescending;
  };
  EXPECT_FALSE(is_descending(R"({"a": 1.9})"));
  EXPECT_TRUE(is_descending(R"({"a": -1.9})"));
  EXPECT_FALSE(is_descending(R"({"a": {"$numberDecimal": "0.6"}})"));
  EXPECT_TRUE(is_descending(R"({"a": {"$numberDecimal": "-1.4"}})"));
  EXPECT_EQ(refused_with(R"({"a": 0.9})"), 15975);
  EXPECT_EQ(refused_with(R"({"a": {"$numberDecimal": "1.6"}})"), 15975);
}

TEST(SortPattern, AnyNumberOfMetasIsBesideThirtyTwoPaths) {
  bson::Builder fields;
  for (int i = 0; i < 32; ++i) fields.append("a" + std::to_string(i), 1);
  bson::Builder more = fields;
  fields.begin_document("r").append("$meta", "randVal").end();
  fields.begin_document("s").append("$meta", "searchScore").end();
  EXPECT_TRUE(SortPattern::parse(fields.finish()).has_value());
  const auto refused = SortPattern::parse(more.append("b", 1).finish());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().number(), 13103);
}

TEST(SortPattern, RefusesWithMongoDbsCodes) {
  EXPECT_EQ(refused_with(R"({"a":"x"})"), 15974);
  EXPECT_EQ(refused_with(R"({"a":2})"), 15975);
  EXPECT_EQ(refused_with(R"({"a..b":1})"), 15998);
  EXPECT_EQ(refused_with(R"({"$a":1})"), 16410);
  EXPECT_EQ(refused_with(R"({"":1})"), 40352);
  EXPECT_EQ(refused_with(R"({"a":{"b":1}})"), 17312);
  EXPECT_EQ(refused_with(R"({"a":{"$meta":"colour"}})"), 31138);
  EXPECT_EQ(refused_with(R"({"a":{"$meta":"textScore","b":1}})"), 9);
  EXPECT_EQ(refused_with(R"({"a":{"$meta":"geoNearPoint"}})"), 31138);
  // What is wrong with the value is said before what is wrong with the name.
  EXPECT_EQ(refused_with(R"({"$a":0})"), 15975);
  EXPECT_EQ(refused_with(R"({"$a":"up"})"), 15974);
  const auto pattern = SortPattern::parse(bson::testing::parse_json(R"({"a":1,"b":1})"));
  ASSERT_TRUE(pattern.has_value());
  for (const char* parallel : {R"({"a":[1],"b":[2]})", R"({"a":[],"b":[2]})"}) {
    const auto key = pattern->key(bson::testing::parse_json(parallel));
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().number(), 2);
  }
}

}  // namespace
}  // namespace nacre::query
