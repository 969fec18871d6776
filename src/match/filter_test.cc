#include "match/filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bson/compare.h"
#include "bson/json.h"
#include "bson/json_testing.h"
#include "bson/path.h"
#include "bson/random_values_testing.h"

namespace nacre::match {
namespace {

bool matches(std::string_view filter_json, std::string_view document_json) {
  const auto filter = Filter::parse(bson::testing::parse_json(filter_json));
  EXPECT_TRUE(filter.has_value()) << filter.error().text() << "\n" << filter_json;
  if (!filter.has_value()) return false;
  const auto result = filter->matches(bson::testing::parse_json(document_json));
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return result.has_value() && *result;
}

#define EXPECT_MATCH(filter, document) \
  EXPECT_TRUE(matches(filter, document)) << (filter) << " on " << (document)
#define EXPECT_NO_MATCH(filter, document) \
  EXPECT_FALSE(matches(filter, document)) << (filter) << " on " << (document)

std::int32_t refused_with(std::string_view filter_json, std::string* what = nullptr) {
  const auto filter = Filter::parse(bson::testing::parse_json(filter_json));
  EXPECT_FALSE(filter.has_value()) << filter_json;
  if (filter.has_value()) return 0;
  if (what != nullptr) *what = filter.error().what();
  return filter.error().number();
}

TEST(Filter, EqualityIsOfTheWholeValueAcrossNumberTypes) {
  EXPECT_MATCH(R"({"a":3})", R"({"a":3.0})");
  EXPECT_MATCH(R"({"a":3})", R"({"a":{"$numberDecimal":"3.00"}})");
  EXPECT_NO_MATCH(R"({"a":3})", R"({"a":"3"})");
  EXPECT_MATCH(R"({"a":{"b":1,"c":2}})", R"({"a":{"b":1,"c":2}})");
  EXPECT_NO_MATCH(R"({"a":{"b":1,"c":2}})", R"({"a":{"c":2,"b":1}})");
  EXPECT_NO_MATCH(R"({"a":{"b":1}})", R"({"a":{"b":1,"c":2}})");
  EXPECT_MATCH(R"({"a":{"$eq":3}})", R"({"a":3})");
  EXPECT_MATCH(R"({"a":{"$ref":"c","$id":1}})", R"({"a":{"$ref":"c","$id":1}})");
  EXPECT_MATCH("{}", "{}");
}

TEST(Filter, IntegersBeyondDoublePrecisionAreExact) {
  EXPECT_NO_MATCH(R"({"a":9007199254740993})", R"({"a":9007199254740992.0})");
  EXPECT_MATCH(R"({"a":{"$gt":9007199254740992.0}})", R"({"a":9007199254740993})");
  EXPECT_NO_MATCH(R"({"a":{"$lt":9007199254740992.0}})", R"({"a":9007199254740993})");
}

TEST(Filter, ArraysMatchByElementAndAsAWhole) {
  EXPECT_MATCH(R"({"a":1})", R"({"a":[1,2]})");
  EXPECT_MATCH(R"({"a":[1,2]})", R"({"a":[1,2]})");
  EXPECT_MATCH(R"({"a":[1,2]})", R"({"a":[[1,2],3]})");
  EXPECT_NO_MATCH(R"({"a":[1]})", R"({"a":[1,2]})");
  EXPECT_NO_MATCH(R"({"a":1})", R"({"a":[[1]]})");
  EXPECT_MATCH(R"({"a":{"$gt":5,"$lt":3}})", R"({"a":[2,7]})");
  EXPECT_NO_MATCH(R"({"a":{"$elemMatch":{"$gt":5,"$lt":3}}})", R"({"a":[2,7]})");
  EXPECT_MATCH(R"({"a.b":1})", R"({"a":[{"b":2},{"b":[0,1]}]})");
  EXPECT_NO_MATCH(R"({"a.b":1})", R"({"a":[[{"b":1}]]})");
  EXPECT_MATCH(R"({"a.0":1})", R"({"a":[1,2]})");
  EXPECT_NO_MATCH(R"({"a.1":1})", R"({"a":[1,2]})");
  EXPECT_MATCH(R"({"a.0.b":1})", R"({"a":[{"b":1}]})");
  EXPECT_MATCH(R"({"a.0":1})", R"({"a":[{"0":1}]})");
  EXPECT_MATCH(R"({"a.0.b":1})", R"({"a":[[{"b":1}]]})");
}

TEST(Filter, NegationsOnArraysAreOfTheWholeCondition) {
  EXPECT_NO_MATCH(R"({"a":{"$ne":1}})", R"({"a":[1,2]})");
  EXPECT_MATCH(R"({"a":{"$ne":3}})", R"({"a":[1,2]})");
  EXPECT_MATCH(R"({"a":{"$ne":3}})", R"({})");
  EXPECT_NO_MATCH(R"({"a":{"$nin":[1,9]}})", R"({"a":[1,2]})");
  EXPECT_MATCH(R"({"a":{"$not":{"$gt":5}}})", R"({"a":"text"})");
  EXPECT_MATCH(R"({"a":{"$not":{"$gt":5}}})", R"({})");
  EXPECT_NO_MATCH(R"({"a":{"$not":{"$gt":5}}})", R"({"a":[1,6]})");
  EXPECT_MATCH(R"({"$nor":[{"a":1},{"b":1}]})", R"({"a":2})");
  EXPECT_NO_MATCH(R"({"$nor":[{"a":1},{"b":1}]})", R"({"b":1})");
}

TEST(Filter, NullMatchesMissingAndNullButNotUndefined) {
  EXPECT_MATCH(R"({"a":null})", R"({})");
  EXPECT_MATCH(R"({"a":null})", R"({"a":null})");
  EXPECT_NO_MATCH(R"({"a":null})", R"({"a":{"$undefined":true}})");
  EXPECT_MATCH(R"({"a":null})", R"({"a":[1,null]})");
  EXPECT_NO_MATCH(R"({"a":null})", R"({"a":[]})");
  EXPECT_MATCH(R"({"a.b":null})", R"({"a":1})");
  EXPECT_MATCH(R"({"a.b":null})", R"({"a":[{"b":1},{}]})");
  EXPECT_NO_MATCH(R"({"a.b":null})", R"({"a":[1,2]})");
  // A document in an array may hold the number as a name, so one that does not lacks it.
  EXPECT_MATCH(R"({"a.0.b":null})", R"({"a":[{"b":1}]})");
  EXPECT_MATCH(R"({"a.0":null})", R"({"a":[{"b":1}]})");
  EXPECT_NO_MATCH(R"({"a.0":null})", R"({"a":[1]})");
  EXPECT_MATCH(R"({"a":{"$in":[1,null]}})", R"({})");
  EXPECT_NO_MATCH(R"({"a":{"$ne":null}})", R"({})");
  EXPECT_MATCH(R"({"a":{"$gte":null}})", R"({})");
  EXPECT_NO_MATCH(R"({"a":{"$gt":null}})", R"({"a":1})");
}

TEST(Filter, RangesStayInsideTheTypeOfTheirOperand) {
  EXPECT_MATCH(R"({"a":{"$gt":5}})", R"({"a":6.5})");
  EXPECT_NO_MATCH(R"({"a":{"$gt":5}})", R"({"a":"6"})");
  EXPECT_NO_MATCH(R"({"a":{"$lt":5}})", R"({"a":null})");
  EXPECT_NO_MATCH(R"({"a":{"$lt":5}})", R"({})");
  EXPECT_NO_MATCH(R"({"a":{"$lt":5}})", R"({"a":{"$numberDouble":"NaN"}})");
  EXPECT_MATCH(R"({"a":{"$lte":{"$numberDouble":"NaN"}}})", R"({"a":{"$numberDecimal":"NaN"}})");
  EXPECT_NO_MATCH(R"({"a":{"$lte":{"$numberDouble":"NaN"}}})", R"({"a":1})");
  EXPECT_MATCH(R"({"a":{"$gt":{"$minKey":1}}})", R"({"a":"x"})");
  EXPECT_MATCH(R"({"a":{"$lt":{"$maxKey":1}}})", R"({"a":{"x":1}})");
  EXPECT_NO_MATCH(R"({"a":{"$gt":{"$maxKey":1}}})", R"({"a":1})");
  EXPECT_MATCH(R"({"a":{"$gte":"b"}})", R"({"a":"b"})");
}

TEST(Filter, ExistsTypeSizeAndAll) {
  EXPECT_MATCH(R"({"a":{"$exists":true}})", R"({"a":null})");
  EXPECT_MATCH(R"({"a":{"$exists":true}})", R"({"a":[]})");
  EXPECT_NO_MATCH(R"({"a":{"$exists":true}})", R"({})");
  EXPECT_MATCH(R"({"a.b":{"$exists":false}})", R"({"a":[1]})");
  EXPECT_MATCH(R"({"a":{"$type":"number"}})", R"({"a":1.5})");
  EXPECT_MATCH(R"({"a":{"$type":["string",16]}})", R"({"a":[1]})");
  EXPECT_MATCH(R"({"a":{"$type":"array"}})", R"({"a":[]})");
  EXPECT_NO_MATCH(R"({"a":{"$type":"null"}})", R"({})");
  EXPECT_MATCH(R"({"a":{"$size":2}})", R"({"a":[1,2]})");
  EXPECT_NO_MATCH(R"({"a":{"$size":2}})", R"({"a":[[1,2]]})");
  EXPECT_MATCH(R"({"a.0":{"$size":2}})", R"({"a":[[1,2]]})");
  EXPECT_MATCH(R"({"a":{"$all":[1,2]}})", R"({"a":[2,3,1]})");
  EXPECT_NO_MATCH(R"({"a":{"$all":[1,4]}})", R"({"a":[2,3,1]})");
  EXPECT_NO_MATCH(R"({"a":{"$all":[]}})", R"({"a":[]})");
  EXPECT_MATCH(R"({"a":{"$all":[{"$elemMatch":{"b":1}},{"$elemMatch":{"c":2}}]}})",
               R"({"a":[{"b":1},{"c":2}]})");
}

TEST(Filter, ElemMatchAsksOneElementEverything) {
  EXPECT_MATCH(R"({"a":{"$elemMatch":{"b":1,"c":2}}})", R"({"a":[{"b":1},{"b":1,"c":2}]})");
  EXPECT_NO_MATCH(R"({"a":{"$elemMatch":{"b":1,"c":2}}})", R"({"a":[{"b":1},{"c":2}]})");
  EXPECT_NO_MATCH(R"({"a":{"$elemMatch":{"b":1}}})", R"({"a":{"b":1}})");
  EXPECT_MATCH(R"({"a":{"$elemMatch":{"$not":{"$gt":5}}}})", R"({"a":[9,1]})");
  EXPECT_NO_MATCH(R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":[[2]]})");
  EXPECT_MATCH(R"({"a":{"$elemMatch":{"$or":[{"b":1},{"b":2}]}}})", R"({"a":[{"b":2}]})");
}

TEST(Filter, ModAndRegularExpressions) {
  EXPECT_MATCH(R"({"a":{"$mod":[4,1]}})", R"({"a":9})");
  EXPECT_MATCH(R"({"a":{"$mod":[4,-1]}})", R"({"a":-9.7})");
  EXPECT_NO_MATCH(R"({"a":{"$mod":[4,1]}})", R"({"a":{"$numberDouble":"Infinity"}})");
  EXPECT_MATCH(R"({"a":{"$mod":[-1,0]}})", R"({"a":{"$numberLong":"-9223372036854775808"}})");
  EXPECT_MATCH(R"({"a":{"$regularExpression":{"pattern":"^AB","options":"i"}}})",
               R"({"a":["x","abc"]})");
  EXPECT_MATCH(R"({"a":{"$regex":"b.d","$options":"s"}})", R"({"a":"b\nd"})");
  EXPECT_MATCH(R"({"a":{"$in":[{"$regularExpression":{"pattern":"^b","options":""}},7]}})",
               R"({"a":"bc"})");
  EXPECT_NO_MATCH(R"({"a":{"$not":{"$regex":"^b"}}})", R"({"a":"bc"})");
  EXPECT_NO_MATCH(R"({"a":{"$regex":"1"}})", R"({"a":1})");
}

TEST(Filter, BitsOfNumbersAndBinaryData) {
  EXPECT_MATCH(R"({"a":{"$bitsAllSet":5}})", R"({"a":7})");
  EXPECT_NO_MATCH(R"({"a":{"$bitsAllSet":[0,3]}})", R"({"a":7})");
  EXPECT_MATCH(R"({"a":{"$bitsAllClear":[3,4]}})", R"({"a":7.0})");
  EXPECT_MATCH(R"({"a":{"$bitsAnySet":[3,200]}})", R"({"a":-8})");
  EXPECT_MATCH(R"({"a":{"$bitsAnyClear":[0,1]}})", R"({"a":[2]})");
  EXPECT_NO_MATCH(R"({"a":{"$bitsAnyClear":[]}})", R"({"a":2})");
  EXPECT_NO_MATCH(R"({"a":{"$bitsAllClear":1}})", R"({"a":2.5})");
  EXPECT_NO_MATCH(R"({"a":{"$bitsAllClear":1}})", R"({"a":"x"})");
  EXPECT_MATCH(R"({"a":{"$bitsAllSet":[9]}})",
               R"({"a":{"$binary":{"base64":"AAI=","subType":"00"}}})");
  EXPECT_EQ(refused_with(R"({"a":{"$bitsAllSet":-1}})"), 9);
  EXPECT_EQ(refused_with(R"({"a":{"$bitsAllSet":[-1]}})"), 2);
  EXPECT_EQ(refused_with(R"({"a":{"$bitsAllSet":"x"}})"), 2);
}

TEST(Filter, RegularExpressionThatTakesTooLongIsAnErrorNotAnAnswer) {
  const auto filter = Filter::parse(bson::testing::parse_json(R"({"a":{"$regex":"^(a+)+$"}})"));
  ASSERT_TRUE(filter.has_value());
  const auto result =
      filter->matches(bson::Builder().append("a", std::string(60, 'a') + "b").finish());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().number(), 51246);
}

// FILTER-1, FILTER-2
TEST(Filter, LogicalOperatorsNestAndAreSimplified) {
  EXPECT_MATCH(R"({"$and":[{"a":1},{"$or":[{"b":1},{"b":2}]}]})", R"({"a":1,"b":2})");
  EXPECT_NO_MATCH(R"({"$and":[{"a":1},{"$or":[{"b":1},{"b":2}]}]})", R"({"a":1,"b":3})");
  const auto everything =
      Filter::parse(bson::testing::parse_json(R"({"$and":[{},{"$comment":"x"}]})"));
  ASSERT_TRUE(everything.has_value()) << everything.error().text();
  EXPECT_TRUE(everything->matches_everything());
}

std::string position_of(std::string_view filter_json, std::string_view document_json) {
  const auto filter = Filter::parse(bson::testing::parse_json(filter_json));
  EXPECT_TRUE(filter.has_value()) << filter.error().text();
  const auto position = filter->position(bson::testing::parse_json(document_json));
  EXPECT_TRUE(position.has_value());
  return *position ? std::to_string(**position) : "none";
}

TEST(Filter, TellsTheElementThatMadeADocumentMatch) {
  EXPECT_EQ(position_of(R"({"a":2})", R"({"a":[1,2]})"), "1");
  EXPECT_EQ(position_of(R"({"a":3})", R"({"a":[1,2]})"), "none");
  EXPECT_EQ(position_of(R"({"a":2})", R"({"a":2})"), "none");
  EXPECT_EQ(position_of(R"({"a.b":2})", R"({"a":[{"b":1},{"b":[0,2]}]})"), "1");
  EXPECT_EQ(position_of(R"({"a.b":2})", R"({"a":{"b":[0,2]}})"), "1");
  EXPECT_EQ(position_of(R"({"a":{"$elemMatch":{"$gt":1}}})", R"({"a":[1,2]})"), "1");
  EXPECT_EQ(position_of(R"({"a":{"$elemMatch":{"b":1}}})", R"({"a":[2,{"b":2},{"b":1}]})"), "2");
  EXPECT_EQ(position_of(R"({"a":2,"b":5})", R"({"a":[1,2],"b":[5]})"), "0");
  EXPECT_EQ(position_of(R"({"$or":[{"a":9},{"a":1}]})", R"({"a":[2,1]})"), "1");
  EXPECT_EQ(position_of(R"({"$or":[{"a":1},{"b":1}]})", R"({"a":[2,1],"b":[1]})"), "none");
  EXPECT_EQ(position_of(R"({"b":1,"$or":[{"a":1},{"c":1}]})", R"({"a":[2,1],"b":[1]})"), "0");
  EXPECT_EQ(position_of(R"({"a":{"$ne":9}})", R"({"a":[1,2]})"), "none");
}

TEST(Filter, ExpressionsSeeTheDocumentAndTheVariablesOfTheirScope) {
  EXPECT_MATCH(R"({"$expr":{"$eq":["$a","$b"]}})", R"({"a":2,"b":2})");
  EXPECT_NO_MATCH(R"({"$expr":{"$eq":["$a","$b"]}})", R"({"a":2,"b":3})");
  EXPECT_MATCH(R"({"a":2,"$or":[{"x":1},{"$expr":"$b"}]})", R"({"a":2,"b":3})");
  expression::Scope scope;
  const expression::VariableId variable = scope.define("v");
  const auto filter = Filter::parse(bson::testing::parse_json(R"({"$expr":{"$gt":["$a","$$v"]}})"),
                                    {.scope = &scope});
  ASSERT_TRUE(filter.has_value()) << filter.error().text();
  expression::Environment environment;
  environment.set(variable, bson::Value(5));
  EXPECT_TRUE(*filter->matches(bson::testing::parse_json(R"({"a":6})"), &environment));
  EXPECT_FALSE(*filter->matches(bson::testing::parse_json(R"({"a":5})"), &environment));
  EXPECT_EQ(refused_with(R"({"a":{"$elemMatch":{"$expr":true}}})"), 2);
}

TEST(Filter, CollatorOrdersStrings) {
  const auto collator = text::Collator::open({.locale = "en", .strength = 2});
  ASSERT_TRUE(collator.has_value());
  const auto matches_folded = [&](std::string_view filter_json, std::string_view document) {
    const auto filter =
        Filter::parse(bson::testing::parse_json(filter_json), {.collator = *collator});
    return filter.has_value() && *filter->matches(bson::testing::parse_json(document));
  };
  EXPECT_TRUE(matches_folded(R"({"a":"ABC"})", R"({"a":"abc"})"));
  EXPECT_TRUE(matches_folded(R"({"a":{"$in":["x","ABC"]}})", R"({"a":["abc"]})"));
  EXPECT_TRUE(matches_folded(R"({"a":{"$gt":"abc"}})", R"({"a":"B"})"));
  EXPECT_FALSE(matches_folded(R"({"a":{"$ne":"ABC"}})", R"({"a":"abc"})"));
}

// FILTER-3
TEST(Filter, ManyPathsShareOneWalk) {
  constexpr const char* kDocument =
      R"({"a":{"b":{"c":1},"d":2},"e":3,"f":[{"g":4},{"g":5}],"e":9})";
  EXPECT_MATCH(R"({"f.g":5,"e":3,"a.d":2,"a.b.c":1})", kDocument);
  EXPECT_MATCH(R"({"a.b.x":null,"a.e.f":null,"e.x":null,"z":null,"a.d":2})", kDocument);
  EXPECT_NO_MATCH(R"({"a.b.c":1,"e":9})", kDocument);
  std::string wide = "{";
  for (int i = 0; i < 40; ++i) wide += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":1";
  wide += "}";
  EXPECT_MATCH(wide, wide);
  EXPECT_NO_MATCH(wide, R"({"f0":1})");
}

TEST(Filter, TextIsLeftToTheTextIndex) {
  const auto filter = Filter::parse(
      bson::testing::parse_json(R"({"a":1,"$text":{"$search":"x","$language":"en"}})"));
  ASSERT_TRUE(filter.has_value());
  ASSERT_NE(filter->text(), nullptr);
  EXPECT_EQ(filter->text()->search, "x");
  EXPECT_EQ(filter->text()->language, "en");
  EXPECT_EQ(refused_with(R"({"$text":{}})"), 4);
  EXPECT_EQ(refused_with(R"({"$text":{"$search":"x","$foo":1}})"), 2);
  EXPECT_EQ(refused_with(R"({"$text":{"$search":"x","$language":"klingon"}})"), 2);
  EXPECT_EQ(refused_with(R"({"$nor":[{"$text":{"$search":"x"}}]})"), 2);
  EXPECT_EQ(refused_with(R"({"$and":[{"$text":{"$search":"x"}},{"$text":{"$search":"y"}}]})"), 2);
}

TEST(Filter, RefusesWithMongoDbsCodesAndWords) {
  std::string what;
  EXPECT_EQ(refused_with(R"({"a":{"$foo":1}})", &what), 2);
  EXPECT_EQ(what, "unknown operator: $foo");
  EXPECT_EQ(refused_with(R"({"$foo":1})", &what), 2);
  EXPECT_NE(what.find("unknown top level operator: $foo"), std::string::npos);
  EXPECT_EQ(refused_with(R"({"a":{"$gt":1,"b":2}})"), 2);
  EXPECT_EQ(refused_with(R"({"$or":[]})"), 2);
  EXPECT_EQ(refused_with(R"({"$or":{}})"), 2);
  EXPECT_EQ(refused_with(R"({"$or":[1]})"), 2);
  EXPECT_EQ(refused_with(R"({"a":{"$in":1}})"), 2);
  EXPECT_EQ(refused_with(R"({"a":{"$in":[{"$gt":1}]}})"), 2);
  EXPECT_EQ(refused_with(R"({"a":{"$not":1}})"), 2);
  EXPECT_EQ(refused_with(R"({"a":{"$type":[]}})"), 9);
  EXPECT_EQ(refused_with(R"({"a":{"$type":true}})"), 14);
  EXPECT_EQ(refused_with(R"({"a":{"$mod":[0,1]}})"), 2);
  EXPECT_EQ(refused_with(R"({"a":{"$regex":"("}})"), 51091);
  EXPECT_EQ(refused_with(R"({"a":{"$regex":"a","$options":"q"}})"), 51108);
  EXPECT_EQ(refused_with(R"({"a":{"$options":"m","$regex":
      {"$regularExpression":{"pattern":"a","options":"i"}}}})"),
            51074);
  EXPECT_EQ(refused_with(R"({"a":{"$size":2147483648}})"), 2);
  EXPECT_EQ(refused_with(R"({"$sampleRate":2})"), 2);
  EXPECT_EQ(refused_with(R"({"$alwaysTrue":2})"), 9);
  EXPECT_EQ(refused_with(R"({"$where":"true"})", &what), 6108304);
  EXPECT_EQ(what, "no globalScriptEngine in $where parsing");
}

