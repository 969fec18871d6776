// What dbStats, collStats and validate tell, and the commands that look after files.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "bson/json.h"
#include "server/dispatcher_testing.h"

namespace nacre::server {
namespace {

using namespace testing;  // NOLINT: the steps of these tests

class Statistics : public Dispatching {
 protected:
  void SetUp() override {
    Dispatching::SetUp();
    expect_ok(R"({"insert": "c", "$db": "test", "documents": [{"_id": 1, "a": 5}, {"_id": 2}]})");
    expect_ok(R"({"createIndexes": "c", "$db": "test",
                  "indexes": [{"key": {"a": 1}, "name": "a"}]})");
    expect_ok(R"({"create": "v", "$db": "test", "viewOn": "c", "pipeline": []})");
  }
};

TEST_F(Statistics, OfADatabaseCountViewsApart) {
  const bson::Document stats = run(R"({"dbStats": 1, "$db": "test"})");
  EXPECT_EQ(stats.find("views").as_int64(), 1) << bson::to_json(stats);
  EXPECT_EQ(stats.find("collections").as_int64(), 1);
  EXPECT_EQ(stats.find("objects").as_int64(), 2);
  EXPECT_EQ(stats.find("indexes").as_int64(), 2);
  EXPECT_GT(stats.find("indexSize").as_int64(), 0);
  expect_error(R"({"dbStats": 1, "$db": "test", "scale": 0})", 2);
}

TEST_F(Statistics, OfACollectionTellTheSizeOfEachIndex) {
  const bson::Document stats = run(R"({"collStats": "c", "$db": "test"})");
  EXPECT_EQ(stats.find("count").as_int64(), 2) << bson::to_json(stats);
  EXPECT_EQ(stats.find("nindexes").as_int64(), 2);
  EXPECT_GT(stats.get("indexSizes._id_").as_int64(), 0);
  EXPECT_GT(stats.get("indexSizes.a").as_int64(), 0);
  EXPECT_EQ(number(R"({"collStats": "c", "$db": "test", "scale": 1000000})", "size"), 0);
  EXPECT_EQ(number(R"({"collStats": "none", "$db": "test"})", "nindexes"), 0);
  const bson::Document row = run(R"({"aggregate": "c", "$db": "test", "cursor": {},
                                     "pipeline": [{"$collStats": {"storageStats": {}}}]})");
  EXPECT_EQ(row.get("cursor.firstBatch.0.storageStats.indexSizes.a").as_int64(),
            stats.get("indexSizes.a").as_int64())
      << bson::to_json(row);
  expect_error(R"({"collStats": "c", "$db": "test", "scale": 0})", 2);
  expect_error(R"({"collStats": "v", "$db": "test"})", 166);
}

// 21 bytes of {_id: 1, a: 5} and 14 of {_id: 2}: what md5sum says of them.
TEST_F(Statistics, DbHashTellsDatabasesOfTheSameDocumentsApartFromOthers) {
  const bson::Document hashed = run(R"({"dbHash": 1, "$db": "test"})");
  const std::string of_c(hashed.get("collections.c").string());
  EXPECT_EQ(of_c, "86966b74902d75ca8c83d3c0cd482353") << bson::to_json(hashed);
  EXPECT_EQ(hashed.find("collections").document().count(), 1U) << "views hold none";
  EXPECT_EQ(hashed.get("uuids.c").binary().bytes.size(), 16U);
  EXPECT_TRUE(hashed.find("host").is(bson::Type::kString));
  EXPECT_TRUE(hashed.find("timeMillis").is_number());
  // The same documents in another order of inserts, in a capped collection and elsewhere.
  expect_ok(R"({"create": "c", "$db": "other", "capped": true, "size": 4096})");
  expect_ok(R"({"insert": "c", "$db": "other", "documents": [{"_id": 2}, {"_id": 1, "a": 5}]})");
  const bson::Document other = run(R"({"dbhash": 1, "$db": "other"})");
  EXPECT_EQ(other.get("collections.c").string(), of_c);
  EXPECT_EQ(other.get("capped.0").string(), "c") << bson::to_json(other);
  EXPECT_EQ(other.find("md5").string(), hashed.find("md5").string());
  expect_ok(R"({"insert": "d", "$db": "other", "documents": [{"_id": 1}]})");
  const bson::Document more = run(R"({"dbHash": 1, "$db": "other"})");
  EXPECT_NE(more.find("md5").string(), other.find("md5").string());
  const bson::Document one = run(R"({"dbHash": 1, "collections": ["c", "x"], "$db": "other"})");
  EXPECT_EQ(one.find("collections").document().count(), 1U) << bson::to_json(one);
  EXPECT_EQ(one.find("md5").string(), other.find("md5").string());
  expect_error(R"({"dbHash": 1, "collections": [1], "$db": "other"})", 2);
  EXPECT_EQ(run(R"({"dbHash": 1, "$db": "none"})").find("md5").string(),
            "d41d8cd98f00b204e9800998ecf8427e");
}

