// Writing calls of the API beyond the simple ones, on a database in memory.
#include <gtest/gtest.h>

#include <thread>

#include "nacre/nacre.hpp"

namespace nacre {
namespace {

class Calls : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open("memory", {.in_memory = true});
    ASSERT_TRUE(opened) << opened.error().text();
    database_.emplace(*std::move(opened));
    users_.emplace(database_->collection("users"));
  }

  std::string one(const Value& id) {
    const auto found = users_->get(id);
    EXPECT_TRUE(found) << found.error().text();
    return found && *found ? (*found)->document.to_json() : "none";
  }

  std::optional<Database> database_;
  std::optional<Collection> users_;
};

TEST_F(Calls, AMeasurementOfATimeSeriesIsNotFoundByItsIdAlone) {
  const auto made = database_->create_collection(
      "log",
      R"({"timeseries": {"timeField": "t", "metaField": "m"}, "expireAfterSeconds": 86400})");
  ASSERT_TRUE(made) << made.error().text();
  const std::string_view now = R"({"_id": 1, "t": {"$date": "2126-01-01T00:00:00Z"}, "m": 1})";
  ASSERT_TRUE(made->insert_one(now));
  ASSERT_TRUE(made->insert_one(now));
  EXPECT_EQ(*made->count(R"({"_id": 1})"), 2);
  EXPECT_EQ(made->get(1).error().code(), Code::kUnsupported);
  EXPECT_EQ(made->history(1).error().code(), Code::kUnsupported);
  EXPECT_FALSE(made->update_one(where("_id").eq(1), Update().set("x", 1)));
  const auto changed = made->update_many(where("m").eq(1), Update().set("m", 2));
  ASSERT_TRUE(changed) << changed.error().text();
  EXPECT_EQ(changed->modified, 2);
  ASSERT_TRUE(made->delete_one(where("_id").eq(1)));
  EXPECT_EQ(*made->count(), 1);
}

TEST_F(Calls, InsertManyGivesTheIdsInOrderAlsoThoseItMade) {
  const auto ids =
      users_->insert_many(std::vector{Document::of({{"_id", "b"}}), Document::of({{"n", 1}}),
                                      Document::of({{"n", 2}, {"_id", 7}})});
  ASSERT_TRUE(ids) << ids.error().text();
  ASSERT_EQ(ids->size(), 3U);
  EXPECT_EQ((*ids)[0].to_json(), R"({"_id":"b"})");
  EXPECT_EQ((*ids)[2].to_json(), R"({"_id":7})");
  EXPECT_EQ(users_->find_one((*ids)[1])->value().get_int64("n"), 1);
  EXPECT_TRUE(users_->insert_many({})->empty());
}

