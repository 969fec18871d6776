#include "match/json_schema.h"

#include <gtest/gtest.h>

#include "bson/json_testing.h"

namespace nacre::match {
namespace {

bool matches(std::string_view schema_json, std::string_view document) {
  const bson::Document source = bson::testing::parse_json(schema_json);
  const auto schema = JsonSchema::parse(source);
  EXPECT_TRUE(schema.has_value()) << schema.error().text();
  if (!schema.has_value()) return false;
  const auto result = (*schema)->matches(bson::testing::parse_json(document));
  EXPECT_TRUE(result.has_value());
  return result.has_value() && *result;
}

std::int32_t refused_with(std::string_view schema_json) {
  const bson::Document source = bson::testing::parse_json(schema_json);
  const auto schema = JsonSchema::parse(source);
  EXPECT_FALSE(schema.has_value()) << schema_json;
  return schema.has_value() ? 0 : schema.error().number();
}

#define EXPECT_HOLDS(schema, document) \
  EXPECT_TRUE(matches(schema, document)) << (schema) << " of " << (document)
#define EXPECT_FAILS(schema, document) \
  EXPECT_FALSE(matches(schema, document)) << (schema) << " of " << (document)

TEST(JsonSchema, KeywordsAskNothingOfValuesOfOtherTypes) {
  constexpr const char* kSchema =
      R"({"properties":{"a":{"minimum":3,"minLength":2,"minItems":1,"minProperties":1}}})";
  EXPECT_HOLDS(kSchema, R"({"a":true})");
  EXPECT_HOLDS(kSchema, R"({})");
  EXPECT_FAILS(kSchema, R"({"a":2})");
  EXPECT_FAILS(kSchema, R"({"a":"é"})");
  EXPECT_HOLDS(kSchema, R"({"a":"éé"})");
  EXPECT_FAILS(kSchema, R"({"a":[]})");
  EXPECT_FAILS(kSchema, R"({"a":{}})");
}

TEST(JsonSchema, TypesByEitherName) {
  EXPECT_HOLDS(R"({"properties":{"a":{"bsonType":["int","null"]}}})", R"({"a":null})");
  EXPECT_FAILS(R"({"properties":{"a":{"bsonType":"int"}}})", R"({"a":1.5})");
  EXPECT_HOLDS(R"({"properties":{"a":{"type":"number"}}})", R"({"a":1.5})");
  EXPECT_HOLDS(R"({"properties":{"a":{"type":"boolean"}}})", R"({"a":true})");
  EXPECT_FAILS(R"({"type":"string"})", R"({})");
  EXPECT_HOLDS(R"({"bsonType":"object"})", R"({})");
}

TEST(JsonSchema, ObjectsByNamePatternAndWhatIsLeft) {
  EXPECT_FAILS(R"({"required":["a","b"]})", R"({"a":1})");
  EXPECT_FAILS(R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1,"b":2})");
  EXPECT_HOLDS(R"({"properties":{"a":{}},"patternProperties":{"^b":{}},
                   "additionalProperties":false})",
               R"({"a":1,"bc":2})");
  EXPECT_FAILS(R"({"additionalProperties":{"type":"string"}})", R"({"a":1})");
  EXPECT_FAILS(R"({"patternProperties":{"b":{"type":"string"}}})", R"({"abc":1})");
  EXPECT_HOLDS(R"({"properties":{"a.b":{"type":"string"}}})", R"({"a":{"b":1}})");
  EXPECT_FAILS(R"({"dependencies":{"a":["b"]}})", R"({"a":1})");
  EXPECT_HOLDS(R"({"dependencies":{"a":["b"]}})", R"({"c":1})");
  EXPECT_FAILS(R"({"dependencies":{"a":{"required":["b"]}}})", R"({"a":1})");
}

