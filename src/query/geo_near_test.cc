#include "query/geo_near.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "query/operations_testing.h"
#include "query/run.h"

namespace nacre::query {
namespace {

using Ids = std::vector<std::int64_t>;

class Near : public ::testing::Test {
 protected:
  void index(std::string_view specification) {
    testing::create_index(*database_, "c", specification);
  }
  void insert(std::string_view document) {
    testing::insert(*database_, "c", document, txn::Durability::kAsync);
  }

  // The ids found, or the error's number, negative.
  Ids find(const testing::Find& request) {
    const auto rows = testing::try_find(scope_, request);
    if (!rows) return {-rows.error().number()};
    Ids ids;
    for (const std::string& row : *rows) {
      ids.push_back(testing::json(row).find("_id").as_int64().value_or(-1));
    }
    return ids;
  }

  std::unique_ptr<document::Database> database_ = testing::open(testing::new_path());
  Scope scope_{.database = *database_};
};

class NearOnSphere : public Near {
 protected:
  void SetUp() override {
    index(R"({"key": {"a": "2dsphere"}})");
    insert(R"({"_id": 1, "a": {"type": "Point", "coordinates": [10, 0]}, "k": 3})");
    insert(R"({"_id": 2, "a": {"type": "Point", "coordinates": [0, 0]}, "k": 2})");
    insert(R"({"_id": 3, "a": [1, 1], "k": 1})");
    insert(R"({"_id": 4, "k": 0})");
    insert(R"({"_id": 5, "a": {"type": "Point", "coordinates": [180, 0]}, "k": 2})");
    insert(R"({"_id": 6, "a": {"type": "LineString", "coordinates": [[2, 0], [120, 0]]}})");
  }
  static constexpr std::string_view kAll =
      R"({"a": {"$near": {"$geometry": {"type": "Point", "coordinates": [0, 0]}}}})";
};

TEST_F(NearOnSphere, GivesTheNearestFirst) {
  EXPECT_EQ(find({.filter = kAll}), (Ids{2, 3, 6, 1, 5}));
  EXPECT_EQ(find({.filter = kAll, .skip = 1, .limit = 2}), (Ids{3, 6}));
  EXPECT_EQ(find({.filter = kAll, .pause_between = true}), (Ids{2, 3, 6, 1, 5}));
  EXPECT_EQ(find({.filter = R"({"a": {"$nearSphere": [180, 1]}})", .limit = 1}), (Ids{5}));
  EXPECT_EQ(testing::stages(scope_, {.filter = kAll}), "GEO_NEAR_2DSPHERE");
}

TEST_F(NearOnSphere, KeepsToTheDistancesAskedFor) {
  EXPECT_EQ(find({.filter = R"({"a": {"$near": {"$geometry": {"type": "Point",
                             "coordinates": [0, 0]}, "$maxDistance": 200000}}})"}),
            (Ids{2, 3}));
  EXPECT_EQ(find({.filter = R"({"a": {"$near": {"$geometry": {"type": "Point",
                             "coordinates": [0, 0]}, "$minDistance": 1000,
                             "$maxDistance": 2000000}}})"}),
            (Ids{3, 6, 1}));
  EXPECT_EQ(find({.filter = R"({"a": {"$nearSphere": [0, 0], "$maxDistance": 0.03}})"}),
            (Ids{2, 3}));
  EXPECT_EQ(find({.filter = R"({"a": {"$near": {"$geometry": {"type": "Point",
                             "coordinates": [0, 0]}, "$maxDistance": 0}}})"}),
            (Ids{2}));
}

TEST_F(NearOnSphere, StandsBesideOtherConditionsAndASort) {
  const std::string both = R"({"$and": [{"k": {"$gte": 2}}, )" + std::string(kAll) + "]}";
  EXPECT_EQ(find({.filter = both}), (Ids{2, 1, 5}));
  EXPECT_EQ(find({.filter = both, .sort = R"({"k": -1, "_id": -1})"}), (Ids{1, 5, 2}));
  EXPECT_EQ(find({.filter = kAll, .sort = R"({"d": {"$meta": "geoNearDistance"}})"}),
            (Ids{5, 1, 6, 3, 2}))
      << "metadata is sorted by from the greatest";
  const auto rows = testing::find(scope_, {.filter = kAll,
                                           .projection = R"({"p": {"$meta": "geoNearPoint"},
                                 "near": {"$lt": [{"$meta": "geoNearDistance"}, 200000]}, "_id": 1,
                                 "k": 1})",
                                           .limit = 2});
  EXPECT_EQ(rows, (std::vector<std::string>{
                      R"({"_id":2,"k":2,"p":{"type":"Point","coordinates":[0,0]},"near":true})",
                      R"({"_id":3,"k":1,"p":[1,1],"near":true})"}));
  const std::string nested = R"({"$and": [{"$and": [)" + std::string(kAll) + "]}]}";
  EXPECT_EQ(find({.filter = nested, .projection = R"({"d": {"$meta": "geoNearDistance"}})"}),
            (Ids{2, 3, 6, 1, 5}));
  EXPECT_EQ(find({.projection = R"({"d": {"$meta": "geoNearDistance"}})"}), (Ids{-40218}));
  EXPECT_EQ(find({.sort = R"({"d": {"$meta": "geoNearDistance"}})"}), (Ids{-40218}));
}

