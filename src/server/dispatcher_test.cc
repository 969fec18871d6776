#include "server/dispatcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/dispatcher_testing.h"

namespace nacre::server {
namespace {

using namespace testing;  // NOLINT: the steps of these tests

TEST_F(Dispatching, HelloNamesTheAddressTheClientUsed) {
  const bson::Document reply = run(R"({"hello": 1, "$db": "test", "backpressure": "2"})");
  EXPECT_TRUE(reply.find("isWritablePrimary").truthy());
  EXPECT_EQ(reply.find("me").string(), "127.0.0.1:4711");
  EXPECT_EQ(reply.get("hosts.0").string(), "127.0.0.1:4711");
  EXPECT_EQ(reply.find("setName").string(), "nacre");
  EXPECT_EQ(reply.find("maxWireVersion").int32(), 25);
  EXPECT_FALSE(reply.find("topologyVersion"));
  facts_.advertised_address = "db.example:1";
  EXPECT_EQ(run(R"({"hello": 1, "$db": "test"})").find("primary").string(), "db.example:1");
}

TEST_F(Dispatching, TheOldHandshakeIsAnsweredInItsOwnForm) {
  const auto query = [](const bson::Document& body) {
    return framed(2004, "\0\0\0\0admin.$cmd\0\0\0\0\0\xff\xff\xff\xff"s + body.bytes());
  };
  const Answer answer = send(query(json(R"({"ismaster": 1, "helloOk": true})")));
  ASSERT_GT(answer.bytes.size(), 36U);
  const auto* bytes = reinterpret_cast<const std::byte*>(answer.bytes.data());
  EXPECT_EQ(load_le<std::uint32_t>(bytes + 12), 1U);  // OP_REPLY
  const auto body = bson::validate(as_bytes(answer.bytes).subspan(36));
  ASSERT_TRUE(body.has_value());
  EXPECT_TRUE(body->find("ismaster").boolean());
  EXPECT_TRUE(body->find("helloOk").boolean());
  const Answer refused = send(query(json(R"({"find": "c"})")));
  const auto error = bson::validate(as_bytes(refused.bytes).subspan(36));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->find("code").int32(), wire_code::kUnsupportedOpQueryCommand);
}

TEST_F(Dispatching, WhatIsWrongWithACommandHasMongosCode) {
  expect_error(R"({"makeCoffee": 1, "$db": "a"})", 59);
  expect_error(R"({"find": "c", "tea": 1, "$db": "a"})", 40415);
  expect_error(R"({"find": "c", "filter": 7, "$db": "a"})", 14);
  expect_error(R"({"find": 7, "$db": "a"})", 73);
  expect_error(R"({"find": "a$b", "$db": "a"})", 73);
  expect_error(R"({"find": "c", "limit": -1, "$db": "a"})", 2);
  expect_error(R"({"find": "c", "collation": {"locale": "nowhere"}, "$db": "a"})", 2);
  expect_error(R"({"find": "c"})", 40571);
  expect_error(R"({"ping": 1, "$db": "a/b"})", 73);
  expect_error(R"({"ping": 1, "$db": ""})", 73);
  expect_error(R"({"listDatabases": 1, "$db": "a"})", 13);
  expect_error(R"({"insert": "c", "$db": "a"})", 40414);
  expect_error(R"({"insert": "c", "documents": [], "$db": "a"})", 16);
  expect_error(R"({"insert": "c", "documents": [1], "$db": "a"})", 14);
  expect_error(R"({"getMore": 7, "collection": "c", "$db": "a"})", 14);
  expect_error(R"({"getMore": {"$numberLong": "7"}, "collection": "c", "$db": "a"})", 43);
  expect_error(R"({"findAndModify": "c", "$db": "a"})", 9);
  expect_error(R"({"explain": {"insert": "c"}, "$db": "a"})", 59);
  expect_error(R"({"ping": 1, "apiVersion": "2", "$db": "a"})", 322);
  expect_error(R"({"find": "c", "readConcern": {"level": "snapshot"}, "$db": "a"})", 72);
  expect_error(R"({"find": "c", "readConcern": {"afterClusterTime": null}, "$db": "a"})", 14);
  expect_error(
      R"({"find": "c", "readConcern": {"afterClusterTime": {"$timestamp": {"t": 0, "i": 0}}},
                   "$db": "a"})",
      72);
  expect_error(R"({"listIndexes": "none", "$db": "a"})", 26);
}

