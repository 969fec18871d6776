// Which plan a query gets, and that what the plans' rules forbid is not done.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "query/operations_testing.h"
#include "query/race.h"
#include "query/run.h"

namespace nacre::query {
namespace {

class Planner : public ::testing::Test {
 protected:
  void SetUp() override { database_ = testing::open(testing::new_path()); }

  void index(std::string_view specification) {
    testing::create_index(*database_, "c", specification);
  }
  void insert(std::string_view document) {
    testing::insert(*database_, "c", document, txn::Durability::kAsync);
  }
  [[nodiscard]] Scope scope() const { return {.database = *database_}; }

  // "SORT FETCH IXSCAN a_1"
  std::string plan(std::string_view filter, std::string_view sort = "{}") {
    const bson::Document whole =
        testing::json(testing::explain(scope(), {.filter = filter, .sort = sort}));
    std::string text;
    bson::Element stage = whole.get("queryPlanner.winningPlan");
    while (stage) {
      const bson::View view = stage.document();
      text.append(text.empty() ? "" : " ").append(view.find("stage").string());
      if (view.find("indexName")) text.append(" ").append(view.find("indexName").string());
      stage = view.find("inputStage");
    }
    return text;
  }

  std::unique_ptr<document::Database> database_;
};

TEST_F(Planner, APartialIndexIsUsedWhenTheFilterImpliesItsOwn) {
  index(R"({"key": {"a": 1}, "partialFilterExpression": {"b": {"$gt": 5}}})");
  insert(R"({"_id": 1, "a": 1, "b": 1})");
  insert(R"({"_id": 2, "a": 1, "b": 9})");
  EXPECT_EQ(plan(R"({"a": 1})"), "COLLSCAN");
  EXPECT_EQ(plan(R"({"a": 1, "b": 9})"), "FETCH IXSCAN a_1");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 1})"}).size(), 2U);
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 1, "b": {"$gte": 6}})"}).size(), 1U);
  // Named, it gives what it has.
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 1})", .hint = R"({"hint": "a_1"})"}).size(),
            1U);
}

TEST_F(Planner, AHintIsAnIndexAsItWasMade) {
  index(R"({"key": {"a": 1}})");
  insert(R"({"_id": 1, "a": 1})");
  const auto number_of = [this](std::string_view hint) {
    const auto found = testing::try_find(scope(), {.hint = hint});
    return found ? 0 : found.error().number();
  };
  EXPECT_EQ(number_of(R"({"hint": {"a": 1.0}})"), 0);
  EXPECT_EQ(number_of(R"({"hint": {"_id": 1}})"), 0);
  for (const char* other :
       {R"({"hint": {"a": 2}})", R"({"hint": {"a": 1.5}})", R"({"hint": {"a": -1}})",
        R"({"hint": {"_id": -1}})", R"({"hint": {"a": true}})", R"({"hint": "$natural"})"}) {
    EXPECT_EQ(number_of(other), 2) << other;
  }
}

TEST_F(Planner, HiddenIndexesAreMaintainedAndNotUsed) {
  index(R"({"key": {"a": 1}, "hidden": true})");
  insert(R"({"_id": 1, "a": 1})");
  EXPECT_EQ(plan(R"({"a": 1})"), "COLLSCAN");
  const auto forced =
      testing::try_find(scope(), {.filter = R"({"a": 1})", .hint = R"({"hint": "a_1"})"});
  ASSERT_FALSE(forced);
  EXPECT_EQ(forced.error().number(), 2);
  EXPECT_TRUE(database_->verify()->clean());
}

TEST_F(Planner, AnIndexOfAnotherCollationBindsNoStrings) {
  index(R"({"key": {"a": 1}, "collation": {"locale": "en", "strength": 1}})");
  insert(R"({"_id": 1, "a": "X"})");
  insert(R"({"_id": 2, "a": 5})");
  EXPECT_EQ(plan(R"({"a": "x"})"), "COLLSCAN");
  EXPECT_EQ(plan(R"({"a": 5})"), "FETCH IXSCAN a_1");
  EXPECT_EQ(plan("{}", R"({"a": 1})"), "SORT COLLSCAN");
}

