// Validators, views and capped collections: what a collection takes, keeps and refuses.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "bson/json.h"
#include "document/capped.h"
#include "document/database_testing.h"
#include "document/writer.h"
#include "match/validation_error.h"

namespace nacre::document {
namespace {

using testing::json;

class Validated : public ::testing::Test {
 protected:
  void create(std::string_view options) {
    const auto created = database_->create_collection("c", json(options));
    ASSERT_TRUE(created) << created.error().text();
  }

  // 0, or the number of the error.
  std::int32_t insert(std::string_view document, bool bypass = false) {
    const bson::Document whole = json(document);
    const auto body = [&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
      Writer writer(*database_, transaction, *info);
      if (bypass) writer.bypass_validation();
      return writer.insert(whole);
    };
    return number_of(database_->transact(body));
  }

  std::int32_t replace(std::string_view id, std::string_view document) {
    const bson::Document whole = json(document);
    const std::string key = id_key(json(id).find("_id"));
    const auto body = [&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
      const auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(key)));
      Writer writer(*database_, transaction, *info);
      NACRE_TRY(writer.replace(as_bytes(key), as_bytes(*row), whole));
      return {};
    };
    return number_of(database_->transact(body));
  }

  template <class T>
  std::int32_t number_of(const Result<T>& result) {
    if (result) return 0;
    details_ = result.error().details();
    return result.error().number();
  }

  [[nodiscard]] std::string details() const {
    return bson::to_json(bson::Document::trusted(details_));
  }

  std::size_t documents() {
    const auto report = database_->verify();
    EXPECT_TRUE(report && report->clean());
    return report ? report->documents_checked : 0;
  }

  std::unique_ptr<Database> database_ = testing::open(testing::new_path());
  std::string details_;
};

TEST_F(Validated, ADocumentThatTheValidatorDoesNotTakeIsRefusedWithTheReason) {
  create(R"({"validator": {"a": {"$gt": 5}}})");
  EXPECT_EQ(insert(R"({"_id": 1, "a": 6})"), 0);
  EXPECT_EQ(insert(R"({"_id": 2, "a": 3})"), 121);
  EXPECT_EQ(details(), R"({"errInfo":{"failingDocumentId":2,"details":{"operatorName":"$gt",)"
                       R"("specifiedAs":{"a":{"$gt":5}},"reason":"comparison failed",)"
                       R"("consideredValue":3}}})");
  EXPECT_EQ(insert(R"({"_id": 3})"), 121);
  EXPECT_EQ(insert(R"({"_id": 3})", /*bypass=*/true), 0);
  EXPECT_EQ(replace(R"({"_id": 1})", R"({"_id": 1, "a": 0})"), 121);
  EXPECT_EQ(documents(), 2U);
}

TEST_F(Validated, ModerateSparesWhatWasWrongBefore) {
  create(R"({"validator": {"a": 1}, "validationLevel": "moderate"})");
  EXPECT_EQ(insert(R"({"_id": 1})", /*bypass=*/true), 0);
  EXPECT_EQ(replace(R"({"_id": 1})", R"({"_id": 1, "b": 1})"), 0);
  EXPECT_EQ(replace(R"({"_id": 1})", R"({"_id": 1, "a": 1})"), 0);
  EXPECT_EQ(replace(R"({"_id": 1})", R"({"_id": 1, "a": 2})"), 121);
  EXPECT_EQ(insert(R"({"_id": 2})"), 121);
}

TEST_F(Validated, WarningsAndSwitchedOffValidatorsLetEverythingIn) {
  create(R"({"validator": {"a": 1}, "validationAction": "warn"})");
  EXPECT_EQ(insert(R"({"_id": 1})"), 0);
  const auto body = [](Transaction& transaction) {
    return transaction.change_options("c",
                                      json(R"({"validator":{"a":1},"validationLevel":"off"})"));
  };
  ASSERT_TRUE(database_->transact(body));
  EXPECT_EQ(insert(R"({"_id": 2})"), 0);
}

TEST_F(Validated, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [&](std::string_view options) {
    return number_of(database_->create_collection("x", json(options)));
  };
  EXPECT_EQ(refused(R"({"capped": true})"), 72);
  EXPECT_EQ(refused(R"({"size": 4096})"), 72);
  EXPECT_EQ(refused(R"({"capped": true, "size": 0})"), 2);
  EXPECT_EQ(refused(R"({"validator": 1})"), 14);
  EXPECT_EQ(refused(R"({"validator": {"$foo": 1}})"), 2);
  EXPECT_EQ(refused(R"({"validator": {"a": 1}, "validationLevel": "some"})"), 2);
  EXPECT_EQ(refused(R"({"pipeline": []})"), 72);
  EXPECT_EQ(refused(R"({"viewOn": "c", "capped": true, "size": 100})"), 72);
  EXPECT_EQ(refused(R"({"clusteredIndex": {"key": {"a": 1}, "unique": true}})"), 72);
  EXPECT_EQ(refused(R"({"clusteredIndex": {"key": {"_id": 1}, "unique": true}})"), 0);
}

TEST_F(Validated, AViewTakesNoWritesButGoesLikeACollection) {
  create(R"({"viewOn": "other", "pipeline": [{"$match": {"a": 1}}]})");
  EXPECT_EQ(insert(R"({"_id": 1})"), 166);
  EXPECT_TRUE(*database_->drop_collection("c"));
}

