// The past through the public header.
#include <gtest/gtest.h>

#include "nacre/nacre.hpp"

namespace nacre {
namespace {

class Past : public ::testing::Test {
 protected:
  void SetUp() override { open({.in_memory = true}); }
  void open(const Options& options) {
    database_.reset();
    auto opened = Database::open("memory", options);
    ASSERT_TRUE(opened) << opened.error().text();
    database_.emplace(*std::move(opened));
  }
  Collection cities() { return database_->collection("cities"); }

  std::optional<Database> database_;
};

TEST_F(Past, TheSameCallsReadWhatWasThen) {
  ASSERT_TRUE(cities().insert_one(R"({"_id": 1, "name": "Bern", "n": 1})"));
  ASSERT_TRUE(cities().insert_one(R"({"_id": 2, "name": "Basel", "n": 2})"));
  ASSERT_TRUE(cities().create_index(R"({"n": 1})"));
  const std::uint64_t then = database_->position();
  ASSERT_TRUE(cities().update_many("{}", Update().inc("n", 10)));
  ASSERT_TRUE(cities().delete_one(R"({"_id": 1})"));
  ASSERT_TRUE(cities().drop_index("n_1"));

  const auto past = database_->at(then);
  ASSERT_TRUE(past) << past.error().text();
  EXPECT_EQ(past->position(), then);
  const Collection old = past->collection("cities");
  EXPECT_EQ(*old.count(where("n").lte(2)), 2);
  EXPECT_EQ(old.find(R"({"n": 1})").first()->value().get_string("name"), "Bern");
  EXPECT_EQ(
      old.find(R"({"n": 1})").explain()->get_string("queryPlanner.winningPlan.inputStage.stage"),
      "IXSCAN");
  EXPECT_EQ(old.indexes()->size(), 2U);
  EXPECT_EQ(old.summarize("n")->sum, 3);
  EXPECT_EQ((*old.get(1))->version, 1U);
  auto groups = old.aggregate(R"([{"$group": {"_id": null, "n": {"$sum": "$n"}}}])");
  ASSERT_TRUE(groups) << groups.error().text();
  EXPECT_EQ(groups->next()->value().get_int64("n"), 3);
  EXPECT_EQ(*cities().count(), 1);
  EXPECT_EQ(old.insert_one("{}").error().code(), Code::kInvalid);
  EXPECT_EQ(old.delete_many("{}").error().code(), Code::kInvalid);

  const auto by_time = database_->at(past->time());
  ASSERT_TRUE(by_time) << by_time.error().text();
  EXPECT_EQ(by_time->position(), then);
  EXPECT_EQ(database_->at(database_->position() + 1).error().code(), Code::kInvalid);
}

TEST_F(Past, WhatIsForgottenSaysSoAndNamesTheHorizon) {
  open({.in_memory = true, .history_age = std::chrono::microseconds(0)});
  ASSERT_TRUE(cities().insert_one(R"({"_id": 1})"));
  ASSERT_TRUE(cities().insert_one(R"({"_id": 2})"));
  const auto past = database_->at(1);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), Code::kTooOld);
  EXPECT_NE(past.error().text().find("horizon"), std::string::npos) << past.error().text();
  const auto history = cities().history(1);
  ASSERT_TRUE(history) << history.error().text();
  EXPECT_EQ(history->versions.size(), 1U);
}

TEST_F(Past, ADocumentHasAHistoryAndCanBeBroughtBack) {
  ASSERT_TRUE(cities().insert_one(R"({"_id": 1, "name": "Bern", "n": 1})"));
  const std::uint64_t first = database_->position();
  ASSERT_TRUE(cities().update_one(R"({"_id": 1})", R"({"$set": {"n": 2}, "$unset": {"name": 1}})"));
  ASSERT_TRUE(cities().delete_one(R"({"_id": 1})"));
  auto history = cities().history(1);
  ASSERT_TRUE(history) << history.error().text();
  EXPECT_TRUE(history->is_whole);
  ASSERT_EQ(history->versions.size(), 3U);
  EXPECT_EQ(history->versions[0].kind, ChangeKind::kRemove);
  EXPECT_EQ(history->versions[1].kind, ChangeKind::kUpdate);
  EXPECT_EQ(history->versions[1].updated.to_json(), R"({"n":2})");
  EXPECT_EQ(history->versions[1].removed, std::vector<std::string>{"name"});
  EXPECT_EQ(history->versions[2].kind, ChangeKind::kInsert);
  EXPECT_EQ(history->versions[2].position, first);
  EXPECT_FALSE(cities().history(1, 2)->is_whole);
  EXPECT_EQ(cities().history(1, 2)->versions.size(), 2U);

  const auto back = cities().restore(1, first);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->document.to_json(), R"({"_id":1,"name":"Bern","n":1})");
  EXPECT_EQ((*cities().get(1))->document.to_json(), back->document.to_json());
  ASSERT_TRUE(cities().restore(1, first + 1));
  EXPECT_EQ((*cities().get(1))->document.to_json(), R"({"_id":1,"n":2})");
  EXPECT_EQ(cities().history(1)->versions[0].kind, ChangeKind::kReplace);
  EXPECT_EQ(cities().restore(1, first + 2).error().code(), Code::kNotFound);
}

TEST_F(Past, CommitsAreReadAsChangesAlsoWhileTheyHappen) {
  ASSERT_TRUE(cities().insert_one(R"({"_id": 1, "n": 1})"));
  ASSERT_TRUE(cities().update_one(R"({"_id": 1})", Update().set("n", 2)));
  const std::uint64_t last = database_->position();
  auto live = database_->changes_after(last);
  ASSERT_TRUE(live) << live.error().text();
  ASSERT_TRUE(database_->collection("other").insert_one(R"({"_id": "x"})"));

  auto changes = database_->changes(1, last);
  ASSERT_TRUE(changes) << changes.error().text();
  const auto first = changes->next();
  ASSERT_TRUE(first && *first) << first.error().text();
  EXPECT_EQ((*first)->kind, ChangeKind::kInsert);
  EXPECT_EQ((*first)->id.to_json(), R"({"_id":1})");
  const auto second = changes->next();
  EXPECT_EQ((*second)->kind, ChangeKind::kUpdate);
  EXPECT_EQ((*second)->updated.to_json(), R"({"n":2})");
  EXPECT_EQ((*second)->position, last);
  EXPECT_FALSE(*changes->next());

  const auto seen = live->next(std::chrono::seconds(5));
  ASSERT_TRUE(seen && *seen);
  EXPECT_EQ((*seen)->collection, "other");
  EXPECT_FALSE(*live->next());
  EXPECT_EQ(live->position(), database_->position());
}

}  // namespace
}  // namespace nacre
