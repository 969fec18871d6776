#include "document/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "bson/json.h"
#include "document/database_testing.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

TEST(Database, FirstInsertMakesTheCollectionAndReopenFindsIt) {
  const std::string path = testing::new_path();
  {
    auto database = testing::open(path);
    testing::insert(*database, "cities", R"({"_id": 1, "name": "Bern"})");
    EXPECT_EQ(testing::rows(*database, "cities"),
              (std::vector<std::string>{R"({"_id":1,"name":"Bern"})"}));
    ASSERT_TRUE(database->close());
  }
  auto database = testing::open(path);
  const auto snapshot = database->snapshot();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->catalog().collection_names(), std::vector<std::string>{"cities"});
  EXPECT_EQ(testing::rows(*database, "cities").size(), 1U);
}

TEST(Database, ASecondDocumentOfOneIdIsADuplicateKey) {
  auto database = testing::open(testing::new_path(), "geo");
  testing::insert(*database, "cities", R"({"_id": "Bern"})");
  const auto again = testing::try_insert(*database, "cities", R"({"_id": "Bern", "a": 1})");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().number(), 11000);
  EXPECT_EQ(again.error().what(),
            "E11000 duplicate key error collection: geo.cities index: _id_ dup key: "
            "{ _id: \"Bern\" }");
  const auto details = bson::View::trusted(as_bytes(again.error().details()));
  EXPECT_EQ(bson::to_json(details), R"({"keyPattern":{"_id":1},"keyValue":{"_id":"Bern"}})");
}

TEST(Database, NumbersThatAreEqualAreOneId) {
  auto database = testing::open(testing::new_path());
  testing::insert(*database, "c", R"({"_id": 1})");
  EXPECT_FALSE(testing::try_insert(*database, "c", R"({"_id": 1.0})"));
  EXPECT_FALSE(testing::try_insert(*database, "c", R"({"_id": {"$numberLong": "1"}})"));
}

TEST(Database, ASnapshotKeepsItsOwnCatalog) {
  auto database = testing::open(testing::new_path());
  testing::insert(*database, "old", R"({"_id": 1})");
  const auto before = database->snapshot();
  ASSERT_TRUE(before);
  ASSERT_TRUE(*database->drop_collection("old"));
  testing::insert(*database, "new", R"({"_id": 1})");
  EXPECT_EQ(before->catalog().collection_names(), std::vector<std::string>{"old"});
  EXPECT_EQ(database->snapshot()->catalog().collection_names(), std::vector<std::string>{"new"});
  EXPECT_FALSE(*database->drop_collection("old"));
}

TEST(Database, CreateRefusesWhatItDoesNotCarryOut) {
  auto database = testing::open(testing::new_path());
  const auto secret =
      database->create_collection("c", testing::json(R"({"encryptedFields": {"fields": []}})"));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code(), Code::kUnsupported);
  ASSERT_TRUE(database->create_collection("c", testing::json("{}")));
  const auto again = database->create_collection("c", testing::json("{}"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().number(), 48);
  EXPECT_EQ(database->create_collection("a$b", testing::json("{}")).error().number(), 73);
}

TEST(Database, TablesAreNeverHandedOutTwice) {
  auto database = testing::open(testing::new_path());
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&database, t] {
      for (int i = 0; i < 5; ++i) {
        const std::string name = "c" + std::to_string(t) + "_" + std::to_string(i);
        ASSERT_TRUE(database->create_collection(name, {}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto snapshot = database->snapshot();
  std::set<TableId> tables;
  for (const std::string& name : snapshot->catalog().collection_names()) {
    tables.insert(snapshot->catalog().find(name)->table);
  }
  EXPECT_EQ(tables.size(), 20U);
}

TEST(Database, AnAbandonedTransactionLeavesNothing) {
  auto database = testing::open(testing::new_path());
  {
    auto transaction = database->begin();
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(transaction->open_for_write("c"));
  }
  EXPECT_TRUE(database->snapshot()->catalog().collection_names().empty());
}

TEST(Database, AWriterThatLostOnceIsRetriedInside) {
  auto database = testing::open(testing::new_path());
  int runs = 0;
  const auto body = [&](Transaction& transaction) -> Result<> {
    NACRE_TRY(transaction.open_for_write("c"));
    if (++runs == 1) testing::insert(*database, "c", R"({"_id": 1})");
    return {};
  };
  EXPECT_TRUE(database->transact(body));
  EXPECT_EQ(runs, 2);
}

TEST(Indexes, AreBuiltOverWhatIsThereAndKeptUp) {
  auto database = testing::open(testing::new_path());
  for (int i = 0; i < 2500; ++i) {
    testing::insert(*database, "c",
                    R"({"_id": )" + std::to_string(i) + R"(, "a": )" + std::to_string(i % 7) + "}",
                    txn::Durability::kAsync);
  }
  testing::create_index(*database, "c", R"({"key": {"a": 1}})");
  testing::insert(*database, "c", R"({"_id": 2500, "a": [1, 2, 3]})");
  const auto report = database->verify();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->clean()) << report->problems.front();
  EXPECT_EQ(report->documents_checked, 2501U);
  EXPECT_EQ(report->index_entries_checked, 2503U);
  EXPECT_TRUE(database->snapshot()->catalog().find("c")->find_index("a_1")->multikey[0]);
}

TEST(Indexes, AUniqueIndexOverDoubledValuesIsRefusedAndLeavesNothing) {
  auto database = testing::open(testing::new_path(), "db");
  testing::insert(*database, "c", R"({"_id": 1, "a": "x"})");
  testing::insert(*database, "c", R"({"_id": 2, "a": "x"})");
  const auto spec = parse_index_spec(testing::json(R"({"key": {"a": 1}, "unique": true})"));
  ASSERT_TRUE(spec);
  const auto built = database->create_indexes("c", std::span(&*spec, 1));
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().number(), 11000);
  EXPECT_EQ(built.error().what(),
            "E11000 duplicate key error collection: db.c index: a_1 dup key: { a: \"x\" }");
  EXPECT_TRUE(database->snapshot()->catalog().find("c")->indexes.empty());
}

TEST(Indexes, AUniqueViolationLeavesTheDocumentOut) {
  auto database = testing::open(testing::new_path(), "db");
  testing::create_index(*database, "c", R"({"key": {"b": 1}})");
  testing::create_index(*database, "c", R"({"key": {"a": 1}, "unique": true})");
  testing::insert(*database, "c", R"({"_id": 1, "a": 7, "b": 1})");
  const auto second = testing::try_insert(*database, "c", R"({"_id": 2, "a": 7.0, "b": 2})");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number(), 11000);
  const auto report = database->verify();
  EXPECT_TRUE(report->clean());
  EXPECT_EQ(report->documents_checked, 1U);
  EXPECT_EQ(report->index_entries_checked, 2U);
}

