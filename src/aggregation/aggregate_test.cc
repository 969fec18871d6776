#include "aggregation/aggregate.h"

#include "aggregation/aggregate_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class Aggregate : public testing::PipelineTest {
 protected:
  void fill() {
    insert("c", R"({"_id": 1, "a": 5, "b": "x"})");
    insert("c", R"({"_id": 2, "a": 3, "b": "y"})");
    insert("c", R"({"_id": 3, "a": [4, 9], "b": "x"})");
    insert("c", R"({"_id": 4, "b": "z"})");
  }
};

TEST_F(Aggregate, AggregateCountsAndGroups) {
  fill();
  EXPECT_EQ(run(R"([{"$match": {"b": "x"}}, {"$group": {"_id": 1, "n": {"$sum": 1}}}])"),
            Rows{R"({"_id":1,"n":2})"});
  EXPECT_EQ(run(R"([{"$match": {"b": "none"}}, {"$count": "n"}])"), Rows{});
  EXPECT_EQ(run(R"([{"$count": "n"}])"), Rows{R"({"n":4})"});
  EXPECT_EQ(run(R"([{"$group": {"_id": "$b", "n": {"$sum": 1}, "most": {"$max": "$_id"},
                                "mean": {"$avg": "$_id"}}},
                    {"$sort": {"_id": 1}}, {"$limit": 2}])"),
            (Rows{R"({"_id":"x","n":2,"most":3,"mean":2.0})",
                  R"({"_id":"y","n":1,"most":2,"mean":2.0})"}));
  EXPECT_EQ(run(R"([{"$sort": {"_id": -1}}, {"$skip": 1}, {"$limit": 1}, {"$project": {"b": 1}}])"),
            Rows{R"({"_id":3,"b":"x"})"});
}

TEST_F(Aggregate, SumsPromoteAsMongoDbDoes) {
  insert("c", R"({"_id": 1, "i": 2147483647, "l": {"$numberLong": "9223372036854775807"},
                  "d": 0.5, "m": {"$numberDecimal": "0.1"}, "s": "no number"})");
  insert("c", R"({"_id": 2, "i": 1, "l": 1, "d": 1, "m": {"$numberDecimal": "0.2"}})");
  const auto pipeline = bson::array_from_json(
      R"([{"$group": {"_id": null, "i": {"$sum": "$i"}, "l": {"$sum": "$l"}, "d": {"$sum": "$d"},
                      "m": {"$sum": "$m"}, "s": {"$sum": "$s"}}}])");
  auto cursor = aggregate(scope_, {.collection = "c", .pipeline = *pipeline});
  ASSERT_TRUE(cursor);
  const auto row = cursor->next();
  ASSERT_TRUE(row && *row);
  EXPECT_EQ(bson::to_json(**row, bson::JsonForm::kCanonical),
            R"({"_id":null,"i":{"$numberLong":"2147483648"},)"
            R"("l":{"$numberDouble":"9223372036854775808.0"},"d":{"$numberDouble":"1.5"},)"
            R"("m":{"$numberDecimal":"0.3"},"s":{"$numberInt":"0"}})");
}

TEST_F(Aggregate, TheLeastAndTheGreatestKeyAreValuesLikeOthers) {
  insert("c", R"({"_id": 1, "k": {"$minKey": 1}, "v": {"$maxKey": 1}})");
  insert("c", R"({"_id": 2, "k": {"$maxKey": 1}, "v": 5})");
  insert("c", R"({"_id": 3, "k": {"$minKey": 1}, "v": {"$minKey": 1}})");
  insert("c", R"({"_id": 4, "k": {"$maxKey": 1}})");
  EXPECT_EQ(run(R"([{"$group": {"_id": "$k", "n": {"$sum": 1}, "least": {"$min": "$v"},
                                "most": {"$max": "$v"}}},
                    {"$sort": {"_id": 1}}])"),
            (Rows{R"({"_id":{"$minKey":1},"n":2,"least":{"$minKey":1},"most":{"$maxKey":1}})",
                  R"({"_id":{"$maxKey":1},"n":2,"least":5,"most":5})"}));
  EXPECT_EQ(run(R"([{"$group": {"_id": {"$minKey": 1}, "n": {"$sum": 1},
                                "first": {"$first": "$k"}, "last": {"$last": "$k"},
                                "least": {"$min": {"$maxKey": 1}}}}])"),
            Rows{R"({"_id":{"$minKey":1},"n":4,"first":{"$minKey":1},"last":{"$maxKey":1},)"
                 R"("least":{"$maxKey":1}})"});
  EXPECT_EQ(run(R"([{"$sort": {"_id": 1}}, {"$limit": 1},
                    {"$project": {"_id": 0, "least": {"$min": ["$k", "$v", 3]},
                                  "most": {"$max": ["$k", "$v", 3]},
                                  "below": {"$lt": ["$k", null]}, "above": {"$gt": ["$v", {}]}}}])"),
            Rows{R"({"least":{"$minKey":1},"most":{"$maxKey":1},"below":true,"above":true})"});
}

