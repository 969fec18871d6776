// $geoNear, and what $meta tells behind it.
#include "aggregation/aggregate_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class GeoNearStages : public testing::PipelineTest {
 protected:
  void SetUp() override {
    query::testing::create_index(*database_, "c", R"({"key": {"a": "2dsphere"}})");
    insert("c", R"({"_id": 1, "a": {"type": "Point", "coordinates": [0, 2]}, "k": 1})");
    insert("c", R"({"_id": 2, "a": {"type": "Point", "coordinates": [0, 0]}, "k": 1})");
    insert("c", R"({"_id": 3, "a": [0, 1], "k": 2})");
    insert("c", R"({"_id": 4, "k": 2})");
  }
};

constexpr std::string_view kPoint = R"("near": {"type": "Point", "coordinates": [0, 0]})";

std::string near(std::string_view more, std::string_view behind = "") {
  return R"([{"$geoNear": {)" + std::string(kPoint) + std::string(more) + "}}" +
         std::string(behind) + "]";
}

TEST_F(GeoNearStages, TellsHowFarEachDocumentIs) {
  EXPECT_EQ(
      run(near(R"(, "distanceField": "d.m", "includeLocs": "at", "distanceMultiplier": 0.001)",
               R"(, {"$project": {"at": 1, "d": {"$round": ["$d.m", 1]}}})")),
      (Rows{R"({"_id":2,"at":{"type":"Point","coordinates":[0,0]},"d":0.0})",
            R"({"_id":3,"at":[0,1],"d":111.3})",
            R"({"_id":1,"at":{"type":"Point","coordinates":[0,2]},"d":222.6})"}));
  EXPECT_EQ(run(near("", R"(, {"$project": {"_id": 1}}, {"$limit": 2})")),
            (Rows{R"({"_id":2})", R"({"_id":3})"}))
      << "the field may be left out";
  EXPECT_EQ(run(R"([{"$geoNear": {"near": [0, 0], "spherical": true, "distanceField": "d",
                      "maxDistance": 0.02}}, {"$project": {"d": {"$round": ["$d", 4]}}}])"),
            (Rows{R"({"_id":2,"d":0.0})", R"({"_id":3,"d":0.0175})"}));
}

TEST_F(GeoNearStages, KeepsToDistancesAndTheQuery) {
  constexpr std::string_view kIds = R"(, {"$project": {"_id": 1}})";
  EXPECT_EQ(run(near(R"(, "maxDistance": 150000)", kIds)), (Rows{R"({"_id":2})", R"({"_id":3})"}));
  EXPECT_EQ(run(near(R"(, "minDistance": {"$add": [1, 1]}, "query": {"k": 1})", kIds)),
            (Rows{R"({"_id":1})"}));
  EXPECT_EQ(run(near(R"(, "query": {"_id": 3})", kIds)), (Rows{R"({"_id":3})"}));
  const bson::Document let = query::testing::json(R"({"p": [0, 2]})");
  EXPECT_EQ(run(R"([{"$geoNear": {"near": "$$p", "spherical": true}}, {"$limit": 1},
                    {"$project": {"_id": 1}}])",
                {.collection = "c", .pipeline = {}, .let = let}),
            (Rows{R"({"_id":1})"}));
}