TEST(Indexes, OneDocumentMayRepeatAValueOfAUniqueIndex) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1}, "unique": true})");
  testing::insert(*database, "c", R"({"_id": 1, "a": [1, 1, 2]})");
  EXPECT_FALSE(testing::try_insert(*database, "c", R"({"_id": 2, "a": [3, 2]})"));
  EXPECT_TRUE(database->verify()->clean());
}

TEST(Indexes, SparseOnesLeaveOutDocumentsWithoutTheField) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1}, "unique": true, "sparse": true})");
  testing::insert(*database, "c", R"({"_id": 1})");
  testing::insert(*database, "c", R"({"_id": 2})");
  testing::insert(*database, "c", R"({"_id": 3, "a": null})");
  EXPECT_EQ(database->verify()->index_entries_checked, 1U);
}

TEST(Indexes, AUniqueBuildBesideWritersAgreesWithThem) {
  auto database = testing::open(testing::new_path());
  for (int i = 0; i < 600; ++i) {
    testing::insert(*database, "c", R"({"_id": )" + std::to_string(i) + "}",
                    txn::Durability::kAsync);
  }
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 600; !stop; ++i) {
      testing::insert(*database, "c", R"({"_id": )" + std::to_string(i) + "}",
                      txn::Durability::kAsync);
      testing::remove(*database, "c", i - 400);
    }
  });
  testing::create_index(*database, "c", R"({"key": {"_id": -1, "x": 1}, "unique": true})");
  stop = true;
  writer.join();
  const auto report = database->verify();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->clean()) << report->problems.front();
  EXPECT_EQ(report->documents_checked, report->index_entries_checked);
}

TEST(Indexes, AnUnfinishedBuildIsGoneAfterReopen) {
  const std::string path = testing::new_path();
  {
    auto database = testing::open(path);
    testing::insert(*database, "c", R"({"_id": 1, "a": 1})");
    auto transaction = database->begin();
    const auto spec = parse_index_spec(testing::json(R"({"key": {"a": 1}})"));
    ASSERT_TRUE(*transaction->add_index("c", *spec));
    ASSERT_TRUE(transaction->commit());
    ASSERT_TRUE(database->close());
  }
  auto database = testing::open(path);
  EXPECT_TRUE(database->snapshot()->catalog().find("c")->indexes.empty());
}

TEST(Indexes, DropByNameByKeyAndAll) {
  auto database = testing::open(testing::new_path());
  for (const char* key : {"a", "b", "d"}) {
    testing::create_index(*database, "c", R"({"key": {")" + std::string(key) + R"(": 1}})");
  }
  ASSERT_TRUE(database->drop_index("c", "a_1"));
  ASSERT_TRUE(database->drop_index("c", bson::View(testing::json(R"({"b": 1})"))));
  EXPECT_EQ(database->drop_index("c", "a_1").error().number(), 27);
  EXPECT_EQ(database->drop_index("c", "_id_").error().number(), 72);
  EXPECT_EQ(database->snapshot()->catalog().find("c")->indexes.size(), 1U);
  ASSERT_TRUE(database->drop_index("c", "*"));
  EXPECT_TRUE(database->snapshot()->catalog().find("c")->indexes.empty());
}

TEST(Indexes, TheSameAgainIsNothingAndAnotherOfThatNameIsRefused) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1}})");
  testing::create_index(*database, "c", R"({"key": {"a": 1}})");
  EXPECT_EQ(database->snapshot()->catalog().find("c")->indexes.size(), 1U);
  const auto spec = parse_index_spec(testing::json(R"({"key": {"b": 1}, "name": "a_1"})"));
  EXPECT_EQ(database->create_indexes("c", std::span(&*spec, 1)).error().number(), 86);
}

}  // namespace
}  // namespace nacre::document