std::string shown(const Bound& bound, bool lower) {
  if (!bound.value) return lower ? "(" : ")";
  const std::string value = bson::to_json(bound.value);
  const char* bracket = lower ? (bound.inclusive ? "[" : "(") : (bound.inclusive ? "]" : ")");
  return lower ? bracket + value : value + bracket;
}

std::string bounds_of(std::string_view filter_json, std::string_view path, bool multikey = false) {
  const auto filter = Filter::parse(bson::testing::parse_json(filter_json));
  EXPECT_TRUE(filter.has_value()) << filter_json;
  const auto bounds = filter->bounds(path, multikey);
  if (!bounds.has_value()) return "none";
  std::string text = bounds->exact ? "exact" : "about";
  for (const Interval& interval : bounds->intervals) {
    text += " " + shown(interval.lower, true) + "," + shown(interval.upper, false);
  }
  return text;
}

TEST(FilterBounds, AreWhatTheFilterImplies) {
  EXPECT_EQ(bounds_of(R"({"a":5})", "a"), "exact [5,5]");
  EXPECT_EQ(bounds_of(R"({"a":5})", "b"), "none");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":5}})", "a"), "exact (5,)");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":5,"$lte":9}})", "a"), "exact (5,9]");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":5,"$lte":9}})", "a", true), "about (5,)");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":9,"$lt":5}})", "a"), "exact");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":9,"$lt":"x"}})", "a"), "exact");
  EXPECT_EQ(bounds_of(R"({"a":{"$in":[3,1,3.0]}})", "a"), "exact [1,1] [3,3]");
  EXPECT_EQ(bounds_of(R"({"$or":[{"a":3},{"a":1}]})", "a"), "exact [1,1] [3,3]");
  EXPECT_EQ(bounds_of(R"({"a":{"$in":[3,1,7],"$gt":2}})", "a"), "exact [3,3] [7,7]");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":2,"$in":[3,1,7]}})", "a", true), "about [1,1] [3,3] [7,7]");
  EXPECT_EQ(bounds_of(R"({"a":null})", "a"), "about [null,null]");
  EXPECT_EQ(bounds_of(R"({"a":[1,2]})", "a"), "about [1,1] [[1,2],[1,2]]");
  EXPECT_EQ(bounds_of(R"({"a":{"$gt":[1]}})", "a"), "none");
  EXPECT_EQ(bounds_of(R"({"a":{"$ne":1}})", "a"), "none");
  EXPECT_EQ(bounds_of(R"({"$or":[{"a":3},{"b":1}]})", "a"), "none");
  EXPECT_EQ(bounds_of(R"({"a":5,"$or":[{"a":3},{"b":1}]})", "a"), "about [5,5]");
  EXPECT_EQ(bounds_of(R"({"a":{"$lt":5,"$lte":{"$numberDouble":"NaN"}}})", "a"), "exact");
}