TEST_F(Aggregate, ZerosOfDecimalsHaveNoSignAndNoDigitsTheyDoNotNeed) {
  insert("c",
         R"({"_id": 1, "zero": {"$numberDecimal": "-0"}, "large": {"$numberDecimal": "1E+6144"},
                  "cents": {"$numberDecimal": "0.00"}})");
  insert("c",
         R"({"_id": 2, "zero": {"$numberDecimal": "-0"}, "large": {"$numberDecimal": "-1E+6144"},
                  "cents": {"$numberDecimal": "0.00"}})");
  EXPECT_EQ(run(R"([{"$group": {"_id": null, "zero": {"$sum": "$zero"}, "mean": {"$avg": "$zero"},
                                "large": {"$sum": "$large"}, "cents": {"$sum": "$cents"}}}])"),
            Rows{R"({"_id":null,"zero":{"$numberDecimal":"0"},"mean":{"$numberDecimal":"0"},)"
                 R"("large":{"$numberDecimal":"0"},"cents":{"$numberDecimal":"0.00"}})"});
}

TEST_F(Aggregate, ADivisionByZeroHasANumberOfItsOwnInGroup) {
  insert("c", R"({"_id": 1, "a": 0})");
  EXPECT_EQ(error_of(R"([{"$group": {"_id": 1, "n": {"$push": {"$divide": [1, "$a"]}}}}])"),
            4848401);
  EXPECT_EQ(error_of(R"([{"$group": {"_id": 1, "n": {"$sum": {"$mod": [1, "$a"]}}}}])"), 4848403);
  EXPECT_EQ(error_of(R"([{"$project": {"n": {"$divide": [1, "$a"]}}}])"), 2);
  // What needs no document fails before any is read.
  EXPECT_EQ(error_of(R"([{"$group": {"_id": 1, "n": {"$push": {"$divide": [1, 0]}}}}])"), 2);
}

TEST_F(Aggregate, StagesThatAreNoneAreRefusedByName) {
  const auto result = try_run(R"([{"$lookUp": {}}])");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().number(), 40324);
  EXPECT_NE(result.error().what().find("$lookUp"), std::string::npos);
  EXPECT_EQ(error_of(R"([{"$match": {}, "$limit": 1}])"), 40323);
  EXPECT_EQ(error_of(R"([5])"), 14);
}

TEST_F(Aggregate, StagesStandWhereTheyMay) {
  EXPECT_EQ(error_of(R"([{"$match": {}}, {"$collStats": {}}])"), 40602);
  EXPECT_EQ(error_of(R"([{"$out": "d"}, {"$match": {}}])"), 40601);
  EXPECT_EQ(error_of(R"([{"$facet": {"a": [{"$out": "d"}]}}])"), 40600);
  EXPECT_EQ(error_of(R"([{"$lookup": {"from": "d", "as": "x", "pipeline": [{"$out": "d"}]}}])"),
            51047);
}

TEST_F(Aggregate, UnwindGivesARowForEachElement) {
  fill();
  EXPECT_EQ(run(R"([{"$unwind": "$a"}, {"$project": {"a": 1}}])"),
            (Rows{R"({"_id":1,"a":5})", R"({"_id":2,"a":3})", R"({"_id":3,"a":4})",
                  R"({"_id":3,"a":9})"}));
  EXPECT_EQ(
      run(R"([{"$unwind": {"path": "$a", "includeArrayIndex": "i",
                                 "preserveNullAndEmptyArrays": true}},
                    {"$match": {"_id": {"$gte": 3}}}, {"$project": {"b": 0}}])"),
      (Rows{R"({"_id":3,"a":4,"i":0})", R"({"_id":3,"a":9,"i":1})", R"({"_id":4,"i":null})"}));
}

