#include "query/operations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "io/held_disk_testing.h"
#include "query/operations_testing.h"

namespace nacre::query {
namespace {

using Rows = std::vector<std::string>;

class Operations : public ::testing::Test {
 protected:
  void fill() {
    testing::insert(*database_, "c", R"({"_id": 1, "a": 5, "b": "x"})");
    testing::insert(*database_, "c", R"({"_id": 2, "a": 3, "b": "y"})");
    testing::insert(*database_, "c", R"({"_id": 3, "a": [4, 9], "b": "x"})");
    testing::insert(*database_, "c", R"({"_id": 4, "b": "z"})");
  }

  std::unique_ptr<document::Database> database_ = testing::open(testing::new_path(), "db");
  Scope scope_{.database = *database_};
};

TEST_F(Operations, ACollectionThatIsNotThereIsEmpty) {
  EXPECT_EQ(testing::find(scope_, {}), Rows{});
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = {}, .hint = {}}), 0);
  EXPECT_EQ(*remove(scope_, {.collection = "c", .filter = {}, .multi = true, .hint = {}}), 0);
  EXPECT_EQ(testing::stages(scope_, {}), "EOF");
}

TEST_F(Operations, FindFiltersOrdersCutsAndProjects) {
  fill();
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"a": {"$gt": 3}})"}),
            (Rows{R"({"_id":1,"a":5,"b":"x"})", R"({"_id":3,"a":[4,9],"b":"x"})"}));
  EXPECT_EQ(
      testing::find(scope_, {.sort = R"({"a": -1})", .projection = R"({"a": 1})"}),
      (Rows{R"({"_id":3,"a":[4,9]})", R"({"_id":1,"a":5})", R"({"_id":2,"a":3})", R"({"_id":4})"}));
  EXPECT_EQ(
      testing::find(
          scope_,
          {.sort = R"({"b": 1, "_id": -1})", .projection = R"({"_id": 1})", .skip = 1, .limit = 2}),
      (Rows{R"({"_id":1})", R"({"_id":2})"}));
}

TEST_F(Operations, FindRefusesNegativeSkipAndUnknownHints) {
  fill();
  EXPECT_EQ(testing::try_find(scope_, {.skip = -1}).error().number(), 2);
  EXPECT_EQ(testing::try_find(scope_, {.hint = R"({"hint": "none"})"}).error().number(), 2);
}

TEST_F(Operations, APausedCursorGoesOnWhereItWas) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"a": 1}})");
  for (const char* sort : {"{}", R"({"_id": -1})", R"({"b": 1, "_id": 1})"}) {
    for (const char* filter : {"{}", R"({"a": {"$gte": 3}})"}) {
      EXPECT_EQ(testing::find(scope_, {.filter = filter, .sort = sort, .pause_between = true}),
                testing::find(scope_, {.filter = filter, .sort = sort}));
    }
  }
}

// What an index gives against what a sort of the whole collection gives, in both directions, from
// several pages, with pauses and with a limit.
void expect_walks_agree(const Scope& scope) {
  for (const char* filter :
       {R"({"a": 3})", R"({"a": {"$gte": 2, "$lt": 5}})", R"({"a": {"$in": [1, 4, 6]}})",
        R"({"a": 3, "b": {"$gt": 100, "$lte": 1500}})", R"({"a": 3, "b": {"$gt": 9000}})"}) {
    for (const char* sort : {R"({"a": 1, "b": 1})", R"({"a": -1, "b": -1})"}) {
      SCOPED_TRACE(std::string(filter) + " by " + sort);
      Rows expected = testing::find(
          scope, {.filter = filter, .sort = sort, .hint = R"({"hint": {"$natural": 1}})"});
      testing::Find walk{.filter = filter, .sort = sort, .hint = R"({"hint": "a_1_b_1"})"};
      EXPECT_EQ(testing::find(scope, walk), expected);
      walk.pause_between = true;
      EXPECT_EQ(testing::find(scope, walk), expected);
      walk.limit = 20;
      expected.resize(std::min<std::size_t>(expected.size(), 20));
      EXPECT_EQ(testing::find(scope, walk), expected);
    }
  }
}

