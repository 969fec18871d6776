// What commands refuse before they look at anything, with the codes that clients expect.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/dispatcher_testing.h"

namespace nacre::server {
namespace {

using namespace testing;  // NOLINT: the steps of these tests

using Cases = std::vector<std::pair<std::string_view, std::int32_t>>;

constexpr std::string_view kSession = R"("lsid": {"id": {"$uuid":
    "00112233-4455-6677-8899-aabbccddeeff"}})";

TEST_F(Dispatching, ASessionIsNamedByAnIdOfSixteenBytes) {
  const Cases cases = {
      {"1", 14},
      {"{}", 40414},
      {R"({"id": 1})", 14},
      {R"({"id": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "00"}}})", 14},
      {R"({"id": {"$binary": {"base64": "AAEC", "subType": "04"}}})", 207},
      {R"({"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}, "other": 1})", 40415},
      {R"({"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}, "uid": 1})", 14},
      {R"({"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"},
          "uid": {"$binary": {"base64": "AAEC", "subType": "00"}}})",
       12}};
  for (const auto& [session, code] : cases) {
    expect_error(R"({"ping": 1, "$db": "a", "lsid": )" + std::string(session) + "}", code);
  }
  expect_ok(R"({"ping": 1, "$db": "a", "lsid": null})");
  expect_ok(R"({"ping": 1, "$db": "a", )" + std::string(kSession) + "}");
}

TEST_F(Dispatching, NumbersOfTransactionsAreLongAndBelongToWrites) {
  const std::string insert =
      R"({"insert": "c", "documents": [{}], "$db": "a", )" + std::string(kSession);
  expect_error(insert + R"(, "txnNumber": 1})", 14);
  expect_error(insert + R"(, "txnNumber": {"$numberLong": "-1"}})", 72);
  expect_error(insert + R"(, "txnNumber": {"$numberLong": "1"}, "autocommit": 0})", 14);
  expect_ok(insert + R"(, "txnNumber": {"$numberLong": "1"}})");
  expect_error(R"({"find": "c", "$db": "a", )" + std::string(kSession) +
                   R"(, "txnNumber": {"$numberLong": "2"}})",
               50768);
}

TEST_F(Dispatching, ListsOfSessionsAreReadBeforeAnyIsEnded) {
  for (const char* command : {"endSessions", "refreshSessions", "killSessions"}) {
    const auto ask = [&](const char* sessions) {
      return R"({")" + std::string(command) + R"(": )" + sessions + R"(, "$db": "a"})";
    };
    expect_error(ask("1"), 14);
    expect_error(ask("[1]"), 14);
    expect_error(ask("[{}]"), 40414);
    expect_ok(ask("[]"));
    expect_ok(ask(R"([{"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}}])"));
  }
  expect_error(R"({"killAllSessions": [{"user": "x"}], "$db": "a"})", 40414);
  expect_ok(R"({"killAllSessions": [{"user": "x", "db": "a"}], "$db": "a"})");
  expect_error(R"({"killAllSessionsByPattern": [{"lsid": 1}], "$db": "a"})", 14);
  expect_ok(R"({"killAllSessionsByPattern": [], "$db": "a"})");
}