bool inside(const bson::Element& key, const PathBounds& bounds) {
  const auto number = key.as_double();
  const bool nan = number.has_value() && std::isnan(*number);
  for (const Interval& interval : bounds.intervals) {
    if (bson::rank(key.type()) != interval.lower.rank) continue;
    const bson::Element lower = interval.lower.value;
    const bson::Element upper = interval.upper.value;
    if (nan && (!lower || !upper)) continue;
    if (lower) {
      const auto order = compare(key, lower);
      if (order < 0 || (order == 0 && !interval.lower.inclusive)) continue;
    }
    if (upper) {
      const auto order = compare(key, upper);
      if (order > 0 || (order == 0 && !interval.upper.inclusive)) continue;
    }
    return true;
  }
  return false;
}

// The keys an index on `path` has for a document, as the rules of path_values.h give them.
std::vector<bson::Value> keys_of(const bson::View& document, std::string_view path) {
  using bson::Reached;
  std::vector<bson::Value> keys;
  bson::visit_path(document, bson::Path(path),
                   [&](const bson::Element& value, bson::Reached reached) {
                     if (reached == Reached::kLacking) return false;
                     if (reached == Reached::kWholeArray) {
                       if (value.array().empty()) keys.emplace_back(bson::Undefined{});
                     } else if (value) {
                       keys.emplace_back(value);
                     } else {
                       keys.emplace_back(bson::Null{});
                     }
                     return false;
                   });
  return keys;
}