TEST_F(Planner, HashedAndWildcardIndexesAnswerWhatTheyCan) {
  index(R"({"key": {"h": "hashed"}})");
  index(R"({"key": {"w.$**": 1}})");
  insert(R"({"_id": 1, "h": 1, "w": {"x": {"y": 1}}})");
  insert(R"({"_id": 2, "h": 1.0, "w": [{"x": {"y": [2, 3]}}]})");
  insert(R"({"_id": 3, "w": {"x": {"y": null}}})");
  EXPECT_EQ(plan(R"({"h": 1})"), "FETCH IXSCAN h_hashed");
  EXPECT_EQ(plan(R"({"h": {"$gt": 0}})"), "COLLSCAN");
  EXPECT_EQ(plan("{}", R"({"h": 1})"), "SORT COLLSCAN");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"h": {"$numberLong": "1"}})"}).size(), 2U);
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"h": null})"}).size(), 1U);
  EXPECT_EQ(plan(R"({"w.x.y": {"$gte": 2}})"), "FETCH IXSCAN w.$**_1");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"w.x.y": {"$gte": 2}})"}).size(), 1U);
  EXPECT_EQ(plan(R"({"w.x.y": null})"), "COLLSCAN") << "what is missing has no entry";
  EXPECT_EQ(plan(R"({"w.x": {"y": 1}})"), "COLLSCAN") << "documents have no entries";
  EXPECT_EQ(plan(R"({"v": 1})"), "COLLSCAN");
}

TEST_F(Planner, FieldsBesideAWildcardBoundItsEntriesOrStandAlone) {
  index(R"({"key": {"t": 1, "$**": 1, "u": -1}, "wildcardProjection": {"t": 0, "u": 0}})");
  insert(R"({"_id": 1, "t": 1, "x": 5, "y": {"z": "a"}, "u": 1})");
  insert(R"({"_id": 2, "t": 1, "x": [5, 6], "u": 3})");
  insert(R"({"_id": 3, "t": 1, "u": 2})");
  insert(R"({"_id": 4, "t": 2, "x": 5})");
  const std::string name = "IXSCAN t_1_$**_1_u_-1";
  const auto count = [&](std::string_view filter) {
    return testing::find(scope(), {.filter = filter}).size();
  };
  EXPECT_EQ(plan(R"({"t": 1, "x": 5})"), "FETCH " + name);
  EXPECT_EQ(count(R"({"t": 1, "x": 5})"), 2U);
  EXPECT_EQ(count(R"({"t": {"$in": [1, 2]}, "x": {"$gt": 4}})"), 3U);
  EXPECT_EQ(plan(R"({"t": 1, "y.z": "a"})"), "FETCH " + name);
  EXPECT_EQ(plan(R"({"t": 1, "x": 5})", R"({"u": -1})"), "FETCH " + name) << "in its order";
  EXPECT_EQ(plan(R"({"x": 5})"), "COLLSCAN") << "what stands in front is not bound";
  // The fields in front alone: a document has many entries, and one when it has nothing else.
  EXPECT_EQ(plan(R"({"t": 1})"), "FETCH " + name);
  EXPECT_EQ(count(R"({"t": 1})"), 3U);
  EXPECT_EQ(count(R"({"t": {"$gte": 1}})"), 4U);
  const auto counted = query::count(
      scope(), {.collection = "c", .filter = testing::json(R"({"t": 1})"), .hint = {}});
  ASSERT_TRUE(counted);
  EXPECT_EQ(*counted, 3);
  EXPECT_EQ(plan(R"({"t": 1, "x": null})"), "FETCH " + name) << "by t";
  EXPECT_EQ(count(R"({"t": 1, "x": null})"), 1U);
  EXPECT_EQ(plan("{}", R"({"t": 1})"), "SORT COLLSCAN");
}

TEST_F(Planner, AWildcardInFrontOfOtherFieldsIsBoundByOneOfItsPaths) {
  index(R"({"key": {"a.$**": -1, "t": 1}})");
  for (int i = 0; i < 9; ++i) {
    insert("{\"_id\": " + std::to_string(i) + R"(, "a": {"x": )" + std::to_string(i % 3) +
           R"(, "y": 1}, "t": )" + std::to_string(9 - i) + "}");
  }
  const std::string name = "IXSCAN a.$**_-1_t_1";
  const auto ids = [&](std::string_view filter, std::string_view sort) {
    std::string all;
    for (const std::string& row : testing::find(scope(), {.filter = filter, .sort = sort})) {
      all += std::to_string(testing::json(row).find("_id").as_int64().value_or(-1));
    }
    return all;
  };
  EXPECT_EQ(plan(R"({"a.x": 1})"), "FETCH " + name);
  EXPECT_EQ(plan(R"({"t": 1})"), "COLLSCAN");
  EXPECT_EQ(plan(R"({"a.x": 1})", R"({"t": 1})"), "FETCH " + name);
  EXPECT_EQ(ids(R"({"a.x": 1})", R"({"t": 1})"), "741");
  EXPECT_EQ(ids(R"({"a.x": 1})", R"({"t": -1})"), "147");
  EXPECT_EQ(ids(R"({"a.x": {"$gte": 1}, "t": {"$lt": 4}})", R"({"_id": 1})"), "78");
  EXPECT_EQ(ids(R"({"a.x": {"$in": [0, 2]}, "t": {"$lt": 4}})", R"({"t": 1})"), "86");
}

