// Time series as the room of documents keeps them: keys, options, indexes, expiry, the past.
#include "document/time_series.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "document/capped.h"
#include "document/changes.h"
#include "document/database_testing.h"
#include "document/history.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

constexpr std::string_view kSeries = R"({"timeseries": {"timeField": "t", "metaField": "m"}})";

Result<TimeSeries> parse(std::string_view option) {
  const bson::Document options = testing::json(option);
  bson::Builder whole;
  whole.append("timeseries", options);
  const bson::Document holder = whole.finish();
  return TimeSeries::parse(holder.find("timeseries"));
}

std::string described(std::string_view option) {
  const auto series = parse(option);
  EXPECT_TRUE(series) << option << ": " << series.error().text();
  return series ? bson::to_json(series->describe()) : "";
}

// A measurement of that _id at that second of 2026.
std::string at(int second, int id, std::string_view more = "") {
  return R"({"_id": )" + std::to_string(id) + R"(, "t": {"$date": {"$numberLong": ")" +
         std::to_string(1'767'225'600'000 + second * 1000) + "\"}}" + std::string(more) + "}";
}

class Series : public ::testing::Test {
 protected:
  void SetUp() override { create(kSeries); }

  void create(std::string_view options, std::string_view name = "c") {
    const auto made = database_->create_collection(name, testing::json(options));
    ASSERT_TRUE(made) << made.error().text();
  }
  void insert(std::string_view document) { testing::insert(*database_, "c", document); }

  [[nodiscard]] std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (const std::string& row : testing::rows(*database_, "c")) {
      all.push_back(bson::to_json(testing::json(row).find("_id")));
    }
    return all;
  }
  std::int32_t changed(const Transaction::IndexChange& change, std::string_view index) {
    const auto done = database_->transact(
        [&](Transaction& transaction) { return transaction.change_index("c", index, change); });
    return done ? 0 : done.error().number();
  }

  std::string path_ = testing::new_path();
  std::unique_ptr<Database> database_ = testing::open(path_);
};

TEST(TimeSeriesOptions, FillInWhatWasNotSaid) {
  EXPECT_EQ(described(R"({"timeField": "t"})"),
            R"({"timeField":"t","granularity":"seconds","bucketMaxSpanSeconds":3600})");
  EXPECT_EQ(described(R"({"timeField": "t", "metaField": "m", "granularity": "hours"})"),
            R"({"timeField":"t","metaField":"m","granularity":"hours",)"
            R"("bucketMaxSpanSeconds":2592000})");
  const std::string custom =
      described(R"({"timeField": "t", "bucketMaxSpanSeconds": 60, "bucketRoundingSeconds": 60})");
  EXPECT_EQ(custom, R"({"timeField":"t","bucketRoundingSeconds":60,"bucketMaxSpanSeconds":60})");
  EXPECT_EQ(described(custom), custom);
}

TEST(TimeSeriesOptions, WhatMakesNoSenseIsRefused) {
  const auto refused = [](std::string_view option, std::int32_t number) {
    const auto series = parse(option);
    ASSERT_FALSE(series) << option;
    EXPECT_EQ(series.error().number(), number) << option << ": " << series.error().text();
  };
  refused(R"({})", 40414);
  refused(R"({"timeField": 1})", 14);
  refused(R"({"timeField": "t", "other": 1})", 40415);
  refused(R"({"timeField": "a.b"})", 72);
  refused(R"({"timeField": "_id"})", 72);
  refused(R"({"timeField": "t\u0000"})", 2);
  refused(R"({"timeField": "t", "metaField": "a.b"})", 72);
  refused(R"({"timeField": "t", "metaField": "t"})", 72);
  refused(R"({"timeField": "t", "metaField": "_id"})", 72);
  refused(R"({"timeField": "t", "granularity": "years"})", 2);
  refused(R"({"timeField": "t", "granularity": "minutes", "bucketMaxSpanSeconds": 3600})", 72);
  refused(R"({"timeField": "t", "granularity": "seconds", "bucketRoundingSeconds": 60})", 72);
  refused(R"({"timeField": "t", "bucketMaxSpanSeconds": 60})", 72);
  refused(R"({"timeField": "t", "bucketMaxSpanSeconds": 60, "bucketRoundingSeconds": 30})", 72);
  refused(R"({"timeField": "t", "bucketMaxSpanSeconds": 0, "bucketRoundingSeconds": 0})", 2);
  refused(R"({"timeField": "t", "bucketMaxSpanSeconds": "1", "bucketRoundingSeconds": 1})", 14);
}

