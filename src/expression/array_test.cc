#include <gtest/gtest.h>

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

TEST(Array, ElementsAreFoundFromBothEnds) {
  expect(R"({"$arrayElemAt": ["$a", -1]})", "3", R"({"a": [1, 2, 3]})");
  expect(R"({"$arrayElemAt": ["$a", 7]})", "missing", R"({"a": [1, 2, 3]})");
  expect(R"({"$arrayElemAt": ["$a", 1.5]})", "error 28691", R"({"a": [1]})");
  expect(R"({"$first": "$a"})", "1", R"({"a": [1, 2]})");
  expect(R"({"$last": "$a"})", "2", R"({"a": [1, 2]})");
  expect(R"({"$first": "$a"})", "error 28689", R"({"a": 1})");
}

TEST(Array, SlicesCountAsMongoDbCounts) {
  expect(R"({"$slice": ["$a", 2]})", "[1, 2]", R"({"a": [1, 2, 3]})");
  expect(R"({"$slice": ["$a", -2]})", "[2, 3]", R"({"a": [1, 2, 3]})");
  expect(R"({"$slice": ["$a", -2, 1]})", "[2]", R"({"a": [1, 2, 3]})");
  expect(R"({"$slice": ["$a", 1, 0]})", "error 28729", R"({"a": [1, 2, 3]})");
}

TEST(Array, RangesAndZipsAndTurnsAreMade) {
  expect(R"({"$range": [0, 10, 3]})", "[0, 3, 6, 9]");
  expect(R"({"$range": [3, 0, -1]})", "[3, 2, 1]");
  expect(R"({"$range": [0, 5, 0]})", "error 34449");
  expect(R"({"$range": [-2147483648, 2147483647]})", "error 146");
  expect(R"({"$reverseArray": [[1, 2, 3]]})", "[3, 2, 1]");
  expect(R"({"$zip": {"inputs": [[1, 2], [3]]}})", "[[1, 3]]");
  expect(R"({"$zip": {"inputs": [[1, 2], [3]], "useLongestLength": true, "defaults": [0, 9]}})",
         "[[1, 3], [2, 9]]");
  expect(R"({"$zip": {"inputs": []}})", "error 34465");
  expect(R"({"$concatArrays": [[1], [2, [3]]]})", "[1, 2, [3]]");
}

TEST(Array, SearchingComparesValues) {
  expect(R"({"$in": [1.0, [1, 2]]})", "true");
  expect(R"({"$in": [1, 2]})", "error 40081");
  expect(R"({"$indexOfArray": [[1, 2, 1], 1, 1]})", "2");
  expect(R"({"$indexOfArray": [[1, 2, 1], 1, 1, 2]})", "-1");
  expect(R"({"$size": "$a"})", "error 17124");
  expect(R"({"$isArray": [[1]]})", "true");
}

TEST(Array, ObjectsAndPairsTurnIntoOneAnother) {
  expect(R"({"$arrayToObject": [[["a", 1], ["b", 2], ["a", 3]]]})", R"({"a": 3, "b": 2})");
  expect(R"({"$arrayToObject": [[{"k": "a", "v": 1}]]})", R"({"a": 1})");
  expect(R"({"$arrayToObject": [[["a", 1], {"k": "b", "v": 2}]]})", "error 40396");
  expect(R"({"$objectToArray": {"a": 1}})", R"([{"k": "a", "v": 1}])");
}

TEST(Iteration, MapFilterAndReduceHaveVariablesOfTheirOwn) {
  expect(R"({"$map": {"input": "$a", "in": {"$add": ["$$this", "$b"]}}})", "[11, 12]",
         R"({"a": [1, 2], "b": 10})");
  expect(R"({"$map": {"input": "$a", "as": "x", "in": {"$map": {"input": "$a", "as": "y",
             "in": {"$multiply": ["$$x", "$$y"]}}}}})",
         "[[1, 2], [2, 4]]", R"({"a": [1, 2]})");
  expect(R"({"$filter": {"input": "$a", "cond": {"$gt": ["$$this", 1]}, "limit": 1}})", "[2]",
         R"({"a": [1, 2, 3]})");
  expect(R"({"$reduce": {"input": "$a", "initialValue": 0,
             "in": {"$add": ["$$value", "$$this"]}}})",
         "6", R"({"a": [1, 2, 3]})");
  expect(R"({"$map": {"input": 1, "in": 1}})", "error 16883");
  expect(R"({"$map": {"input": [1], "as": "Bad", "in": 1}})", "error 9");
  expect(R"({"$filter": {"input": [1], "cond": true, "limit": 0}})", "error 327392");
}

