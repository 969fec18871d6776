// Paths with $, $[] and $[id]: which elements they mean, and what they refuse.
#include <gtest/gtest.h>

#include "bson/compare.h"
#include "bson/json.h"
#include "bson/json_testing.h"
#include "document/update.h"

namespace nacre::document {
namespace {

constexpr bson::Date kNow{1700000000000};

// Takes elements of at least `least`; those of documents by their field x.
ArrayFilter at_least(std::string identifier, int least) {
  return {.identifier = std::move(identifier),
          .test = [least](const bson::Element& element) -> Result<bool> {
            const bson::Element value =
                element.is(bson::Type::kDocument) ? element.document().find("x") : element;
            return value.as_int64().value_or(-1) >= least;
          }};
}

// The updated document, "same", or "error <number>".
std::string updated(std::string_view update_json, std::string_view document_json,
                    std::optional<std::size_t> position = std::nullopt,
                    std::vector<ArrayFilter> filters = {}) {
  const auto update = Update::parse(bson::testing::parse_json(update_json).view(), {}, filters);
  if (!update.has_value()) return "parse error " + std::to_string(update.error().number());
  const auto result = update->apply(bson::testing::parse_json(document_json), kNow, position);
  if (!result.has_value()) return "error " + std::to_string(result.error().number());
  return result->has_value() ? bson::to_json(**result) : "same";
}

TEST(UpdatePositional, TheMatchedElementIsThePositionTheFilterMet) {
  EXPECT_EQ(updated(R"({"$set":{"a.$":9}})", R"({"a":[1,2,3]})", 1), R"({"a":[1,9,3]})");
  EXPECT_EQ(updated(R"({"$inc":{"a.$.n":2}})", R"({"a":[{"n":1},{"n":1}]})", 0),
            R"({"a":[{"n":3},{"n":1}]})");
  EXPECT_EQ(updated(R"({"$set":{"a.$":9}})", R"({"a":[1]})"), "error 2");
  // The position stands for a name where there is no array.
  EXPECT_EQ(updated(R"({"$set":{"b.$":9}})", R"({"b":{}})", 1), R"({"b":{"1":9}})");
  EXPECT_EQ(updated(R"({"$set":{"a.$":9,"a.0":8}})", R"({"a":[1,2]})", 1), R"({"a":[8,9]})");
  EXPECT_EQ(updated(R"({"$set":{"a.$":9,"a.1":8}})", R"({"a":[1,2]})", 1), "error 40");
  EXPECT_EQ(updated(R"({"$set":{"a.$.x":9,"a.1.y":8}})", R"({"a":[1,{}]})", 1),
            R"({"a":[1,{"x":9,"y":8}]})");
}

TEST(UpdatePositional, EachElementOfAnArrayThatMustBeThere) {
  EXPECT_EQ(updated(R"({"$mul":{"a.$[]":2}})", R"({"a":[1,2.5]})"), R"({"a":[2,5.0]})");
  EXPECT_EQ(updated(R"({"$set":{"a.$[].b.$[]":0}})", R"({"a":[{"b":[1,2]},{"b":[]}]})"),
            R"({"a":[{"b":[0,0]},{"b":[]}]})");
  EXPECT_EQ(updated(R"({"$unset":{"a.$[]":1}})", R"({"a":[1,2]})"), R"({"a":[null,null]})");
  EXPECT_EQ(updated(R"({"$set":{"a.$[]":0}})", R"({"a":[]})"), "same");
  EXPECT_EQ(updated(R"({"$set":{"a.$[]":0}})", R"({})"), "error 2");
  EXPECT_EQ(updated(R"({"$set":{"a.$[]":0}})", R"({"a":5})"), "error 2");
  EXPECT_EQ(updated(R"({"$set":{"a.b.$[]":0}})", R"({"a":{}})"), "error 2");
}

TEST(UpdatePositional, FilteredElementsAndSeveralFiltersOnOneElement) {
  EXPECT_EQ(updated(R"({"$set":{"a.$[e]":0}})", R"({"a":[1,5,9]})", {}, {at_least("e", 5)}),
            R"({"a":[1,0,0]})");
  EXPECT_EQ(updated(R"({"$set":{"a.$[e].y":0,"a.$[f].z":1}})", R"({"a":[{"x":1},{"x":5}]})", {},
                    {at_least("e", 5), at_least("f", 0)}),
            R"({"a":[{"x":1,"z":1},{"x":5,"y":0,"z":1}]})");
  EXPECT_EQ(updated(R"({"$set":{"a.$[e]":0},"$inc":{"a.$[]":1}})", R"({"a":[1,5]})", {},
                    {at_least("e", 5)}),
            "error 40");
}

TEST(UpdatePositional, WhatMakesNoSenseIsRefusedWhenParsed) {
  EXPECT_EQ(updated(R"({"$set":{"$":1}})", "{}"), "parse error 2");
  EXPECT_EQ(updated(R"({"$set":{"$[].a":1}})", "{}"), "parse error 2");
  EXPECT_EQ(updated(R"({"$set":{"a.$.b.$":1}})", "{}"), "parse error 2");
  EXPECT_EQ(updated(R"({"$set":{"a.$[e]":1}})", "{}"), "parse error 2");
  // UPDATE-3
  EXPECT_EQ(updated(R"({"$set":{"a.$[]":1,"a.0":1}})", "{}"), "parse error 40");
  EXPECT_EQ(updated(R"({"$set":{"a.$[]":1}})", "{}", {}, {at_least("e", 5)}), "parse error 9");
  EXPECT_EQ(updated(R"({"a":1})", "{}", {}, {at_least("e", 5)}), "parse error 9");
  EXPECT_EQ(updated(R"({"$rename":{"a.$[]":"b"}})", "{}"), "parse error 2");
  EXPECT_EQ(updated(R"({"$rename":{"a":"b.$"}})", "{}"), "parse error 2");
  // Deeper in, a field may begin with a dollar sign.
  EXPECT_EQ(updated(R"({"$set":{"a.$b":1}})", "{}"), R"({"a":{"$b":1}})");
}

TEST(UpdatePositional, RenamesNeitherComeFromNorGoIntoArrays) {
  EXPECT_EQ(updated(R"({"$rename":{"a.0.x":"b"}})", R"({"a":[{"x":1}]})"), "error 2");
  EXPECT_EQ(updated(R"({"$rename":{"b":"a.0.y"}})", R"({"a":[{"x":1}],"b":2})"), "error 2");
  EXPECT_EQ(updated(R"({"$rename":{"a.x":"b"}})", R"({"a":5})"), "error 28");
  EXPECT_EQ(updated(R"({"$rename":{"c":"a.0.y"}})", R"({"a":[{"x":1}]})"), "same");
}

}  // namespace
}  // namespace nacre::document
