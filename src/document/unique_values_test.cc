// prepareUnique, and an index that becomes unique with the entries it has.
#include "document/unique_values.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "document/database_testing.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

class Prepared : public ::testing::Test {
 protected:
  void SetUp() override { testing::create_index(*database_, "c", R"({"key": {"x": 1}})"); }

  std::int32_t inserted(std::string_view document) {
    const auto done = testing::try_insert(*database_, "c", document);
    return done ? 0 : done.error().number();
  }
  std::int32_t replaced(std::string_view document) {
    const auto done = testing::try_replace(*database_, "c", document);
    return done ? 0 : done.error().number();
  }
  Result<Position> change(const Transaction::IndexChange& change, std::string_view index = "x_1") {
    return database_->transact(
        [&](Transaction& transaction) { return transaction.change_index("c", index, change); });
  }
  // What keeps the index from being unique, or "" when nothing does.
  std::string violations() {
    const auto done = change({.unique = true, .dry_run = true});
    if (done) return "";
    EXPECT_EQ(done.error().number(), 359) << done.error().text();
    return bson::to_json(bson::View::trusted(as_bytes(done.error().details())));
  }
  void prepare(bool prepares = true) {
    const auto done = change({.prepare_unique = prepares});
    ASSERT_TRUE(done) << done.error().text();
  }
  [[nodiscard]] IndexInfo index() const {
    return *database_->snapshot()->catalog().find("c")->find_index("x_1");
  }

  std::string path_ = testing::new_path();
  std::unique_ptr<Database> database_ = testing::open(path_);
};

TEST_F(Prepared, NewDuplicatesAreRefusedAndOldOnesStay) {
  EXPECT_EQ(inserted(R"({"_id": 1, "x": 1})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 2, "x": 1})"), 0);
  prepare();
  EXPECT_EQ(inserted(R"({"_id": 3, "x": 1})"), 11000);
  EXPECT_EQ(inserted(R"({"_id": 3, "x": 1.0})"), 11000);
  EXPECT_EQ(inserted(R"({"_id": 3, "x": 2})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 4, "x": [5, 2]})"), 11000);
  EXPECT_EQ(inserted(R"({"_id": 4, "x": [5, 6, 5]})"), 0);
  EXPECT_EQ(replaced(R"({"_id": 3, "x": 6})"), 11000);
  EXPECT_EQ(replaced(R"({"_id": 1, "x": 1, "y": 1})"), 0);
  EXPECT_EQ(replaced(R"({"_id": 1, "x": 1.0, "y": 1})"), 0);
  EXPECT_EQ(replaced(R"({"_id": 4, "x": [6, 7]})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 5, "x": 5})"), 0);
  // What is missing is one value, as in any unique index.
  EXPECT_EQ(inserted(R"({"_id": 6})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 7, "x": null})"), 11000);
  const auto refused = testing::try_insert(*database_, "c", R"({"_id": 9, "x": 2})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what(),
            "E11000 duplicate key error collection: db.c index: x_1 dup key: { x: 2 }");
  testing::expect_clean(*database_);
  prepare(false);
  EXPECT_EQ(inserted(R"({"_id": 8, "x": 1})"), 0);
}

TEST_F(Prepared, OneTransactionSeesItsOwnValues) {
  prepare();
  const auto both = database_->transact([&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
    Writer writer(*database_, transaction, *info);
    NACRE_TRY(writer.insert(testing::json(R"({"_id": 1, "x": 1})")));
    return writer.insert(testing::json(R"({"_id": 2, "x": 1})"));
  });
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().number(), 11000);
  const auto moved = database_->transact([&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
    Writer writer(*database_, transaction, *info);
    const bson::Document first = testing::json(R"({"_id": 1, "x": 1})");
    NACRE_TRY(writer.insert(first));
    const std::string key = id_key(first.find("_id"));
    const auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(key)));
    NACRE_TRY(writer.remove(as_bytes(key), as_bytes(*row)));
    return writer.insert(testing::json(R"({"_id": 2, "x": 1})"));
  });
  EXPECT_TRUE(moved) << moved.error().text();
  testing::expect_clean(*database_);
}