TEST(TimeSeriesOptions, BucketsMayOnlyGrow) {
  const auto change = [](std::string_view series, std::string_view changes) {
    const auto changed = parse(series)->changed(testing::json(changes));
    return changed ? bson::to_json(changed->describe().find("bucketMaxSpanSeconds"))
                   : "error " + std::to_string(changed.error().number());
  };
  const std::string_view seconds = R"({"timeField": "t"})";
  EXPECT_EQ(change(seconds, R"({})"), "3600");
  EXPECT_EQ(change(seconds, R"({"granularity": "hours"})"), "2592000");
  EXPECT_EQ(
      change(R"({"timeField": "t", "granularity": "hours"})", R"({"granularity": "minutes"})"),
      "error 72");
  EXPECT_EQ(change(seconds, R"({"bucketMaxSpanSeconds": 60, "bucketRoundingSeconds": 60})"),
            "error 72");
  EXPECT_EQ(change(seconds, R"({"bucketMaxSpanSeconds": 7200, "bucketRoundingSeconds": 7200})"),
            "7200");
  EXPECT_EQ(change(seconds, R"({"timeField": "x"})"), "error 40415");
}

TEST_F(Series, MeasurementsLieInTheOrderOfTimeAndOneIdMayComeTwice) {
  insert(at(3, 1));
  insert(at(1, 1));
  insert(at(2, 0));
  insert(at(2, 0));
  EXPECT_EQ(ids(), (std::vector<std::string>{"1", "0", "0", "1"}));
  EXPECT_EQ(*database_->count("c"), 4U);
  testing::expect_clean(*database_);
  ASSERT_TRUE(database_->close());
  database_ = testing::open(path_);
  EXPECT_EQ(ids().size(), 4U);
  const auto snapshot = database_->snapshot();
  const CollectionInfo* info = snapshot->catalog().find("c");
  EXPECT_EQ(info->settings.series->meta_field(), "m");
  EXPECT_EQ(info->order_path(), "t");
}

TEST_F(Series, AMeasurementHasADate) {
  for (const char* document : {R"({"_id": 1})", R"({"_id": 1, "t": 5})",
                               R"({"_id": 1, "t": [{"$date": "2026-01-01T00:00:00Z"}]})"}) {
    const auto done = testing::try_insert(*database_, "c", document);
    ASSERT_FALSE(done) << document;
    EXPECT_EQ(done.error().number(), 2);
  }
  EXPECT_TRUE(ids().empty());
}

TEST_F(Series, OnlyTheMetaFieldOfAMeasurementChanges) {
  insert(at(1, 1, R"(, "m": 1, "x": 1)"));
  const auto replace = [&](const std::string& text) {
    const bson::Document document = testing::json(text);
    const auto done = database_->transact([&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
      auto cursor = NACRE_TRY(transaction.rows().cursor(info->table));
      NACRE_TRY(cursor->seek_first());
      const std::string key = to_string(cursor->key());
      const std::string row = to_string(cursor->value());
      NACRE_TRY(
          Writer(*database_, transaction, *info).replace(as_bytes(key), as_bytes(row), document));
      return {};
    });
    return done ? 0 : done.error().number();
  };
  EXPECT_EQ(replace(at(1, 1, R"(, "m": {"a": [1, 2]}, "x": 1)")), 0);
  EXPECT_EQ(replace(at(1, 1, R"(, "x": 1)")), 0);
  EXPECT_EQ(replace(at(1, 1, R"(, "x": 1, "m": 2)")), 0);
  EXPECT_EQ(replace(at(1, 1, R"(, "m": 1, "x": 2)")), 72);
  EXPECT_EQ(replace(at(2, 1, R"(, "m": 1, "x": 1)")), 72);
  EXPECT_EQ(replace(at(1, 1, R"(, "m": 1)")), 72);
  EXPECT_EQ(replace(at(1, 1, R"(, "m": 1, "x": 1, "y": 1)")), 72);
  EXPECT_EQ(replace(R"({"_id": 1, "x": 1, "t": {"$date": "2026-01-01T00:00:01Z"}, "m": 1})"), 72);
  testing::expect_clean(*database_);
}

