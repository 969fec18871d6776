#include "query/transform.h"

#include <gtest/gtest.h>

#include "bson/json.h"
#include "bson/json_testing.h"

namespace nacre::query {
namespace {

// The document behind the stage, or "error NUMBER".
std::string after(std::string_view stage_json, std::string_view document) {
  const bson::Document stage = bson::testing::parse_json(stage_json);
  const auto transform = Transform::parse(*stage.view().begin());
  if (!transform.has_value()) return "error " + std::to_string(transform.error().number());
  expression::Environment environment;
  const auto row = transform->apply(bson::testing::parse_json(document), environment);
  if (!row.has_value()) return "error " + std::to_string(row.error().number());
  return bson::to_json(*row);
}

TEST(Transform, AddFieldsReplacesInPlaceAndAppendsWhatIsNew) {
  EXPECT_EQ(after(R"({"$addFields":{"b":9,"c":"$a"}})", R"({"a":1,"b":2})"),
            R"({"a":1,"b":9,"c":1})");
  EXPECT_EQ(after(R"({"$set":{"a.x":9}})", R"({"a":{"y":1},"b":2})"),
            R"({"a":{"y":1,"x":9},"b":2})");
  EXPECT_EQ(after(R"({"$set":{"a.x":9}})", R"({"a":[{"y":1},2,[3]]})"),
            R"({"a":[{"y":1,"x":9},{"x":9},[{"x":9}]]})");
  EXPECT_EQ(after(R"({"$set":{"a":{"x":9,"z":{"w":1}}}})", R"({"a":5})"),
            R"({"a":{"x":9,"z":{"w":1}}})");
  EXPECT_EQ(after(R"({"$set":{"a":"$$REMOVE"}})", R"({"a":1,"b":2})"), R"({"b":2})");
  EXPECT_EQ(after(R"({"$set":{"a":"$b","b":"$a"}})", R"({"a":1,"b":2})"), R"({"a":2,"b":1})");
}

TEST(Transform, EmptyObjectsAreValuesAndNoFieldsChangeNothing) {
  EXPECT_EQ(after(R"({"$set":{"a":{}}})", R"({"a":{"b":1},"c":2})"), R"({"a":{},"c":2})");
  EXPECT_EQ(after(R"({"$set":{"a":{"b":{}}}})", R"({"a":{"c":1}})"), R"({"a":{"c":1,"b":{}}})");
  EXPECT_EQ(after(R"({"$addFields":{}})", R"({"a":1})"), R"({"a":1})");
}

TEST(Transform, AddFieldsRefusesWithMongoDbsCodes) {
  EXPECT_EQ(after(R"({"$set":1})", "{}"), "error 40272");
  EXPECT_EQ(after(R"({"$set":{"a":1,"a.b":2}})", "{}"), "error 40176");
  EXPECT_EQ(after(R"({"$set":{"a":{"$add":[1],"$abs":1}}})", "{}"), "error 40181");
  EXPECT_EQ(after(R"({"$set":{"a":{"b.c":1}}})", "{}"), "error 40183");
  EXPECT_EQ(after(R"({"$set":{"$a":1}})", "{}"), "error 16410");
}

TEST(Transform, UnsetTakesOneNameOrSeveral) {
  EXPECT_EQ(after(R"({"$unset":"a"})", R"({"a":1,"b":2})"), R"({"b":2})");
  EXPECT_EQ(after(R"({"$unset":["a.x","b"]})", R"({"a":{"x":1,"y":2},"b":2})"), R"({"a":{"y":2}})");
  EXPECT_EQ(after(R"({"$unset":1})", "{}"), "error 31002");
  EXPECT_EQ(after(R"({"$unset":[]})", "{}"), "error 31119");
  EXPECT_EQ(after(R"({"$unset":["a",1]})", "{}"), "error 31120");
}

TEST(Transform, ReplaceRootNeedsADocument) {
  EXPECT_EQ(after(R"({"$replaceRoot":{"newRoot":"$a"}})", R"({"a":{"b":1}})"), R"({"b":1})");
  EXPECT_EQ(after(R"({"$replaceWith":{"c":"$a"}})", R"({"a":1})"), R"({"c":1})");
  EXPECT_EQ(after(R"({"$replaceWith":"$a"})", R"({"a":1})"), "error 40228");
  EXPECT_EQ(after(R"({"$replaceWith":"$x"})", R"({"a":1})"), "error 40228");
  EXPECT_EQ(after(R"({"$replaceRoot":1})", "{}"), "error 40229");
  EXPECT_EQ(after(R"({"$replaceRoot":{}})", "{}"), "error 40414");
  EXPECT_EQ(after(R"({"$replaceRoot":{"x":1}})", "{}"), "error 40415");
}

TEST(Transform, ProjectIsTheOneOfPipelines) {
  EXPECT_EQ(after(R"({"$project":{"a":1}})", R"({"_id":1,"a":2,"b":3})"), R"({"_id":1,"a":2})");
  EXPECT_EQ(after(R"({"$project":{}})", "{}"), "error 51272");
  EXPECT_EQ(after(R"({"$project":1})", "{}"), "error 15969");
  EXPECT_EQ(after(R"({"$project":{"a":{"$elemMatch":{"x":1}}}})", "{}"), "error 168");
  EXPECT_EQ(after(R"({"$project":{"a.$":1}})", "{}"), "error 31324");
}

}  // namespace
}  // namespace nacre::query
