#include "query/projection.h"

#include <gtest/gtest.h>

#include "bson/json.h"
#include "bson/json_testing.h"

namespace nacre::query {
namespace {

std::string projected(std::string_view spec, std::string_view document) {
  const auto projection = Projection::parse(bson::testing::parse_json(spec));
  EXPECT_TRUE(projection.has_value()) << projection.error().text();
  if (!projection.has_value()) return {};
  expression::Environment environment;
  const auto row = projection->apply(bson::testing::parse_json(document), environment);
  EXPECT_TRUE(row.has_value()) << row.error().text();
  return row.has_value() ? bson::to_json(*row) : std::string();
}

// As a find with that filter shows the document, or "error NUMBER".
std::string found_by(std::string_view filter_json, std::string_view spec,
                     std::string_view document) {
  const auto filter = match::Filter::parse(bson::testing::parse_json(filter_json));
  EXPECT_TRUE(filter.has_value());
  auto projection = Projection::parse(bson::testing::parse_json(spec), {.query = filter->source()});
  if (!projection.has_value()) return "error " + std::to_string(projection.error().number());
  projection->set_query(*filter);
  expression::Environment environment;
  const auto row = projection->apply(bson::testing::parse_json(document), environment);
  if (!row.has_value()) return "error " + std::to_string(row.error().number());
  return bson::to_json(*row);
}

std::int32_t refused_with(std::string_view spec) {
  const auto projection = Projection::parse(bson::testing::parse_json(spec));
  EXPECT_FALSE(projection.has_value()) << spec;
  return projection.has_value() ? 0 : projection.error().number();
}

constexpr const char* kDocument = R"({"_id":1,"a":{"b":2,"c":[{"d":3,"e":4},5,[{"d":6}]]},"f":7})";

TEST(Projection, IncludesNamedFieldsAndIdInTheDocumentsOrder) {
  EXPECT_EQ(projected(R"({"f":1})", kDocument), R"({"_id":1,"f":7})");
  EXPECT_EQ(projected(R"({"f":true,"a.b":1})", kDocument), R"({"_id":1,"a":{"b":2},"f":7})");
  EXPECT_EQ(projected(R"({"f":1,"_id":0})", kDocument), R"({"f":7})");
  EXPECT_EQ(projected(R"({"_id":1})", kDocument), R"({"_id":1})");
  EXPECT_EQ(projected(R"({"g":1})", kDocument), R"({"_id":1})");
  EXPECT_EQ(projected(R"({"a":{"b":1}})", kDocument), R"({"_id":1,"a":{"b":2}})");
}

TEST(Projection, ExcludesNamedFields) {
  EXPECT_EQ(projected(R"({"a":0})", kDocument), R"({"_id":1,"f":7})");
  EXPECT_EQ(projected(R"({"_id":0,"a":0})", kDocument), R"({"f":7})");
  EXPECT_EQ(projected(R"({"_id":0})", R"({"_id":1,"f":7})"), R"({"f":7})");
  EXPECT_EQ(projected(R"({"_id":1,"a":0})", kDocument), R"({"_id":1,"f":7})");
  EXPECT_EQ(projected(R"({"f.g":0})", R"({"_id":1,"f":7})"), R"({"_id":1,"f":7})");
  EXPECT_EQ(projected("{}", kDocument), kDocument);
}

TEST(Projection, GoesThroughArrays) {
  EXPECT_EQ(projected(R"({"a.c.d":1,"_id":0})", kDocument), R"({"a":{"c":[{"d":3},[{"d":6}]]}})");
  EXPECT_EQ(projected(R"({"a.c.d":0,"f":0})", kDocument),
            R"({"_id":1,"a":{"b":2,"c":[{"e":4},5,[{}]]}})");
}

TEST(Projection, SliceKeepsAPartOfAnArray) {
  constexpr const char* kArrays = R"({"_id":1,"a":[1,2,3,4],"b":5})";
  EXPECT_EQ(projected(R"({"a":{"$slice":2}})", kArrays), R"({"_id":1,"a":[1,2],"b":5})");
  EXPECT_EQ(projected(R"({"a":{"$slice":-1}})", kArrays), R"({"_id":1,"a":[4],"b":5})");
  EXPECT_EQ(projected(R"({"a":{"$slice":[1,2]}})", kArrays), R"({"_id":1,"a":[2,3],"b":5})");
  EXPECT_EQ(projected(R"({"a":{"$slice":[-3,1]}})", kArrays), R"({"_id":1,"a":[2],"b":5})");
  EXPECT_EQ(projected(R"({"a":{"$slice":0},"b":0})", kArrays), R"({"_id":1,"a":[]})");
  EXPECT_EQ(projected(R"({"a":{"$slice":1},"c":1})", kArrays), R"({"_id":1,"a":[1]})");
  EXPECT_EQ(projected(R"({"b":{"$slice":1}})", kArrays), kArrays);
  EXPECT_EQ(refused_with(R"({"a":{"$slice":[1,0]}})"), 28724);
}

TEST(Projection, APositionGoesWithAnInclusionOnly) {
  EXPECT_EQ(refused_with(R"({"a.$":"x"})"), 31308);
  EXPECT_EQ(refused_with(R"({"a.$":{"b":1}})"), 31271);
  EXPECT_EQ(refused_with(R"({"a.$":{"$add":[1]}})"), 31271);
}

TEST(Projection, RefusesWithMongoDbsCodes) {
  EXPECT_EQ(refused_with(R"({"a":1,"b":0})"), 31254);
  EXPECT_EQ(refused_with(R"({"a":0,"b":1})"), 31253);
  EXPECT_EQ(refused_with(R"({"a":1,"a.b":1})"), 31249);
  EXPECT_EQ(refused_with(R"({"a.b":1,"a":1})"), 31250);
  EXPECT_EQ(refused_with(R"({"a..b":1})"), 15998);
  EXPECT_EQ(refused_with(R"({"a.$b":1})"), 16410);
  EXPECT_EQ(refused_with(R"({"":1})"), 40352);
  EXPECT_EQ(refused_with(R"({"a.":1})"), 40353);
  EXPECT_EQ(refused_with(R"({"a":{}})"), 51270);
  EXPECT_EQ(refused_with(R"({"a":{"$bogus":1}})"), 31325);
  EXPECT_EQ(refused_with(R"({"a":0,"b":{"$add":[1,2]}})"), 31252);
  EXPECT_EQ(refused_with(R"({"a":0,"b":"$c"})"), 31310);
  EXPECT_EQ(refused_with(R"({"a":{"$add":[1,2],"x":1}})"), 16410);
}

TEST(Projection, ComputedFieldsStandBehindThoseThatAreKept) {
  EXPECT_EQ(projected(R"({"f":1,"s":{"$literal":9}})", kDocument), R"({"_id":1,"f":7,"s":9})");
  EXPECT_EQ(projected(R"({"s":"$f"})", kDocument), R"({"_id":1,"s":7})");
  EXPECT_EQ(projected(R"({"_id":null,"f":1})", kDocument), R"({"f":7,"_id":null})");
  EXPECT_EQ(projected(R"({"f":"$$REMOVE"})", kDocument), R"({"_id":1})");
  EXPECT_EQ(projected(R"({"x.y":"$f"})", kDocument), R"({"_id":1,"x":{"y":7}})");
  EXPECT_EQ(projected(R"({"f.y":"$f"})", kDocument), R"({"_id":1,"f":{"y":7}})");
  EXPECT_EQ(projected(R"({"a.b":{"$literal":9}})", R"({"a":[{"b":1,"c":2},3,[]]})"),
            R"({"a":[{"b":9},{"b":9},[]]})");
  EXPECT_EQ(projected(R"({"a":{"b":1,"s":"$f"}})", kDocument), R"({"_id":1,"a":{"b":2,"s":7}})");
}

TEST(Projection, ElemMatchKeepsTheFirstElementThatMatches) {
  constexpr const char* kArrays = R"({"_id":1,"a":[{"b":1},{"b":2,"c":3},{"b":2}],"f":7})";
  EXPECT_EQ(projected(R"({"a":{"$elemMatch":{"b":2}}})", kArrays),
            R"({"_id":1,"a":[{"b":2,"c":3}]})");
  EXPECT_EQ(projected(R"({"a":{"$elemMatch":{"b":9}}})", kArrays), R"({"_id":1})");
  EXPECT_EQ(projected(R"({"a":{"$elemMatch":{"b":2}},"f":1})", kArrays),
            R"({"_id":1,"f":7,"a":[{"b":2,"c":3}]})");
  EXPECT_EQ(projected(R"({"f":{"$elemMatch":{"b":2}}})", kArrays), R"({"_id":1})");
  EXPECT_EQ(refused_with(R"({"a":{"$elemMatch":1}})"), 31274);
  EXPECT_EQ(refused_with(R"({"a.b":{"$elemMatch":{"c":1}}})"), 31275);
}

TEST(Projection, PositionalKeepsTheElementThatTheQueryMatched) {
  constexpr const char* kArrays = R"({"_id":1,"a":[5,6,7],"b":{"c":[{"d":1},{"d":2}]}})";
  EXPECT_EQ(found_by(R"({"a":{"$gt":5}})", R"({"a.$":1})", kArrays), R"({"_id":1,"a":[6]})");
  EXPECT_EQ(found_by(R"({"b.c.d":2})", R"({"b.c.$":1})", kArrays),
            R"({"_id":1,"b":{"c":[{"d":2}]}})");
  EXPECT_EQ(found_by(R"({"a":{"$ne":1}})", R"({"a.$":1})", kArrays), "error 51246");
  EXPECT_EQ(found_by(R"({"x":1})", R"({"a.$":1})", kArrays), "error 31277");
  EXPECT_EQ(found_by(R"({"a":6})", R"({"a.$":1,"b.$":1})", kArrays), "error 31276");
  EXPECT_EQ(found_by(R"({"a":6})", R"({"a.$.b":1})", kArrays), "error 31394");
  EXPECT_EQ(found_by(R"({"a":6})", R"({"a.$":0})", kArrays), "error 31395");
  EXPECT_EQ(found_by(R"({"a":6})", R"({"a.$":1,"b":{"$elemMatch":{"c":1}}})", kArrays),
            "error 31255");
}

}  // namespace
}  // namespace nacre::query