TEST_F(Prepared, ValuesTooLongForAKeyAreToldApart) {
  const std::string same(950, 'a');
  const auto with = [](std::string_view id, const std::string& x) {
    return R"({"_id": )" + std::string(id) + R"(, "x": ")" + x + "\"}";
  };
  const std::string long_id = "\"" + std::string(895, 'i') + "\"";
  EXPECT_EQ(inserted(with("1", same + "b")), 0);
  EXPECT_EQ(inserted(with("2", same + "b")), 0);
  EXPECT_EQ(inserted(with("3", same + "c")), 0);
  EXPECT_EQ(inserted(with(long_id, "short")), 0);
  EXPECT_EQ(inserted(with("4", "short")), 0);
  prepare();
  EXPECT_EQ(violations(), R"({"violations":[{"ids":[1,2]},{"ids":[4,)" + long_id + "]}]}");
  EXPECT_EQ(inserted(with("5", same + "c")), 11000);
  EXPECT_EQ(inserted(with("5", same + "d")), 0);
  EXPECT_EQ(inserted(with("6", "short")), 11000);
  EXPECT_EQ(inserted(with("\"" + std::string(896, 'j') + "\"", "short")), 11000);
  EXPECT_EQ(replaced(with("5", same + "b")), 11000);
  EXPECT_EQ(replaced(with("5", same + "e")), 0);
  testing::expect_clean(*database_);
}

TEST_F(Prepared, AnIndexBecomesUniqueWhereNoValueComesTwice) {
  EXPECT_EQ(change({.unique = true}).error().number(), 72);
  EXPECT_EQ(inserted(R"({"_id": 1, "x": 1})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 2, "x": 1.0})"), 0);
  EXPECT_EQ(inserted(R"({"_id": "3", "x": [7, 1]})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 4, "x": [7, 8]})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 5, "x": 9})"), 0);
  prepare();
  EXPECT_EQ(violations(), R"({"violations":[{"ids":[1,2,"3"]},{"ids":[4,"3"]}]})");
  EXPECT_EQ(change({.unique = true}).error().number(), 359);
  testing::remove(*database_, "c", 2);
  testing::remove(*database_, "c", 4);
  EXPECT_EQ(violations(), R"({"violations":[{"ids":[1,"3"]}]})");
  testing::remove(*database_, "c", 1);
  EXPECT_EQ(violations(), "");
  EXPECT_FALSE(index().unique);
  ASSERT_TRUE(change({.unique = true}));
  EXPECT_TRUE(change({.unique = true}));
  EXPECT_TRUE(change({.prepare_unique = true}));
  EXPECT_TRUE(index().unique);
  EXPECT_EQ(bson::to_json(index().specification),
            R"({"v":2,"key":{"x":1},"name":"x_1","unique":true})");
  EXPECT_EQ(inserted(R"({"_id": 6, "x": 7})"), 11000);
  EXPECT_EQ(inserted(R"({"_id": 6, "x": 2})"), 0);
  testing::expect_clean(*database_);
  ASSERT_TRUE(database_->close());
  database_ = testing::open(path_);
  EXPECT_TRUE(index().unique);
  EXPECT_TRUE(index().id_in_keys);
  EXPECT_EQ(inserted(R"({"_id": 7, "x": 2})"), 11000);
  EXPECT_EQ(inserted(R"({"_id": 7, "x": 3})"), 0);
  // It is the index that createIndexes would build.
  testing::create_index(*database_, "c", R"({"key": {"x": 1}, "unique": true})");
  testing::expect_clean(*database_);
}