TEST_F(Dispatching, AnAggregateIsReadAsStrictlyAsMongoDbDoes) {
  expect_error(R"({"aggregate": true, "pipeline": [], "cursor": {}, "$db": "a"})", 73);
  expect_error(R"({"aggregate": 2, "pipeline": [], "cursor": {}, "$db": "a"})", 2);
  expect_error(R"({"aggregate": "c", "pipeline": [], "cursor": null, "$db": "a"})", 14);
  expect_error(
      R"({"aggregate": "c", "pipeline": [], "cursor": {}, "allowDiskUse": null, "$db": "a"})", 14);
  expect_error(R"({"aggregate": "c", "pipeline": [], "cursor": {}, "hint": {"$natural": 2},
                   "$db": "a"})",
               2);
  expect_error(R"({"aggregate": 1, "pipeline": [{"$currentOp": {}}], "cursor": {}, "$db": "admin",
                   "readConcern": {"level": "majority"}})",
               72);
}

// A database that is not there has cursors too.
TEST_F(Dispatching, RowsThatAPipelineMakesItselfComeInBatches) {
  const bson::Document first = run(
      R"({"aggregate": 1.0, "pipeline": [{"$documents": [{"a": 1}, {"a": 2}, {"a": 3}]}],
          "cursor": {"batchSize": {"$numberDecimal": "1.5"}}, "$db": "none"})");
  EXPECT_EQ(first.get("cursor.firstBatch").array().count(), 2U) << bson::to_json(first);
  const std::int64_t id = first.get("cursor.id").as_int64().value_or(0);
  ASSERT_NE(id, 0);
  const bson::Document second = run(R"({"getMore": {"$numberLong": ")" + std::to_string(id) +
                                    R"("}, "collection": "$cmd.aggregate", "$db": "none"})");
  EXPECT_EQ(second.get("cursor.nextBatch").array().count(), 1U) << bson::to_json(second);
}

TEST_F(Dispatching, ExplainNamesTheShapeAndTheLimits) {
  const bson::Document plan =
      run(R"({"aggregate": "c", "pipeline": [{"$match": {"a": 1}}], "explain": true, "$db": "a"})");
  EXPECT_EQ(plan.find("queryShapeHash").string().size(), 64U) << bson::to_json(plan);
  EXPECT_TRUE(plan.get("serverParameters.internalDocumentSourceGroupMaxMemoryBytes").is_number());
}

TEST_F(Dispatching, EveryReplyTellsATimeThatNeverGoesBack) {
  bson::Timestamp last;
  for (const char* text : {R"({"ping": 1, "$db": "a"})", R"({"nothing": 1, "$db": "a"})",
                           R"({"insert": "c", "documents": [{}], "$db": "a"})"}) {
    const bson::Document reply = run(text);
    const bson::Timestamp now = reply.find("operationTime").timestamp();
    EXPECT_GE(now, last);
    EXPECT_EQ(reply.get("$clusterTime.clusterTime").timestamp(), now);
    last = now;
  }
}

TEST_F(Dispatching, DocumentsComeInTheCommandOrBesideIt) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}], "$db": "a"})");
  const std::string beside =
      op_msg(json(R"({"insert": "c", "$db": "a"})"), 0,
             documents_section("documents", {json(R"({"_id": 2})"), json(R"({"_id": 3})")}));
  EXPECT_EQ(reply_to(beside).find("n").as_int64(), 2);
  const std::string twice = op_msg(json(R"({"insert": "c", "documents": [{}], "$db": "a"})"), 0,
                                   documents_section("documents", {json("{}")}));
  EXPECT_EQ(reply_to(twice).find("code").as_int64(), wire_code::kFailedToParse);
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 3);
}

TEST_F(Dispatching, MoreToComeIsCarriedOutInSilence) {
  const auto insert = json(R"({"insert": "c", "documents": [{"_id": 1}], "$db": "a",
                               "writeConcern": {"w": 0}})");
  const Answer answer = send(op_msg(insert, /*flags=*/2));
  EXPECT_TRUE(answer.bytes.empty());
  EXPECT_FALSE(answer.close);
  EXPECT_TRUE(send(op_msg(json(R"({"nothing": 1})"), 2)).bytes.empty());
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 1);
}