TEST_F(Statistics, TopCountsTheCommandsOfEachCollection) {
  for (int i = 0; i < 3; ++i) expect_ok(R"({"find": "c", "$db": "test"})");
  expect_ok(R"({"count": "c", "$db": "test"})");
  expect_ok(R"({"find": "none", "$db": "test"})");
  expect_error(R"({"find": "c", "limit": "x", "$db": "test"})", 14);
  const bson::Document top = run(R"({"top": 1, "$db": "admin"})");
  const bson::View totals = top.find("totals").document();
  EXPECT_EQ(totals.find("note").string(), "all times in microseconds");
  EXPECT_FALSE(totals.find("test.none")) << bson::to_json(top);
  const bson::View row = totals.find("test.c").document();
  const auto count = [&](std::string_view of) {
    return row.find(of).document().find("count").as_int64();
  };
  EXPECT_EQ(count("queries"), 3) << bson::to_json(top);
  EXPECT_EQ(count("insert"), 1);
  EXPECT_EQ(count("commands"), 2) << "createIndexes and count";
  EXPECT_EQ(count("readLock"), 4);
  EXPECT_EQ(count("writeLock"), 2);
  EXPECT_EQ(count("total"), 6);
  EXPECT_TRUE(row.find("total").document().find("time").is_number());
  expect_ok(R"({"drop": "c", "$db": "test"})");
  expect_ok(R"({"find": "c", "$db": "test"})");
  EXPECT_FALSE(run(R"({"top": 1, "$db": "admin"})").find("totals").document().find("test.c"));
  expect_error(R"({"top": 1, "$db": "test"})", 13);
}

TEST(Usage, IsOfSoManyCollections) {
  Usage usage;
  for (std::size_t i = 0; i < Usage::kNamespacesMax + 5; ++i) {
    usage.add("d", std::to_string(i), Usage::Kind::kInsert, true, std::chrono::nanoseconds(5));
  }
  EXPECT_EQ(usage.rows().size(), Usage::kNamespacesMax);
  usage.forget("d.3");
  usage.add("d", "new", Usage::Kind::kQuery, false, std::chrono::nanoseconds(5));
  EXPECT_TRUE(usage.rows().contains("d.new"));
}

