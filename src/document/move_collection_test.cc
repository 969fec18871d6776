#include "document/move_collection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "document/database_testing.h"

namespace nacre::document {
namespace {

class Moving : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::create_index(*here_, "c", R"({"key": {"x": 1}, "unique": true})");
    testing::insert(*here_, "c", R"({"_id": 1, "x": 1})");
    testing::insert(*here_, "c", R"({"_id": 2, "x": [2, 3]})");
  }
  std::int32_t moved(std::string_view from, std::string_view to, bool drop_target = false) {
    const auto done = move_collection({.database = *here_, .collection = from},
                                      {.database = *there_, .collection = to}, drop_target);
    return done ? 0 : done.error().number();
  }

  std::unique_ptr<Database> here_ = testing::open(testing::new_path(), "here");
  std::unique_ptr<Database> there_ = testing::open(testing::new_path(), "there");
};

TEST_F(Moving, TakesDocumentsOptionsAndIndexesAlong) {
  const std::vector<std::string> before = testing::rows(*here_, "c");
  EXPECT_EQ(moved("c", "d"), 0);
  EXPECT_EQ(testing::rows(*there_, "d"), before);
  EXPECT_EQ(here_->snapshot()->catalog().find("c"), nullptr);
  const auto snapshot = there_->snapshot();
  EXPECT_EQ(snapshot->catalog().collection_names(), std::vector<std::string>{"d"});
  ASSERT_NE(snapshot->catalog().find("d")->find_index("x_1"), nullptr);
  EXPECT_FALSE(testing::try_insert(*there_, "d", R"({"_id": 3, "x": 3})"));
  for (Database* database : {here_.get(), there_.get()}) {
    testing::expect_clean(*database);
  }
}

TEST_F(Moving, ACappedCollectionKeepsItsOrder) {
  ASSERT_TRUE(here_->create_collection("log", testing::json(R"({"capped":true,"size":4096})")));
  testing::insert(*here_, "log", R"({"_id": 2})");
  testing::insert(*here_, "log", R"({"_id": 1})");
  EXPECT_EQ(moved("log", "log"), 0);
  EXPECT_TRUE(there_->snapshot()->catalog().find("log")->settings.capped);
  EXPECT_EQ(testing::rows(*there_, "log").size(), 2U);
}

TEST_F(Moving, WhatIsThereIsReplacedOnlyWhenAskedTo) {
  testing::insert(*there_, "d", R"({"_id": 9})");
  EXPECT_EQ(moved("c", "d"), 48);
  EXPECT_EQ(testing::rows(*there_, "d").size(), 1U);
  EXPECT_EQ(moved("none", "d", true), 26);
  EXPECT_EQ(moved("c", "d", true), 0);
  EXPECT_EQ(testing::rows(*there_, "d").size(), 2U);
  EXPECT_EQ(there_->snapshot()->catalog().collection_names(), std::vector<std::string>{"d"});
}

TEST_F(Moving, ViewsAndTimeSeriesStayWhereTheyAre) {
  ASSERT_TRUE(here_->create_collection("v", testing::json(R"({"viewOn": "c", "pipeline": []})")));
  ASSERT_TRUE(
      here_->create_collection("s", testing::json(R"({"timeseries": {"timeField": "t"}})")));
  EXPECT_EQ(moved("v", "d"), 166);
  EXPECT_EQ(moved("s", "d"), 166);
  EXPECT_TRUE(there_->snapshot()->catalog().collection_names().empty());
}

}  // namespace
}  // namespace nacre::document