TEST_F(Aggregate, PathsAndNamesThatCannotBeAreRefused) {
  std::string deep = "$a";
  for (int i = 0; i < 200; ++i) deep += ".a";
  EXPECT_EQ(error_of(R"([{"$unwind": ")" + deep + R"("}])"), 15);
  EXPECT_EQ(error_of(R"([{"$unwind": "$a\u0000b"}])"), 16419);
  EXPECT_EQ(error_of(R"([{"$group": {"_id": {"a": 1}}}])"), 17390);
  const bson::Document let = bson::Builder().append("NOW", 2).finish();
  EXPECT_EQ(error_of("[]", {.collection = "c", .pipeline = {}, .let = let}), 4738901);
}

TEST_F(Aggregate, FacetRunsSeveralPipelinesOverTheSameRows) {
  fill();
  EXPECT_EQ(run(R"([{"$facet": {"n": [{"$count": "n"}], "x": [{"$match": {"b": "x"}},
                    {"$project": {"b": 1, "_id": 0}}]}}])"),
            Rows{R"({"n":[{"n":4}],"x":[{"b":"x"},{"b":"x"}]})"});
}

TEST_F(Aggregate, LookupFindsByValueAndByPipeline) {
  fill();
  insert("d", R"({"_id": 10, "k": "x"})");
  insert("d", R"({"_id": 11, "k": ["y", "x"]})");
  insert("d", R"({"_id": 12})");
  const Rows by_value = {R"({"_id":1,"f":[10,11]})", R"({"_id":2,"f":[11]})",
                         R"({"_id":3,"f":[10,11]})", R"({"_id":4,"f":[]})"};
  constexpr auto kByValue =
      R"([{"$lookup": {"from": "d", "localField": "b", "foreignField": "k", "as": "f"}},
          {"$project": {"f": "$f._id"}}])";
  EXPECT_EQ(run(kByValue), by_value);
  query::testing::create_index(*database_, "d", R"({"key": {"k": 1}, "name": "k_1"})");
  EXPECT_EQ(run(kByValue), by_value);
  // What has no value finds what has none.
  EXPECT_EQ(run(R"([{"$match": {"_id": 1}}, {"$lookup": {"from": "d", "localField": "none",
                     "foreignField": "k", "as": "f"}}, {"$project": {"f": "$f._id"}}])"),
            Rows{R"({"_id":1,"f":[12]})"});
  EXPECT_EQ(run(R"([{"$match": {"_id": 2}}, {"$lookup": {"from": "d", "let": {"n": "$a"},
                     "pipeline": [{"$project": {"s": ["$_id", "$$n"]}}, {"$limit": 2}],
                     "as": "f"}}, {"$project": {"f": "$f.s"}}])"),
            Rows{R"({"_id":2,"f":[[10,3],[11,3]]})"});
}

TEST_F(Aggregate, GraphLookupFollowsValues) {
  insert("c", R"({"_id": 1, "to": 2})");
  insert("c", R"({"_id": 2, "to": [3, 1]})");
  insert("c", R"({"_id": 3})");
  EXPECT_EQ(run(R"([{"$match": {"_id": 1}}, {"$graphLookup": {"from": "c", "startWith": "$to",
                    "connectFromField": "to", "connectToField": "_id", "as": "r",
                    "depthField": "d"}}, {"$unwind": "$r"},
                    {"$project": {"_id": "$r._id", "d": "$r.d"}}, {"$sort": {"_id": 1}}])"),
            (Rows{R"({"_id":1,"d":1})", R"({"_id":2,"d":0})", R"({"_id":3,"d":1})"}));
}

TEST_F(Aggregate, UnionWithGivesBothSides) {
  fill();
  insert("d", R"({"_id": 10})");
  EXPECT_EQ(run(R"([{"$project": {"_id": 1}}, {"$limit": 1}, {"$unionWith": "d"}])"),
            (Rows{R"({"_id":1})", R"({"_id":10})"}));
}

