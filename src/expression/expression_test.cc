#include "expression/expression.h"

#include <gtest/gtest.h>

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

TEST(Expression, AValueThatIsNoExpressionIsItself) {
  expect("5", "5");
  expect("2.5", "2.5");
  expect("\"text\"", "\"text\"");
  expect("null", "null");
  expect("{}", "{}");
  expect("[]", "[]");
  expect(R"({"$date": "2020-01-01T00:00:00Z"})", R"({"$date": "2020-01-01T00:00:00Z"})");
}

TEST(Expression, APathGoesThroughDocumentsAndCollectsFromTheDocumentsOfArrays) {
  expect("\"$a\"", "1", R"({"a": 1})");
  expect("\"$a.b\"", "2", R"({"a": {"b": 2}})");
  expect("\"$a.b\"", "missing", R"({"a": 2})");
  expect("\"$a.b\"", "[1, 3]", R"({"a": [{"b": 1}, {"c": 2}, {"b": 3}, 4]})");
  expect("\"$a.b.c\"", "[[1], 2]", R"({"a": [{"b": [{"c": 1}]}, {"b": {"c": 2}}]})");
}

TEST(Expression, APathDoesNotEnterArraysInsideArraysNorPositions) {
  expect("\"$a.b\"", "[]", R"({"a": [[{"b": 1}]]})");
  expect("\"$a.0\"", "[]", R"({"a": [1, 2]})");
}

TEST(Expression, MissingFieldsAreLeftOutOfObjectsAndNullInArrays) {
  expect(R"({"x": "$a", "y": "$b"})", R"({"y": 1})", R"({"b": 1})");
  expect(R"(["$a", "$b"])", "[null, 1]", R"({"b": 1})");
  expect(R"({"x": {"y": ["$b", {"z": "$b"}]}})", R"({"x": {"y": [1, {"z": 1}]}})", R"({"b": 1})");
}

TEST(Expression, TheClockIsReadWhenNowIsAskedForAndNotAgain) {
  static int reads = 0;
  reads = 0;
  const auto clock = []() -> Environment::Moment {
    ++reads;
    return {.now = {.milliseconds = 1000 * reads},
            .cluster_time = bson::Timestamp{.seconds = 7, .increment = 2}};
  };
  const auto value_in = [](std::string_view text, Environment& environment) {
    const bson::Document holder = bson::Builder().append("e", text).finish();
    const auto parsed = Expression::parse(holder.find("e"));
    const auto value = parsed->evaluate(bson::View(), environment);
    return bson::to_json(value->element(), bson::JsonForm::kCanonical);
  };
  Environment environment(clock);
  EXPECT_EQ(reads, 0);
  const std::string second = R"({"$date":{"$numberLong":"1000"}})";
  EXPECT_EQ(value_in("$$NOW", environment), second);
  EXPECT_EQ(value_in("$$CLUSTER_TIME", environment), R"({"$timestamp":{"t":7,"i":2}})");
  Environment other = environment.fork();
  EXPECT_EQ(value_in("$$NOW", other), second);
  EXPECT_EQ(reads, 1);
  const Environment fresh(clock);
  Environment copy = fresh.fork();
  EXPECT_EQ(value_in("$$NOW", copy), bson::to_json(fresh.now(), bson::JsonForm::kCanonical));
}

TEST(Expression, BadPathsAreRefusedEachWithItsNumber) {
  expect("\"$\"", "error 16872");
  expect("\"$a.\"", "error 40353");
  expect("\"$.a\"", "error 15998");
  expect("\"$a..b\"", "error 15998");
  expect("\"$a.$b\"", "error 16410");
  expect("\"$$nobody\"", "error 17276");
  expect("\"$$ROOT.\"", "error 40353");
  expect("\"$$1st\"", "error 9");
  expect("\"$$\"", "error 9");
}

TEST(Expression, ObjectsHoldOneOperatorOrFieldsWithPlainNames) {
  expect(R"({"$nothing": 1})", "error 168");
  expect(R"({"$eq": [1, 1], "a": 1})", "error 15983");
  expect(R"({"a": 1, "$eq": [1, 1]})", "error 16410");
  expect(R"({"a.b": 1})", "error 16412");
  expect(R"({"a": 1, "a": 2})", "error 16406");
}