TEST(Iteration, ValuesOfLetSeeTheOuterVariablesOnly) {
  expect(R"({"$let": {"vars": {"x": 1}, "in": {"$let": {"vars": {"x": 2, "y": "$$x"},
             "in": ["$$x", "$$y"]}}}})",
         "[2, 1]");
  // A value that has variables of its own does not tread on those defined before it.
  expect(R"({"$let": {"vars": {"x": "$a", "y": {"$map": {"input": "$a", "in": "$$this"}}},
             "in": ["$$x", "$$y"]}})",
         "[[1, 2], [1, 2]]", R"({"a": [1, 2]})");
  expect(R"({"$let": {"vars": {"CURRENT": "$a"}, "in": "$b"}})", "5", R"({"a": {"b": 5}})");
  expect(R"({"$let": {"vars": {"x": 1}}})", "error 16877");
}

TEST(Iteration, ReduceCannotNestWithoutEnd) {
  expect(R"({"$reduce": {"input": {"$range": [0, 300]}, "initialValue": 0,
             "in": {"a": "$$value"}}})",
         "error 15");
}

TEST(SortArray, SortsByValueOrByFieldsAndIsStable) {
  expect(R"({"$sortArray": {"input": [3, 1, 2], "sortBy": -1}})", "[3, 2, 1]");
  expect(R"({"$sortArray": {"input": "$a", "sortBy": {"x.y": 1}}})",
         R"([{"b": 1}, {"x": {"y": 1}}, {"x": {"y": 2}}])",
         R"({"a": [{"x": {"y": 2}}, {"b": 1}, {"x": {"y": 1}}]})");
  expect(R"({"$sortArray": {"input": [1], "sortBy": 2}})", "error 2942506");
  expect(R"({"$sortArray": {"input": [1], "sortBy": {}}})", "error 2942505");
}

TEST(ArrayN, TakesTheFirstLastLeastAndMost) {
  expect(R"({"$firstN": {"n": 2, "input": [1, 2, 3]}})", "[1, 2]");
  expect(R"({"$lastN": {"n": 2, "input": [1, 2, 3]}})", "[2, 3]");
  expect(R"({"$minN": {"n": 2, "input": [3, null, 1, 2]}})", "[1, 2]");
  expect(R"({"$maxN": {"n": 9, "input": [3, null, 1, 2]}})", "[3, 2, 1]");
  expect(R"({"$firstN": {"n": 0, "input": [1]}})", "error 5787908");
  expect(R"({"$firstN": {"n": 1, "input": "$a"}})", "error 5788200");
}

TEST(Set, OrderAndRepetitionDoNotCount) {
  expect(R"({"$setUnion": [[2, 1, 2], [3]]})", "[1, 2, 3]");
  expect(R"({"$setIntersection": [[1, 2, 2], [2, 3]]})", "[2]");
  expect(R"({"$setDifference": [[3, 1, 3, 2], [2]]})", "[3, 1]");
  expect(R"({"$setEquals": [[1, 2], [2, 1, 1]]})", "true");
  expect(R"({"$setEquals": [[1], 1]})", "error 5887502");
  expect(R"({"$setEquals": [[1], "$a"]})", "error 17044");
  expect(R"({"$setIsSubset": [[1], [1, 2]]})", "true");
  expect(R"({"$allElementsTrue": [[1, true]]})", "true");
  expect(R"({"$anyElementTrue": [[0, false]]})", "false");
  expect(R"({"$setUnion": [[1], null]})", "null");
}

TEST(Statistics, GoOverTheirArgumentsOrOneArray) {
  expect(R"({"$sum": "$a"})", "6", R"({"a": [1, 2, "x", 3]})");
  expect(R"({"$sum": [1, [2]]})", "1");
  expect(R"({"$avg": [1, 2]})", "1.5");
  expect(R"({"$avg": ["a"]})", "null");
  expect(R"({"$min": [3, null, 1]})", "1");
  expect(R"({"$max": "$a"})", "null");
  expect(R"({"$stdDevPop": [1, 3]})", "1.0");
  expect(R"({"$stdDevSamp": [1]})", "null");
  expect(R"({"$median": {"input": [1, 2, 3], "method": "approximate"}})", "2.0");
  expect(R"({"$percentile": {"input": [1, 2, 3, 4], "p": [0.25, 1], "method": "approximate"}})",
         "[1.0, 4.0]");
  expect(R"({"$percentile": {"input": [1], "p": [2], "method": "approximate"}})", "error 7750303");
}

}  // namespace
}  // namespace nacre::expression