TEST_F(Aggregate, DocumentsAreRowsOfThePipelineItself) {
  EXPECT_EQ(run(R"([{"$documents": [{"a": 1}, {"a": 2}]}, {"$match": {"a": 2}}])",
                {.collection = "", .pipeline = {}}),
            Rows{R"({"a":2})"});
  EXPECT_EQ(error_of(R"([{"$documents": [{"a": 1}]}])"), 73);
}

TEST_F(Aggregate, OutMakesATimeSeriesAndMergeWritesToNone) {
  insert("c", R"({"_id": "x", "t": {"$date": "2026-01-01T00:00:00Z"}, "m": 1})");
  const std::string_view all = R"([{"$match": {"_id": "x"}}, {"$out": {"db": "db", "coll": "s",
      "timeseries": {"timeField": "t", "metaField": "m"}}}])";
  EXPECT_EQ(run(all), Rows{});
  EXPECT_EQ(run(all), Rows{});
  const auto snapshot = database_->snapshot();
  const document::CollectionInfo* info = snapshot->catalog().find("s");
  ASSERT_TRUE(info != nullptr && info->settings.series);
  EXPECT_NE(info->find_index("m_1_t_1"), nullptr);
  EXPECT_EQ(*database_->count("s"), 1U);
  // Without the option it is what is there.
  EXPECT_EQ(run(R"([{"$match": {"_id": "x"}}, {"$out": "s"}])"), Rows{});
  EXPECT_TRUE(database_->snapshot()->catalog().find("s")->settings.series);
  EXPECT_EQ(error_of(R"([{"$project": {"m": 1}}, {"$out": "s"}])"), 2);
  EXPECT_EQ(error_of(R"([{"$out": {"db": "db", "coll": "s", "timeseries": {"timeField": "u"}}}])"),
            7406103);
  EXPECT_EQ(error_of(R"([{"$out": {"db": "db", "coll": "c", "timeseries": {"timeField": "t"}}}])"),
            7268700);
  EXPECT_EQ(
      error_of(R"([{"$out": {"db": "db", "coll": "n", "timeseries": {"timeField": "a.b"}}}])"), 72);
  EXPECT_EQ(error_of(R"([{"$merge": "s"}])"), 166);
}

TEST_F(Aggregate, OutReplacesACollectionAndKeepsItsIndexes) {
  fill();
  insert("d", R"({"_id": 99})");
  query::testing::create_index(*database_, "d", R"({"key": {"b": 1}, "name": "b_1"})");
  EXPECT_EQ(run(R"([{"$match": {"b": "x"}}, {"$project": {"b": 1}}, {"$out": "d"}])"), Rows{});
  EXPECT_EQ(document::testing::rows(*database_, "d"),
            (Rows{R"({"_id":1,"b":"x"})", R"({"_id":3,"b":"x"})"}));
  const auto snapshot = database_->snapshot();
  EXPECT_EQ(snapshot->catalog().collection_names(), (Rows{"c", "d"}));
  EXPECT_EQ(snapshot->catalog().find("d")->indexes.size(), 1U);
  // A row that cannot be written leaves the collection as it was.
  EXPECT_EQ(error_of(R"([{"$project": {"_id": "same"}}, {"$out": "d"}])"), 11000);
  EXPECT_EQ(document::testing::rows(*database_, "d").size(), 2U);
  EXPECT_EQ(database_->snapshot()->catalog().collection_names(), (Rows{"c", "d"}));
}

TEST_F(Aggregate, MergeWritesIntoWhatIsThere) {
  fill();
  insert("d", R"({"_id": 1, "kept": true, "b": "old"})");
  EXPECT_EQ(run(R"([{"$match": {"_id": {"$lte": 2}}}, {"$project": {"b": 1}}, {"$merge": "d"}])"),
            Rows{});
  EXPECT_EQ(document::testing::rows(*database_, "d"),
            (Rows{R"({"_id":1,"kept":true,"b":"x"})", R"({"_id":2,"b":"y"})"}));
  run(R"([{"$match": {"_id": 1}}, {"$merge": {"into": "d", "whenMatched": [
           {"$set": {"was": "$b", "new": "$$new.a"}}]}}])");
  EXPECT_EQ(document::testing::rows(*database_, "d").front(),
            R"({"_id":1,"kept":true,"b":"x","was":"x","new":5})");
  EXPECT_EQ(error_of(R"([{"$merge": {"into": "d", "whenNotMatched": "fail"}}])"), 13113);
  EXPECT_EQ(error_of(R"([{"$merge": {"into": "d", "whenMatched": "fail"}}])"), 11000);
  EXPECT_EQ(error_of(R"([{"$merge": {"into": "d", "on": "b"}}])"), 51183);
}