TEST_F(Operations, AnIndexIsWalkedBothWaysOverManyPagesAndOverOwnWrites) {
  testing::create_index(*database_, "c", R"({"key": {"a": 1, "b": 1}})");
  bson::Builder documents = bson::Builder::array();
  for (int i = 0; i < 2000; ++i) {
    documents.push(bson::Builder().append("_id", i).append("a", i % 7).append("b", i).finish());
  }
  std::vector<bson::View> views;
  const bson::Document all = documents.finish();
  for (const bson::Element& each : all.view()) views.push_back(each.document());
  ASSERT_TRUE(insert(scope_, {.collection = "c", .documents = views}));
  expect_walks_agree(scope_);
  auto transaction = database_->begin();
  const Scope own{.database = *database_, .transaction = &*transaction};
  const bson::Document some = testing::json(R"({"b": {"$mod": [50, 3]}})");
  ASSERT_GT(*remove(own, {.collection = "c", .filter = some, .multi = true, .hint = {}}), 0);
  views.clear();
  const bson::Document added =
      testing::json(R"({"x": [{"_id": "p", "a": 3, "b": 7}, {"_id": "q", "a": 3, "b": 90000}]})");
  for (const bson::Element& each : added.get("x").array()) views.push_back(each.document());
  ASSERT_TRUE(insert(own, {.collection = "c", .documents = views}));
  expect_walks_agree(own);
}

TEST_F(Operations, ACursorSeesTheDatabaseAsItWas) {
  fill();
  auto cursor =
      find(scope_, {.collection = "c", .filter = {}, .projection = {}, .sort = {}, .hint = {}});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE(*cursor->next());
  cursor->pause();
  ASSERT_TRUE(remove(scope_, {.collection = "c", .filter = {}, .multi = true, .hint = {}}));
  int rest = 0;
  while (*cursor->next()) ++rest;
  EXPECT_EQ(rest, 3);
  EXPECT_EQ(testing::find(scope_, {}), Rows{});
}

TEST_F(Operations, InsertReportsEachDocumentItLeavesOut) {
  const bson::Document one = testing::json(R"({"_id": 1})");
  const bson::Document array = testing::json(R"({"_id": [1]})");
  const bson::Document two = testing::json(R"({"x": 1, "_id": 2})");
  const std::vector<bson::View> documents = {one, one, array, two};
  const auto result = insert(scope_, {.collection = "c", .documents = documents, .ordered = false});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->inserted, 2U);
  ASSERT_EQ(result->errors.size(), 2U);
  EXPECT_EQ(result->errors[0].index, 1U);
  EXPECT_EQ(result->errors[0].error.number(), 11000);
  EXPECT_EQ(result->errors[1].index, 2U);
  EXPECT_EQ(result->errors[1].error.number(), 53);
  EXPECT_EQ(testing::find(scope_, {}), (Rows{R"({"_id":1})", R"({"_id":2,"x":1})"}));
  const auto ordered = insert(scope_, {.collection = "d", .documents = documents});
  EXPECT_EQ(ordered->inserted, 1U);
  EXPECT_EQ(ordered->errors.size(), 1U);
}

TEST_F(Operations, ADocumentWithoutIdGetsOneInFront) {
  const bson::Document document = testing::json(R"({"a": 1})");
  const bson::View views[] = {document};
  ASSERT_TRUE(insert(scope_, {.collection = "c", .documents = views}));
  const Rows rows = testing::find(scope_, {});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].starts_with(R"({"_id":{"$oid":")")) << rows[0];
}

TEST_F(Operations, DocumentsOfUpToSixteenMebibytesAreStoredAndLargerOnesRefusedByNumber) {
  const auto sized = [](std::size_t size) {
    const std::size_t rest =
        bson::Builder().append("_id", 1).append("a", "").finish().bytes().size();
    return bson::Builder().append("_id", 1).append("a", std::string(size - rest, 'x')).finish();
  };
  const bson::Document largest = sized(bson::kDocumentBytesMax);
  const bson::Document larger = sized(bson::kDocumentBytesMax + 1);
  for (const bson::Document* document : {&larger, &largest}) {
    const bson::View views[] = {*document};
    const auto result = insert(scope_, {.collection = "c", .documents = views});
    ASSERT_TRUE(result);
    if (document == &largest) {
      EXPECT_EQ(result->errors.size(), 0U);
    } else {
      ASSERT_EQ(result->errors.size(), 1U);
      EXPECT_EQ(result->errors[0].error.number(), 10334);
    }
  }
  const Rows rows = testing::find(scope_, {});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_GT(rows[0].size(), bson::kDocumentBytesMax - 30);
}

