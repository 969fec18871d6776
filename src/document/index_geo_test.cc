// What 2dsphere and 2d indexes are asked for, hold and refuse, and that verify sees what is wrong
// in one.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "document/database_testing.h"

namespace nacre::document {
namespace {

using testing::described;
using testing::refusal;

TEST(GeoIndexSpec, IsDescribedAsListIndexesShowsIt) {
  EXPECT_EQ(described(R"({"key": {"a": "2dsphere"}})"),
            R"({"v":2,"key":{"a":"2dsphere"},"name":"a_2dsphere","2dsphereIndexVersion":3})");
  EXPECT_EQ(described(R"({"key": {"k": -1, "a": "2dsphere", "b": "2dsphere"}, "sparse": true,
                          "2dsphereIndexVersion": 2})"),
            R"({"v":2,"key":{"k":-1,"a":"2dsphere","b":"2dsphere"},)"
            R"("name":"k_-1_a_2dsphere_b_2dsphere","sparse":true,"2dsphereIndexVersion":2})");
  EXPECT_EQ(described(R"({"key": {"a": "2d"}})"), R"({"v":2,"key":{"a":"2d"},"name":"a_2d"})");
  EXPECT_EQ(described(R"({"key": {"a": "2d", "k": 1}, "bits": 16, "min": -500, "max": 500.5})"),
            R"({"v":2,"key":{"a":"2d","k":1},"name":"a_2d_k_1","bits":16,"min":-500,"max":500.5})");
  for (const char* text :
       {R"({"key": {"a": "2dsphere"}})", R"({"key": {"a": "2d"}, "bits": 1, "max": 0})",
        R"({"key": {"a": "2dsphere"}, "unique": true, "finestIndexedLevel": 20})"}) {
    const std::string once = described(text);
    EXPECT_EQ(described(once), once);
  }
}

TEST(GeoIndexSpec, WhatMakesNoSenseIsRefusedWithMongoDbsNumber) {
  EXPECT_EQ(refusal(R"({"key": {"a": "2d", "b": "2d"}})"), 16800);
  EXPECT_EQ(refusal(R"({"key": {"b": 1, "a": "2d"}})"), 16801);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere", "b": "text"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere", "b": "hashed"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"$**": "2dsphere"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "2d"}, "bits": 0})"), 72);
  EXPECT_EQ(refusal(R"({"key": {"a": "2d"}, "bits": 33})"), 72);
  EXPECT_EQ(refusal(R"({"key": {"a": "2d"}, "bits": "x"})"), 14);
  EXPECT_EQ(refusal(R"({"key": {"a": "2d"}, "min": 5, "max": 5})"), 72);
  EXPECT_EQ(refusal(R"({"key": {"a": "2d"}, "max": {"$numberDouble": "Infinity"}})"), 72);
  EXPECT_EQ(refusal(R"({"key": {"a": "2d"}, "collation": {"locale": "en"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere"}, "collation": {"locale": "en"}})"), 0);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere"}, "2dsphereIndexVersion": 4})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere"}, "2dsphereIndexVersion": "3"})"), 14);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere"}, "coarsestIndexedLevel": -1})"), 16747);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere"}, "finestIndexedLevel": 31})"), 16748);
  EXPECT_EQ(refusal(R"({"key": {"a": "2dsphere"}, "bits": 5})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "bits": 5})"), 67);
}

TEST(GeoIndexSpec, OneWithAnotherGridIsAnotherIndex) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": "2d"}})");
  const auto same = parse_index_spec(testing::json(R"({"key": {"a": "2d"}, "bits": 26})"));
  EXPECT_TRUE(database->create_indexes("c", std::span(&*same, 1)));
  const auto other = parse_index_spec(testing::json(R"({"key": {"a": "2d"}, "bits": 20})"));
  EXPECT_EQ(database->create_indexes("c", std::span(&*other, 1)).error().number(), 85);
}

class GeoIndex : public ::testing::Test {
 protected:
  void index(std::string_view specification) {
    testing::create_index(*database_, "c", specification);
  }
  void insert(std::string_view document) { testing::insert(*database_, "c", document); }

  // 0 when it is taken.
  std::int32_t refusal_of(std::string_view document) {
    const auto done = testing::try_insert(*database_, "c", document);
    return done ? 0 : done.error().number();
  }

