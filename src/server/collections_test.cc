// Commands about collections and their cursors: collMod, views with collations, tailable finds.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/dispatcher_testing.h"

namespace nacre::server {
namespace {

using namespace testing;  // NOLINT: the steps of these tests

TEST_F(Dispatching, CollModHidesIndexesAndChangesTheirLife) {
  expect_ok(R"({"createIndexes": "c", "$db": "test", "indexes": [
      {"key": {"a": 1}, "name": "a_1"}, {"key": {"b": 1, "c": 1}, "name": "bc"}]})");
  const bson::Document hidden =
      run(R"({"collMod": "c", "$db": "test", "index": {"name": "a_1", "hidden": true}})");
  EXPECT_TRUE(hidden.find("hidden_new").boolean()) << bson::to_json(hidden);
  EXPECT_FALSE(hidden.find("hidden_old").boolean());
  expect_ok(R"({"collMod": "c", "$db": "test",
                "index": {"keyPattern": {"a": 1}, "expireAfterSeconds": 60}})");
  EXPECT_EQ(number(R"({"collMod": "c", "$db": "test",
                       "index": {"name": "a_1", "expireAfterSeconds": 90}})",
                   "expireAfterSeconds_old"),
            60);
  const bson::Document listed = run(R"({"listIndexes": "c", "$db": "test"})");
  EXPECT_EQ(listed.get("cursor.firstBatch.1.expireAfterSeconds").as_int64(), 90);
  EXPECT_TRUE(listed.get("cursor.firstBatch.1.hidden").truthy());
  const auto refused = [&](std::string_view index, std::int32_t code) {
    expect_error(R"({"collMod": "c", "$db": "test", "index": )" + std::string(index) + "}", code);
  };
  refused(R"({"name": "no", "hidden": true})", 27);
  refused(R"({"hidden": true})", 72);
  refused(R"({"name": "a_1", "keyPattern": {"a": 1}, "hidden": true})", 72);
  refused(R"({"name": "a_1"})", 72);
  refused(R"({"name": "_id_", "hidden": true})", 2);
  refused(R"({"name": "bc", "expireAfterSeconds": 5})", 72);
  refused(R"({"name": "a_1", "expireAfterSeconds": -1})", 72);
  refused(R"({"name": "a_1", "unique": true})", 72);
  refused(R"({"name": "a_1", "other": true})", 40415);
}

TEST_F(Dispatching, AViewHasACollationOfItsOwn) {
  expect_ok(R"({"create": "c", "$db": "test", "collation": {"locale": "en", "strength": 2}})");
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"s": "a"}, {"s": "A"}]})");
  expect_ok(R"({"create": "plain", "$db": "test", "viewOn": "c", "pipeline": []})");
  expect_ok(R"({"create": "alike", "$db": "test", "viewOn": "c", "pipeline": [],
                "collation": {"locale": "en", "strength": 2}})");
  EXPECT_EQ(number(R"({"count": "c", "$db": "test", "query": {"s": "A"}})", "n"), 2);
  EXPECT_EQ(number(R"({"count": "plain", "$db": "test", "query": {"s": "A"}})", "n"), 1);
  EXPECT_EQ(number(R"({"count": "alike", "$db": "test", "query": {"s": "A"}})", "n"), 2);
  expect_error(R"({"count": "plain", "$db": "test", "query": {"s": "A"},
                   "collation": {"locale": "en", "strength": 2}})",
               167);
  expect_error(R"({"create": "mixed", "$db": "test", "viewOn": "plain", "pipeline": [],
                   "collation": {"locale": "en", "strength": 2}})",
               167);
  const bson::Document grouped = run(R"({"aggregate": "c", "$db": "test", "cursor": {},
      "pipeline": [{"$group": {"_id": "$s"}}]})");
  EXPECT_EQ(grouped.get("cursor.firstBatch").array().count(), 1U);
  expect_error(R"({"create": "d", "$db": "test", "collation": {"locale": "klingon"}})", 2);
}