TEST_F(Aggregate, BucketsAreRangesOfAValue) {
  for (int i = 0; i < 10; ++i) insert("c", R"({"_id": )" + std::to_string(i) + "}");
  EXPECT_EQ(
      run(R"([{"$bucketAuto": {"groupBy": "$_id", "buckets": 3}}])"),
      (Rows{R"({"_id":{"min":0,"max":3},"count":3})", R"({"_id":{"min":3,"max":6},"count":3})",
            R"({"_id":{"min":6,"max":9},"count":4})"}));
}

TEST_F(Aggregate, RedactShowsWhatItsExpressionSays) {
  fill();
  EXPECT_EQ(run(R"([{"$match": {"_id": 1}}, {"$redact": "$$DESCEND"}])"),
            Rows{R"({"_id":1,"a":5,"b":"x"})"});
  EXPECT_EQ(run(R"([{"$redact": "$$PRUNE"}])"), Rows{});
  EXPECT_EQ(error_of(R"([{"$redact": "$b"}])"), 17053);
}

TEST_F(Aggregate, RedactHidesPartsOfARow) {
  insert("c", R"({"_id": 1, "l": 1, "in": {"l": 5, "x": 1}, "list": [{"l": 1}, {"l": 9}]})");
  EXPECT_EQ(run(R"([{"$redact": {"$cond": [{"$lte": ["$l", 3]}, "$$DESCEND", "$$PRUNE"]}}])"),
            Rows{R"({"_id":1,"l":1,"list":[{"l":1}]})"});
}

TEST_F(Aggregate, BucketsHaveBounds) {
  for (int i = 0; i < 10; ++i) insert("c", R"({"_id": )" + std::to_string(i) + "}");
  EXPECT_EQ(
      run(R"([{"$bucket": {"groupBy": "$_id", "boundaries": [0, 3, 8], "default": "more"}}])"),
      (Rows{R"({"_id":0,"count":3})", R"({"_id":3,"count":5})", R"({"_id":"more","count":2})"}));
}

TEST_F(Aggregate, LetGivesAConstantToAllStages) {
  fill();
  const bson::Document let = bson::Builder().append("k", 2).finish();
  EXPECT_EQ(run(R"([{"$match": {"_id": 2}}, {"$project": {"v": ["$a", "$$k"]}}])",
                {.collection = "c", .pipeline = {}, .let = let}),
            Rows{R"({"_id":2,"v":[3,2]})"});
}

TEST_F(Aggregate, WhatDoesNotFitGoesToDiskOrIsRefused) {
  for (int i = 0; i < 300; ++i) {
    insert("c", R"({"_id": )" + std::to_string(i) + R"(, "k": )" + std::to_string(i * 7 % 150) +
                    R"(, "t": "a text that takes some room, so that few rows fill the memory"})");
  }
  const AggregateRequest small{.collection = "c", .pipeline = {}, .stage_bytes_max = 4000};
  AggregateRequest no_disk = small;
  no_disk.allow_disk_use = false;
  constexpr auto kSort = R"([{"$sort": {"k": 1}}, {"$project": {"k": 1}}])";
  constexpr auto kGroup = R"([{"$group": {"_id": "$k", "n": {"$sum": 1},
      "ids": {"$push": "$_id"}, "m": {"$avg": "$k"}, "f": {"$first": "$k"}}}, {"$sort": {"_id": 1}}])";
  EXPECT_EQ(run(kSort, small), run(kSort));
  EXPECT_EQ(run(kGroup, small), run(kGroup));
  EXPECT_EQ(error_of(kSort, no_disk), 292);
  EXPECT_EQ(error_of(kGroup, no_disk), 292);
}

}  // namespace
}  // namespace nacre::aggregation