TEST_F(Dispatching, ARepeatedWriteIsAnsweredButNotCarriedOut) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1, "n": 0}], "$db": "a"})");
  constexpr std::string_view kIncrement =
      R"({"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"n": 1}}}], "$db": "a",
          "txnNumber": {"$numberLong": "4"},
          "lsid": {"id": {"$uuid": "00112233-4455-6677-8899-aabbccddeeff"}}})";
  EXPECT_EQ(number(kIncrement, "nModified"), 1);
  EXPECT_EQ(number(kIncrement, "nModified"), 1);
  EXPECT_EQ(number(R"({"find": "c", "$db": "a"})", "cursor.firstBatch.0.n"), 1);
}

// The fields that make a command part of transaction `number` of one of two
// sessions.
std::string in_transaction(int number, bool starts, char session = 'a') {
  return R"(, "$db": "a", "autocommit": false, "txnNumber": {"$numberLong": ")" +
         std::to_string(number) + R"("}, "lsid": {"id": {"$uuid": "00112233-4455-6677-8899-)" +
         std::string(12, session) + "\"}}" + (starts ? R"(, "startTransaction": true})" : "}");
}

std::string ends(const std::string& command, int number, char session = 'a') {
  std::string text = "{\"" + command + "\": 1" + in_transaction(number, false, session);
  text.replace(text.find(R"("$db": "a")"), 10, R"("$db": "admin")");
  return text;
}

TEST_F(Dispatching, ATransactionIsSeenByOthersAfterItsCommitAndNotBefore) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}])" + in_transaction(1, true));
  expect_ok(R"({"insert": "d", "documents": [{"_id": 1}])" + in_transaction(1, false));
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 0);
  const bson::Document own = run(R"({"find": "c")" + in_transaction(1, false));
  EXPECT_EQ(own.get("cursor.firstBatch").array().count(), 1U);
  expect_ok(ends("commitTransaction", 1));
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 1);
  EXPECT_EQ(number(R"({"count": "d", "$db": "a"})", "n"), 1);
  expect_ok(ends("commitTransaction", 1));  // the answer may have been lost
  expect_error(R"({"find": "c")" + in_transaction(1, false), wire_code::kTransactionCommitted);
  expect_error(ends("abortTransaction", 1), wire_code::kTransactionCommitted);
}

TEST_F(Dispatching, AnAbortedTransactionLeavesNothing) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}])" + in_transaction(1, true));
  expect_ok(ends("abortTransaction", 1));
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 0);
  expect_error(ends("commitTransaction", 1), wire_code::kNoSuchTransaction);
  expect_error(R"({"find": "c")" + in_transaction(2, false), wire_code::kNoSuchTransaction);
  // One that the same session leaves behind is aborted by its next.
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}])" + in_transaction(3, true));
  expect_ok(R"({"insert": "c", "documents": [{"_id": 2}])" + in_transaction(4, true));
  expect_ok(ends("commitTransaction", 4));
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 1);
  expect_error(ends("commitTransaction", 3), wire_code::kTransactionTooOld);
}

TEST_F(Dispatching, OfTwoTransactionsThatWriteOneDocumentTheSecondIsToldToTryAgain) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1, "n": 0}], "$db": "a"})");
  const std::string increment = R"({"update": "c", "updates": [{"q": {"_id": 1},
                                   "u": {"$inc": {"n": 1}}}])";
  expect_ok(increment + in_transaction(1, true, 'a'));
  expect_ok(increment + in_transaction(1, true, 'b'));
  expect_ok(ends("commitTransaction", 1, 'a'));
  const bson::Document lost = run(ends("commitTransaction", 1, 'b'));
  EXPECT_EQ(lost.find("code").as_int64(), wire_code::kWriteConflict);
  EXPECT_EQ(lost.get("errorLabels.0").string(), "TransientTransactionError");
  expect_ok(increment + in_transaction(2, true, 'b'));
  expect_ok(ends("commitTransaction", 2, 'b'));
  EXPECT_EQ(number(R"({"find": "c", "$db": "a"})", "cursor.firstBatch.0.n"), 2);
}

