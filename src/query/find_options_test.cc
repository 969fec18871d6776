// The options that a find may have beside filter, order and fields.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/operations_testing.h"
#include "text/collator.h"

namespace nacre::query {
namespace {

using Rows = std::vector<std::string>;

class FindOptions : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::insert(*database_, "c", R"({"_id": 1, "a": 5, "b": "x"})");
    testing::insert(*database_, "c", R"({"_id": 2, "a": 3, "b": "Y"})");
    testing::insert(*database_, "c", R"({"_id": 3, "a": [4, [9]], "b": "y"})");
  }

  // The rows, or one "error NUMBER".
  Rows rows_of(const FindRequest& request) {
    const auto rows = testing::drain(find(scope_, request));
    if (!rows) return {"error " + std::to_string(rows.error().number())};
    return *rows;
  }

  std::string distinct_of(std::string_view path) {
    const auto values = distinct(scope_, {.collection = "c", .path = path});
    return values ? bson::to_json(bson::Builder().append_array("v", *values).finish())
                  : "error " + std::to_string(values.error().number());
  }

  std::unique_ptr<document::Database> database_ = testing::open(testing::new_path(), "db");
  Scope scope_{.database = *database_};
};

TEST_F(FindOptions, LetGivesVariablesToFilterAndProjection) {
  const bson::Document filter = testing::json(R"({"$expr": {"$eq": ["$a", "$$wanted"]}})");
  const bson::Document fields = testing::json(R"({"b": 1, "also": "$$other"})");
  const bson::Document let = testing::json(R"({"wanted": 3, "other": "$$wanted"})");
  EXPECT_EQ(rows_of({.collection = "c", .filter = filter, .projection = fields, .let = let}),
            Rows{R"({"_id":2,"b":"Y","also":3})"});
  for (const auto& [wrong, number] :
       {std::pair(R"({"x": "$a"})", "error 4890500"), std::pair(R"({"ROOT": 1})", "error 4738901"),
        std::pair(R"({"x.y": 1})", "error 9")}) {
    const bson::Document bad = testing::json(wrong);
    EXPECT_EQ(rows_of({.collection = "c", .let = bad}), Rows{number}) << wrong;
  }
}

TEST_F(FindOptions, CollationRulesFilterAndOrder) {
  const auto collator = text::Collator::open({.locale = "en", .strength = 2});
  ASSERT_TRUE(collator.has_value());
  testing::create_index(*database_, "c", R"({"key": {"b": 1}})");
  const bson::Document filter = testing::json(R"({"b": "y"})");
  const bson::Document fields = testing::json(R"({"b": 1})");
  const bson::Document sort = testing::json(R"({"b": 1, "_id": -1})");
  EXPECT_EQ(rows_of({.collection = "c",
                     .filter = filter,
                     .projection = fields,
                     .sort = sort,
                     .collation = *collator}),
            (Rows{R"({"_id":3,"b":"y"})", R"({"_id":2,"b":"Y"})"}));
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = filter, .collation = *collator}), 2);
  const auto values = distinct(scope_, {.collection = "c", .path = "b", .collation = *collator});
  ASSERT_TRUE(values.has_value());
  EXPECT_EQ(values->view().count(), 2U);
}

TEST_F(FindOptions, NaturalOrderIsThatOfTheTable) {
  const bson::Document backward = testing::json(R"({"$natural": -1})");
  const bson::Document fields = testing::json(R"({"_id": 1})");
  EXPECT_EQ(rows_of({.collection = "c", .projection = fields, .sort = backward}),
            (Rows{R"({"_id":3})", R"({"_id":2})", R"({"_id":1})"}));
  for (const char* wrong : {R"({"$natural": 2})", R"({"$natural": 1, "a": 1})"}) {
    const bson::Document sort = testing::json(wrong);
    EXPECT_EQ(rows_of({.collection = "c", .sort = sort}), Rows{"error 2"}) << wrong;
    const bson::Document holder = bson::Builder().append("hint", sort).finish();
    EXPECT_EQ(rows_of({.collection = "c", .hint = holder.find("hint")}), Rows{"error 2"}) << wrong;
  }
  // A score is not there in that order either.
  const bson::Document score = testing::json(R"({"s": {"$meta": "textScore"}})");
  EXPECT_EQ(rows_of({.collection = "c", .projection = score, .sort = backward}),
            Rows{"error 40218"});
}