TEST_F(Dispatching, ATailableCursorGoesOnWithWhatIsInsertedLater) {
  expect_ok(R"({"create": "c", "$db": "test", "capped": true, "size": 4096, "max": 3})");
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 5}, {"_id": 1, "x": 1}]})");
  const bson::Document opened =
      run(R"({"find": "c", "$db": "test", "filter": {"x": 1}, "tailable": true})");
  EXPECT_EQ(opened.get("cursor.firstBatch.0._id").as_int64(), 1) << bson::to_json(opened);
  const std::int64_t id = opened.get("cursor.id").as_int64().value_or(0);
  ASSERT_NE(id, 0);
  const auto next = [&](std::string_view more = "") {
    return run(R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
               R"("}, "collection": "c", "$db": "test")" + std::string(more) + "}");
  };
  EXPECT_TRUE(next().get("cursor.nextBatch").array().empty());
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 0}, {"_id": 3, "x": 1}]})");
  const bson::Document later = next();
  EXPECT_EQ(later.get("cursor.nextBatch.0._id").as_int64(), 3) << bson::to_json(later);
  EXPECT_EQ(later.get("cursor.id").as_int64(), id);
  EXPECT_EQ(next(R"(, "maxTimeMS": 5)").find("code").as_int64(), 2) << "it does not await data";
  // The document it stands on is forgotten: nobody knows what it missed.
  expect_ok(R"({"insert": "c", "$db": "test",
                "documents": [{"_id": 6}, {"_id": 7}, {"_id": 8}, {"_id": 9}]})");
  EXPECT_EQ(next().find("code").as_int64(), 136);
  EXPECT_EQ(next().find("code").as_int64(), 43);
  expect_ok(R"({"insert": "plain", "$db": "test", "documents": [{"_id": 5}]})");
  expect_error(R"({"find": "plain", "$db": "test", "tailable": true})", 2);
  expect_error(R"({"find": "c", "$db": "test", "tailable": true, "sort": {"_id": 1}})", 2);
}

TEST_F(Dispatching, ACursorThatAwaitsDataWaitsForItAWhile) {
  expect_ok(R"({"create": "c", "$db": "test", "capped": true, "size": 4096})");
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 1}]})");
  const std::int64_t id =
      number(R"({"find": "c", "$db": "test", "tailable": true, "awaitData": true})", "cursor.id");
  const auto start = std::chrono::steady_clock::now();
  const bson::Document none = run(R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
                                  R"("}, "collection": "c", "$db": "test", "maxTimeMS": 30})");
  EXPECT_TRUE(none.get("cursor.nextBatch").array().empty()) << bson::to_json(none);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(30));
}

TEST_F(Dispatching, ConvertToCappedKeepsTheLastDocuments) {
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 1}, {"_id": 2}, {"_id": 3}]})");
  expect_ok(R"({"convertToCapped": "c", "$db": "test", "size": 30})");
  EXPECT_EQ(number(R"({"count": "c", "$db": "test"})", "n"), 2);
  expect_error(R"({"convertToCapped": "c", "$db": "test", "size": 0})", 72);
  expect_error(R"({"convertToCapped": "none", "$db": "test", "size": 30})", 26);
}

// One view, and the whole of dbStats was an error.
TEST_F(Dispatching, StatisticsKnowViewsAndCappedCollections) {
  expect_ok(R"({"create": "c", "$db": "test", "capped": true, "size": 4096, "max": 7})");
  expect_ok(R"({"create": "v", "$db": "test", "viewOn": "c", "pipeline": []})");
  const bson::Document whole = run(R"({"dbStats": 1, "$db": "test"})");
  EXPECT_EQ(whole.find("views").as_int64(), 1) << bson::to_json(whole);
  EXPECT_EQ(whole.find("collections").as_int64(), 1);
  const bson::Document one = run(R"({"collStats": "c", "$db": "test"})");
  EXPECT_TRUE(one.find("capped").truthy()) << bson::to_json(one);
  EXPECT_EQ(one.find("max").as_int64(), 7);
  EXPECT_EQ(one.find("maxSize").as_int64(), 4096);
  for (const char* command : {"collStats", "listIndexes", "validate"}) {
    expect_error("{\"" + std::string(command) + R"(": "v", "$db": "test"})", 166);
  }
}