TEST_F(Dispatching, AnErrorEndsItsTransaction) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}])" + in_transaction(1, true));
  expect_error(R"({"find": "c", "filter": {"$nonsense": 1})" + in_transaction(1, false), 2);
  expect_error(ends("commitTransaction", 1), wire_code::kNoSuchTransaction);
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}])" + in_transaction(2, true));
  const bson::Document twice =
      run(R"({"insert": "c", "documents": [{"_id": 1}])" + in_transaction(2, false));
  EXPECT_EQ(twice.get("writeErrors.0.code").as_int64(), 11000);
  expect_error(ends("commitTransaction", 2), wire_code::kNoSuchTransaction);
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 0);
  EXPECT_EQ(transactions_.open_count(), 0U);
}

TEST_F(Dispatching, CursorsOfATransactionAreUsedAndEndWithIt) {
  expect_ok(R"({"insert": "c", "documents": [{}, {}, {}], "$db": "a"})");
  const bson::Document first = run(R"({"find": "c", "batchSize": 1)" + in_transaction(1, true));
  const std::string more = R"({"getMore": {"$numberLong": ")" +
                           std::to_string(first.get("cursor.id").int64()) +
                           R"("}, "collection": "c", "batchSize": 1)";
  expect_error(more + R"(, "$db": "a"})", wire_code::kCursorOfOtherTransaction);
  expect_ok(more + in_transaction(1, false));
  EXPECT_EQ(cursors_.open_count(), 1U);
  expect_ok(ends("commitTransaction", 1));
  EXPECT_EQ(cursors_.open_count(), 0U);
  expect_ok(R"({"find": "c", "batchSize": 1)" + in_transaction(2, true));
  EXPECT_EQ(cursors_.open_count(), 1U);
  EXPECT_EQ(transactions_.abort_idle(std::chrono::steady_clock::now() + 2 * kTransactionIdleMax),
            1U);
  EXPECT_EQ(cursors_.open_count(), 0U);
}

TEST_F(Dispatching, WhatATransactionCannotDoIsRefused) {
  expect_error(R"({"count": "c")" + in_transaction(1, true), 263);
  expect_error(R"({"create": "c")" + in_transaction(1, true), 263);
  expect_ok(R"({"find": "c")" + in_transaction(2, true));
  expect_error(R"({"find": "c")" + in_transaction(2, true),
               wire_code::kConflictingOperationInProgress);
  std::string elsewhere = R"({"find": "c")" + in_transaction(2, false);
  elsewhere.replace(elsewhere.find(R"("$db": "a")"), 10, R"("$db": "b")");
  expect_error(elsewhere, 263);
  expect_error(R"({"find": "c", "autocommit": true, "$db": "a"})", 72);
  expect_error(R"({"find": "c", "autocommit": false, "startTransaction": true, "$db": "a"})", 72);
  expect_error(R"({"commitTransaction": 1, "$db": "admin"})", 72);
  // Dropping its database ends a transaction; it does not wait for it.
  expect_ok(R"({"dropDatabase": 1, "$db": "a"})");
  expect_error(ends("commitTransaction", 2), wire_code::kNoSuchTransaction);
}

TEST_F(Dispatching, AWriteConcernNobodyCanMeetIsReported) {
  const bson::Document reply = run(R"({"insert": "c", "documents": [{}], "$db": "a",
                                      "writeConcern": {"w": 3}})");
  EXPECT_TRUE(reply.find("ok").truthy());
  EXPECT_EQ(reply.find("n").as_int64(), 1);
  EXPECT_EQ(reply.get("writeConcernError.code").as_int64(), 100);
}