TEST_F(Prepared, TheOptionIsInTheCatalog) {
  EXPECT_EQ(inserted(R"({"_id": 1, "x": 1})"), 0);
  prepare();
  EXPECT_EQ(bson::to_json(index().specification),
            R"({"v":2,"key":{"x":1},"name":"x_1","prepareUnique":true})");
  ASSERT_TRUE(database_->close());
  database_ = testing::open(path_);
  EXPECT_EQ(inserted(R"({"_id": 2, "x": 1})"), 11000);
  testing::create_index(*database_, "c", R"({"key": {"y": 1}, "prepareUnique": true})");
  EXPECT_EQ(inserted(R"({"_id": 2, "x": 2, "y": 1})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 3, "x": 3, "y": 1})"), 11000);
  const auto spec = parse_index_spec(testing::json(R"({"key": {"z": 1}, "name": "z"})"));
  ASSERT_TRUE(database_->create_indexes("c", std::span(&*spec, 1)));
  const auto asked =
      parse_index_spec(testing::json(R"({"key": {"z": 1}, "name": "z", "prepareUnique": true})"));
  EXPECT_EQ(database_->create_indexes("c", std::span(&*asked, 1)).error().number(), 85);
}

TEST_F(Prepared, KindsThatCannotBeUniqueAreNotPrepared) {
  testing::create_index(*database_, "c", R"({"key": {"h": "hashed"}, "name": "h"})");
  testing::create_index(*database_, "c", R"({"key": {"$**": 1}, "name": "w"})");
  EXPECT_EQ(change({.prepare_unique = true}, "h").error().number(), 72);
  EXPECT_EQ(change({.prepare_unique = true}, "w").error().number(), 72);
  EXPECT_FALSE(
      parse_index_spec(testing::json(R"({"key": {"h": "hashed"}, "prepareUnique": true})")));
}

TEST_F(Prepared, OfWritersOfOneValueOneWins) {
  constexpr int kThreads = 4;
  constexpr int kValues = 50;
  prepare();
  std::atomic<int> written{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int value = 0; value < kValues; ++value) {
        const std::string document = R"({"_id": )" + std::to_string(thread * kValues + value) +
                                     R"(, "x": )" + std::to_string(value) + "}";
        const auto done = testing::try_insert(*database_, "c", document, txn::Durability::kAsync);
        if (done) {
          ++written;
        } else if (done.error().number() == 11000) {
          ++refused;
        } else {
          ADD_FAILURE() << done.error().text();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written, kValues);
  EXPECT_EQ(refused, (kThreads - 1) * kValues);
  EXPECT_EQ(violations(), "");
  testing::expect_clean(*database_);
}

TEST_F(Prepared, ADuplicateIsNotWrittenWhileTheIndexIsPrepared) {
  EXPECT_EQ(inserted(R"({"_id": 1, "x": 1})"), 0);
  // A writer that began before prepareUnique was said, and commits after it.
  Transaction early = *database_->begin();
  const CollectionInfo* info = *early.open_for_write("c");
  ASSERT_TRUE(Writer(*database_, early, *info).insert(testing::json(R"({"_id": 2, "x": 1})")));
  prepare();
  const auto late = early.commit();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().number(), 112);
}

TEST_F(Prepared, APartialIndexLooksAtItsDocumentsAlone) {
  testing::create_index(
      *database_, "c",
      R"({"key": {"p": 1}, "prepareUnique": true, "partialFilterExpression": {"on": true}})");
  EXPECT_EQ(inserted(R"({"_id": 1, "x": 1, "p": 1, "on": true})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 2, "x": 2, "p": 1})"), 0);
  EXPECT_EQ(inserted(R"({"_id": 3, "x": 3, "p": 1, "on": true})"), 11000);
  EXPECT_EQ(replaced(R"({"_id": 2, "x": 2, "p": 1, "on": true})"), 11000);
  ASSERT_TRUE(change({.unique = true}, "p_1"));
  EXPECT_EQ(replaced(R"({"_id": 2, "x": 2, "p": 2, "on": true})"), 0);
  testing::expect_clean(*database_);
}

}  // namespace
}  // namespace nacre::document