TEST_F(Dispatching, CollModGivesACappedCollectionItsNewLimits) {
  expect_ok(R"({"create": "c", "$db": "test", "capped": true, "size": 100000, "max": 2})");
  expect_ok(R"({"collMod": "c", "$db": "test", "cappedSize": 200000, "cappedMax": 3})");
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{}, {}, {}, {}]})");
  EXPECT_EQ(number(R"({"count": "c", "$db": "test"})", "n"), 3);
  const bson::Document listed = run(R"({"listCollections": 1, "$db": "test"})");
  EXPECT_EQ(listed.get("cursor.firstBatch.0.options.size").as_int64(), 200000)
      << bson::to_json(listed);
}

// A cursor over documents of c, or of a view of it, that has not shown all of them.
class Cursored : public Dispatching {
 protected:
  void SetUp() override {
    expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 1}, {"_id": 2}]})");
    expect_ok(R"({"create": "v", "$db": "test", "viewOn": "c", "pipeline": []})");
  }
  std::int64_t open(const std::string& name) {
    return number(R"({"find": ")" + name + R"(", "$db": "test", "batchSize": 1})", "cursor.id");
  }
  std::int64_t error_of_more(std::int64_t id, const std::string& name) {
    const bson::Document reply = run(R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
                                     R"("}, "collection": ")" + name + R"(", "$db": "test"})");
    return reply.find("ok").truthy() ? 0 : reply.find("code").as_int64().value_or(-1);
  }
};

TEST_F(Cursored, OneWhoseCollectionIsDroppedSaysSoOnceAndIsGone) {
  const std::int64_t plain = open("c");
  const std::int64_t viewed = open("v");
  expect_ok(R"({"drop": "c", "$db": "test"})");
  EXPECT_EQ(error_of_more(plain, "c"), 175);
  EXPECT_EQ(error_of_more(plain, "c"), 43);
  EXPECT_EQ(error_of_more(viewed, "v"), 175);
  EXPECT_EQ(cursors_.open_count(), 0U);
}

TEST_F(Cursored, OneWhoseCollectionIsRenamedOrReplacedSaysSo) {
  expect_ok(R"({"insert": "d", "$db": "test", "documents": [{"_id": 1}, {"_id": 2}]})");
  const std::int64_t renamed = open("c");
  const std::int64_t replaced = open("d");
  expect_ok(
      R"({"renameCollection": "test.c", "to": "test.d", "dropTarget": true, "$db": "admin"})");
  EXPECT_EQ(error_of_more(renamed, "c"), 175);
  EXPECT_EQ(error_of_more(replaced, "d"), 175);
  const std::int64_t converted = open("d");
  expect_ok(R"({"convertToCapped": "d", "$db": "test", "size": 4096})");
  EXPECT_EQ(error_of_more(converted, "d"), 175);
}

TEST_F(Cursored, OneWhoseDatabaseIsDroppedSaysSoAndThatOfADroppedViewGoesOn) {
  const std::int64_t viewed = open("v");
  expect_ok(R"({"drop": "v", "$db": "test"})");
  EXPECT_EQ(error_of_more(viewed, "v"), 0);
  const std::int64_t plain = open("c");
  expect_ok(R"({"dropDatabase": 1, "$db": "test"})");
  EXPECT_EQ(error_of_more(plain, "c"), 175);
  EXPECT_EQ(error_of_more(plain, "c"), 43);
}

