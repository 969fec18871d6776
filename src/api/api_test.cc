// The public API, by its public header alone.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "nacre/nacre.hpp"

namespace nacre {
namespace {

class Api : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "nacre-api-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    open();
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(root_);
  }
  void open() {
    database_.reset();
    auto opened = Database::open(root_ + "/db", {.create_if_missing = true});
    ASSERT_TRUE(opened) << opened.error().text();
    database_.emplace(*std::move(opened));
  }

  std::string root_;
  std::optional<Database> database_;
};

std::vector<std::string> texts(const Result<std::vector<Document>>& documents) {
  std::vector<std::string> all;
  EXPECT_TRUE(documents) << documents.error().text();
  if (!documents) return all;
  for (const Document& document : *documents) all.push_back(document.to_json());
  return all;
}

TEST_F(Api, DocumentsGoInAndComeBackInOrderAndAfterReopen) {
  auto cities = database_->collection("cities");
  const auto id = cities.insert_one(R"({"_id": "BRN", "name": "Bern", "population": 134591})");
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_EQ(id->to_json(), R"({"_id":"BRN"})");
  const auto more = Document::from_json(R"({"_id": "BSL", "name": "Basel", "population": 173863})");
  ASSERT_TRUE(more);
  EXPECT_EQ(cities.insert_many(std::vector<Document>{*more})->size(), 1U);
  ASSERT_TRUE(database_->close());
  open();
  EXPECT_EQ(texts(database_->collection("cities")
                      .find(R"({"population": {"$gt": 1000}})")
                      .sort(R"({"population": -1})")
                      .project(R"({"name": 1, "_id": 0})")
                      .all()),
            (std::vector<std::string>{R"({"name":"Basel"})", R"({"name":"Bern"})"}));
}

TEST_F(Api, InsertManyIsAllOrNone) {
  auto c = database_->collection("c");
  const std::vector<Document> documents = {*Document::from_json(R"({"_id": 1})"),
                                           *Document::from_json(R"({"_id": 1})")};
  const auto inserted = c.insert_many(documents);
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().number(), 11000);
  EXPECT_EQ(*c.count(), 0);
}

TEST_F(Api, UpdatesReplacementsAndDeletes) {
  auto c = database_->collection("c");
  ASSERT_TRUE(c.insert_one(R"({"_id": 1, "n": 1})"));
  ASSERT_TRUE(c.insert_one(R"({"_id": 2, "n": 1})"));
  EXPECT_EQ(c.update_many(R"({"n": 1})", R"({"$inc": {"n": 1}})")->modified, 2);
  EXPECT_EQ(
      c.update_one(R"({"_id": 3})", R"({"$set": {"n": 9}})", {.upsert = true})->upserted->to_json(),
      R"({"_id":3})");
  EXPECT_EQ(c.replace_one(R"({"_id": 1})", R"({"x": true})")->modified, 1);
  EXPECT_EQ(c.update_one(R"({"_id": 1})", R"({"x": true})").error().number(), 9);
  EXPECT_EQ(c.replace_one(R"({"_id": 1})", R"({"$set": {"x": 1}})").error().number(), 9);
  EXPECT_EQ(*c.delete_one(R"({"_id": 2})"), 1);
  EXPECT_EQ(texts(c.find().all()),
            (std::vector<std::string>{R"({"_id":1,"x":true})", R"({"_id":3,"n":9})"}));
}

TEST_F(Api, IndexesAreUsedAndListed) {
  auto c = database_->collection("c");
  ASSERT_TRUE(c.insert_one(R"({"_id": 1, "a": 1})"));
  EXPECT_EQ(*c.create_index(R"({"a": 1})", {.unique = true}), "a_1");
  EXPECT_EQ(c.insert_one(R"({"_id": 2, "a": 1})").error().number(), 11000);
  const auto plan = c.find(R"({"a": 1})").explain();
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->get_string("queryPlanner.winningPlan.inputStage.stage"), "IXSCAN");
  EXPECT_EQ(c.indexes()->size(), 2U);
  ASSERT_TRUE(c.drop_index("a_1"));
  EXPECT_EQ(c.indexes()->size(), 1U);
}

// An index whose weights were left out made the collection's row in the catalog unreadable.
TEST_F(Api, ATextIndexIsCreatedWithItsWeights) {
  auto c = database_->collection("c");
  ASSERT_TRUE(c.insert_one(R"({"_id": 1, "bio": "a red fox"})"));
  ASSERT_TRUE(c.create_index(R"({"bio": "text"})"));
  ASSERT_TRUE(c.insert_one(R"({"_id": 2, "bio": "a blue bird"})"));
  EXPECT_EQ(texts(c.find(R"({"$text": {"$search": "birds"}})").all()),
            std::vector<std::string>{R"({"_id":2,"bio":"a blue bird"})"});
  EXPECT_EQ(c.create_index(R"({"bio": "nonsense"})").error().number(), 67);
}

