// Time series read and written by the ordinary operations: whatever is asked, the answer is that of
// a plain collection with the same documents; and only what MongoDB allows is changed.
// Replay one failure: NACRE_SEED=<seed> nacre_query_test --gtest_filter='Series*'
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "query/operations_testing.h"

namespace nacre::query {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

std::string date(std::size_t second) {
  return R"({"$date": {"$numberLong": ")" + std::to_string(1'767'225'600'000 + second * 1000) +
         "\"}}";
}

class SeriesOperations : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = open(new_path());
    plain_ = open(new_path());
    const auto made = database_->create_collection(
        "c", json(R"({"timeseries": {"timeField": "t", "metaField": "m"}})"));
    ASSERT_TRUE(made) << made.error().text();
  }

  [[nodiscard]] Scope scope() const { return {.database = *database_}; }

  void put(std::string_view text) { ASSERT_EQ(try_put(*database_, text), 0) << text; }

  static std::int32_t try_put(document::Database& database, std::string_view text) {
    const bson::Document document = json(text);
    const std::vector<bson::View> documents = {document};
    const auto inserted =
        query::insert({.database = database}, {.collection = "c", .documents = documents});
    if (!inserted) return inserted.error().number();
    return inserted->errors.empty() ? 0 : inserted->errors.front().error.number();
  }

  // What is asked of an update, as JSON: {q, u, multi, upsert, pipeline}. Modified, or "error N".
  std::string updated(std::string_view statement) {
    const bson::Document parts = json(statement);
    UpdateRequest request;
    request.collection = "c";
    if (parts.find("q")) request.filter = parts.find("q").document();
    request.update = parts.find("u").document();
    request.is_pipeline = parts.find("u").is(bson::Type::kArray);
    request.multi = !parts.find("one");
    request.upsert = parts.find("upsert").truthy();
    const auto result = update(scope(), request);
    return result ? std::to_string(result->modified)
                  : "error " + std::to_string(result.error().number());
  }
  std::int64_t removed(std::string_view filter, bool multi, std::string_view sort = "{}") {
    const bson::Document asked = json(filter);
    const bson::Document order = json(sort);
    const auto count = query::remove(
        scope(), {.collection = "c", .filter = asked, .multi = multi, .hint = {}, .sort = order});
    EXPECT_TRUE(count) << count.error().text();
    return count ? *count : -1;
  }

  std::unique_ptr<document::Database> database_;
  std::unique_ptr<document::Database> plain_;
};

TEST_F(SeriesOperations, AnIdIsMadeAndMayComeTwiceAndADateIsRequired) {
  put(R"({"t": )" + date(1) + "}");
  put(R"({"t": )" + date(2) + R"(, "_id": 7})");
  put(R"({"t": )" + date(3) + R"(, "_id": 7})");
  EXPECT_EQ(try_put(*database_, R"({"_id": 8})"), 2);
  EXPECT_EQ(try_put(*database_, R"({"_id": 8, "t": "2026-01-01"})"), 2);
  EXPECT_EQ(try_put(*database_, R"({"_id": [8], "t": )" + date(1) + "}"), 53);
  EXPECT_EQ(find(scope(), {.filter = R"({"_id": 7})", .projection = R"({"_id": 1})"}),
            (std::vector<std::string>{R"({"_id":7})", R"({"_id":7})"}));
  EXPECT_EQ(find(scope(), {.filter = R"({"_id": {"$type": "objectId"}})"}).size(), 1U);
}