TEST_F(Planner, BothSidesOfAnOrMayHaveAnIndex) {
  index(R"({"key": {"a": 1}})");
  index(R"({"key": {"b": 1}})");
  for (int i = 0; i < 20; ++i) {
    insert("{\"_id\": " + std::to_string(i) + ", \"a\": " + std::to_string(i % 5) +
           ", \"b\": " + std::to_string(i % 3) + "}");
  }
  EXPECT_EQ(plan(R"({"$or": [{"a": 1}, {"b": 2}]})"), "FETCH OR");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"$or": [{"a": 1}, {"b": 2}]})"}).size(), 9U)
      << "each once";
  EXPECT_EQ(plan(R"({"$or": [{"a": 1}, {"x": 2}]})"), "COLLSCAN");
  EXPECT_EQ(plan(R"({"$or": [{"a": 1}, {"_id": 2}]})"), "FETCH OR");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"$or": [{"a": 1}, {"_id": 2}], "b": 0})"}).size(),
            1U)
      << "6: what stands beside the $or counts";
}

TEST_F(Planner, ManyPointsAreMergedWhenTheyAreToBeSortedByWhatComesBehind) {
  index(R"({"key": {"a": 1, "b": 1}})");
  for (int i = 0; i < 30; ++i) {
    insert("{\"_id\": " + std::to_string(i) + ", \"a\": " + std::to_string(i % 3) +
           ", \"b\": " + std::to_string(30 - i) + "}");
  }
  EXPECT_EQ(plan(R"({"a": {"$in": [0, 2]}})", R"({"b": 1})"), "FETCH IXSCAN a_1_b_1");
  EXPECT_EQ(plan(R"({"a": {"$in": [0, 2]}})", R"({"b": -1})"), "FETCH IXSCAN a_1_b_1");
  const auto rows = testing::find(
      scope(), {.filter = R"({"a": {"$in": [0, 2]}})", .sort = R"({"b": 1})", .limit = 3});
  EXPECT_EQ(rows,
            (std::vector<std::string>{R"({"_id":29,"a":2,"b":1})", R"({"_id":27,"a":0,"b":3})",
                                      R"({"_id":26,"a":2,"b":4})"}));
}

TEST_F(Planner, AnIndexWithoutArraysAnswersForItsFieldsAlone) {
  index(R"({"key": {"a": 1, "b": 1}})");
  insert(R"({"_id": 1, "a": 1, "b": 2.5})");
  insert(R"({"_id": 2, "a": 1})");
  const auto covered = [&](std::string_view projection) {
    return testing::find(scope(), {.filter = R"({"a": 1})", .projection = projection});
  };
  EXPECT_EQ(covered(R"({"_id": 0, "a": 1, "b": 1})"),
            (std::vector<std::string>{R"({"a":1})", R"({"a":1,"b":2.5})"}));
  const auto documents_read = [&](std::string_view projection_text) {
    const bson::Document filter = testing::json(R"({"a": 1})");
    const bson::Document projection = testing::json(projection_text);
    const auto plan =
        query::explain(scope(), {.collection = "c", .filter = filter, .projection = projection},
                       Verbosity::kExecutionStats);
    return plan->get("executionStats.totalDocsExamined").as_int64().value_or(-1);
  };
  EXPECT_EQ(documents_read(R"({"_id": 0, "a": 1, "b": 1})"), 0);
  EXPECT_EQ(documents_read(R"({"a": 1, "b": 1})"), 2) << "_id is not in the index";
  insert(R"({"_id": 3, "a": [1, 2], "b": 1})");
  EXPECT_EQ(documents_read(R"({"_id": 0, "a": 1, "b": 1})"), 3) << "an array is not in its entries";
}

