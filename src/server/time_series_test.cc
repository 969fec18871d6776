// Time series and indexes that become unique, as clients ask for them.
#include <gtest/gtest.h>

#include <string>

#include "server/dispatcher_testing.h"

namespace nacre::server {
namespace {

using namespace testing;  // NOLINT: the steps of these tests

class TimeSeriesCommands : public Dispatching {
 protected:
  // What is listed of the first collection.
  std::string listed() {
    return bson::to_json(
        run(R"({"listCollections": 1, "$db": "test"})").get("cursor.firstBatch.0"));
  }
  std::int64_t changed(std::string_view changes) {
    const bson::Document reply =
        run(R"({"collMod": "c", "$db": "test", )" + std::string(changes) + "}");
    return reply.find("code").as_int64().value_or(0);
  }
  bson::Document index(std::string_view change) {
    return run(R"({"collMod": "c", "$db": "test", "index": )" + std::string(change) + "}");
  }
  // n, or the number of the first error.
  std::int64_t written(std::string_view command) {
    const bson::Document reply = run(command);
    if (const auto code = reply.find("code").as_int64()) return *code;
    if (const auto code = reply.get("writeErrors.0.code").as_int64()) return *code;
    return reply.find("n").as_int64().value_or(-1);
  }
};

TEST_F(TimeSeriesCommands, AreListedWithTheirOptions) {
  expect_ok(R"({"create": "c", "$db": "test", "expireAfterSeconds": 604800,
                "timeseries": {"timeField": "time", "metaField": "meta"}})");
  EXPECT_EQ(listed(),
            R"({"name":"c","type":"timeseries","options":{"expireAfterSeconds":604800,)"
            R"("timeseries":{"timeField":"time","metaField":"meta","granularity":"seconds",)"
            R"("bucketMaxSpanSeconds":3600}},"info":{"readOnly":false}})");
  // What is there is what is asked for.
  expect_ok(R"({"create": "c", "$db": "test", "expireAfterSeconds": 604800,
                "timeseries": {"timeField": "time", "metaField": "meta", "granularity": "seconds"}})");
  expect_error(R"({"create": "c", "$db": "test", "timeseries": {"timeField": "time"}})", 48);
  const bson::Document indexes = run(R"({"listIndexes": "c", "$db": "test"})");
  EXPECT_EQ(bson::to_json(indexes.get("cursor.firstBatch")),
            R"([{"v":2,"key":{"meta":1,"time":1},"name":"meta_1_time_1"}])");
  expect_error(R"({"renameCollection": "test.c", "to": "test.d", "$db": "admin"})", 166);
  expect_error(R"({"convertToCapped": "c", "size": 1000, "$db": "test"})", 166);
  expect_ok(R"({"collStats": "c", "$db": "test"})");
  expect_ok(R"({"dbStats": 1, "$db": "test"})");
  expect_ok(R"({"validate": "c", "$db": "test"})");
  expect_ok(R"({"drop": "c", "$db": "test"})");
}

TEST_F(TimeSeriesCommands, AreWrittenAndReadByTheOrdinaryCommands) {
  expect_ok(
      R"({"create": "c", "$db": "test", "timeseries": {"timeField": "t", "metaField": "m"}})");
  EXPECT_EQ(written(R"({"insert": "c", "$db": "test", "documents": [
      {"_id": 1, "t": {"$date": "2026-01-02T00:00:00Z"}, "m": "a", "x": 1},
      {"_id": 1, "t": {"$date": "2026-01-01T00:00:00Z"}, "m": "a", "x": 2},
      {"_id": 2, "t": {"$date": "2026-01-03T00:00:00Z"}, "m": "b", "x": 3}]})"),
            3);
  EXPECT_EQ(written(R"({"insert": "c", "$db": "test", "documents": [{"_id": 1}]})"), 2);
  EXPECT_EQ(number(R"({"count": "c", "$db": "test", "query": {"_id": 1}})", "n"), 2);
  const bson::Document found = run(R"({"find": "c", "$db": "test", "sort": {"t": 1}})");
  EXPECT_EQ(found.get("cursor.firstBatch.0.x").as_int64(), 2) << bson::to_json(found);
  const bson::Document distinct = run(R"({"distinct": "c", "$db": "test", "key": "m"})");
  EXPECT_EQ(bson::to_json(distinct.find("values")), R"(["a","b"])");
  const bson::Document grouped =
      run(R"({"aggregate": "c", "$db": "test", "cursor": {}, "pipeline": [
      {"$match": {"t": {"$gte": {"$date": "2026-01-02T00:00:00Z"}}}},
      {"$group": {"_id": null, "sum": {"$sum": "$x"}}}]})");
  EXPECT_EQ(grouped.get("cursor.firstBatch.0.sum").as_int64(), 4);
  expect_ok(R"({"explain": {"find": "c", "filter": {"t": {"$date": "2026-01-02T00:00:00Z"}}},
                "$db": "test"})");
  expect_ok(R"({"explain": {"update": "c", "updates": [{"q": {"m": "a"}, "u": {"$set": {"m": 1}},
                "multi": true}]}, "$db": "test"})");
  const auto update = [&](std::string_view statement) {
    return written(R"({"update": "c", "$db": "test", "updates": [)" + std::string(statement) +
                   "]}");
  };
  EXPECT_EQ(update(R"({"q": {"m": "a"}, "u": {"$set": {"m": "c"}}, "multi": true})"), 2);
  EXPECT_EQ(update(R"({"q": {"m": "c"}, "u": {"$set": {"m": "d"}}})"), 72);
  EXPECT_EQ(update(R"({"q": {"m": "c"}, "u": {"$set": {"x": 1}}, "multi": true})"), 72);
  EXPECT_EQ(update(R"({"q": {"m": "z"}, "u": {"$set": {"m": 1}}, "multi": true, "upsert": true})"),
            72);
  expect_error(R"({"findAndModify": "c", "$db": "test", "query": {"m": "c"},
                   "update": {"$set": {"m": "d"}}})",
               72);
  EXPECT_EQ(
      written(R"({"delete": "c", "$db": "test", "deletes": [{"q": {"_id": 1}, "limit": 1}]})"), 1);
  EXPECT_EQ(written(R"({"delete": "c", "$db": "test", "deletes": [{"q": {}, "limit": 0}]})"), 2);
}