TEST_F(SeriesOperations, ASpanOfTimeIsARangeOfTheTable) {
  for (std::size_t second = 0; second < 100; ++second) {
    put(R"({"t": )" + date(second) + R"(, "m": "a", "n": )" + std::to_string(second) + "}");
  }
  const std::string span = R"({"t": {"$gte": )" + date(10) + R"(, "$lt": )" + date(13) + "}}";
  EXPECT_EQ(stages(scope(), {.filter = span}), "CLUSTERED_IXSCAN");
  EXPECT_EQ(stages(scope(), {.filter = span, .sort = R"({"t": -1})"}), "CLUSTERED_IXSCAN");
  EXPECT_EQ(stages(scope(), {.sort = R"({"t": 1})"}), "COLLSCAN");
  const std::string plan = explain(scope(), {.filter = span});
  EXPECT_NE(plan.find(R"("totalDocsExamined":3)"), std::string::npos) << plan;
  EXPECT_EQ(find(scope(),
                 {.filter = span, .sort = R"({"t": -1})", .projection = R"({"_id": 0, "n": 1})"}),
            (std::vector<std::string>{R"({"n":12})", R"({"n":11})", R"({"n":10})"}));
  const std::string one = R"({"t": )" + date(10) + "}";
  EXPECT_EQ(stages(scope(), {.filter = one}), "CLUSTERED_IXSCAN");
  EXPECT_EQ(find(scope(), {.filter = one}).size(), 1U);
  EXPECT_EQ(stages(scope(), {.filter = R"({"m": "a"})", .sort = R"({"t": 1})"}), "FETCH IXSCAN");
  // Two documents may be one in time and _id: the order is not settled by them.
  EXPECT_EQ(stages(scope(), {.sort = R"({"t": 1, "_id": 1})"}), "SORT COLLSCAN");
  const auto hinted = try_find(scope(), {.hint = R"({"hint": "_id_"})"});
  ASSERT_FALSE(hinted);
  EXPECT_EQ(hinted.error().number(), 2);
  EXPECT_EQ(find(scope(), {.hint = R"({"hint": {"$natural": -1}})"}).size(), 100U);
}

TEST_F(SeriesOperations, AnUpdateChangesTheMetaFieldOfAllThatAFilterOnItTakes) {
  put(R"({"_id": 1, "t": )" + date(1) + R"(, "m": {"a": 1, "b": 1}, "x": 1})");
  put(R"({"_id": 1, "t": )" + date(1) + R"(, "m": {"a": 1, "b": 2}, "x": 2})");
  put(R"({"_id": 2, "t": )" + date(2) + "}");
  EXPECT_EQ(updated(R"({"q": {"m.a": 1}, "u": {"$inc": {"m.b": 1}}})"), "2");
  EXPECT_EQ(updated(R"({"q": {"$or": [{"m.b": 2}, {"m.b": 9}]}, "u": {"$set": {"m": 5}}})"), "1");
  EXPECT_EQ(updated(R"({"q": {"m.a": 1}, "u": {"$rename": {"m.a": "m.c"}}})"), "1");
  EXPECT_EQ(updated(R"({"q": {"m": null}, "u": [{"$set": {"m.z": 1}}, {"$unset": "m.c"}]})"), "1");
  for (const char* statement : {R"({"q": {"m": 5}, "u": {"$set": {"m": 6}}, "one": true})",
                                R"({"q": {"m": 5}, "u": {"$set": {"m": 6}}, "upsert": true})",
                                R"({"q": {"x": 1}, "u": {"$set": {"m": 6}}})",
                                R"({"q": {"t": 1}, "u": {"$set": {"m": 6}}})",
                                R"({"q": {"mm": 1}, "u": {"$set": {"m": 6}}})",
                                R"({"q": {"$expr": {"$eq": ["$m", 1]}}, "u": {"$set": {"m": 6}}})",
                                R"({"q": {"$and": [{"m": 5}, {"x": 1}]}, "u": {"$set": {"m": 6}}})",
                                R"({"q": {"m": 5}, "u": {"$set": {"m": 6, "x": 1}}})",
                                R"({"q": {"m": 5}, "u": {"$rename": {"m.a": "x"}}})",
                                R"({"q": {"m": 5}, "u": [{"$set": {"x": 1}}]})",
                                R"({"q": {"m": 5}, "u": [{"$unset": ["m", "x"]}]})",
                                R"({"q": {"m": 5}, "u": [{"$replaceWith": {"m": 1}}]})",
                                R"({"q": {"m": 5}, "u": {"m": 1}, "one": true})"}) {
    EXPECT_EQ(updated(statement), "error 72") << statement;
  }
  EXPECT_EQ(find(scope(), {.filter = R"({"m": 5})"}).size(), 1U);
  EXPECT_EQ(find(scope(), {.filter = R"({"m.z": 1})", .projection = R"({"_id": 1})"}),
            std::vector<std::string>{R"({"_id":2})"});
  expect_clean(*database_);
}