TEST_F(NearOnSphere, AHintNamesAnIndexThatCanDoIt) {
  index(R"({"key": {"k": 1}})");
  EXPECT_EQ(find({.filter = kAll, .hint = R"({"hint": "a_2dsphere"})"}), (Ids{2, 3, 6, 1, 5}));
  EXPECT_EQ(find({.filter = kAll, .hint = R"({"hint": {"a": "2dsphere"}})"}).size(), 5U);
  EXPECT_EQ(find({.filter = kAll, .hint = R"({"hint": "k_1"})"}), (Ids{-291}));
  EXPECT_EQ(find({.filter = kAll, .hint = R"({"hint": {"$natural": 1}})"}), (Ids{-2}));
  EXPECT_EQ(find({.filter = kAll, .sort = R"({"$natural": -1})"}), (Ids{-2}));
  EXPECT_EQ(find({.filter = kAll, .hint = R"({"hint": "nothing"})"}), (Ids{-2}));
  EXPECT_EQ(find({.filter = R"({"k": 1})", .hint = R"({"hint": "a_2dsphere"})"}), (Ids{-291}));
}

TEST_F(NearOnSphere, OtherOperationsKnowItToo) {
  const bson::Document filter = testing::json(kAll);
  EXPECT_EQ(count(scope_, {.collection = "c", .filter = filter}).value_or(-1), 5);
  const auto values = distinct(scope_, {.collection = "c", .path = "k", .filter = filter});
  ASSERT_TRUE(values) << values.error().text();
  EXPECT_EQ(values->view().count(), 3U);
  const bson::Document change = testing::json(R"({"$set": {"first": true}})");
  ASSERT_TRUE(update(scope_, {.collection = "c", .filter = filter, .update = change}));
  EXPECT_EQ(find({.filter = R"({"first": true})"}), (Ids{2}));
  ASSERT_TRUE(remove(scope_, {.collection = "c", .filter = filter}));
  EXPECT_EQ(find({.filter = kAll}), (Ids{3, 6, 1, 5}));
}

TEST_F(Near, NeedsAnIndexOfItsKind) {
  insert(R"({"_id": 1, "a": [0, 0]})");
  constexpr std::string_view kGeoJson =
      R"({"a": {"$near": {"$geometry": {"type": "Point", "coordinates": [0, 0]}}}})";
  constexpr std::string_view kPlane = R"({"a": {"$near": [0, 0]}})";
  constexpr std::string_view kSphere = R"({"a": {"$nearSphere": [0, 0]}})";
  for (const std::string_view filter : {kGeoJson, kPlane, kSphere}) {
    EXPECT_EQ(find({.filter = filter}), (Ids{-291}));
  }
  index(R"({"key": {"a": "2d"}})");
  EXPECT_EQ(find({.filter = kGeoJson}), (Ids{-291}));
  EXPECT_EQ(find({.filter = kPlane}), (Ids{1}));
  EXPECT_EQ(find({.filter = kSphere}), (Ids{1}));
  ASSERT_TRUE(database_->drop_index("c", std::string_view("a_2d")));
  index(R"({"key": {"a": "2dsphere"}})");
  EXPECT_EQ(find({.filter = kGeoJson}), (Ids{1}));
  EXPECT_EQ(find({.filter = kPlane}), (Ids{-291}));
  EXPECT_EQ(find({.filter = kSphere}), (Ids{1}));
}