TEST_F(TimeSeriesCommands, CollModLetsBucketsGrowAndChangesTheLife) {
  expect_ok(
      R"({"create": "c", "$db": "test", "timeseries": {"timeField": "t", "metaField": "m"}})");
  EXPECT_EQ(changed(R"("timeseries": {})"), 0);
  EXPECT_EQ(changed(R"("timeseries": {"granularity": "minutes"}, "expireAfterSeconds": 60)"), 0);
  EXPECT_EQ(changed(R"("timeseries": {"granularity": "seconds"})"), 72);
  EXPECT_EQ(changed(R"("timeseries": {"granularity": "years"})"), 2);
  EXPECT_EQ(changed(R"("timeseries": {"timeField": "x"})"), 40415);
  EXPECT_NE(listed().find(R"("granularity":"minutes","bucketMaxSpanSeconds":86400)"),
            std::string::npos)
      << listed();
  EXPECT_NE(listed().find(R"("expireAfterSeconds":60)"), std::string::npos) << listed();
  EXPECT_EQ(changed(R"("expireAfterSeconds": "on")"), 72);
  EXPECT_EQ(changed(R"("expireAfterSeconds": -1)"), 72);
  EXPECT_EQ(changed(R"("expireAfterSeconds": "off")"), 0);
  EXPECT_EQ(listed().find("expireAfterSeconds"), std::string::npos) << listed();
  EXPECT_EQ(changed(R"("validationLevel": "off")"), 72);
  EXPECT_EQ(changed(R"("viewOn": "x", "pipeline": [])"), 72);
  EXPECT_EQ(changed(R"("index": {"name": "_id_", "hidden": true})"), 27);
  EXPECT_EQ(changed(R"("index": {"name": "m_1_t_1", "prepareUnique": true})"), 72);
  EXPECT_EQ(changed(R"("index": {"name": "m_1_t_1", "hidden": true})"), 0);
  expect_ok(R"({"create": "d", "$db": "test",
                "clusteredIndex": {"key": {"_id": 1}, "unique": true}, "expireAfterSeconds": 60})");
  expect_ok(R"({"collMod": "d", "$db": "test", "expireAfterSeconds": 30})");
  expect_error(R"({"collMod": "d", "$db": "test", "timeseries": {"granularity": "hours"}})", 72);
}

TEST_F(TimeSeriesCommands, AnIndexIsPreparedAndThenMadeUnique) {
  expect_ok(
      R"({"insert": "c", "$db": "test", "documents": [{"_id": 1, "x": 1}, {"_id": 2, "x": 1}]})");
  expect_ok(
      R"({"createIndexes": "c", "$db": "test", "indexes": [{"key": {"x": 1}, "name": "x_1"}]})");
  EXPECT_EQ(index(R"({"keyPattern": {"x": 1}, "unique": true})").find("code").as_int64(), 72);
  const bson::Document prepared = index(R"({"keyPattern": {"x": 1}, "prepareUnique": true})");
  EXPECT_EQ(bson::to_json(prepared.find("prepareUnique_new")), "true") << bson::to_json(prepared);
  EXPECT_EQ(bson::to_json(prepared.find("prepareUnique_old")), "false");
  EXPECT_EQ(written(R"({"insert": "c", "$db": "test", "documents": [{"_id": 3, "x": 1}]})"), 11000);
  const bson::Document refused = index(R"({"keyPattern": {"x": 1}, "unique": true})");
  EXPECT_EQ(refused.find("code").as_int64(), 359);
  EXPECT_EQ(refused.find("codeName").string(), "CannotConvertIndexToUnique");
  EXPECT_EQ(bson::to_json(refused.find("violations")), R"([{"ids":[1,2]}])");
  EXPECT_EQ(index(R"({"name": "x_1", "unique": false})").find("code").as_int64(), 2);
  EXPECT_EQ(
      written(R"({"delete": "c", "$db": "test", "deletes": [{"q": {"_id": 2}, "limit": 1}]})"), 1);
  EXPECT_EQ(changed(R"("index": {"name": "x_1", "unique": true}, "dryRun": true)"), 0);
  EXPECT_EQ(changed(R"("index": {"name": "x_1", "hidden": true}, "dryRun": true)"), 72);
  EXPECT_EQ(changed(R"("index": {"name": "x_1", "unique": true}, "dryRun": true,
                       "validationLevel": "off")"),
            72);
  EXPECT_FALSE(run(R"({"listIndexes": "c", "$db": "test"})").get("cursor.firstBatch.1.unique"));
  EXPECT_TRUE(index(R"({"name": "x_1", "unique": true})").find("unique_new").truthy());
  EXPECT_TRUE(
      run(R"({"listIndexes": "c", "$db": "test"})").get("cursor.firstBatch.1.unique").truthy());
  EXPECT_EQ(written(R"({"insert": "c", "$db": "test", "documents": [{"_id": 3, "x": 1}]})"), 11000);
  expect_ok(R"({"validate": "c", "$db": "test"})");
}

}  // namespace
}  // namespace nacre::server
