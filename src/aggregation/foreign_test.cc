// Stages that look into other collections, and write to them, where those are views or have
// validators; and variables in the $match that a plan takes over.
#include "aggregation/aggregate_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class Foreign : public testing::PipelineTest {
 protected:
  void create(std::string_view name, std::string_view options) {
    const auto parsed = bson::from_json(options);
    ASSERT_TRUE(parsed) << options;
    const auto created = database_->create_collection(name, *parsed);
    ASSERT_TRUE(created) << created.error().text();
  }
  // c of people, d of things, and the view `cheap` of things, with their prices doubled.
  void fill() {
    insert("c", R"({"_id": 1, "thing": "cup", "most": 4})");
    insert("c", R"({"_id": 2, "thing": "car", "most": 9})");
    insert("d", R"({"_id": 10, "name": "cup", "price": 2, "next": 11})");
    insert("d", R"({"_id": 11, "name": "cup", "price": 3, "next": 12})");
    insert("d", R"({"_id": 12, "name": "car", "price": 900, "next": 10})");
    create("cheap", R"({"viewOn": "d", "pipeline": [{"$match": {"price": {"$lt": 100}}},
        {"$set": {"price": {"$sum": {"$map": {"input": [1, 2], "in": "$price"}}}}}]})");
  }
};

TEST_F(Foreign, LookupFindsTheDocumentsOfAView) {
  fill();
  EXPECT_EQ(run(R"([{"$lookup": {"from": "cheap", "localField": "thing", "foreignField": "name",
                                 "as": "f"}}, {"$project": {"f": "$f.price"}}])"),
            (Rows{R"({"_id":1,"f":[4,6]})", R"({"_id":2,"f":[]})"}));
  // The equality is one of the view's fields, not of those behind it.
  EXPECT_EQ(run(R"([{"$lookup": {"from": "cheap", "localField": "most", "foreignField": "price",
                                 "as": "f"}}, {"$project": {"f": "$f._id"}}])"),
            (Rows{R"({"_id":1,"f":[10]})", R"({"_id":2,"f":[]})"}));
}

TEST_F(Foreign, LookupRunsItsPipelineBehindThatOfTheView) {
  fill();
  EXPECT_EQ(run(R"([{"$lookup": {"from": "cheap", "let": {"most": "$most", "thing": "$thing"},
        "pipeline": [{"$match": {"$expr": {"$lte": ["$price", "$$most"]}}}], "as": "f"}},
        {"$project": {"f": "$f._id"}}])"),
            (Rows{R"({"_id":1,"f":[10]})", R"({"_id":2,"f":[10,11]})"}));
  EXPECT_EQ(run(R"([{"$lookup": {"from": "cheap", "localField": "thing", "foreignField": "name",
        "let": {"most": "$most"}, "as": "f",
        "pipeline": [{"$match": {"$expr": {"$lte": ["$price", "$$most"]}}}]}},
        {"$project": {"f": "$f._id"}}])"),
            (Rows{R"({"_id":1,"f":[10]})", R"({"_id":2,"f":[]})"}));
}

TEST_F(Foreign, GraphLookupAndUnionWithReadViews) {
  fill();
  EXPECT_EQ(run(R"([{"$match": {"_id": 1}}, {"$graphLookup": {"from": "cheap", "startWith": 10,
        "connectFromField": "next", "connectToField": "_id", "as": "f"}},
        {"$project": {"n": {"$size": "$f"}, "most": {"$max": "$f.price"}}}])"),
            Rows{R"({"_id":1,"n":2,"most":6})"});
  EXPECT_EQ(run(R"([{"$match": {"_id": 1}}, {"$project": {"_id": 1}},
        {"$unionWith": {"coll": "cheap", "pipeline": [{"$project": {"price": 1}}]}}])"),
            (Rows{R"({"_id":1})", R"({"_id":10,"price":4})", R"({"_id":11,"price":6})"}));
}

TEST_F(Foreign, AViewThatLooksIntoItselfIsRefused) {
  create("a", R"({"viewOn": "c", "pipeline": [{"$lookup": {"from": "b", "localField": "x",
                                               "foreignField": "y", "as": "z"}}]})");
  create("b", R"({"viewOn": "c", "pipeline": [{"$unionWith": "a"}]})");
  EXPECT_EQ(error_of(R"([{"$unionWith": "a"}])"), 5);
}

TEST_F(Foreign, NothingIsWrittenToAView) {
  fill();
  EXPECT_EQ(error_of(R"([{"$out": "cheap"}])"), 166);
  EXPECT_EQ(error_of(R"([{"$merge": "cheap"}])"), 166);
}