TEST_F(Operations, RemoveOneAndMany) {
  fill();
  const bson::Document x = testing::json(R"({"b": "x"})");
  EXPECT_EQ(*remove(scope_, {.collection = "c", .filter = x, .hint = {}}), 1);
  EXPECT_EQ(testing::find(scope_, {}).size(), 3U);
  EXPECT_EQ(*remove(scope_, {.collection = "c", .filter = {}, .multi = true, .hint = {}}), 3);
  EXPECT_EQ(testing::find(scope_, {}), Rows{});
}

class Updates : public Operations {
 protected:
  Result<UpdateResult> update(std::string_view filter, std::string_view change, bool multi = false,
                              bool upsert = false) {
    const bson::Document condition = testing::json(filter);
    const bson::Document with = testing::json(change);
    return query::update(scope_, {.collection = "c",
                                  .filter = condition,
                                  .update = with,
                                  .multi = multi,
                                  .upsert = upsert,
                                  .hint = {}});
  }
};

TEST_F(Updates, OneManyAndReplacement) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"a": 1}})");
  const auto one = update(R"({"b": "x"})", R"({"$set": {"a": 6}})");
  ASSERT_TRUE(one) << one.error().text();
  EXPECT_EQ(one->matched, 1);
  EXPECT_EQ(one->modified, 1);
  const auto many = update(R"({"a": {"$gte": 0}})", R"({"$inc": {"n": 2}})", true);
  ASSERT_TRUE(many) << many.error().text();
  EXPECT_EQ(many->matched, 3);
  const auto same = update(R"({"_id": 1})", R"({"$set": {"a": 6}})");
  EXPECT_EQ(same->matched, 1);
  EXPECT_EQ(same->modified, 0);
  ASSERT_TRUE(update(R"({"_id": 4})", R"({"z": 1})"));
  EXPECT_EQ(testing::find(scope_, {}),
            (Rows{R"({"_id":1,"a":6,"b":"x","n":2})", R"({"_id":2,"a":3,"b":"y","n":2})",
                  R"({"_id":3,"a":[4,9],"b":"x","n":2})", R"({"_id":4,"z":1})"}));
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"a": 6})"}).size(), 1U);
  EXPECT_TRUE(database_->verify()->clean());
}

TEST_F(Updates, AnUpdateThatMovesDocumentsAlongItsIndexMeetsEachOnce) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"a": 1}})");
  const auto moved =
      update(R"({"a": {"$gte": 3}, "_id": {"$ne": 3}})", R"({"$inc": {"a": 1}})", true);
  EXPECT_EQ(moved->modified, 2);
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"a": 6})"}).size(), 1U);
}

TEST_F(Updates, UpsertInsertsFilterAndUpdate) {
  const auto first = update(R"({"_id": 7, "a": 1})", R"({"$set": {"b": 2}})", false, true);
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_TRUE(first->did_upsert());
  EXPECT_EQ(bson::to_json(first->upserted.view()), R"({"_id":7})");
  EXPECT_EQ(first->matched, 0);
  const auto second = update(R"({"_id": 7})", R"({"$set": {"b": 3}})", false, true);
  EXPECT_FALSE(second->did_upsert());
  EXPECT_EQ(testing::find(scope_, {}), Rows{R"({"_id":7,"a":1,"b":3})"});
}

TEST_F(Updates, WhatAnUpdateMayNotDoLeavesTheDocumentsAsTheyWere) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"u": 1}, "unique": true, "sparse": true})");
  const Rows before = testing::find(scope_, {});
  EXPECT_EQ(update("{}", R"({"$set": {"u": 1}})", true).error().number(), 11000);
  EXPECT_EQ(update(R"({"_id": 1})", R"({"$set": {"_id": 9}})").error().number(), 66);
  EXPECT_EQ(update("{}", R"({"x": 1})", true).error().number(), 9);
  EXPECT_EQ(testing::find(scope_, {}), before);
  EXPECT_TRUE(database_->verify()->clean());
}

TEST_F(Updates, AStatementOverVeryManyDocumentsIsCarriedOutInSeveralCommits) {
  std::vector<bson::Document> documents;
  const int total = static_cast<int>(kStatementDocumentsMax) + 10;
  for (int i = 0; i < total; ++i) documents.push_back(bson::Builder().append("_id", i).finish());
  const std::vector<bson::View> views(documents.begin(), documents.end());
  ASSERT_TRUE(insert(scope_, {.collection = "c", .documents = views}));
  const auto result = update("{}", R"({"$inc": {"n": 1}})", true);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->matched, total);
  EXPECT_EQ(result->modified, total);
  EXPECT_EQ(*remove(scope_, {.collection = "c", .filter = {}, .multi = true, .hint = {}}), total);
}

