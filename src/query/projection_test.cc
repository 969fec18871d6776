#include "query/projection.h"

#include <gtest/gtest.h>

#include "bson/json.h"

namespace nacre::query {
namespace {

bson::Document parse(std::string_view json) {
  auto document = bson::from_json(json);
  EXPECT_TRUE(document.has_value()) << json;
  return document.has_value() ? *std::move(document) : bson::Document();
}

std::string projected(std::string_view spec, std::string_view document) {
  const auto projection = Projection::parse(parse(spec));
  EXPECT_TRUE(projection.has_value()) << projection.error().text();
  if (!projection.has_value()) return {};
  return bson::to_json(projection->apply(parse(document)));
}

std::int32_t refused_with(std::string_view spec) {
  const auto projection = Projection::parse(parse(spec));
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
  EXPECT_EQ(refused_with(R"({"a":{"$slice":"x"}})"), 28667);
  EXPECT_EQ(refused_with(R"({"a":{"$slice":[1,0]}})"), 28724);
}

TEST(Projection, RefusesWithMongoDbsCodes) {
  EXPECT_EQ(refused_with(R"({"a":1,"b":0})"), 31254);
  EXPECT_EQ(refused_with(R"({"a":0,"b":1})"), 31253);
  EXPECT_EQ(refused_with(R"({"a":1,"a.b":1})"), 31249);
  EXPECT_EQ(refused_with(R"({"a.b":1,"a":1})"), 31250);
  EXPECT_EQ(refused_with(R"({"a..b":1})"), 15998);
  EXPECT_EQ(refused_with(R"({"a.$b":1})"), 16410);
  EXPECT_EQ(refused_with(R"({"a.$":1})"), 238);
  EXPECT_EQ(refused_with(R"({"a":{"$elemMatch":{"b":1}}})"), 238);
  EXPECT_EQ(refused_with(R"({"a":"$b"})"), 238);
}

}  // namespace
}  // namespace nacre::query