TEST_F(SeriesOperations, WithoutAMetaFieldNothingIsUpdated) {
  ASSERT_TRUE(*database_->drop_collection("c"));
  ASSERT_TRUE(database_->create_collection("c", json(R"({"timeseries": {"timeField": "t"}})")));
  EXPECT_EQ(updated(R"({"q": {}, "u": {"$set": {"x": 1}}})"), "error 72");
}

TEST_F(SeriesOperations, OneMeasurementOfSeveralAlikeIsDeleted) {
  for (int i = 0; i < 6; ++i) {
    put(R"({"_id": 1, "t": )" + date(1) + R"(, "m": 1, "x": )" + std::to_string(i) + "}");
  }
  EXPECT_EQ(removed(R"({"_id": 1})", false), 1);
  EXPECT_EQ(removed(R"({"m": 1})", false, R"({"x": -1})"), 1);
  EXPECT_EQ(find(scope(), {.filter = R"({"x": 5})"}).size(), 0U);
  EXPECT_EQ(removed(R"({"x": {"$gte": 3}})", true), 2);
  EXPECT_EQ(find(scope(), Find{}).size(), 2U);
  const bson::Document filter = json(R"({"m": 1})");
  const bson::Document sort = json(R"({"x": 1})");
  const auto taken = take(scope(), {.collection = "c", .filter = filter, .hint = {}, .sort = sort});
  ASSERT_TRUE(taken && *taken) << taken.error().text();
  EXPECT_EQ(removed("{}", true), 1);
  expect_clean(*database_);
}

TEST_F(SeriesOperations, AnswerLikeAPlainCollection) {
  const char* given = std::getenv("NACRE_SEED");
  const std::uint64_t seed = given == nullptr ? 11 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t count) { return static_cast<std::size_t>(random() % count); };
  create_index(*database_, "c", R"({"key": {"x": 1, "t": -1}})");
  create_index(*plain_, "c", R"({"key": {"x": 1, "t": -1}})");
  for (int id = 0; id < 300; ++id) {
    const std::string text = R"({"_id": )" + std::to_string(id) + R"(, "t": )" + date(below(40)) +
                             R"(, "m": )" + std::to_string(below(4)) + R"(, "x": )" +
                             std::to_string(below(10)) + "}";
    put(text);
    ASSERT_EQ(try_put(*plain_, text), 0);
  }
  const auto condition = [&]() -> std::string {
    const std::string span =
        R"({"$gte": )" + date(below(40)) + R"(, "$lt": )" + date(below(40)) + "}";
    switch (below(7)) {
      case 0:
        return R"("t": )" + date(below(40));
      case 1:
        return R"("t": )" + span;
      case 2:
        return R"("t": {"$in": [)" + date(below(40)) + ", " + date(below(40)) + R"(, 5]})";
      case 3:
        return R"("$or": [{"t": )" + span + R"(}, {"x": )" + std::to_string(below(10)) + "}]";
      case 4:
        return R"("m": )" + std::to_string(below(4));
      case 5:
        return R"("_id": {"$lt": )" + std::to_string(below(300)) + "}";
      default:
        return R"("x": {"$gt": )" + std::to_string(below(10)) + "}";
    }
  };
  constexpr auto kSorts = std::to_array<std::string_view>(
      {R"({"t": 1, "_id": 1})", R"({"t": -1, "_id": -1})", R"({"m": 1, "t": 1, "_id": 1})",
       R"({"x": 1, "t": -1, "_id": 1})", R"({"_id": 1})"});
  for (int query = 0; query < 300; ++query) {
    const std::string filter = "{" + condition() + ", " + condition() + "}";
    const Find asked{.filter = filter,
                     .sort = kSorts[below(kSorts.size())],
                     .skip = static_cast<std::int64_t>(below(3)),
                     .limit = static_cast<std::int64_t>(below(20)),
                     .pause_between = below(2) == 0};
    ASSERT_EQ(find(scope(), asked), find({.database = *plain_}, asked)) << filter << asked.sort;
    const bson::Document counted = json(filter);
    const auto count = [&](document::Database& database) {
      return *query::count({.database = database},
                           {.collection = "c", .filter = counted, .hint = {}});
    };
    ASSERT_EQ(count(*database_), count(*plain_)) << filter;
  }
}

}  // namespace
}  // namespace nacre::query