TEST_F(Dispatching, WriteErrorsNameTheStatementAndTheKey) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}], "$db": "a"})");
  const bson::Document ordered =
      run(R"({"insert": "c", "documents": [{"_id": 2}, {"_id": 1}, {"_id": 3}], "$db": "a"})");
  EXPECT_EQ(ordered.find("n").as_int64(), 1);
  EXPECT_EQ(ordered.get("writeErrors.0.index").as_int64(), 1);
  EXPECT_EQ(ordered.get("writeErrors.0.code").as_int64(), 11000);
  EXPECT_EQ(ordered.get("writeErrors.0.keyPattern._id").as_int64(), 1);
  EXPECT_EQ(ordered.get("writeErrors.0.keyValue._id").as_int64(), 1);
  EXPECT_TRUE(
      ordered.get("writeErrors.0.errmsg")
          .string()
          .starts_with(
              "E11000 duplicate key error collection: a.c index: _id_ dup key: { _id: 1 }"));
  const bson::Document rest = run(
      R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 4}], "ordered": false, "$db": "a"})");
  EXPECT_EQ(rest.find("n").as_int64(), 1);
}

TEST_F(Dispatching, AllStatementsAreReadBeforeTheFirstIsCarriedOut) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1}], "$db": "a"})");
  const bson::Document mixed = run(
      R"({"delete": "c", "deletes": [{"q": {}, "limit": 0}, {"q": {}, "limit": 7}],
          "ordered": false, "$db": "a"})");
  EXPECT_EQ(mixed.find("code").as_int64(), wire_code::kFailedToParse);
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 1);
}

TEST_F(Dispatching, CursorsGoOnWhereTheyStoppedAndEndWithTheirCollection) {
  std::string insert = R"({"insert": "c", "$db": "a", "documents": [)";
  for (int i = 0; i < 250; ++i) insert += (i == 0 ? "{}" : ", {}");
  expect_ok(insert + "]}");
  bson::Document first = run(R"({"find": "c", "$db": "a"})");
  EXPECT_EQ(first.get("cursor.firstBatch").array().count(), 101U);
  const std::string id = std::to_string(first.get("cursor.id").int64());
  const std::string more =
      R"({"getMore": {"$numberLong": ")" + id + R"("}, "collection": "c", "$db": "a")";
  EXPECT_EQ(run(more + R"(, "batchSize": 100})").get("cursor.nextBatch").array().count(), 100U);
  const bson::Document last = run(more + "}");
  EXPECT_EQ(last.get("cursor.nextBatch").array().count(), 49U);
  EXPECT_EQ(last.get("cursor.id").int64(), 0);
  expect_error(more + "}", 43);
  EXPECT_EQ(run(R"({"find": "c", "batchSize": 10, "singleBatch": true, "$db": "a"})")
                .get("cursor.id")
                .int64(),
            0);
  EXPECT_EQ(
      run(R"({"find": "c", "limit": 10, "batchSize": 10, "$db": "a"})").get("cursor.id").int64(),
      0);

  first = run(R"({"find": "c", "batchSize": 0, "$db": "a"})");
  EXPECT_NE(first.get("cursor.id").int64(), 0);
  EXPECT_EQ(cursors_.open_count(), 1U);
  expect_ok(R"({"drop": "c", "$db": "a"})");
  EXPECT_EQ(cursors_.open_count(), 0U);
}

TEST_F(Dispatching, FindAndModifyGivesTheOldOrTheNewDocument) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1, "n": 1}, {"_id": 2, "n": 2}],
               "$db": "a"})");
  const bson::Document old = run(R"({"findAndModify": "c", "sort": {"n": -1},
                                    "update": {"$inc": {"n": 10}}, "$db": "a"})");
  EXPECT_EQ(bson::to_json(old.find("value")), bson::to_json(json(R"({"_id": 2, "n": 2})").view()));
  EXPECT_TRUE(old.get("lastErrorObject.updatedExisting").boolean());
  const bson::Document made = run(R"({"findAndModify": "c", "query": {"_id": 9}, "new": true,
                                     "upsert": true, "update": {"$set": {"n": 9}}, "$db": "a"})");
  EXPECT_EQ(made.get("value.n").as_int64(), 9);
  EXPECT_EQ(made.get("lastErrorObject.upserted").as_int64(), 9);
  const bson::Document removed = run(R"({"findAndModify": "c", "query": {"_id": 9},
                                        "remove": true, "fields": {"_id": 0}, "$db": "a"})");
  EXPECT_EQ(removed.get("value.n").as_int64(), 9);
  EXPECT_FALSE(removed.get("value._id"));
  EXPECT_TRUE(run(R"({"findAndModify": "c", "query": {"_id": 9}, "remove": true, "$db": "a"})")
                  .find("value")
                  .is(bson::Type::kNull));
  EXPECT_EQ(number(R"({"count": "c", "$db": "a"})", "n"), 2);
}