TEST_F(Series, HasAnIndexOnItsMetaFieldAndTimeAndNoneOnId) {
  create(R"({"timeseries": {"timeField": "t"}})", "plain");
  const auto snapshot = database_->snapshot();
  const auto specifications = snapshot->catalog().find("c")->index_specifications();
  ASSERT_EQ(specifications.size(), 1U);
  EXPECT_EQ(bson::to_json(specifications.front()),
            R"({"v":2,"key":{"m":1,"t":1},"name":"m_1_t_1"})");
  EXPECT_TRUE(snapshot->catalog().find("plain")->index_specifications().empty());
  insert(at(1, 1, R"(, "m": 1)"));
  testing::create_index(*database_, "c", R"({"key": {"_id": 1}})");
  testing::create_index(*database_, "c", R"({"key": {"x": 1}, "sparse": true})");
  insert(at(1, 1, R"(, "m": [1, 2], "x": 1)"));
  testing::expect_clean(*database_);
  EXPECT_EQ(database_->drop_index("c", "_id_").error().number(), 27);
  ASSERT_TRUE(database_->drop_index("c", "_id_1"));
  const auto refused = [&](std::string_view specification) {
    const auto spec = parse_index_spec(testing::json(specification));
    const auto built = database_->create_indexes("c", std::span(&*spec, 1));
    return built ? 0 : built.error().number();
  };
  EXPECT_EQ(refused(R"({"key": {"y": 1}, "unique": true})"), 72);
  EXPECT_EQ(refused(R"({"key": {"y": 1}, "prepareUnique": true})"), 72);
  EXPECT_EQ(refused(R"({"key": {"y": 1}, "expireAfterSeconds": 5})"), 72);
  EXPECT_EQ(changed({.hidden = true}, "x_1"), 0);
  EXPECT_EQ(changed({.hidden = true}, "_id_"), 27);
  EXPECT_EQ(changed({.expire_after_seconds = 5}, "x_1"), 72);
  EXPECT_EQ(changed({.prepare_unique = true}, "x_1"), 72);
  EXPECT_EQ(changed({.unique = true}, "x_1"), 72);
}

TEST_F(Series, WhatBelongsToOtherCollectionsIsRefused) {
  const auto created = [&](std::string_view options) {
    const auto made = database_->create_collection("d", testing::json(options));
    return made ? 0 : made.error().number();
  };
  const std::string series = R"("timeseries": {"timeField": "t"})";
  EXPECT_EQ(created("{" + series + R"(, "capped": true, "size": 100})"), 72);
  EXPECT_EQ(created("{" + series + R"(, "validator": {}})"), 72);
  EXPECT_EQ(created("{" + series + R"(, "viewOn": "c"})"), 72);
  EXPECT_EQ(created("{" + series + R"(, "clusteredIndex": {"key": {"_id": 1}, "unique": true}})"),
            72);
  EXPECT_EQ(created(R"({"expireAfterSeconds": 5})"), 72);
  EXPECT_EQ(created("{" + series + R"(, "expireAfterSeconds": -1})"), 72);
  EXPECT_EQ(convert_to_capped(*database_, "c", 1000).error().number(), 166);
  testing::insert(*database_, "other", R"({"_id": 1})");
  const auto renamed = [&](std::string_view from, std::string_view to) {
    const auto done = database_->transact([&](Transaction& transaction) {
      return transaction.rename_collection(from, to, /*drop_target=*/true);
    });
    return done ? 0 : done.error().number();
  };
  EXPECT_EQ(renamed("c", "e"), 166);
  EXPECT_EQ(renamed("other", "c"), 166);
}