TEST_F(FindOptions, RecordIdsDifferAndStay) {
  const bson::Document fields = testing::json(R"({"_id": 0, "x": 1})");
  const bson::Document sort = testing::json(R"({"a": 1})");
  const Rows plain = rows_of({.collection = "c", .projection = fields, .show_record_id = true});
  Rows sorted =
      rows_of({.collection = "c", .projection = fields, .sort = sort, .show_record_id = true});
  ASSERT_EQ(plain.size(), 3U);
  EXPECT_NE(plain[0], plain[1]);
  EXPECT_EQ(sorted[2], plain[0]) << "5 is the greatest of the least elements";
}

TEST_F(FindOptions, TextScoresNeedATextQuery) {
  const bson::Document meta = testing::json(R"({"s": {"$meta": "textScore"}})");
  EXPECT_EQ(rows_of({.collection = "c", .sort = meta}), Rows{"error 40218"});
  const bson::Document text = testing::json(R"({"$text": {"$search": "x"}})");
  EXPECT_EQ(rows_of({.collection = "c", .filter = text}), Rows{"error 27"});
}

TEST_F(FindOptions, DistinctGoesIntoArraysByItsOwnRules) {
  EXPECT_EQ(distinct_of("a"), R"({"v":[3,4,5,[9]]})");
  EXPECT_EQ(distinct_of("a.0"), R"({"v":[4]})");
  EXPECT_EQ(distinct_of("a.1.0"), R"({"v":[9]})");
  EXPECT_EQ(distinct_of("x"), R"({"v":[]})");
  EXPECT_EQ(distinct_of(std::string_view("a\0b", 3)), "error 31032");
}

TEST_F(FindOptions, ReturnKeyShowsTheKeyThatLedToEachDocument) {
  testing::create_index(*database_, "c", R"({"key": {"a": 1, "b": 1}, "name": "ab"})");
  const bson::Document filter = testing::json(R"({"a": {"$gte": 4}})");
  const bson::Document fields = testing::json(R"({"zzz": 1})");
  EXPECT_EQ(
      rows_of({.collection = "c", .filter = filter, .projection = fields, .return_key = true}),
      (Rows{R"({"a":4,"b":"y"})", R"({"a":5,"b":"x"})"}));
  const bson::Document back = testing::json(R"({"a": -1})");
  EXPECT_EQ(rows_of({.collection = "c", .filter = filter, .sort = back, .return_key = true}).size(),
            2U);
  const bson::Document by_id = testing::json(R"({"_id": 2})");
  EXPECT_EQ(rows_of({.collection = "c", .filter = by_id, .return_key = true}),
            Rows{R"({"_id":2})"});
  EXPECT_EQ(rows_of({.collection = "c", .return_key = true}), (Rows{"{}", "{}", "{}"}));
}

TEST_F(FindOptions, ExplainNamesTheKindOfProjection) {
  testing::create_index(*database_, "c", R"({"key": {"b": 1}})");
  const auto stage_of = [&](std::string_view filter, std::string_view projection) {
    const bson::Document asked = testing::json(filter);
    const bson::Document fields = testing::json(projection);
    const auto plan =
        explain(scope_, FindRequest{.collection = "c", .filter = asked, .projection = fields},
                Verbosity::kQueryPlanner);
    return plan ? std::string(plan->get("queryPlanner.winningPlan.stage").string())
                : plan.error().text();
  };
  EXPECT_EQ(stage_of(R"({"b": "x"})", R"({"b": 1, "_id": 0})"), "PROJECTION_COVERED");
  EXPECT_EQ(stage_of("{}", R"({"b": 1})"), "PROJECTION_SIMPLE");
  EXPECT_EQ(stage_of("{}", R"({"b": 0})"), "PROJECTION_SIMPLE");
  EXPECT_EQ(stage_of("{}", R"({"b.c": 1})"), "PROJECTION_DEFAULT");
  EXPECT_EQ(stage_of("{}", R"({"n": {"$add": [1, 1]}})"), "PROJECTION_DEFAULT");
}

}  // namespace
}  // namespace nacre::query