TEST_F(Dispatching, CreateTellsApartWhatIsWrongWithItsOptions) {
  const Cases cases = {
      {R"("capped": "x")", 14},
      {R"("temp": true)", 72},
      {R"("storageEngine": 1)", 14},
      {R"("storageEngine": {"wiredTiger": 1})", 2},
      {R"("storageEngine": {"other": {}})", 72},
      {R"("indexOptionDefaults": {"x": 1})", 40415},
      {R"("changeStreamPreAndPostImages": {})", 40414},
      {R"("changeStreamPreAndPostImages": {"enabled": "x"})", 14},
      {R"("collation": {})", 40414},
      {R"("expireAfterSeconds": 5)", 72},
      {R"("timeseries": {})", 40414},
      {R"("timeseries": {"timeField": "t", "metaField": "t"})", 72},
      {R"("timeseries": {"timeField": "t.x"})", 72},
      {R"("timeseries": {"timeField": "t", "metaField": "_id"})", 72},
      {R"("timeseries": {"timeField": "t", "granularity": "years"})", 2},
      {R"("timeseries": {"timeField": "t", "bucketMaxSpanSeconds": 10})", 72},
      {R"("timeseries": {"timeField": "t"}, "capped": true, "size": 9)", 72},
      {R"("timeseries": {"timeField": "t"}, "clusteredIndex": true)", 72},
      {R"("timeseries": {"timeField": "t"}, "validator": {})", 72},
      {R"("timeseries": {"timeField": "t"}, "viewOn": "x")", 72},
      {R"("timeseries": {"timeField": "t"}, "expireAfterSeconds": -1)", 72},
      {R"("timeseries": {"timeField": "t"}, "expireAfterSeconds": "x")", 14},
      {R"("encryptedFields": {"fields": []}, "capped": true, "size": 9)", 6367301},
      {R"("validator": {"$text": {"$search": "x"}})", 2},
      {R"("validator": {"a": {"$near": [0, 0]}})", 2},
      {R"("viewOn": "x", "pipeline": [1])", 14},
      {R"("viewOn": "x", "pipeline": [{"$nothing": 1}])", 40324},
      {R"("viewOn": "x", "idIndex": {"key": {"_id": 1}, "name": "_id_"})", 72},
      {R"("idIndex": {"key": {"a": 1}, "name": "_id_"})", 2},
      {R"("idIndex": {"key": {"_id": 1}, "name": "_id_", "sparse": true})", 197},
      {R"("clusteredIndex": 1)", 14},
      {R"("clusteredIndex": true)", 5979703},
      {R"("clusteredIndex": {"key": {"_id": 1}})", 40414},
      {R"("clusteredIndex": {"key": {"_id": 1}, "unique": false})", 5979700},
      {R"("clusteredIndex": {"key": {"a": 1}, "unique": true})", 197},
      {R"("clusteredIndex": {"key": {"_id": 1}, "unique": true, "v": 1})", 5979704},
      {R"("clusteredIndex": {"key": {"_id": 1}, "unique": true}, "max": 5)", 6049204},
      {R"("clusteredIndex": {"key": {"_id": 1}, "unique": true}, "size": 5)", 6049200},
      {R"("clusteredIndex": {"key": {"_id": 1}, "unique": true}, "viewOn": "x")", 6026500}};
  for (const auto& [options, code] : cases) {
    expect_error(R"({"create": "c", "$db": "a", )" + std::string(options) + "}", code);
  }
  expect_ok(R"({"create": "c", "$db": "a", "autoIndexId": true, "size": null,
                "storageEngine": {"wiredTiger": {"configString": ""}},
                "changeStreamPreAndPostImages": {"enabled": true}})");
  const bson::Document listed = run(R"({"listCollections": 1, "$db": "a"})");
  EXPECT_TRUE(
      listed.get("cursor.firstBatch.0.options.changeStreamPreAndPostImages.enabled").truthy())
      << bson::to_json(listed);
}

TEST_F(Dispatching, CollModChecksTypesAndTheSizeOfCappedCollections) {
  expect_ok(R"({"create": "c", "$db": "a", "capped": true, "size": 1000})");
  expect_error(R"({"collMod": "c", "$db": "a", "cappedSize": "x"})", 14);
  expect_error(R"({"collMod": "c", "$db": "a", "cappedSize": 0})", 2);
  expect_error(R"({"collMod": "c", "$db": "a", "cappedMax": 2147483648})", 2);
  expect_error(R"({"collMod": "c", "$db": "a", "expireAfterSeconds": 1})", 72);
  expect_error(R"({"collMod": "c", "$db": "a", "validationLevel": 1})", 14);
  expect_ok(R"({"collMod": "c", "$db": "a", "cappedSize": 2000, "cappedMax": 7})");
  const bson::Document listed = run(R"({"listCollections": 1, "$db": "a"})");
  EXPECT_EQ(listed.get("cursor.firstBatch.0.options.size").as_int64(), 2000);
  EXPECT_EQ(listed.get("cursor.firstBatch.0.options.max").as_int64(), 7);
}

TEST_F(Dispatching, IndexSpecificationsAreRefusedByTheirCodes) {
  const Cases cases = {{R"([{"key": {"a": 1}, "name": "*"}])", 2},
                       {R"([{"key": {"a": 1}, "name": "a", "v": 2.5}])", 2},
                       {R"([{"key": {"a": "text"}, "name": "a", "textIndexVersion": "3"}])", 14},
                       {R"([{"key": {"a": "text"}, "name": "a", "textIndexVersion": 4}])", 67},
                       {R"([{"key": {"a": 1}, "name": "a", "storageEngine": 1}])", 14},
                       {R"([{"key": {"$**": 1, "b.$**": 1}, "name": "a"}])", 7246201},
                       {R"([{"key": {"$**": 1, "b": "hashed"}, "name": "a"}])", 67},
                       {R"([{"key": {"$**": 1, "b": 1}, "name": "a"}])", 67},
                       {R"([{"key": {"a.$**": 1, "a.b": 1}, "name": "a"}])", 7246204},
                       {R"([{"key": {"a": 1}, "name": "a"}, {"key": {"a": 1}, "name": "a"}])", 68},
                       {R"([{"key": {"a": 1}, "name": "a", "unknown": 1}])", 197}};
  for (const auto& [indexes, code] : cases) {
    expect_error(R"({"createIndexes": "c", "$db": "a", "indexes": )" + std::string(indexes) + "}",
                 code);
  }
  std::string fields;
  for (int i = 0; i < 33; ++i) fields += (i == 0 ? "\"f" : ", \"f") + std::to_string(i) + "\": 1";
  expect_error(
      R"({"createIndexes": "c", "$db": "a", "indexes": [{"name": "a", "key": {)" + fields + "}}]}",
      13103);
  expect_error(R"({"createIndexes": "c", "$db": "a", "indexes": [{"name": "a", "key": {")" +
                   std::string(2100, 'x') + R"(": 1}}]})",
               67);
  expect_ok(R"({"createIndexes": "c", "$db": "a", "ignoreUnknownIndexOptions": true,
                "indexes": [{"key": {"a": 1}, "name": "a", "unknown": 1}]})");
}