TEST_F(GeoNearStages, MetadataGoesThroughTheStagesBehind) {
  EXPECT_EQ(run(near("", R"(, {"$match": {"k": {"$gte": 1}}}, {"$set": {"x": [1, 2]}},
                     {"$sort": {"_id": -1}}, {"$unwind": "$x"}, {"$match": {"x": 2}},
                     {"$project": {"p": {"$meta": "geoNearPoint"},
                                   "far": {"$gt": [{"$meta": "geoNearDistance"}, 100]}}})")),
            (Rows{R"({"_id":3,"p":[0,1],"far":true})",
                  R"({"_id":2,"p":{"type":"Point","coordinates":[0,0]},"far":false})",
                  R"({"_id":1,"p":{"type":"Point","coordinates":[0,2]},"far":true})"}));
  EXPECT_EQ(run(near(R"(, "distanceMultiplier": 5)",
                     R"(, {"$sort": {"d": {"$meta": "geoNearDistance"}}},
                        {"$group": {"_id": null, "all": {"$push": "$_id"},
                                    "most": {"$max": {"$meta": "geoNearDistance"}}}},
                        {"$project": {"_id": 0, "all": 1, "ok": {"$lt": ["$most", 223000]}}})")),
            (Rows{R"({"all":[1,3,2],"ok":true})"}))
      << "the multiplier is for the field alone";
  EXPECT_EQ(error_of(R"([{"$sort": {"d": {"$meta": "geoNearDistance"}}}])"), 40218);
  EXPECT_EQ(error_of(R"([{"$match": {"k": 1}}, {"$set": {"d": {"$meta": "geoNearPoint"}}}])"),
            40218);
}

TEST_F(GeoNearStages, RunsInsideOfOtherPipelines) {
  insert("towns", R"({"_id": 1, "at": {"type": "Point", "coordinates": [0, 2]}})");
  insert("towns", R"({"_id": 2, "at": {"type": "Point", "coordinates": [0, 0.4]}})");
  EXPECT_EQ(run(R"([{"$lookup": {"from": "c", "as": "n", "let": {"at": "$at"}, "pipeline": [
                       {"$geoNear": {"near": "$$at", "maxDistance": 70000}},
                       {"$project": {"_id": 1}}]}},
                    {"$project": {"n": "$n._id"}}])",
                {.collection = "towns", .pipeline = {}}),
            (Rows{R"({"_id":1,"n":[1]})", R"({"_id":2,"n":[2,3]})"}));
  EXPECT_EQ(error_of(R"([{"$facet": {"a": [{"$geoNear": {"near": [0, 0]}}]}}])"), 40600);
  EXPECT_EQ(error_of(R"([{"$match": {}}, {"$geoNear": {"near": [0, 0]}}])"), 40603);
}

TEST_F(GeoNearStages, WhatMakesNoSenseIsRefusedWithMongoDbsNumber) {
  const auto refusal = [&](std::string_view options) {
    return error_of(R"([{"$geoNear": )" + std::string(options) + "}]");
  };
  EXPECT_EQ(refusal("5"), 10065);
  EXPECT_EQ(refusal("{}"), 5860400);
  EXPECT_EQ(refusal(R"({"near": 5})"), 5860401);
  EXPECT_EQ(refusal(R"({"near": "$k"})"), 5860402);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "minDistance": "$k"})"), 7555701);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "maxDistance": "$k"})"), 7555702);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "maxDistance": "x"})"), 14);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "spherical": true, "maxDistance": -1})"), 2);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "distanceField": 5})"), 16606);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "includeLocs": 5})"), 16607);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "distanceMultiplier": "x"})"), 14);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "distanceMultiplier": -1})"), 2);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "key": 5})"), 14);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "key": ""})"), 2);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "query": 5})"), 14);
  EXPECT_EQ(refusal(R"({"near": [0, 0], "other": 5})"), 2);
  EXPECT_EQ(refusal(R"({"near": [0, 0]})"), 291) << "on the plane there is no sphere";
  EXPECT_EQ(
      refusal(R"({"near": [0, 0], "spherical": true, "query": {"a": {"$nearSphere": [0, 0]}}})"),
      2);
}

TEST_F(GeoNearStages, FindsTheOneIndexThereIs) {
  const auto key = [&](std::string_view collection, std::string_view more) {
    return error_of(
        R"([{"$geoNear": {"near": [0, 0], "spherical": true)" + std::string(more) + "}}]",
        {.collection = collection, .pipeline = {}});
  };
  EXPECT_EQ(key("nowhere", ""), 26);
  insert("plain", R"({"_id": 1})");
  EXPECT_EQ(key("plain", ""), 27);
  EXPECT_EQ(key("plain", R"(, "key": "a")"), 291);
  query::testing::create_index(*database_, "c", R"({"key": {"b": "2dsphere"}})");
  EXPECT_EQ(key("c", ""), 27);
  EXPECT_EQ(key("c", R"(, "key": "a")"), 0);
  query::testing::create_index(*database_, "c", R"({"key": {"g": "2d"}})");
  EXPECT_EQ(key("c", ""), 0) << "grids come first";
}

TEST_F(GeoNearStages, ExplainShowsThePlanAndTheRest) {
  const auto pipeline = bson::array_from_json(near("", R"(, {"$match": {"k": 1}})"));
  const auto explained =
      explain(scope_, {.collection = "c", .pipeline = *pipeline}, query::Verbosity::kQueryPlanner);
  ASSERT_TRUE(explained) << explained.error().text();
  EXPECT_EQ(explained->get("stages.0.$geoNearCursor.queryPlanner.winningPlan.stage").string(),
            "GEO_NEAR_2DSPHERE");
  EXPECT_TRUE(explained->get("stages.1.$match"));
}

}  // namespace
}  // namespace nacre::aggregation