TEST_F(Dispatching, AnUpdateMayNameItsDocumentByAnOrder) {
  expect_ok(R"({"insert": "c", "documents": [{"_id": 1, "n": 1}, {"_id": 2, "n": 2}],
               "$db": "a"})");
  expect_ok(R"({"update": "c", "updates": [{"q": {}, "u": {"$set": {"last": true}},
               "sort": {"n": -1}}], "$db": "a"})");
  EXPECT_EQ(
      number(R"({"find": "c", "filter": {"last": true}, "$db": "a"})", "cursor.firstBatch.0._id"),
      2);
  const bson::Document both = run(R"({"update": "c", "updates": [{"q": {}, "multi": true,
                                     "u": {"$set": {"x": 1}}, "sort": {"n": 1}}], "$db": "a"})");
  EXPECT_EQ(both.find("code").as_int64(), wire_code::kFailedToParse);
}

TEST_F(Dispatching, QuestionsAboutADatabaseThatIsNotThereDoNotMakeIt) {
  expect_ok(R"({"find": "c", "$db": "none"})");
  expect_ok(R"({"count": "c", "$db": "none"})");
  expect_ok(R"({"aggregate": "c", "pipeline": [], "cursor": {}, "$db": "none"})");
  expect_ok(R"({"listCollections": 1, "$db": "none"})");
  expect_ok(R"({"explain": {"find": "c"}, "$db": "none"})");
  expect_ok(R"({"dbStats": 1, "$db": "none"})");
  expect_ok(R"({"dropDatabase": 1, "$db": "none"})");
  EXPECT_TRUE(databases_->names()->empty());
}

// Commands as bare as can be: each is answered, by an error if need be, in every spelling.
TEST_F(Dispatching, EveryCommandOfTheTableAnswers) {
  for (const Command& command : command_table()) {
    for (const char* argument : {"1", "\"c\"", "{}", "[]", "null"}) {
      const std::string text =
          "{\"" + std::string(command.name) + "\": " + argument + ", \"$db\": \"admin\"}";
      const bson::Document reply = run(text);
      EXPECT_TRUE(reply.find("ok").is_number()) << text;
      EXPECT_TRUE(reply.find("ok").truthy() || reply.find("code")) << text;
    }
  }
}

TEST_F(Dispatching, NoFlippedBitOfACommandDoesHarm) {
  const std::string whole =
      op_msg(json(R"({"insert": "c", "ordered": false, "$db": "a", "lsid": {"id": {"$uuid":
           "00112233-4455-6677-8899-aabbccddeeff"}}, "txnNumber": {"$numberLong": "1"}})"),
             0, documents_section("documents", {json(R"({"x": [1, {"y": "z"}]})")}));
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const Answer answer = send(flipped);
    EXPECT_TRUE(answer.bytes.empty() || decode_message(as_bytes(answer.bytes)).has_value());
  }
  EXPECT_TRUE(run(R"({"ping": 1, "$db": "a"})").find("ok").truthy());
}

TEST(CommandTable, IsSortedSoThatNamesAreFound) {
  EXPECT_TRUE(std::ranges::is_sorted(command_table(), {}, &Command::name));
  for (const Command& command : command_table()) EXPECT_EQ(find_command(command.name), &command);
  EXPECT_EQ(find_command("Find"), nullptr);
  EXPECT_EQ(find_command(""), nullptr);
}

TEST(WireError, CodesHaveMongosNamesAndOthersTheirLocation) {
  EXPECT_EQ(code_name(11000), "DuplicateKey");
  EXPECT_EQ(code_name(43), "CursorNotFound");
  EXPECT_EQ(code_name(40324), "Location40324");
  EXPECT_EQ(wire_code_of(Error(Code::kUnsupported, "x")), wire_code::kCommandNotSupported);
  EXPECT_EQ(wire_code_of(Error(Code::kInvalid, "x").with_number(66)), 66);
}

}  // namespace
}  // namespace nacre::server