TEST_F(Near, OnAGridGoesThroughAllPointsOfADocument) {
  index(R"({"key": {"a": "2d"}, "min": -100, "max": 100})");
  insert(R"({"_id": 1, "a": [[50, 50], [3, 0]]})");
  insert(R"({"_id": 2, "a": [2, 0]})");
  insert(R"({"_id": 3, "a": [100, 100]})");
  insert(R"({"_id": 4, "a": {"x": 0, "y": 4}})");
  EXPECT_EQ(find({.filter = R"({"a": {"$near": [0, 0]}})"}), (Ids{2, 1, 4, 3}));
  EXPECT_EQ(find({.filter = R"({"a": {"$near": [0, 0], "$maxDistance": 3.5}})"}), (Ids{2, 1}));
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"a": {"$near": [0, 0]}})"}), "GEO_NEAR_2D");
}

TEST_F(Near, FieldsInFrontOfThePlaceBoundTheSearch) {
  index(R"({"key": {"k": 1, "a": "2dsphere"}})");
  for (int i = 0; i < 30; ++i) {
    insert("{\"_id\": " + std::to_string(i) + ", \"k\": " + std::to_string(i % 3) + ", \"a\": [" +
           std::to_string(30 - i) + ", 0]}");
  }
  EXPECT_EQ(find({.filter = R"({"k": 1, "a": {"$nearSphere": [0, 0]}})", .limit = 2}),
            (Ids{28, 25}));
  EXPECT_EQ(find({.filter = R"({"k": {"$in": [0, 2]}, "a": {"$nearSphere": [0, 0]}})", .limit = 3}),
            (Ids{29, 27, 26}));
  // Not given, or a range: all of it is looked at.
  EXPECT_EQ(find({.filter = R"({"a": {"$nearSphere": [0, 0]}})", .limit = 3}), (Ids{29, 28, 27}));
  EXPECT_EQ(find({.filter = R"({"k": {"$gte": 1}, "a": {"$nearSphere": [0, 0]}})", .limit = 3}),
            (Ids{29, 28, 26}));
}

TEST_F(Near, RingsGoOnThroughManyDocuments) {
  index(R"({"key": {"a": "2dsphere"}})");
  for (int i = 0; i < 3000; ++i) {
    const int at = i * 7 % 3000;
    insert("{\"_id\": " + std::to_string(at) + ", \"a\": [" + std::to_string(at * 0.05) + ", 0]}");
  }
  const Ids found = find({.filter = R"({"a": {"$nearSphere": [0, 0]}})", .pause_between = true});
  ASSERT_EQ(found.size(), 3000U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(find({.filter = R"({"a": {"$nearSphere": [0, 0], "$maxDistance": 0.0087}})"}).size(),
            10U);
}

TEST_F(Near, IsRefusedWhereMongoDbRefusesIt) {
  index(R"({"key": {"a": "2dsphere"}})");
  index(R"({"key": {"t": "text"}})");
  EXPECT_EQ(find({.filter = R"({"$text": {"$search": "x"}, "a": {"$nearSphere": [0, 0]}})"}),
            (Ids{-2}));
  ASSERT_TRUE(database_->create_collection(
      "series", testing::json(R"({"timeseries": {"timeField": "t", "metaField": "m"}})")));
  const bson::Document filter = testing::json(R"({"m.a": {"$nearSphere": [0, 0]}})");
  const auto found = query::find(scope_, {.collection = "series", .filter = filter});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().number(), 5626500);
}

// More wait than are kept as copies, so that the last are read again when it is their turn.
TEST_F(Near, WhatItsOwnTransactionRemovesWhileItWaitsIsLeftOut) {
  constexpr std::int64_t kDocuments = 20;
  index(R"({"key": {"a": "2d"}})");
  const std::string filler(std::size_t{1} << 20, 'x');
  for (std::int64_t i = 0; i < kDocuments; ++i) {
    insert(format(R"({{"_id": {}, "a": [10, 0], "b": "{}"}})", i, filler));
  }
  auto transaction = database_->begin();
  ASSERT_TRUE(transaction);
  const Scope own{.database = *database_, .transaction = &*transaction};
  const bson::Document near = testing::json(R"({"a": {"$near": [0, 0]}})");
  auto cursor = query::find(
      own, {.collection = "c", .filter = near, .projection = {}, .sort = {}, .hint = {}});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE(*cursor->next());
  ASSERT_TRUE(remove(own, {.collection = "c", .filter = {}, .multi = true, .hint = {}}));
  std::int64_t rest = 0;
  while (true) {
    const auto row = cursor->next();
    ASSERT_TRUE(row) << row.error().text();
    if (!*row) break;
    ++rest;
  }
  EXPECT_LT(rest, kDocuments - 1);
}

}  // namespace
}  // namespace nacre::query