TEST(JsonSchema, ArraysByItem) {
  EXPECT_FAILS(R"({"properties":{"a":{"items":{"type":"string"}}}})", R"({"a":["x",1]})");
  EXPECT_HOLDS(R"({"properties":{"a":{"items":[{"type":"string"}]}}})", R"({"a":["x",1]})");
  EXPECT_FAILS(R"({"properties":{"a":{"items":[{"type":"string"}],"additionalItems":false}}})",
               R"({"a":["x",1]})");
  EXPECT_FAILS(R"({"properties":{"a":{"uniqueItems":true}}})",
               R"({"a":[{"x":1,"y":2},{"y":2,"x":1}]})");
  EXPECT_HOLDS(R"({"properties":{"a":{"uniqueItems":true}}})", R"({"a":[1,"1"]})");
}

TEST(JsonSchema, NumbersAndLists) {
  EXPECT_FAILS(R"({"properties":{"a":{"minimum":3,"exclusiveMinimum":true}}})", R"({"a":3})");
  EXPECT_HOLDS(R"({"properties":{"a":{"maximum":3}}})", R"({"a":3})");
  EXPECT_HOLDS(R"({"properties":{"a":{"multipleOf":0.1}}})", R"({"a":0.3})");
  EXPECT_FAILS(R"({"properties":{"a":{"multipleOf":0.1}}})", R"({"a":0.35})");
  EXPECT_FAILS(R"({"properties":{"a":{"multipleOf":3}}})", R"({"a":7})");
  EXPECT_HOLDS(R"({"properties":{"a":{"enum":[1,{"x":1,"y":2}]}}})", R"({"a":{"y":2,"x":1}})");
  EXPECT_FAILS(R"({"properties":{"a":{"enum":[1,2]}}})", R"({"a":3})");
  EXPECT_FAILS(R"({"oneOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1,"b":2})");
  EXPECT_HOLDS(R"({"anyOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1,"b":2})");
  EXPECT_FAILS(R"({"allOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1})");
  EXPECT_FAILS(R"({"not":{"required":["a"]}})", R"({"a":1})");
  EXPECT_FAILS(R"({"properties":{"a":{"pattern":"^x"}}})", R"({"a":"yx"})");
}

TEST(JsonSchema, RefusesWithMongoDbsCodes) {
  EXPECT_EQ(refused_with(R"({"foo":1})"), 9);
  EXPECT_EQ(refused_with(R"({"$ref":"x"})"), 9);
  EXPECT_EQ(refused_with(R"({"required":[1]})"), 14);
  EXPECT_EQ(refused_with(R"({"required":[]})"), 9);
  EXPECT_EQ(refused_with(R"({"required":["a","a"]})"), 9);
  EXPECT_EQ(refused_with(R"({"type":"integer"})"), 9);
  EXPECT_EQ(refused_with(R"({"type":"double"})"), 2);
  EXPECT_EQ(refused_with(R"({"bsonType":"x"})"), 2);
  EXPECT_EQ(refused_with(R"({"type":"string","bsonType":"string"})"), 9);
  EXPECT_EQ(refused_with(R"({"properties":{"a":{"multipleOf":0}}})"), 9);
  EXPECT_EQ(refused_with(R"({"properties":{"a":{"pattern":"["}}})"), 51091);
  EXPECT_EQ(refused_with(R"({"patternProperties":{"[":{}}})"), 2);
  EXPECT_EQ(refused_with(R"({"allOf":[1]})"), 14);
  EXPECT_EQ(refused_with(R"({"exclusiveMinimum":true})"), 9);
}

TEST(JsonSchema, LengthsThatAreNoneAreAllOfOneError) {
  for (const char* keyword :
       {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}) {
    for (const char* value : {R"("3")", "null", "true", "[3]", "{}", "-1", "1.5"}) {
      const std::string schema = std::string(R"({")") + keyword + R"(":)" + value + "}";
      EXPECT_EQ(refused_with(schema), 9) << schema;
    }
  }
}

}  // namespace
}  // namespace nacre::match