TEST_F(Api, ATransactionHappensWholeOrNotAtAll) {
  {
    auto transaction = database_->begin();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(transaction->collection("a").insert_one(R"({"_id": 1})"));
  }
  EXPECT_EQ(*database_->collection("a").count(), 0);
  const auto done = database_->transact([](Transaction& transaction) -> Result<> {
    NACRE_TRY(transaction.collection("a").insert_one(R"({"_id": 1})"));
    NACRE_TRY(transaction.collection("b").insert_one(R"({"_id": 1})"));
    return {};
  });
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(*database_->collection("a").count(), 1);
  EXPECT_EQ(*database_->collection_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(database_->verify()->problems.empty());
}

TEST_F(Api, TheSecondWriterOfADocumentConflictsAndAnEndedTransactionSaysSo) {
  auto c = database_->collection("c");
  ASSERT_TRUE(c.insert_one(R"({"_id": 1, "n": 0})"));
  auto first = database_->begin();
  auto second = database_->begin();
  ASSERT_TRUE(first->collection("c").update_one("{}", R"({"$inc": {"n": 1}})"));
  auto late = second->collection("c");
  ASSERT_TRUE(late.update_one("{}", R"({"$inc": {"n": 1}})"));
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(second->commit().error().code(), Code::kConflict);
  EXPECT_EQ(late.count().error().code(), Code::kClosed);
}

TEST_F(Api, WhatIsNotJsonIsReportedWhereTheQueryRuns) {
  const auto rows = database_->collection("c").find("{nonsense").all();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), Code::kInvalid);
  EXPECT_FALSE(Document::from_json("[1]"));
}

TEST_F(Api, ValuesAreReadByPath) {
  const auto document =
      Document::from_json(R"({"name": "x", "at": {"n": 3, "f": 2.5, "on": true}, "list": [7]})");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->get_string("name"), "x");
  EXPECT_EQ(document->get_int64("at.n"), 3);
  EXPECT_EQ(document->get_double("at.f"), 2.5);
  EXPECT_EQ(document->get_bool("at.on"), true);
  EXPECT_EQ(document->get_int64("list.0"), 7);
  EXPECT_EQ(document->get_document("at")->get_int64("n"), 3);
  EXPECT_FALSE(document->get_int64("name"));
  EXPECT_FALSE(document->has("none"));
  const auto copy = Document::from_bson(document->bson());
  EXPECT_EQ(copy->to_json(), document->to_json());
}

TEST_F(Api, AggregatesCountByGroup) {
  auto c = database_->collection("c");
  for (const char* text : {R"({"k": "a"})", R"({"k": "b"})", R"({"k": "a"})"}) {
    ASSERT_TRUE(c.insert_one(text));
  }
  auto cursor =
      c.aggregate(R"([{"$group": {"_id": "$k", "n": {"$sum": 1}}}, {"$sort": {"n": -1}}])");
  ASSERT_TRUE(cursor) << cursor.error().text();
  EXPECT_EQ(texts(cursor->all()),
            (std::vector<std::string>{R"({"_id":"a","n":2})", R"({"_id":"b","n":1})"}));
}

TEST_F(Api, CompactionGivesBackWhatRemovedDocumentsTook) {
  auto notes = database_->collection("notes");
  std::vector<Document> many;
  for (int i = 0; i < 4000; ++i) {
    many.push_back(Document::of({{"_id", i}, {"text", std::string(500, 'n')}}));
  }
  ASSERT_TRUE(notes.insert_many(many));
  ASSERT_TRUE(database_->close());
  auto opened = Database::open(root_ + "/db", {.history_age = std::chrono::microseconds(0)});
  ASSERT_TRUE(opened) << opened.error().text();
  database_.emplace(*std::move(opened));
  ASSERT_TRUE(database_->collection("notes").delete_many(R"({"_id": {"$gte": 100}})"));
  std::uint64_t seen = 0;
  const auto report = database_->compact({.progress = [&](const CompactProgress& now) {
    seen = now.file_bytes;
    return true;
  }});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_FALSE(report->is_cancelled);
  EXPECT_GT(report->file_bytes_before, std::uint64_t{2'000'000});
  EXPECT_LT(report->file_bytes, std::uint64_t{400'000});
  EXPECT_GT(seen, 0U);
  EXPECT_EQ(database_->collection("notes").count().value_or(0), 100);
}

}  // namespace
}  // namespace nacre