  std::size_t entry_count(std::string_view index) {
    return testing::entry_count(*database_, "c", index);
  }

  std::unique_ptr<Database> database_ = testing::open(testing::new_path());
};

TEST_F(GeoIndex, AnEntryForEachCellAndNoneWithoutAPlace) {
  index(R"({"key": {"a": "2dsphere"}})");
  insert(R"({"_id": 1, "a": {"type": "Point", "coordinates": [5, 5]}})");
  insert(R"({"_id": 2, "a": [5, 5]})");
  insert(R"({"_id": 3, "a": {"lng": 5, "lat": 5}})");
  EXPECT_EQ(entry_count("a_2dsphere"), 3U);
  for (const char* nothing : {R"({"_id": 4})", R"({"_id": 5, "a": null})", R"({"_id": 6, "a": []})",
                              R"({"_id": 7, "a": {}})"}) {
    insert(nothing);
  }
  EXPECT_EQ(entry_count("a_2dsphere"), 3U);
  insert(R"({"_id": 8, "a": {"type": "LineString", "coordinates": [[0, 0], [30, 30]]}})");
  EXPECT_GT(entry_count("a_2dsphere"), 4U);
  const auto snapshot = database_->snapshot();
  EXPECT_TRUE(snapshot->catalog().find("c")->find_index("a_2dsphere")->multikey.front());
  testing::expect_clean(*database_);
}

TEST_F(GeoIndex, WhatIsNoPlaceIsRefused) {
  index(R"({"key": {"a": "2dsphere"}})");
  EXPECT_EQ(refusal_of(R"({"_id": 1, "a": 5})"), 16755);
  EXPECT_EQ(refusal_of(R"({"_id": 1, "a": "x"})"), 16755);
  EXPECT_EQ(refusal_of(R"({"_id": 1, "a": [5]})"), 16755);
  EXPECT_EQ(refusal_of(R"({"_id": 1, "a": [200, 5]})"), 16755);
  EXPECT_EQ(refusal_of(R"({"_id": 1, "a": {"type": "Nothing", "coordinates": [1, 1]}})"), 16755);
  EXPECT_EQ(refusal_of(R"({"_id": 1, "a": [[1, 1], [2, 2]]})"), 16755);
  EXPECT_EQ(refusal_of(R"({"_id": 1, "b": 5})"), 0);
  // A build meets them as well.
  auto other = testing::open(testing::new_path());
  testing::insert(*other, "c", R"({"_id": 1, "a": 5})");
  const auto spec = parse_index_spec(testing::json(R"({"key": {"a": "2dsphere"}})"));
  EXPECT_EQ(other->create_indexes("c", std::span(&*spec, 1)).error().number(), 16755);
  EXPECT_EQ(other->snapshot()->catalog().find("c")->indexes.size(), 0U);
}

TEST_F(GeoIndex, OnesBesideOtherFieldsHoldEachCombination) {
  index(R"({"key": {"k": 1, "a": "2dsphere", "m": -1}})");
  insert(R"({"_id": 1, "k": [1, 2, 3], "a": [5, 5], "m": ["x", "y"]})");
  EXPECT_EQ(entry_count("k_1_a_2dsphere_m_-1"), 6U);
  insert(R"({"_id": 2, "a": [5, 5]})");
  insert(R"({"_id": 3, "k": 1, "m": 1})");
  EXPECT_EQ(entry_count("k_1_a_2dsphere_m_-1"), 7U) << "the place alone decides";
  testing::expect_clean(*database_);
}

TEST_F(GeoIndex, OfSeveralPlacesOneIsEnough) {
  index(R"({"key": {"a": "2dsphere", "b.at": "2dsphere"}})");
  insert(R"({"_id": 1, "b": [{"at": [1, 1]}, {"at": [2, 2]}, {"x": 1}]})");
  EXPECT_EQ(entry_count("a_2dsphere_b.at_2dsphere"), 2U);
  insert(R"({"_id": 2, "b": [{"x": 1}]})");
  EXPECT_EQ(entry_count("a_2dsphere_b.at_2dsphere"), 2U);
  EXPECT_EQ(refusal_of(R"({"_id": 3, "b": [{"at": null}, {"at": [2, 2]}]})"), 16755);
  testing::expect_clean(*database_);
}

