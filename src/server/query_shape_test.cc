#include "server/query_shape.h"

#include <gtest/gtest.h>

#include "bson/json.h"

namespace nacre::server {
namespace {

std::string hash_of(std::string_view command) {
  const auto parsed = bson::from_json(command);
  EXPECT_TRUE(parsed) << command;
  return query_shape_hash(*parsed);
}

TEST(QueryShape, CommandsThatDifferInValuesHaveOneName) {
  const std::string name = hash_of(R"({"find": "c", "filter": {"a": 1, "b": {"$in": [1, 2]}}})");
  EXPECT_EQ(name.size(), 64U);
  EXPECT_EQ(name, hash_of(R"({"find": "c", "filter": {"a": 2.5, "b": {"$in": [7]}}, "limit": 3})"));
  EXPECT_NE(name, hash_of(R"({"find": "d", "filter": {"a": 1, "b": {"$in": [1, 2]}}})"));
  EXPECT_NE(name, hash_of(R"({"find": "c", "filter": {"a": "x", "b": {"$in": [1, 2]}}})"));
  EXPECT_NE(name, hash_of(R"({"find": "c", "filter": {"x": 1, "b": {"$in": [1, 2]}}})"));
}

TEST(QueryShape, PathsArePartOfIt) {
  EXPECT_NE(hash_of(R"({"aggregate": "c", "pipeline": [{"$group": {"_id": "$a"}}]})"),
            hash_of(R"({"aggregate": "c", "pipeline": [{"$group": {"_id": "$b"}}]})"));
}

}  // namespace
}  // namespace nacre::server