TEST_F(Updates, IncrementsOfManyThreadsAreAllThere) {
  testing::insert(*database_, "c", R"({"_id": 1, "n": 0})");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) ASSERT_TRUE(update(R"({"_id": 1})", R"({"$inc": {"n": 1}})"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(testing::find(scope_, {}), Rows{R"({"_id":1,"n":200})"});
}

// Those that came second once lost a thousand times while the first one's commit was written.
TEST(Writers, AStatementWaitsForTheCommitItLostAgainst) {
  io::testing::HeldDisk disk;
  document::Options options;
  options.engine.file_system = &disk;
  options.engine.create_if_missing = true;
  options.name = "db";
  auto opened = document::Database::open("db", options);
  ASSERT_TRUE(opened) << opened.error().text();
  document::Database& database = **opened;
  testing::insert(database, "c", R"({"_id": 1, "n": 0})");
  const auto increment = [&] {
    const bson::Document filter = testing::json(R"({"_id": 1})");
    const bson::Document change = testing::json(R"({"$inc": {"n": 1}})");
    const auto done = update({.database = database},
                             {.collection = "c", .filter = filter, .update = change, .hint = {}});
    EXPECT_TRUE(done) << done.error().text();
  };
  disk.hold();
  {
    std::jthread first(increment);
    disk.wait_for_write();
    std::vector<std::jthread> others;
    for (int i = 0; i < 4; ++i) others.emplace_back(increment);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    disk.release();
  }
  EXPECT_EQ(testing::find({.database = database}, {}), Rows{R"({"_id":1,"n":5})"});
}

TEST_F(Operations, ACountOfTheWholeCollectionIsThatOfTheNewestCommit) {
  const auto count_all = [&](std::int64_t skip = 0, std::int64_t limit = 0) {
    return *count(scope_, {.collection = "c", .filter = {}, .skip = skip, .limit = limit});
  };
  fill();
  EXPECT_EQ(count_all(), 4);
  EXPECT_EQ(count_all(1), 3);
  EXPECT_EQ(count_all(9), 0);
  EXPECT_EQ(count_all(1, 2), 2);
  auto transaction = database_->begin();
  ASSERT_TRUE(transaction);
  const Scope inside{.database = *database_, .transaction = &*transaction};
  const bson::Document one = testing::json(R"({"_id": 1})");
  ASSERT_EQ(*remove(inside, {.collection = "c", .filter = one, .hint = {}}), 1);
  EXPECT_EQ(*count(inside, {.collection = "c", .filter = {}}), 3);
  EXPECT_EQ(count_all(), 4);
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(count_all(), 3);
  ASSERT_TRUE(*database_->drop_collection("c"));
  EXPECT_EQ(count_all(), 0);
}

TEST_F(Operations, ExplainNamesTheIndexForEqualityRangeAndSort) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"b": 1}})");
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"_id": 1})"}), "IDHACK");
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"_id": {"$gt": 1}})"}), "IXSCAN");
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"b": "x"})"}), "FETCH IXSCAN");
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"b": {"$gt": "x"}})"}), "FETCH IXSCAN");
  EXPECT_EQ(testing::stages(scope_, {.sort = R"({"b": -1})"}), "FETCH IXSCAN");
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"a": 1})"}), "COLLSCAN");
  EXPECT_EQ(testing::stages(scope_, {.sort = R"({"a": 1})"}), "SORT COLLSCAN");
  const bson::Document plan =
      testing::json(testing::explain(scope_, {.filter = R"({"b": {"$gte": "y"}})"}));
  EXPECT_EQ(plan.get("queryPlanner.winningPlan.inputStage.indexName").string(), "b_1");
  EXPECT_EQ(*plan.get("executionStats.nReturned").as_int64(), 2);
  EXPECT_EQ(*plan.get("executionStats.totalKeysExamined").as_int64(), 2);
  EXPECT_EQ(*plan.get("executionStats.totalDocsExamined").as_int64(), 2);
}