TEST_F(Cursored, ExplainOfAViewIsThatOfTheAggregateItIs) {
  expect_ok(R"({"collMod": "v", "$db": "test", "viewOn": "c",
                "pipeline": [{"$match": {"a": 1}}]})");
  expect_ok(
      R"({"createIndexes": "c", "$db": "test", "indexes": [{"key": {"a": 1}, "name": "a"}]})");
  const bson::Document found =
      run(R"({"explain": {"find": "v", "filter": {"b": 2}}, "$db": "test"})");
  EXPECT_TRUE(found.find("ok").truthy()) << bson::to_json(found);
  EXPECT_EQ(found.get("queryPlanner.namespace").string(), "test.c") << bson::to_json(found);
  EXPECT_EQ(found.get("queryPlanner.winningPlan.inputStage.indexName").string(), "a")
      << bson::to_json(found);
  EXPECT_EQ(found.get("command.aggregate").string(), "c");
  EXPECT_EQ(bson::to_json(found.get("command.pipeline")),
            R"([{"$match":{"a":1}},{"$match":{"b":2}}])");
  const bson::Document counted = run(R"({"explain": {"count": "v"}, "$db": "test"})");
  EXPECT_TRUE(counted.get("stages.0.$cursor.queryPlanner")) << bson::to_json(counted);
  EXPECT_TRUE(counted.get("stages.1")) << bson::to_json(counted);
  const bson::Document values = run(R"({"explain": {"distinct": "v", "key": "a"}, "$db": "test"})");
  EXPECT_TRUE(values.get("stages.0.$cursor.queryPlanner")) << bson::to_json(values);
  const bson::Document grouped = run(R"({"explain": {"aggregate": "v", "cursor": {},
      "pipeline": [{"$group": {"_id": "$a"}}]}, "$db": "test", "verbosity": "executionStats"})");
  EXPECT_TRUE(grouped.get("stages.0.$cursor.executionStats")) << bson::to_json(grouped);
  expect_error(R"({"explain": {"update": "v", "updates": [{"q": {}, "u": {"$set": {"a": 1}}}]},
                   "$db": "test"})",
               166);
  expect_error(R"({"find": "v", "$db": "test", "min": {"a": 1}, "hint": "a"})", 168);
  expect_error(R"({"find": "v", "$db": "test", "tailable": true})", 168);
  expect_error(R"({"find": "v", "$db": "test", "sort": {"$natural": 1}})", 168);
}

TEST_F(Cursored, ThePlanCacheIsShownAndCleared) {
  expect_ok(R"({"createIndexes": "c", "$db": "test", "indexes": [
      {"key": {"a": 1}, "name": "a"}, {"key": {"b": 1}, "name": "b"}]})");
  const auto ask = [&](const char* filter) {
    expect_ok(R"({"find": "c", "$db": "test", "filter": )" + std::string(filter) + "}");
  };
  const auto cached = [&] {
    const bson::Document reply = run(R"({"aggregate": "c", "$db": "test", "cursor": {},
                                         "pipeline": [{"$planCacheStats": {}}]})");
    EXPECT_TRUE(reply.find("ok").truthy()) << bson::to_json(reply);
    return bson::Document(reply.get("cursor.firstBatch").array());
  };
  ask(R"({"a": 1, "b": 1})");
  ask(R"({"a": {"$gt": 1}, "b": 1})");
  ASSERT_EQ(cached().view().count(), 2U);
  expect_ok(R"({"planCacheClear": "c", "$db": "test", "query": {"a": 7, "b": 9}})");
  const bson::Document left = cached();
  ASSERT_EQ(left.view().count(), 1U);
  EXPECT_EQ(bson::to_json(left.get("0.createdFromQuery.query")), R"({"a":{"$gt":1},"b":1})");
  EXPECT_EQ(left.get("0.cachedPlan.stage").string(), "FETCH") << bson::to_json(left);
  EXPECT_TRUE(left.get("0.isActive").boolean());
  expect_ok(R"({"planCacheClear": "c", "$db": "test"})");
  EXPECT_TRUE(cached().view().empty());
  expect_error(R"({"planCacheClear": "c", "$db": "test", "sort": {"a": 1}})", 2);
  expect_error(R"({"planCacheClear": "c", "$db": "test", "query": 1})", 2);
  EXPECT_TRUE(
      run(R"({"planCacheListFilters": "c", "$db": "test"})").find("filters").array().empty());
  expect_ok(R"({"planCacheClearFilters": "c", "$db": "test"})");
  expect_error(R"({"planCacheSetFilter": "c", "$db": "test", "query": {}, "indexes": ["a"]})", 115);
  expect_error(R"({"aggregate": "none", "$db": "test", "cursor": {},
                   "pipeline": [{"$planCacheStats": {}}]})",
               50933);
  expect_error(R"({"aggregate": "c", "$db": "test", "cursor": {},
                   "pipeline": [{"$planCacheStats": {"all": 1}}]})",
               9);
}

