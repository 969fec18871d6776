#include "document/update.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bson/json.h"
#include "bson/json_testing.h"
#include "bson/validate.h"

namespace nacre::document {
namespace {

constexpr bson::Date kNow{1700000000000};

// The updated document; "same" when nothing changes; "error <number>: <what>".
std::string updated(std::string_view update_json, std::string_view document_json) {
  const auto update = Update::parse(bson::testing::parse_json(update_json).view());
  if (!update.has_value()) return "parse error " + std::to_string(update.error().number());
  const auto result = update->apply(bson::testing::parse_json(document_json), kNow);
  if (!result.has_value()) {
    return "error " + std::to_string(result.error().number()) + ": " + result.error().what();
  }
  return result->has_value() ? bson::to_json(**result) : "same";
}

std::string canonical(std::string_view update_json, std::string_view document_json) {
  const auto update = Update::parse(bson::testing::parse_json(update_json).view());
  const auto result = update->apply(bson::testing::parse_json(document_json), kNow);
  return bson::to_json(**result, bson::JsonForm::kCanonical);
}

TEST(Update, SetsReplacesInPlaceAndAppendsNewFieldsByName) {
  EXPECT_EQ(updated(R"({"$set":{"a":2}})", R"({"_id":1,"a":1,"b":1})"), R"({"_id":1,"a":2,"b":1})");
  EXPECT_EQ(updated(R"({"$set":{"c":1,"b":2}})", R"({"_id":1})"), R"({"_id":1,"b":2,"c":1})");
  EXPECT_EQ(updated(R"({"$set":{"a.b.c":1}})", R"({"_id":1})"), R"({"_id":1,"a":{"b":{"c":1}}})");
  EXPECT_EQ(updated(R"({"$set":{"a.b":2,"a.c":3}})", R"({"a":{"b":1}})"), R"({"a":{"b":2,"c":3}})");
  EXPECT_EQ(updated(R"({"$set":{"a":1}})", R"({"_id":1,"a":1})"), "same");
  EXPECT_EQ(updated(R"({"$set":{}})", R"({"_id":1})"), "same");
  EXPECT_EQ(updated(R"({"$setOnInsert":{"a":1}})", R"({"_id":1})"), "same");
}

TEST(Update, NumericStepsReachIntoArrays) {
  EXPECT_EQ(updated(R"({"$set":{"a.1":9}})", R"({"a":[1,2,3]})"), R"({"a":[1,9,3]})");
  EXPECT_EQ(updated(R"({"$set":{"a.1.b":9}})", R"({"a":[{"b":1},{"b":2}]})"),
            R"({"a":[{"b":1},{"b":9}]})");
  EXPECT_EQ(updated(R"({"$set":{"a.10":5,"a.3":9}})", R"({"a":[1]})"),
            R"({"a":[1,null,null,9,null,null,null,null,null,null,5]})");
  EXPECT_EQ(updated(R"({"$set":{"a.0":9}})", R"({})"), R"({"a":{"0":9}})");
  EXPECT_EQ(updated(R"({"$set":{"a.b":9}})", R"({"a":[1]})"),
            "error 28: Cannot create field 'b' in element {a: [1]}");
  EXPECT_EQ(updated(R"({"$set":{"a.b":9}})", R"({"a":1})"),
            "error 28: Cannot create field 'b' in element {a: 1}");
  EXPECT_EQ(updated(R"({"$set":{"a.2000000":9}})", R"({"a":[1]})").substr(0, 8), "error 2:");
}

TEST(Update, UnsetRemovesFieldsAndBlanksArrayElements) {
  EXPECT_EQ(updated(R"({"$unset":{"a":""}})", R"({"_id":1,"a":1})"), R"({"_id":1})");
  EXPECT_EQ(updated(R"({"$unset":{"a.b":1,"c.d":1}})", R"({"a":{"b":1,"c":2},"c":5})"),
            R"({"a":{"c":2},"c":5})");
  EXPECT_EQ(updated(R"({"$unset":{"a.1":1}})", R"({"a":[1,2,3]})"), R"({"a":[1,null,3]})");
  EXPECT_EQ(updated(R"({"$unset":{"x.y":1}})", R"({"a":1})"), "same");
}

TEST(Update, IncrementPromotesAndRefusesOverflow) {
  EXPECT_EQ(updated(R"({"$inc":{"a":2,"b":1}})", R"({"a":1})"), R"({"a":3,"b":1})");
  EXPECT_EQ(canonical(R"({"$inc":{"a":1}})", R"({"a":2147483647})"),
            R"({"a":{"$numberLong":"2147483648"}})");
  EXPECT_EQ(canonical(R"({"$inc":{"a":1.5}})", R"({"a":1})"), R"({"a":{"$numberDouble":"2.5"}})");
  EXPECT_EQ(canonical(R"({"$inc":{"a":{"$numberDecimal":"0.1"}}})", R"({"a":1})"),
            R"({"a":{"$numberDecimal":"1.1"}})");
  EXPECT_EQ(
      updated(R"({"$inc":{"a":1}})", R"({"_id":1,"a":{"$numberLong":"9223372036854775807"}})"),
      "error 2: Failed to apply $inc operations to current value "
      "((NumberLong)9223372036854775807) for document {_id: 1}");
  EXPECT_EQ(
      updated(R"({"$inc":{"a":1}})", R"({"_id":1,"a":"x"})"),
      "error 14: Cannot apply $inc to a value of non-numeric type. {_id: 1} has the field 'a' "
      "of non-numeric type string");
  EXPECT_EQ(updated(R"({"$inc":{"a":"x"}})", R"({})"), "parse error 14");
  EXPECT_EQ(updated(R"({"$mul":{"a":3,"b":3}})", R"({"a":2})"), R"({"a":6,"b":0})");
}

TEST(Update, MinMaxRenameCurrentDateAndBit) {
  EXPECT_EQ(updated(R"({"$min":{"a":1},"$max":{"b":1}})", R"({"a":2,"b":2})"), R"({"a":1,"b":2})");
  EXPECT_EQ(updated(R"({"$max":{"a":"x","c":1}})", R"({"a":2})"), R"({"a":"x","c":1})");
  EXPECT_EQ(updated(R"({"$rename":{"a":"b.c"}})", R"({"a":1})"), R"({"b":{"c":1}})");
  EXPECT_EQ(updated(R"({"$rename":{"x":"y"}})", R"({"a":1,"y":2})"), "same");
  EXPECT_EQ(updated(R"({"$rename":{"a":"a"}})", R"({})"), "parse error 2");
  EXPECT_EQ(updated(R"({"$rename":{"a.0":"b"}})", R"({"_id":1,"a":[1]})").substr(0, 8), "error 2:");
  EXPECT_EQ(updated(R"({"$currentDate":{"a":true}})", R"({})"),
            R"({"a":{"$date":"2023-11-14T22:13:20Z"}})");
  EXPECT_EQ(updated(R"({"$bit":{"a":{"or":4}}})", R"({"a":1})"), R"({"a":5})");
}

TEST(Update, PushTakesItsClausesInAnyOrder) {
  EXPECT_EQ(updated(R"({"$push":{"a":3}})", R"({"a":[1]})"), R"({"a":[1,3]})");
  EXPECT_EQ(updated(R"({"$push":{"a":3}})", R"({})"), R"({"a":[3]})");
  EXPECT_EQ(updated(R"({"$push":{"a":[3]}})", R"({"a":[1]})"), R"({"a":[1,[3]]})");
  EXPECT_EQ(updated(R"({"$push":{"a":{"$each":[5,4]}}})", R"({"a":[1]})"), R"({"a":[1,5,4]})");
  EXPECT_EQ(updated(R"({"$push":{"a":{"$each":[8,9],"$position":1}}})", R"({"a":[1,2]})"),
            R"({"a":[1,8,9,2]})");
  EXPECT_EQ(updated(R"({"$push":{"a":{"$each":[8],"$position":-1}}})", R"({"a":[1,2]})"),
            R"({"a":[1,8,2]})");
  const std::string clauses[] = {R"("$slice":-2)", R"("$sort":1)", R"("$each":[5,0])",
                                 R"("$position":0)"};
  std::vector<int> order = {0, 1, 2, 3};
  do {
    std::string text;
    for (const int clause : order) text += (text.empty() ? "" : ",") + clauses[clause];
    EXPECT_EQ(updated(R"({"$push":{"a":{)" + text + "}}}", R"({"a":[9,7]})"), R"({"a":[7,9]})")
        << text;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(updated(R"({"$push":{"a":{"$each":[{"b":1,"c":1}],"$sort":{"b":1,"c":-1}}}})",
                    R"({"a":[{"b":2},{"b":1,"c":2}]})"),
            R"({"a":[{"b":1,"c":2},{"b":1,"c":1},{"b":2}]})");
  EXPECT_EQ(updated(R"({"$push":{"a":1}})", R"({"_id":1,"a":5})"),
            "error 2: The field 'a' must be an array but is of type int in document {_id: 1}");
  EXPECT_EQ(updated(R"({"$push":{"a":{"$each":1}}})", R"({})"), "parse error 2");
  EXPECT_EQ(updated(R"({"$push":{"a":{"$each":[],"$foo":1}}})", R"({})"), "parse error 2");
}

TEST(Update, SetsAndRemovalsInArrays) {
  EXPECT_EQ(updated(R"({"$addToSet":{"a":2}})", R"({"a":[1,2.0]})"), "same");
  EXPECT_EQ(updated(R"({"$addToSet":{"a":{"$each":[2,3,3]}}})", R"({"a":[1,2]})"),
            R"({"a":[1,2,3]})");
  EXPECT_EQ(updated(R"({"$pop":{"a":1,"b":-1}})", R"({"a":[1,2],"b":[1,2]})"),
            R"({"a":[1],"b":[2]})");
  EXPECT_EQ(updated(R"({"$pop":{"a":2}})", R"({})"), "parse error 9");
  EXPECT_EQ(updated(R"({"$pull":{"a":1}})", R"({"a":[1,2,1.0]})"), R"({"a":[2]})");
  EXPECT_EQ(updated(R"({"$pullAll":{"a":[1,2]}})", R"({"a":[1,2,3]})"), R"({"a":[3]})");
  EXPECT_EQ(updated(R"({"$pull":{"a":{"$gt":1}}})", R"({"a":[1]})"), "parse error 238");
}

// UPDATE-1, UPDATE-2
TEST(Update, RefusesConflictsAndMalformedModifiers) {
  EXPECT_EQ(updated(R"({"$set":{"a":1},"$inc":{"a":1}})", "{}"), "parse error 40");
  EXPECT_EQ(updated(R"({"$set":{"a.b":1,"a":1}})", "{}"), "parse error 40");
  EXPECT_EQ(updated(R"({"$set":{"a":1,"a.b":1}})", "{}"), "parse error 40");
  EXPECT_EQ(updated(R"({"$set":{"a":1},"$unset":{"a.b.c":1}})", "{}"), "parse error 40");
  EXPECT_EQ(updated(R"({"$rename":{"a":"b"},"$set":{"b":1}})", "{}"), "parse error 40");
  EXPECT_EQ(updated(R"({"$foo":{"a":1}})", "{}"), "parse error 9");
  EXPECT_EQ(updated(R"({"$set":1})", "{}"), "parse error 9");
  EXPECT_EQ(updated(R"({"$set":{"a":1},"b":1})", "{}"), "parse error 9");
  EXPECT_EQ(updated(R"({"b":1,"$set":{"a":1}})", "{}"), "parse error 52");
  EXPECT_EQ(updated(R"({"$set":{"":1}})", "{}"), "parse error 56");
  EXPECT_EQ(updated(R"({"$set":{"a..b":1}})", "{}"), "parse error 56");
  EXPECT_EQ(updated(R"({"$set":{"$a":1}})", "{}").substr(0, 8), "error 52");
}

TEST(Update, NeverMovesTheId) {
  EXPECT_EQ(updated(R"({"$set":{"_id":2}})", R"({"_id":1})").substr(0, 8), "error 66");
  EXPECT_EQ(updated(R"({"$unset":{"_id":2}})", R"({"_id":1})").substr(0, 8), "error 66");
  EXPECT_EQ(updated(R"({"$set":{"_id.a":2}})", R"({"_id":{"a":1}})").substr(0, 8), "error 66");
  EXPECT_EQ(updated(R"({"$set":{"_id":1,"a":1}})", R"({"_id":1})"), R"({"_id":1,"a":1})");
  EXPECT_EQ(updated(R"({"_id":2,"a":1})", R"({"_id":1})").substr(0, 8), "error 66");
  EXPECT_EQ(updated(R"({"a":1,"_id":1})", R"({"_id":1,"b":1})"), R"({"_id":1,"a":1})");
  EXPECT_EQ(updated("{}", R"({"_id":1,"b":1})"), R"({"_id":1})");
}

TEST(Update, ADocumentGrownTooLargeOrTooDeepIsRefused) {
  const bson::Document half =
      bson::Builder().append("_id", 1).append("a", std::string(9 << 20, 'x')).finish();
  const bson::Document change =
      bson::Builder().begin_document("$set").append("b", std::string(9 << 20, 'y')).end().finish();
  const auto update = Update::parse(change.view());
  ASSERT_TRUE(update.has_value());
  const auto result = update->apply(half, kNow);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().number(), 17419);

  std::string path = "a";
  for (int i = 0; i < bson::kDepthMax; ++i) path += ".a";
  const bson::Document deep = bson::Builder().begin_document("$set").append(path, 1).end().finish();
  EXPECT_FALSE(Update::parse(deep.view()).has_value());
}

std::string inserted(std::string_view update_json, std::string_view equalities_json) {
  const bson::Document source = bson::testing::parse_json(equalities_json);
  std::vector<bson::PathValue> equalities;
  for (const bson::Element& each : source.view()) {
    equalities.push_back({.path = each.name(), .value = each});
  }
  const auto update = Update::parse(bson::testing::parse_json(update_json).view());
  EXPECT_TRUE(update.has_value());
  const auto result = update->insert(equalities, kNow);
  if (!result.has_value()) return "error " + std::to_string(result.error().number());
  return bson::to_json(*result);
}

TEST(Update, AnUpsertStartsFromTheFiltersEqualities) {
  EXPECT_EQ(inserted(R"({"$set":{"b":2},"$setOnInsert":{"c":3}})", R"({"a":1,"_id":7})"),
            R"({"_id":7,"a":1,"b":2,"c":3})");
  EXPECT_EQ(inserted(R"({"$inc":{"a.c":1}})", R"({"a.b":1,"_id":7})"),
            R"({"_id":7,"a":{"b":1,"c":1}})");
  EXPECT_EQ(inserted(R"({"x":1})", R"({"a":1,"_id":7})"), R"({"_id":7,"x":1})");
  EXPECT_EQ(inserted(R"({"$set":{"b":2}})", R"({"a":1,"a.b":2})"), "error 54");
  EXPECT_EQ(inserted(R"({"$set":{"_id":8}})", R"({"_id":7})"), "error 66");
  EXPECT_EQ(inserted(R"({"$set":{"a":2}})", "{}").substr(0, 16), R"({"_id":{"$oid":")");
}

}  // namespace
}  // namespace nacre::document
