#include <gtest/gtest.h>

#include "bson/json.h"
#include "match/filter.h"

namespace nacre::match {
namespace {

bool implies(std::string_view a, std::string_view b) {
  const auto left = Filter::parse(*bson::from_json(a));
  const auto right = Filter::parse(*bson::from_json(b));
  EXPECT_TRUE(left && right) << a << " " << b;
  return left && right && left->implies(*right);
}

TEST(FilterImplies, WhatFollowsFromOneConditionOnThePath) {
  EXPECT_TRUE(implies(R"({"a": 5})", "{}"));
  EXPECT_TRUE(implies(R"({"a": 5})", R"({"a": {"$gt": 3}})"));
  EXPECT_TRUE(implies(R"({"a": {"$gt": 5}, "b": 1})", R"({"a": {"$gt": 3}})"));
  EXPECT_TRUE(implies(R"({"a": {"$gt": 3}})", R"({"a": {"$gte": 3}})"));
  EXPECT_TRUE(implies(R"({"a": {"$in": [4, 5]}})", R"({"a": {"$gt": 3}})"));
  EXPECT_TRUE(implies(R"({"a": 4})", R"({"a": {"$in": [4, 5]}})"));
  EXPECT_TRUE(implies(R"({"a": 4})", R"({"a": {"$exists": true}})"));
  EXPECT_TRUE(implies(R"({"a": 4, "b": "x"})", R"({"a": 4, "b": {"$exists": true}})"));
  EXPECT_TRUE(implies(R"({"$or": [{"a": 4}, {"a": 5}]})", R"({"a": {"$gt": 3}})"));
  EXPECT_TRUE(implies(R"({"a": 4})", R"({"$or": [{"a": 4}, {"b": 1}]})"));
  EXPECT_TRUE(implies(R"({"a": {"$type": "string"}})", R"({"a": {"$type": ["string", "int"]}})"));
}

TEST(FilterImplies, NothingElse) {
  EXPECT_FALSE(implies("{}", R"({"a": 1})"));
  EXPECT_FALSE(implies(R"({"a": {"$gt": 3}})", R"({"a": {"$gt": 5}})"));
  EXPECT_FALSE(implies(R"({"a": {"$gte": 3}})", R"({"a": {"$gt": 3}})"));
  EXPECT_FALSE(implies(R"({"a": {"$lt": 3}})", R"({"a": {"$gt": 1}})"));
  EXPECT_FALSE(implies(R"({"a": null})", R"({"a": {"$exists": true}})"));
  EXPECT_FALSE(implies(R"({"a": {"$in": [null, 1]}})", R"({"a": {"$exists": true}})"));
  EXPECT_FALSE(implies(R"({"a": {"$ne": 1}})", R"({"a": {"$exists": true}})"));
  EXPECT_FALSE(implies(R"({"a": "x"})", R"({"a": {"$gt": 3}})"));
  EXPECT_FALSE(implies(R"({"b": 5})", R"({"a": {"$gt": 3}})"));
  EXPECT_FALSE(implies(R"({"$or": [{"a": 4}, {"b": 5}]})", R"({"a": {"$gt": 3}})"));
  EXPECT_FALSE(implies(R"({"a": [5]})", R"({"a": {"$gt": 3}})")) << "left to a scan";
}

}  // namespace
}  // namespace nacre::match