TEST_F(Calls, AVersionThatIsNotTheExpectedOneIsAConflictThatNamesTheFoundOne) {
  ASSERT_TRUE(users_->insert_one(R"({"_id": 1, "n": 0})"));
  const auto first = users_->get(1);
  EXPECT_EQ((*first)->version, 1U);
  EXPECT_EQ((*first)->created, (*first)->updated);
  ASSERT_TRUE(users_->update_one(where("_id").eq(1), Update().inc("n", 1),
                                 {.expected_version = (*first)->version}));
  EXPECT_EQ((*users_->get(1))->version, 2U);

  const auto late = users_->replace_one(R"({"_id": 1})", R"({"n": 9})", {.expected_version = 1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kConflict);
  const ErrorInfo info = describe(late.error());
  EXPECT_EQ(info.collection, "users");
  EXPECT_EQ(info.expected_version, 1U);
  EXPECT_EQ(info.found_version, 2U);
  EXPECT_EQ(users_->delete_one(R"({"_id": 1})", {.expected_version = 1}).error().code(),
            Code::kConflict);
  EXPECT_EQ(one(1), R"({"_id":1,"n":1})");
  EXPECT_EQ(*users_->delete_one(R"({"_id": 1})", {.expected_version = 2}), 1);
  EXPECT_EQ(
      describe(users_->delete_one(R"({"_id": 1})", {.expected_version = 2}).error()).found_version,
      0U);
  EXPECT_EQ(users_->update_many("{}", Update().inc("n", 1), {.expected_version = 2}).error().code(),
            Code::kInvalid);
}

TEST_F(Calls, AnUnexpectedVersionInATransactionEndsItAndIsNotRetried) {
  ASSERT_TRUE(users_->insert_one(R"({"_id": 1, "n": 0})"));
  int runs = 0;
  const auto done = database_->transact([&](Transaction& transaction) -> Result<> {
    ++runs;
    auto users = transaction.collection("users");
    NACRE_TRY(users.insert_one(R"({"_id": 2})"));
    NACRE_TRY(users.update_one(R"({"_id": 1})", Update().inc("n", 1), {.expected_version = 5}));
    return {};
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::kConflict);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(*users_->count(), 1);
}

TEST_F(Calls, FieldsAreUpdatedAndNumbersIncrementedById) {
  ASSERT_TRUE(users_->insert_one(R"({"_id": 1, "a": {"b": 1}, "tags": ["x"], "gone": 1})"));
  const auto after = users_->update_fields(
      1, Update().set("a.b", 2).unset("gone").push("tags", "y"), {.expected_version = 1});
  ASSERT_TRUE(after) << after.error().text();
  EXPECT_EQ(after->document.to_json(), R"({"_id":1,"a":{"b":2},"tags":["x","y"]})");
  EXPECT_EQ(after->version, 2U);
  EXPECT_EQ(users_->update_fields(9, Update().set("a", 1)).error().code(), Code::kNotFound);

  EXPECT_EQ(*users_->increment(1, "a.n"), 1);
  EXPECT_EQ(*users_->increment(1, "a.n", -3), -2);
  EXPECT_EQ(*users_->increment_float(1, "a.f", 0.5), 0.5);
  EXPECT_EQ(users_->increment(1, "tags").error().code(), Code::kInvalid);
  const auto none = users_->increment(9, "n");
  EXPECT_EQ(none.error().what(), "users has no document of _id 9");
}

TEST_F(Calls, ManyWritersIncrementOneDocumentAndNoneIsLost) {
  ASSERT_TRUE(users_->insert_one(R"({"_id": "hot", "n": 0})"));
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 50; ++n) EXPECT_TRUE(users_->increment("hot", "n"));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ((*users_->get("hot"))->document.get_int64("n"), 200);
  EXPECT_EQ((*users_->get("hot"))->version, 201U);
}

TEST_F(Calls, OneDocumentIsFoundAndChangedAtOnce) {
  ASSERT_TRUE(users_->insert_one(R"({"_id": 1, "state": "new", "age": 3})"));
  ASSERT_TRUE(users_->insert_one(R"({"_id": 2, "state": "new", "age": 9})"));
  const auto oldest = users_->find_one_and_update(
      where("state").eq("new"), Update().set("state", "taken"), {.sort = R"({"age": -1})"});
  ASSERT_TRUE(oldest) << oldest.error().text();
  EXPECT_EQ((*oldest)->to_json(), R"({"_id":2,"state":"taken","age":9})");
  const auto before =
      users_->find_one_and_replace(R"({"_id": 1})", R"({"x": 1})", {.returned = Returned::kBefore});
  EXPECT_EQ((*before)->to_json(), R"({"_id":1,"state":"new","age":3})");
  EXPECT_EQ((*users_->find_one_and_delete(R"({"_id": 1})"))->to_json(), R"({"_id":1,"x":1})");
  EXPECT_FALSE(*users_->find_one_and_delete(R"({"_id": 1})"));
  EXPECT_FALSE(*users_->find_one_and_update(R"({"_id": 1})", Update().set("x", 2)));
  const auto made =
      users_->find_one_and_update(R"({"_id": 5})", Update().set("x", 2), {.upsert = true});
  EXPECT_EQ((*made)->to_json(), R"({"_id":5,"x":2})");
}

TEST_F(Calls, ABulkIsDoneWholeOrNotAtAll) {
  const auto done =
      users_->bulk_write(Bulk()
                             .insert(R"({"_id": 1, "n": 1})")
                             .insert(R"({"_id": 2, "n": 1})")
                             .update_many(where("n").eq(1), Update().inc("n", 1))
                             .update_one(R"({"_id": 3})", Update().set("n", 5), {.upsert = true})
                             .replace_one(R"({"_id": 1})", R"({"m": 1})")
                             .delete_one(R"({"_id": 2})"));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->inserted, 2);
  EXPECT_EQ(done->matched, 3);
  EXPECT_EQ(done->modified, 3);
  EXPECT_EQ(done->deleted, 1);
  ASSERT_EQ(done->ids.size(), 3U);
  EXPECT_EQ(done->ids[2].to_json(), R"({"_id":3})");
  EXPECT_EQ(one(1), R"({"_id":1,"m":1})");

  const auto failed =
      users_->bulk_write(Bulk().delete_many("{}").insert(R"({"_id": 9})").insert(R"({"_id": 9})"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().number(), 11000);
  EXPECT_NE(failed.error().text().find("write 2"), std::string::npos);
  EXPECT_EQ(describe(failed.error()).key_value->to_json(), R"({"_id":9})");
  EXPECT_EQ(*users_->count(), 2);
  EXPECT_EQ(users_->bulk_write(Bulk().insert("{}").insert("nonsense")).error().code(),
            Code::kInvalid);
}

TEST_F(Calls, ASummaryIsCountSumAverageMinAndMaxInOneCall) {
  for (const char* text : {R"({"k": "a", "n": 1})", R"({"k": "a", "n": 2.5})", R"({"k": "a"})",
                           R"({"k": "b", "n": 100})"}) {
    ASSERT_TRUE(users_->insert_one(text));
  }
  const auto summary = users_->summarize("n", where("k").eq("a"));
  ASSERT_TRUE(summary) << summary.error().text();
  EXPECT_EQ(summary->count, 2);
  EXPECT_EQ(summary->sum, 3.5);
  EXPECT_EQ(summary->average, 1.75);
  EXPECT_EQ(summary->min.to_json(), "1");
  EXPECT_EQ(summary->max.to_json(), "2.5");
  const auto none = users_->summarize("x");
  EXPECT_EQ(none->count, 0);
  EXPECT_FALSE(none->average);
  const auto distinct = users_->distinct("k");
  ASSERT_EQ(distinct->size(), 2U);
  EXPECT_EQ(distinct->back().as_string(), "b");
}

TEST_F(Calls, WhatIsNotKnownIsAnsweredWithTheNearestName) {
  ASSERT_TRUE(users_->insert_one(R"({"_id": 1, "a": 1})"));
  ASSERT_TRUE(users_->create_index(R"({"a": 1})"));
  const auto filter = users_->find(R"({"a": {"$gtee": 1}})").all();
  ASSERT_FALSE(filter);
  EXPECT_NE(filter.error().what().find("did you mean '$gte'?"), std::string::npos)
      << filter.error().text();
  EXPECT_EQ(describe(filter.error()).name, "$gtee");
  EXPECT_EQ(describe(filter.error()).suggestion, "$gte");
  EXPECT_EQ(describe(filter.error()).collection, "users");
  EXPECT_EQ(describe(users_->update_one("{}", R"({"$sett": {"a": 1}})").error()).suggestion,
            "$set");
  EXPECT_EQ(describe(users_->aggregate(R"([{"$gruop": {"_id": 1}}])").error()).suggestion,
            "$group");
  const auto index = users_->drop_index("a_2");
  EXPECT_EQ(describe(index.error()).suggestion, "a_1") << index.error().text();
  EXPECT_EQ(describe(users_->find("{}").hint("a1").all().error()).suggestion, "a_1");
  const auto collection = database_->existing_collection("usres");
  ASSERT_FALSE(collection);
  EXPECT_EQ(collection.error().code(), Code::kNotFound);
  EXPECT_EQ(collection.error().what(), "there is no collection 'usres'; did you mean 'users'?");
  EXPECT_TRUE(database_->existing_collection("users"));
}

TEST_F(Calls, ConditionsAreUsedAsFiltersAndIndexesServeThem) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(users_->insert_one(Document::of({{"_id", i}, {"a", i % 3}, {"b", i}})));
  }
  ASSERT_TRUE(users_->create_index(R"({"a": 1})"));
  EXPECT_EQ(*users_->count(where("a").eq(1) && where("b").gt(3)), 2);
  EXPECT_EQ(*users_->count(where("b").lt(2) || where("b").gte(8)), 4);
  EXPECT_EQ(*users_->count(!where("b").in({1, 2, 3})), 7);
  const auto plan = users_->find(where("a").eq(1)).explain();
  EXPECT_EQ(plan->get_string("queryPlanner.winningPlan.inputStage.stage"), "IXSCAN");
}

}  // namespace
}  // namespace nacre