TEST_F(Dispatching, DroppedIndexesAreThoseThatAreNamed) {
  expect_ok(R"({"createIndexes": "c", "$db": "a", "indexes": [{"key": {"a": 1}, "name": "a"},
                {"key": {"b": 1}, "name": "b"}]})");
  expect_error(R"({"dropIndexes": "c", "$db": "a"})", 40414);
  expect_error(R"({"dropIndexes": "c", "$db": "a", "index": {}})", 27);
  expect_error(R"({"dropIndexes": "c", "$db": "a", "index": ["*"]})", 27);
  expect_error(R"({"dropIndexes": "c", "$db": "a", "index": ["a", "no"]})", 27);
  EXPECT_EQ(number(R"({"dropIndexes": "c", "$db": "a", "index": ["a", "b"]})", "nIndexesWas"), 3);
  expect_error(R"({"reIndex": "c", "$db": "a"})", 20);
}

TEST_F(Dispatching, DatabasesAreToldApartByMoreThanTheCaseOfTheirLetters) {
  expect_ok(R"({"insert": "c", "documents": [{}], "$db": "orders"})");
  expect_error(R"({"insert": "c", "documents": [{}], "$db": "Orders"})", 13297);
  expect_error(R"({"dropDatabase": 2, "$db": "orders"})", 5255100);
  expect_error(R"({"dropDatabase": 1, "$db": "admin"})", 20);
  expect_ok(R"({"dropDatabase": 1, "$db": "orders"})");
  expect_ok(R"({"insert": "c", "documents": [{}], "$db": "Orders"})");
}

TEST_F(Dispatching, WhatAdministratorsAskIsAnswered) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}], "$db": "a"})");
  EXPECT_EQ(number(R"({"dataSize": "a.c", "$db": "a"})", "numObjects"), 2);
  expect_error(R"({"dataSize": 1, "$db": "a"})", 14);
  expect_ok(R"({"connPoolStats": 1, "$db": "admin"})");
  expect_ok(R"({"lockInfo": 1, "$db": "admin"})");
  expect_ok(R"({"getDefaultRWConcern": 1, "$db": "admin"})");
  expect_ok(R"({"profile": -1, "$db": "a"})");
  expect_error(R"({"profile": 2, "$db": "a"})", 115);
  expect_error(R"({"setFeatureCompatibilityVersion": "8.0", "$db": "admin"})", 7369100);
  expect_error(R"({"setFeatureCompatibilityVersion": "4.0", "$db": "admin"})", 4926900);
  expect_ok(R"({"setFeatureCompatibilityVersion": "8.0", "confirm": true, "$db": "admin"})");
  expect_error(R"({"killOp": 1, "$db": "admin"})", 4);
  expect_error(R"({"killOp": 1, "op": 4294967296, "$db": "admin"})", 26823);
  const bson::Document catalog = run(R"({"aggregate": 1, "$db": "a", "cursor": {},
      "pipeline": [{"$listClusterCatalog": {}}]})");
  EXPECT_EQ(catalog.get("cursor.firstBatch.0.ns").string(), "a.c") << bson::to_json(catalog);
  expect_error(R"({"aggregate": "c", "$db": "a", "cursor": {},
                   "pipeline": [{"$listClusterCatalog": {}}]})",
               9621301);
}

TEST_F(Dispatching, FindAndModifyByIdLooksAtNoOrder) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}], "$db": "a"})");
  expect_ok(R"({"findAndModify": "c", "$db": "a", "query": {"_id": 1}, "sort": {"x": "none"},
                "update": {"$set": {"y": 1}}})");
  expect_error(R"({"findAndModify": "c", "$db": "a", "query": {"y": 1}, "sort": {"x": "none"},
                   "update": {"$set": {"y": 1}}})",
               15974);
}

}  // namespace
}  // namespace nacre::server