TEST_F(Operations, AnIndexOverAnArrayGivesEachDocumentOnceAndNoOrder) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"a": 1}})");
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"a": {"$gt": 3}})", .sort = R"({"a": 1})"}),
            (Rows{R"({"_id":3,"a":[4,9],"b":"x"})", R"({"_id":1,"a":5,"b":"x"})"}));
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"a": {"$gt": 3}})", .sort = R"({"a": 1})"}),
            "SORT FETCH IXSCAN");
}

TEST_F(Operations, ACountThatTheIndexAnswersReadsNoDocument) {
  fill();
  testing::create_index(*database_, "c", R"({"key": {"b": 1}})");
  const bson::Document x = testing::json(R"({"b": "x"})");
  const auto plan = query::explain(scope_, CountRequest{.collection = "c", .filter = x, .hint = {}},
                                   Verbosity::kExecutionStats);
  ASSERT_TRUE(plan);
  EXPECT_EQ(*plan->get("executionStats.totalDocsExamined").as_int64(), 0);
  EXPECT_EQ(*plan->get("executionStats.nReturned").as_int64(), 2);
}

TEST_F(Operations, CountAndDistinct) {
  fill();
  const bson::Document x = testing::json(R"({"b": "x"})");
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = x, .hint = {}}), 2);
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = {}, .skip = 1, .limit = 2, .hint = {}}),
            2);
  const auto values = distinct(scope_, {.collection = "c", .path = "a", .filter = {}});
  ASSERT_TRUE(values);
  Rows all;
  for (const bson::Element& value : values->view()) all.push_back(bson::to_json(value));
  EXPECT_EQ(all, (Rows{"3", "4", "5", "9"}));
}

TEST_F(Operations, ATransactionIsSeenWholeOrNotAtAll) {
  testing::create_index(*database_, "c", R"({"key": {"a": 1}})");
  auto transaction = database_->begin();
  ASSERT_TRUE(transaction);
  const Scope inside{.database = *database_, .transaction = &*transaction};
  const bson::Document one = testing::json(R"({"_id": 1, "a": 7})");
  const bson::View views[] = {one};
  ASSERT_TRUE(insert(inside, {.collection = "c", .documents = views}));
  EXPECT_EQ(testing::find(inside, {.filter = R"({"a": 7})"}), Rows{R"({"_id":1,"a":7})"});
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"a": 7})"}), Rows{});
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"a": 7})"}), Rows{R"({"_id":1,"a":7})"});
  EXPECT_TRUE(database_->verify()->clean());
}

TEST_F(Operations, TheSecondOfTwoTransactionsThatWriteOneDocumentConflicts) {
  fill();
  auto first = database_->begin();
  auto second = database_->begin();
  const bson::Document one = testing::json(R"({"_id": 1})");
  const RemoveRequest request{.collection = "c", .filter = one, .hint = {}};
  ASSERT_EQ(*remove({.database = *database_, .transaction = &*first}, request), 1);
  ASSERT_EQ(*remove({.database = *database_, .transaction = &*second}, request), 1);
  ASSERT_TRUE(first->commit());
  const auto lost = second->commit();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), Code::kConflict);
  EXPECT_EQ(lost.error().number(), 112);
}

TEST_F(Operations, OneOfManyThreadsWinsEachUniqueValue) {
  testing::create_index(*database_, "c", R"({"key": {"a": 1}, "unique": true})");
  std::atomic<int> inserted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const bson::Document document =
            bson::Builder().append("_id", t * 1000 + i).append("a", i).finish();
        const bson::View views[] = {document};
        const auto result = insert(scope_, {.collection = "c", .documents = views});
        ASSERT_TRUE(result) << result.error().text();
        inserted += static_cast<int>(result->inserted);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(inserted, 50);
  const auto report = database_->verify();
  EXPECT_TRUE(report->clean()) << report->problems.front();
  EXPECT_EQ(report->documents_checked, 50U);
}

TEST_F(Operations, AnOperationStopsAtItsDeadlineAndWhenInterrupted) {
  std::vector<bson::Document> documents;
  for (int i = 0; i < 2000; ++i) documents.push_back(bson::Builder().append("_id", i).finish());
  const std::vector<bson::View> views(documents.begin(), documents.end());
  ASSERT_TRUE(insert(scope_, {.collection = "c", .documents = views}));
  const std::atomic<bool> interrupted{true};
  const Scope stopped{.database = *database_, .interrupted = &interrupted};
  EXPECT_EQ(testing::try_find(stopped, {}).error().number(), 11601);
}

}  // namespace
}  // namespace nacre::query