TEST_F(Cursored, ThePlanCacheIsShownUnderReadConcernLocalAlone) {
  const auto ask = [&](std::string_view pipeline, std::string_view level) {
    const bson::Document reply = run(
        R"({"aggregate": "c", "$db": "test", "cursor": {}, "pipeline": [)" + std::string(pipeline) +
        R"(], "readConcern": {"level": ")" + std::string(level) + "\"}}");
    return reply.find("code").as_int64().value_or(0);
  };
  constexpr std::string_view kShown = R"({"$planCacheStats": {}})";
  constexpr std::string_view kJoined =
      R"({"$lookup": {"from": "c", "as": "plans", "pipeline": [{"$planCacheStats": {}}]}})";
  for (const char* level : {"available", "majority", "linearizable", "snapshot"}) {
    EXPECT_EQ(ask(kShown, level), 72) << level;
    EXPECT_EQ(ask(kJoined, level), 72) << level;
  }
  EXPECT_EQ(ask(kShown, "local"), 0);
  EXPECT_EQ(ask(kJoined, "local"), 0);
  EXPECT_EQ(ask(R"({"$match": {}})", "majority"), 0);
}

TEST_F(Dispatching, NamesInsideAnIdDoNotBeginWithADollarSign) {
  EXPECT_EQ(number(R"({"insert": "c", "$db": "test", "documents": [{"_id": {"x": {"$a": 1}}}]})",
                   "writeErrors.0.code"),
            52);
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": {"$ref": "c", "$id": 1}}]})");
}

TEST_F(Dispatching, MergeSaysWhichKeyWasThereAlready) {
  expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 2}]})");
  const bson::Document reply = run(R"({"aggregate": 1, "$db": "test", "cursor": {}, "pipeline": [
      {"$documents": [{"_id": 2}]}, {"$merge": {"into": "c", "whenMatched": "fail"}}]})");
  EXPECT_EQ(reply.find("code").as_int64(), 11000) << bson::to_json(reply);
  EXPECT_EQ(reply.get("keyPattern._id").as_int64(), 1) << bson::to_json(reply);
  EXPECT_EQ(reply.get("keyValue._id").as_int64(), 2);
  expect_error(R"({"aggregate": "c", "$db": "test", "cursor": {}, "pipeline": [{"$out": "d"}],
                   "readConcern": {"level": "linearizable"}})",
               72);
}

TEST_F(Dispatching, TheSessionThatAsksIsListed) {
  const bson::Document reply = run(R"({"aggregate": 1, "$db": "test", "cursor": {},
      "lsid": {"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}},
      "pipeline": [{"$listLocalSessions": {}}]})");
  EXPECT_TRUE(reply.get("cursor.firstBatch.0._id.id")) << bson::to_json(reply);
}

}  // namespace
}  // namespace nacre::server
