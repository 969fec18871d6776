#include "aggregation/aggregate.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "bson/json.h"
#include "query/operations_testing.h"

namespace nacre::aggregation {
namespace {

using Rows = std::vector<std::string>;

class Aggregate : public ::testing::Test {
 protected:
  void fill() {
    query::testing::insert(*database_, "c", R"({"_id": 1, "a": 5, "b": "x"})");
    query::testing::insert(*database_, "c", R"({"_id": 2, "a": 3, "b": "y"})");
    query::testing::insert(*database_, "c", R"({"_id": 3, "a": [4, 9], "b": "x"})");
    query::testing::insert(*database_, "c", R"({"_id": 4, "b": "z"})");
  }

  std::unique_ptr<document::Database> database_ =
      query::testing::open(query::testing::new_path(), "db");
  query::Scope scope_{.database = *database_};
};

TEST_F(Aggregate, AggregateCountsAndGroups) {
  fill();
  const auto run = [&](std::string_view stages) {
    const auto pipeline = bson::array_from_json(stages);
    EXPECT_TRUE(pipeline) << stages;
    auto rows = query::testing::drain(
        aggregate(scope_, {.collection = "c", .pipeline = *pipeline, .hint = {}}));
    EXPECT_TRUE(rows) << stages << rows.error().text();
    return *rows;
  };
  EXPECT_EQ(run(R"([{"$match": {"b": "x"}}, {"$group": {"_id": 1, "n": {"$sum": 1}}}])"),
            Rows{R"({"_id":1,"n":2})"});
  EXPECT_EQ(run(R"([{"$match": {"b": "none"}}, {"$count": "n"}])"), Rows{});
  EXPECT_EQ(run(R"([{"$count": "n"}])"), Rows{R"({"n":4})"});
  EXPECT_EQ(run(R"([{"$group": {"_id": "$b", "n": {"$sum": 1}, "most": {"$max": "$_id"},
                                "mean": {"$avg": "$_id"}}},
                    {"$sort": {"_id": 1}}, {"$limit": 2}])"),
            (Rows{R"({"_id":"x","n":2,"most":3,"mean":2.0})",
                  R"({"_id":"y","n":1,"most":2,"mean":2.0})"}));
  EXPECT_EQ(run(R"([{"$sort": {"_id": -1}}, {"$skip": 1}, {"$limit": 1}, {"$project": {"b": 1}}])"),
            Rows{R"({"_id":3,"b":"x"})"});
}

TEST_F(Aggregate, SumsPromoteAsMongoDbDoes) {
  query::testing::insert(*database_, "c",
                         R"({"_id": 1, "i": 2147483647, "l": {"$numberLong": "9223372036854775807"},
                      "d": 0.5, "m": {"$numberDecimal": "0.1"}, "s": "no number"})");
  query::testing::insert(*database_, "c",
                         R"({"_id": 2, "i": 1, "l": 1, "d": 1, "m": {"$numberDecimal": "0.2"}})");
  const auto pipeline = bson::array_from_json(
      R"([{"$group": {"_id": null, "i": {"$sum": "$i"}, "l": {"$sum": "$l"}, "d": {"$sum": "$d"},
                      "m": {"$sum": "$m"}, "s": {"$sum": "$s"}}}])");
  auto cursor = aggregate(scope_, {.collection = "c", .pipeline = *pipeline});
  ASSERT_TRUE(cursor);
  const auto row = cursor->next();
  ASSERT_TRUE(row && *row);
  EXPECT_EQ(bson::to_json(**row, bson::JsonForm::kCanonical),
            R"({"_id":null,"i":{"$numberLong":"2147483648"},)"
            R"("l":{"$numberDouble":"9223372036854775808.0"},"d":{"$numberDouble":"1.5"},)"
            R"("m":{"$numberDecimal":"0.3"},"s":{"$numberInt":"0"}})");
}

TEST_F(Aggregate, UnknownStagesAreRefusedByName) {
  const auto pipeline = bson::array_from_json(R"([{"$lookup": {}}])");
  const auto result = aggregate(scope_, {.collection = "c", .pipeline = *pipeline, .hint = {}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().number(), 40324);
  EXPECT_NE(result.error().what().find("$lookup"), std::string::npos);
}

}  // namespace
}  // namespace nacre::aggregation