TEST_F(Planner, PlansRaceAndTheWinnerIsRememberedUntilItDoesWorse) {
  index(R"({"key": {"a": 1}})");
  index(R"({"key": {"b": 1}})");
  // Of a = 1 there are many, of b = 1 one; of a = 2 one, of b = 2 many.
  for (int i = 0; i < 1500; ++i) {
    insert("{\"_id\": " + std::to_string(i) + ", \"a\": 1, \"b\": 2}");
  }
  insert(R"({"_id": "x", "a": 1, "b": 1})");
  insert(R"({"_id": "y", "a": 2, "b": 2})");
  EXPECT_EQ(plan(R"({"a": 1, "b": 1})"), "FETCH IXSCAN b_1");
  EXPECT_EQ(plan(R"({"a": 2, "b": 2})"), "FETCH IXSCAN a_1");
  const std::string explained = testing::explain(scope(), {.filter = R"({"a": 1, "b": 1})"});
  EXPECT_TRUE(explained.contains(R"("rejectedPlans":[{"isCached":false,"stage":"FETCH")"))
      << explained;

  const auto remembered = [&] {
    const bson::Document filter = testing::json(R"({"a": 1, "b": 1})");
    const auto parsed = match::Filter::parse(filter);
    const auto snapshot = database_->snapshot();
    const std::string shape = shape_of({.filter = &*parsed}, "c", Need::kDocuments);
    const auto plan = database_->plans().find(shape, snapshot->catalog().version());
    return plan ? plan->name : std::string();
  };
  EXPECT_EQ(remembered(), "");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 1, "b": 1})"}).size(), 1U);
  EXPECT_EQ(remembered(), "IXSCAN b_1 ");
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 2, "b": 2})"}).size(), 1U);
  EXPECT_EQ(remembered(), "IXSCAN a_1 ") << "ten times the work: raced again";
  index(R"({"key": {"z": 1}})");
  EXPECT_EQ(remembered(), "") << "another catalog";
}

// The story: a plan from the cache named an index that had been dropped meanwhile.
TEST_F(Planner, ARememberedPlanDoesNotOutliveItsIndex) {
  index(R"({"key": {"a": 1}})");
  index(R"({"key": {"b": 1}})");
  for (int i = 0; i < 10; ++i) {
    insert("{\"_id\": " + std::to_string(i) + ", \"a\": 1, \"b\": 1}");
  }
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 1, "b": 1})"}).size(), 10U);
  ASSERT_TRUE(database_->drop_index("c", "a_1"));
  ASSERT_TRUE(database_->drop_index("c", "b_1"));
  EXPECT_EQ(testing::find(scope(), {.filter = R"({"a": 1, "b": 1})"}).size(), 10U);
}

TEST_F(Planner, MinAndMaxAreEndsOfTheHintedIndex) {
  index(R"({"key": {"a": 1, "b": -1}})");
  for (int i = 0; i < 10; ++i) {
    insert("{\"_id\": " + std::to_string(i) + ", \"a\": " + std::to_string(i) + ", \"b\": 1}");
  }
  const auto count_between = [&](std::string_view min_text, std::string_view max_text,
                                 std::string_view hint_text) -> std::int64_t {
    const bson::Document min = testing::json(min_text);
    const bson::Document max = testing::json(max_text);
    const bson::Document hint = testing::json(hint_text);
    auto run = open_run(
        scope(),
        {.collection = "c", .filter = {}, .hint = hint.find("hint"), .min = min, .max = max});
    if (!run) return -run.error().number();
    std::int64_t rows = 0;
    for (auto row = run->run->root->next(); row && *row; row = run->run->root->next()) ++rows;
    return rows;
  };
  EXPECT_EQ(count_between(R"({"a": 2, "b": 1})", R"({"a": 5, "b": 1})", R"({"hint": "a_1_b_-1"})"),
            3);
  EXPECT_EQ(count_between("{}", R"({"a": 5, "b": 1})", R"({"hint": "a_1_b_-1"})"), 5);
  EXPECT_EQ(count_between(R"({"_id": 7})", "{}", R"({"hint": {"_id": 1}})"), 3);
  EXPECT_EQ(count_between(R"({"a": 2})", "{}", R"({"hint": "a_1_b_-1"})"), -51174);
  EXPECT_EQ(count_between(R"({"a": 2, "b": 1})", "{}", "{}"), -51173);
  EXPECT_EQ(count_between(R"({"a": 5, "b": 1})", R"({"a": 2, "b": 1})", R"({"hint": "a_1_b_-1"})"),
            -51175);
}

}  // namespace
}  // namespace nacre::query