TEST(Usage, OfSeveralThreadsAddsUp) {
  constexpr std::int64_t kThreads = 12;  // more than count apart from each other
  constexpr std::int64_t kCommands = 500;
  Usage usage;
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&usage, i] {
      for (std::int64_t n = 0; n < kCommands; ++n) {
        usage.add("d", "all", Usage::Kind::kQuery, false, std::chrono::nanoseconds(3));
        usage.add("d", std::to_string(i % 2), Usage::Kind::kUpdate, true,
                  std::chrono::nanoseconds(5));
        if (n % 100 == 0) usage.forget("d.gone");
        if (n % 100 == 50) usage.add("d", "gone", Usage::Kind::kOther, false, {});
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_LE(usage.rows().size(), 4U);
  for (std::thread& thread : threads) thread.join();
  usage.forget("d.gone");
  const auto rows = usage.rows();
  ASSERT_EQ(rows.size(), 3U);
  const Usage::Row& all = rows.find("d.all")->second;
  EXPECT_EQ(all.reading.count, kThreads * kCommands);
  EXPECT_EQ(all.reading.time.count(), 3 * kThreads * kCommands);
  EXPECT_EQ(all.writing.count, 0);
  EXPECT_EQ(all.by_kind[static_cast<std::size_t>(Usage::Kind::kQuery)].count, kThreads * kCommands);
  const Usage::Row& even = rows.find("d.0")->second;
  EXPECT_EQ(even.writing.count, kThreads / 2 * kCommands);
  EXPECT_EQ(even.by_kind[static_cast<std::size_t>(Usage::Kind::kUpdate)].time.count(),
            5 * kThreads / 2 * kCommands);
}

TEST_F(Statistics, ValidateCountsDocumentsAndKeys) {
  const bson::Document valid = run(R"({"validate": "c", "$db": "test", "full": true})");
  EXPECT_EQ(valid.find("nrecords").as_int64(), 2) << bson::to_json(valid);
  EXPECT_EQ(valid.get("keysPerIndex._id_").as_int64(), 2);
  EXPECT_EQ(valid.get("keysPerIndex.a").as_int64(), 2);
  EXPECT_TRUE(valid.find("valid").boolean());
  expect_error(R"({"validate": "v", "$db": "test"})", 166);
  expect_error(R"({"validate": "c", "$db": "test", "full": true, "metadata": true})", 72);
  expect_error(R"({"validate": "c", "$db": "test", "repair": true})", 115);
}

TEST_F(Statistics, FsyncWritesWhatIsThereAndLocksNobodyOut) {
  EXPECT_GT(number(R"({"fsync": 1, "$db": "admin"})", "numFiles"), 0);
  expect_error(R"({"fsync": 1, "lock": true, "$db": "admin"})", 115);
  expect_error(R"({"fsync": 1, "$db": "test"})", 13);
}

TEST_F(Statistics, CompactTellsWhatItFreed) {
  EXPECT_GE(number(R"({"compact": "c", "$db": "test"})", "bytesFreed"), 0);
  EXPECT_GE(number(R"({"compact": "c", "$db": "test", "dryRun": true})", "estimatedBytesFreed"), 0);
  EXPECT_EQ(number(R"({"compact": "c", "$db": "test", "freeSpaceTargetMB": 1000})", "bytesFreed"),
            0);
  expect_error(R"({"compact": "none", "$db": "test"})", 26);
  expect_error(R"({"compact": "v", "$db": "test"})", 166);
  EXPECT_EQ(number(R"({"count": "c", "$db": "test"})", "n"), 2);
}

TEST_F(Statistics, CurrentOpShowsItself) {
  const bson::Document all = run(R"({"currentOp": 1, "$db": "admin", "$all": true})");
  EXPECT_EQ(all.get("inprog.0.command.currentOp").as_int64(), 1) << bson::to_json(all);
  const bson::Document others = run(R"({"currentOp": 1, "$db": "admin", "op": "query"})");
  EXPECT_TRUE(others.find("inprog").array().empty()) << bson::to_json(others);
}

TEST_F(Statistics, ACollectionIsClonedAsACappedOne) {
  expect_ok(
      R"({"cloneCollectionAsCapped": "c", "toCollection": "d", "size": 4096, "$db": "test"})");
  EXPECT_EQ(number(R"({"count": "d", "$db": "test"})", "n"), 2);
  EXPECT_EQ(number(R"({"count": "c", "$db": "test"})", "n"), 2);
  const bson::Document listed =
      run(R"({"listCollections": 1, "filter": {"name": "d"}, "$db": "test"})");
  EXPECT_TRUE(listed.get("cursor.firstBatch.0.options.capped").truthy()) << bson::to_json(listed);
  const auto clone = [&](std::string_view from, std::string_view to) {
    return run(R"({"cloneCollectionAsCapped": ")" + std::string(from) + R"(", "toCollection": ")" +
               std::string(to) + R"(", "size": 4096, "$db": "test"})")
        .find("code")
        .as_int64();
  };
  EXPECT_EQ(clone("c", "d"), 48);
  EXPECT_EQ(clone("none", "e"), 26);
  EXPECT_EQ(clone("v", "e"), 166);
  EXPECT_EQ(clone("c", "a$b"), 73);
}

TEST_F(Statistics, OkOfADistinctOnAViewIsAnInt32) {
  const auto type = [&](std::string_view collection) {
    return run(R"({"distinct": ")" + std::string(collection) + R"(", "key": "a", "$db": "test"})")
        .find("ok")
        .type();
  };
  EXPECT_EQ(type("c"), bson::Type::kDouble);
  EXPECT_EQ(type("v"), bson::Type::kInt32);
  EXPECT_EQ(type("none"), bson::Type::kDouble);
}

TEST_F(Statistics, ACollectionMovesIntoAnotherDatabase) {
  const auto rename = [&](std::string_view more) {
    return run(R"({"renameCollection": "test.c", "to": "other.d", "$db": "admin")" +
               std::string(more) + "}")
        .find("code")
        .as_int64()
        .value_or(0);
  };
  expect_ok(R"({"insert": "d", "$db": "other", "documents": [{"_id": 9}]})");
  EXPECT_EQ(rename(""), 48);
  EXPECT_EQ(rename(R"(, "dropTarget": true)"), 0);
  EXPECT_EQ(number(R"({"count": "d", "$db": "other"})", "n"), 2);
  EXPECT_EQ(number(R"({"count": "c", "$db": "test"})", "n"), 0);
  EXPECT_EQ(rename(""), 26);
  const bson::Document indexes = run(R"({"listIndexes": "d", "$db": "other"})");
  EXPECT_EQ(indexes.get("cursor.firstBatch.1.name").string(), "a") << bson::to_json(indexes);
}

}  // namespace
}  // namespace nacre::server