TEST_F(Validated, ACappedCollectionForgetsItsOldest) {
  create(R"({"capped": true, "size": 4096, "max": 3})");
  for (const char* document :
       {R"({"_id": 9})", R"({"_id": 1})", R"({"_id": 5})", R"({"_id": 3})", R"({"_id": 2})"}) {
    EXPECT_EQ(insert(document), 0);
  }
  EXPECT_EQ(documents(), 3U);  // CAPPED-1
  Transaction transaction = *database_->begin();
  const CollectionInfo* info = transaction.catalog().find("c");
  CappedOrder order(transaction.rows(), *info->order);
  EXPECT_EQ(*order.oldest(), id_key(json(R"({"_id": 5})").find("_id")));
  const auto totals = order.totals();
  EXPECT_EQ(totals->documents, 3U);
  EXPECT_EQ(totals->bytes, 3U * 14);
  EXPECT_EQ(totals->next, 6U);
}

TEST_F(Validated, ACollectionIsRenamedWithItsDocuments) {
  create("{}");
  EXPECT_EQ(insert(R"({"_id": 1})"), 0);
  const auto rename = [&](std::string_view from, std::string_view to, bool drop) {
    return number_of(database_->transact(
        [&](Transaction& transaction) { return transaction.rename_collection(from, to, drop); }));
  };
  EXPECT_EQ(rename("c", "d", false), 0);
  create("{}");
  EXPECT_EQ(rename("c", "d", false), 48);
  EXPECT_EQ(rename("x", "d", false), 26);
  EXPECT_EQ(rename("d", "d", false), 20);
  EXPECT_EQ(rename("d", "c", true), 0);
  EXPECT_EQ(documents(), 1U);
}

TEST(ValidationError, NamesEachClauseThatFailed) {
  const auto explained = [](std::string_view filter, std::string_view document) {
    return bson::to_json(match::explain_failure(json(filter), json(document)));
  };
  EXPECT_EQ(explained(R"({"a": 1, "b": {"$type": "string"}})", R"({"a": 1, "b": 2})"),
            R"({"operatorName":"$and","clausesNotSatisfied":[{"index":1,"details":)"
            R"({"operatorName":"$type","specifiedAs":{"b":{"$type":"string"}},)"
            R"("reason":"type did not match","consideredValue":2,"consideredType":"int"}}]})");
  EXPECT_EQ(explained(R"({"$or": [{"a": 1}, {"b": 1}]})", R"({"a": 2})"),
            R"({"operatorName":"$or","clausesNotSatisfied":[{"index":0,"details":)"
            R"({"operatorName":"$eq","specifiedAs":{"a":1},"reason":"comparison failed",)"
            R"("consideredValue":2}},{"index":1,"details":{"operatorName":"$eq",)"
            R"("specifiedAs":{"b":1},"reason":"field was missing"}}]})");
}

TEST_F(Validated, ACollectionBecomesACappedOneOfItsLastDocuments) {
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(insert("{\"_id\": " + std::to_string(i) + ", \"a\": 1}"), 0);
  }
  testing::create_index(*database_, "c", R"({"key": {"a": 1}})");
  const auto convert = [&](std::string_view name, std::int64_t bytes) {
    return number_of(convert_to_capped(*database_, name, bytes));
  };
  EXPECT_EQ(convert("nothing", 100), 26);
  ASSERT_EQ(convert("c", 70), 0);  // of 21 bytes each
  EXPECT_EQ(documents(), 3U);
  const auto snapshot = database_->snapshot();
  const CollectionInfo& info = *snapshot->catalog().find("c");
  EXPECT_TRUE(info.indexes.empty());
  EXPECT_EQ(bson::to_json(info.options), R"({"capped":true,"size":70})");
  ASSERT_EQ(insert(R"({"_id": 0, "a": 1})"), 0);
  EXPECT_EQ(documents(), 3U) << "the oldest went";
  ASSERT_EQ(convert("c", 45), 0);
  EXPECT_EQ(documents(), 2U);
  EXPECT_EQ(database_->snapshot()->catalog().collection_names(), std::vector<std::string>{"c"});
}

// Keys were collected, and all written in one commit: a document inserted meanwhile was in no
// order.
TEST_F(Validated, ACollectionThatIsWrittenMeanwhileLosesNothingWhenItIsConverted) {
  for (int i = 0; i < 2500; ++i) {
    ASSERT_EQ(insert("{\"_id\": " + std::to_string(i) + "}"), 0);
  }
  std::atomic<bool> over = false;
  std::uint64_t inserted = 0;
  std::thread writer([&] {
    for (int i = 10'000; !over; ++i) {
      if (insert("{\"_id\": " + std::to_string(i) + "}") == 0) ++inserted;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  const std::int32_t converted = number_of(convert_to_capped(*database_, "c", 1 << 20));
  over = true;
  writer.join();
  EXPECT_TRUE(converted == 0 || converted == 112) << converted;
  EXPECT_EQ(documents(), 2500 + inserted);
  testing::expect_clean(*database_);
}

TEST_F(Validated, WhatACrashLeftOfACopyIsRemovedWhenTheDatabaseIsOpened) {
  ASSERT_TRUE(database_->create_collection(std::string(kTemporaryCapped) + "1", {}));
  ASSERT_TRUE(database_->create_collection(std::string(kTemporaryOut) + "2", {}));
  ASSERT_TRUE(database_->create_collection("tmp", {}));
  ASSERT_TRUE(remove_temporary_collections(*database_));
  EXPECT_EQ(database_->snapshot()->catalog().collection_names(), std::vector<std::string>{"tmp"});
}

}  // namespace
}  // namespace nacre::document