TEST_F(Foreign, OutAndMergePassByTheValidatorWhenAskedTo) {
  fill();
  create("checked", R"({"validator": {"most": {"$lt": 5}}})");
  const AggregateRequest bypass{.collection = "c", .pipeline = {}, .bypass_validation = true};
  for (const std::string_view stages :
       {R"([{"$out": "checked"}])",
        R"([{"$match": {"_id": 2}}, {"$set": {"most": 8}}, {"$merge": "checked"}])",
        R"([{"$match": {"_id": 1}}, {"$set": {"_id": 3, "most": 7}}, {"$merge": "checked"}])"}) {
    EXPECT_EQ(error_of(stages), 121) << stages;
    EXPECT_EQ(run(stages, bypass), Rows{}) << stages;
  }
  EXPECT_EQ(run(R"([{"$project": {"most": 1}}])", {.collection = "checked", .pipeline = {}}),
            (Rows{R"({"_id":1,"most":4})", R"({"_id":2,"most":8})", R"({"_id":3,"most":7})"}));
}

TEST_F(Foreign, TheFirstMatchIsPlannedWithTheVariablesOfItsPipeline) {
  fill();
  query::testing::create_index(*database_, "d", R"({"key": {"name": 1}, "name": "name_1"})");
  const auto let = bson::from_json(R"({"least": 3})");
  const AggregateRequest request{.collection = "d", .pipeline = {}, .let = *let};
  constexpr auto kStages =
      R"([{"$match": {"name": "cup", "$expr": {"$gte": ["$price", "$$least"]}}}])";
  EXPECT_EQ(run(kStages, request), Rows{R"({"_id":11,"name":"cup","price":3,"next":12})"});
  const auto stages = bson::array_from_json(kStages);
  AggregateRequest explained = request;
  explained.pipeline = *stages;
  const auto plan = explain(scope_, explained, query::Verbosity::kQueryPlanner);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_NE(bson::to_json(*plan, bson::JsonForm::kRelaxed).find("IXSCAN"), std::string::npos);
}

TEST_F(Foreign, AnEqualityInAnExpressionIsServedByAnIndex) {
  fill();
  query::testing::create_index(*database_, "d", R"({"key": {"name": 1}, "name": "name_1"})");
  insert("d", R"({"_id": 13, "name": ["cup"], "price": 1})");
  const auto let = bson::from_json(R"({"wanted": "cup"})");
  AggregateRequest request{.collection = "d", .pipeline = {}, .let = *let};
  for (const char* condition :
       {R"({"$eq": ["$name", "cup"]})", R"({"$eq": [{"$literal": "cup"}, "$name"]})",
        R"({"$and": [{"$gt": ["$price", 0]}, {"$eq": ["$name", "$$wanted"]}]})"}) {
    const std::string stages =
        std::string(R"([{"$match": {"$expr": )") + condition + R"(}}, {"$sort": {"_id": 1}}])";
    const auto pipeline = bson::array_from_json(stages);
    request.pipeline = *pipeline;
    const auto plan = explain(scope_, request, query::Verbosity::kQueryPlanner);
    ASSERT_TRUE(plan) << plan.error().text();
    EXPECT_NE(bson::to_json(*plan).find("IXSCAN"), std::string::npos) << condition;
    // An array that holds the value is not equal to it.
    EXPECT_EQ(run(stages, request).size(), 2U) << condition;
  }
  // What is null or an array is left to the expression.
  EXPECT_EQ(run(R"([{"$match": {"$expr": {"$eq": ["$name", ["cup"]]}}}, {"$project": {"_id": 1}}])",
                {.collection = "d", .pipeline = {}}),
            Rows{R"({"_id":13})"});
  EXPECT_EQ(run(R"([{"$lookup": {"from": "d", "let": {"thing": "$thing"}, "as": "f", "pipeline": [
        {"$match": {"$expr": {"$eq": ["$name", "$$thing"]}}}]}}, {"$project": {"f": "$f._id"}}])"),
            (Rows{R"({"_id":1,"f":[10,11]})", R"({"_id":2,"f":[12]})"}));
}

// The conditions of a plan and those of stages are one in what they compare by and what time it is.
TEST_F(Foreign, ExpressionsInTheFirstMatchKnowTheCollation) {
  fill();
  const auto collation = bson::from_json(R"({"locale": "en", "strength": 2})");
  EXPECT_EQ(run(R"([{"$match": {"$expr": {"$eq": ["$thing", "CUP"]}}}, {"$project": {"_id": 1}}])",
                {.collection = "c", .pipeline = {}, .collation = *collation}),
            Rows{R"({"_id":1})"});
  // An index of bytes does not serve a $lookup under a collation.
  query::testing::create_index(*database_, "d", R"({"key": {"name": 1}, "name": "name_1"})");
  insert("d", R"({"_id": 13, "name": "CAR"})");
  EXPECT_EQ(run(R"([{"$lookup": {"from": "d", "localField": "thing", "foreignField": "name",
                                 "as": "f"}}, {"$project": {"f": "$f._id"}}])",
                {.collection = "c", .pipeline = {}, .collation = *collation}),
            (Rows{R"({"_id":1,"f":[10,11]})", R"({"_id":2,"f":[12,13]})"}));
}

}  // namespace
}  // namespace nacre::aggregation