TEST_F(GeoIndex, AGridTakesPairsOfNumbersInsideOfIt) {
  index(R"({"key": {"a": "2d", "k": 1}, "min": -10, "max": 10})");
  insert(R"({"_id": 1, "a": [5, 5]})");
  insert(R"({"_id": 2, "a": {"x": -10, "y": 10, "note": "on the edge"}})");
  insert(R"({"_id": 3, "a": [[1, 1], [2, 2], []], "k": [7, 8]})");
  EXPECT_EQ(entry_count("a_2d_k_1"), 6U);
  for (const char* nothing : {R"({"_id": 4})", R"({"_id": 5, "a": 5})", R"({"_id": 6, "a": []})",
                              R"({"_id": 7, "a": {}})", R"({"_id": 8, "a": null})"}) {
    insert(nothing);
  }
  EXPECT_EQ(entry_count("a_2d_k_1"), 6U);
  EXPECT_EQ(refusal_of(R"({"_id": 9, "a": [11, 0]})"), 13027);
  EXPECT_EQ(refusal_of(R"({"_id": 9, "a": [0, -10.5]})"), 13027);
  EXPECT_EQ(refusal_of(R"({"_id": 9, "a": [1]})"), 13068);
  EXPECT_EQ(refusal_of(R"({"_id": 9, "a": [1, "x"]})"), 13026);
  EXPECT_EQ(refusal_of(R"({"_id": 9, "a": ["x", 1]})"), 16804);
  EXPECT_EQ(refusal_of(R"({"_id": 9, "a": {"type": "Point", "coordinates": [1, 1]}})"), 16804);
  testing::expect_clean(*database_);
}

TEST_F(GeoIndex, AUniqueOneHoldsEachPlaceOnce) {
  index(R"({"key": {"a": "2dsphere", "k": 1}, "unique": true})");
  insert(R"({"_id": 1, "a": [5, 5], "k": 1})");
  insert(R"({"_id": 2, "a": [5, 5], "k": 2})");
  insert(R"({"_id": 3, "k": 1})");
  insert(R"({"_id": 4, "k": 1})");
  const auto second = testing::try_insert(*database_, "c", R"({"_id": 5, "a": [5, 5], "k": 2})");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number(), 11000);
  EXPECT_NE(second.error().text().find("k: 2"), std::string::npos) << second.error().text();
  testing::expect_clean(*database_);
}

TEST_F(GeoIndex, AChangeMovesTheEntries) {
  index(R"({"key": {"a": "2dsphere"}})");
  insert(R"({"_id": 1, "a": {"type": "LineString", "coordinates": [[0, 0], [30, 30]]}})");
  const auto done = testing::try_replace(*database_, "c", R"({"_id": 1, "a": [7, 7]})");
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(entry_count("a_2dsphere"), 1U);
  testing::remove(*database_, "c", 1);
  EXPECT_EQ(entry_count("a_2dsphere"), 0U);
  testing::expect_clean(*database_);
}

TEST_F(GeoIndex, VerifySeesAnEntryTooManyAndOneTooFew) {
  for (const char* specification : {R"({"key": {"a": "2dsphere"}})", R"({"key": {"a": "2d"}})"}) {
    database_ = testing::open(testing::new_path());
    index(specification);
    insert(R"({"_id": 1, "a": [5, 5]})");
    insert(R"({"_id": 2, "a": [7, 7]})");
    std::string key;
    std::string value;
    const auto broken = database_->transact([&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
      const TableId table = info->indexes.front().table;
      auto cursor = NACRE_TRY(transaction.rows().snapshot().cursor(table));
      const bool row = NACRE_TRY(cursor->seek_first());
      EXPECT_TRUE(row);
      key = to_string(cursor->key());
      value = to_string(cursor->value());
      NACRE_TRY(transaction.rows().remove(table, as_bytes(key)));
      ++key[1];
      return transaction.rows().put(table, as_bytes(key), as_bytes(value));
    });
    ASSERT_TRUE(broken) << broken.error().text();
    const auto report = database_->verify();
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_EQ(report->problems.size(), 2U);
  }
}

}  // namespace
}  // namespace nacre::document