TEST(Expression, AFixedNumberOfArgumentsIsChecked) {
  expect(R"({"$eq": [1]})", "error 16020");
  expect(R"({"$eq": 1})", "error 16020");
  expect(R"({"$not": [1, 2]})", "error 16020");
  expect(R"({"$not": 0})", "true");
}

TEST(Expression, TheSystemsVariablesAreKnown) {
  expect("\"$$ROOT\"", R"({"a": 1})", R"({"a": 1})");
  expect("\"$$ROOT.a\"", "1", R"({"a": 1})");
  expect("\"$$CURRENT.a\"", "1", R"({"a": 1})");
  expect("\"$$REMOVE\"", "missing");
  expect("\"$$CLUSTER_TIME\"", "error 10071200");
  EXPECT_EQ(result_of("\"$$NOW\"", "{}", Environment(bson::Date{.milliseconds = 5})),
            R"({"$date":{"$numberLong":"5"}})");
}

TEST(Expression, AVariableOfTheScopeIsFoundByItsNumber) {
  Scope scope;
  const VariableId x = scope.define("x");
  const auto holder = bson::from_json(R"({"e": ["$$x.y", "$a"]})");
  ASSERT_TRUE(holder.has_value());
  const auto expression = Expression::parse(holder->find("e"), scope);
  ASSERT_TRUE(expression.has_value()) << expression.error().text();
  Environment environment;
  environment.set(x, bson::Value(bson::Builder().append("y", 7).finish()));
  Environment inner = environment.fork();
  const bson::Document row = bson::Builder().append("a", 8).finish();
  const auto value = expression->evaluate(row, inner);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(bson::to_json(value->element()), "[7,8]");
}

TEST(Expression, NamesOfVariablesAreChecked) {
  EXPECT_TRUE(check_variable_name("x_1").has_value());
  EXPECT_TRUE(check_variable_name("CURRENT").has_value());
  EXPECT_TRUE(check_variable_name("\xc3\xa4").has_value());
  EXPECT_FALSE(check_variable_name("").has_value());
  EXPECT_FALSE(check_variable_name("Upper").has_value());
  EXPECT_FALSE(check_variable_name("a-b").has_value());
}

TEST(Expression, WhatIsConstantIsFoldedAndWhatAnExpressionReadsIsKnown) {
  const auto holder = bson::from_json(
      R"({"c": {"$eq": [1, {"$literal": "$a"}]}, "p": {"$and": ["$a.b", {"x": "$$ROOT"}, "$c"]}})");
  ASSERT_TRUE(holder.has_value());
  const auto constant = Expression::parse(holder->find("c"));
  ASSERT_TRUE(constant.has_value());
  EXPECT_TRUE(constant->is_constant());
  EXPECT_FALSE(constant->constant().boolean());
  const auto reading = Expression::parse(holder->find("p"));
  ASSERT_TRUE(reading.has_value());
  EXPECT_FALSE(reading->is_constant());
  const Dependencies found = reading->dependencies();
  EXPECT_TRUE(found.whole_document);
  EXPECT_EQ(found.paths, (std::set<std::string, std::less<>>{"a.b", "c"}));
}

TEST(Expression, LogicStopsWhereItIsSettled) {
  expect(R"({"$and": []})", "true");
  expect(R"({"$or": []})", "false");
  expect(R"({"$and": [1, "$a"]})", "false");
  expect(R"({"$or": ["$a", 1]})", "true");
  expect(R"({"$or": [true, "$$CLUSTER_TIME"]})", "true");
}

TEST(Expression, ComparisonsFollowTheOrderOfAllValues) {
  expect(R"({"$cmp": [1, 2]})", "-1");
  expect(R"({"$cmp": ["$a", null]})", "-1");
  expect(R"({"$gt": ["a", 5]})", "true");
  expect(R"({"$eq": [1, 1.0]})", "true");
  expect(R"({"$ne": [[1], [1]]})", "false");
  expect(R"({"$lte": [{"$numberDecimal": "NaN"}, 1]})", "true");
}

TEST(Expression, AnExpressionNestedTooDeepIsRefused) {
  bson::Builder builder;
  for (int i = 0; i < kExpressionDepthMax + 1; ++i) builder.begin_document("a");
  for (int i = 0; i < kExpressionDepthMax + 1; ++i) builder.end();
  const bson::Document deep = builder.finish();
  const auto expression = Expression::parse(deep.find("a"));
  ASSERT_FALSE(expression.has_value());
  EXPECT_EQ(expression.error().number(), 15);
}

}  // namespace
}  // namespace nacre::expression