TEST_F(Series, MeasurementsExpireByTheirTime) {
  create(R"({"timeseries": {"timeField": "t", "metaField": "m"}, "expireAfterSeconds": 10})",
         "life");
  for (int second = 0; second < 500; ++second) {
    testing::insert(*database_, "life", at(second, second, R"(, "m": 1)"), txn::Durability::kAsync);
    if (second % 50 == 0) insert(at(second, 1));
  }
  const Time now{(std::uint64_t{1'767'225'600} + 459) * 1'000'000};
  const auto removed = database_->remove_expired(now);
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_EQ(*removed, 450U);
  EXPECT_EQ(testing::rows(*database_, "life").size(), 50U);
  EXPECT_EQ(ids().size(), 10U);
  EXPECT_EQ(*database_->remove_expired(now), 0U);
  testing::expect_clean(*database_);
}

TEST_F(Series, DocumentsOfAClusteredCollectionExpireByADateThatIsTheirId) {
  create(R"({"clusteredIndex": {"key": {"_id": 1}, "unique": true}, "expireAfterSeconds": 10})",
         "clustered");
  for (const char* id : {R"({"$date": "2026-01-01T00:00:00Z"})",
                         R"({"$date": "2026-01-01T00:00:11Z"})", "1", R"("2020")"}) {
    testing::insert(*database_, "clustered", R"({"_id": )" + std::string(id) + "}");
  }
  const Time now{(std::uint64_t{1'767'225'600} + 20) * 1'000'000};
  const auto removed = database_->remove_expired(now);
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_EQ(*removed, 1U);
  EXPECT_EQ(testing::rows(*database_, "clustered").size(), 3U);
  testing::expect_clean(*database_);
}

TEST_F(Series, ItsPastIsReadButNotByTheIdOfOneDocument) {
  insert(at(1, 1));
  const Position first = database_->snapshot()->position();
  insert(at(2, 1));
  const Snapshot now = *database_->snapshot();
  const std::string key = id_key(testing::json(R"({"_id": 1})").find("_id"));
  const auto history = history_of(*database_, now, "c", as_bytes(key));
  ASSERT_FALSE(history);
  EXPECT_EQ(history.error().code(), Code::kUnsupported);
  const auto seen = database_->visit("c", as_bytes(key), [](Bytes) {});
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->has_value());
  const auto then = database_->snapshot_at(first);
  ASSERT_TRUE(then);
  auto cursor = then->rows().cursor(then->catalog().find("c")->table);
  ASSERT_TRUE(*(*cursor)->seek_first());
  EXPECT_FALSE(*(*cursor)->next());
  // Changes tell the document's own _id.
  auto changes = ChangeReader::open(*database_, first);
  ASSERT_TRUE(changes) << changes.error().text();
  const auto change = changes->next(now.position(), std::chrono::seconds(1));
  ASSERT_TRUE(change && *change);
  EXPECT_EQ(bson::to_json((*change)->id), R"({"_id":1})");
}

TEST_F(Series, VerifyTellsOfAMeasurementUnderAnotherTime) {
  insert(at(1, 1));
  const auto moved = database_->transact([&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
    auto cursor = NACRE_TRY(transaction.rows().cursor(info->table));
    NACRE_TRY(cursor->seek_first());
    const std::string row = to_string(cursor->value());
    const bson::Document later = testing::json(at(2, 1));
    const std::string key = NACRE_TRY(info->settings.series->new_key(later));
    return transaction.rows().put(info->table, as_bytes(key), as_bytes(row));
  });
  ASSERT_TRUE(moved);
  const auto report = database_->verify();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->clean());
}

}  // namespace
}  // namespace nacre::document