TEST(FilterBounds, HoldAKeyOfEveryDocumentThatMatches) {
  const std::uint64_t seed = bson::testing::seed_or(7);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  bson::testing::RandomValues random(seed);
  static constexpr const char* kOperators[] = {"$eq", "$gt", "$gte", "$lt", "$lte", "$in", "$ne"};
  static constexpr const char* kPaths[] = {"a", "b", "a.b", "a.0", "a.b.a"};
  int matched = 0;
  for (int step = 0; step < 10000; ++step) {
    const std::string path = random.pick(kPaths);
    const bson::Document document = random.document(3);
    const std::vector<bson::Value> keys = keys_of(document, path);
    ASSERT_FALSE(keys.empty());
    bson::Builder builder;
    builder.begin_document(path);
    for (int condition = 0; condition < 2; ++condition) {
      const std::string name = random.pick(kOperators);
      const bson::Value operand =
          random.one_in(2) ? keys[random.below(keys.size())] : random.value(1);
      if (operand.type() == bson::Type::kUndefined || operand.type() == bson::Type::kRegex) {
        continue;
      }
      if (name == "$in") {
        builder.begin_array(name).push(operand.element()).push(1).end();
      } else {
        builder.append(name, operand.element());
      }
    }
    const bson::Document source = builder.end().finish();
    const auto filter = Filter::parse(source);
    ASSERT_TRUE(filter.has_value()) << filter.error().text() << bson::to_json(source);
    const auto matches = filter->matches(document);
    ASSERT_TRUE(matches.has_value());
    const bool multikey = keys.size() > 1 || bson::to_json(document).find('[') != std::string::npos;
    const auto bounds = filter->bounds(path, multikey);
    if (!bounds.has_value()) continue;
    const bool found = std::ranges::any_of(
        keys, [&](const bson::Value& key) { return inside(key.element(), *bounds); });
    matched += *matches ? 1 : 0;
    if (*matches) {
      ASSERT_TRUE(found) << bson::to_json(source) << " on " << bson::to_json(document);
    } else if (bounds->exact) {
      ASSERT_FALSE(found) << bson::to_json(source) << " on " << bson::to_json(document);
    }
  }
  EXPECT_GT(matched, 500);
}

}  // namespace
}  // namespace nacre::match
