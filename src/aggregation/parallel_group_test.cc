// Groups that several threads make are those that one makes.
#include "aggregation/parallel_group.h"

#include <string>

#include "aggregation/aggregate_testing.h"
#include "base/text.h"
#include "query/parallel_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class ParallelGroups : public testing::PipelineTest {
 protected:
  void SetUp() override {
    std::vector<bson::Document> documents;
    for (int i = 0; i < 500; ++i) {
      const int n = i * 7919 % 101;
      documents.push_back(query::testing::json(
          format(R"({{"_id": {}, "n": {}, "score": {}.25, "tags": ["t{}", "t{}"], "text": "{}"}})",
                 i, n % 7, n, n % 5, n % 11, std::string(100, 'x'))));
    }
    const std::vector<bson::View> views(documents.begin(), documents.end());
    ASSERT_TRUE(query::insert(scope_, {.collection = "c", .documents = views}));
  }

  // With the same rows, by one thread and by several.
  void expect_same(std::string_view stages, std::size_t groups) {
    const Rows alone = run(stages, {.collection = "c", .pipeline = {}, .optimise = Optimise::kNo});
    EXPECT_EQ(alone.size(), groups);
    const query::testing::SmallParallelScans parallel;
    EXPECT_EQ(run(stages), alone) << stages;
  }
};

TEST_F(ParallelGroups, AreThoseOfOneThreadInItsOrder) {
  expect_same(R"([{"$group": {"_id": "$n", "count": {"$sum": 1}, "mean": {"$avg": "$score"},
                              "most": {"$max": "$score"}, "least": {"$min": "$_id"}}}])",
              7);
  expect_same(R"([{"$group": {"_id": "$n", "first": {"$first": "$_id"}, "last": {"$last": "$_id"},
                              "all": {"$push": "$_id"}}}])",
              7);
  expect_same(R"([{"$match": {"n": {"$gt": 4}}}, {"$group": {"_id": "$score"}}])", 28);
  expect_same(R"([{"$group": {"_id": null, "sum": {"$sum": "$score"}}}])", 1);
  expect_same(R"([{"$group": {"_id": "$_id"}}, {"$limit": 5}])", 5);
}

TEST_F(ParallelGroups, TakeTheStagesInFrontOfThemAlong) {
  expect_same(R"([{"$unwind": "$tags"}, {"$group": {"_id": "$tags", "count": {"$sum": 1}}}])", 11);
  expect_same(R"([{"$unwind": "$tags"}, {"$match": {"n": 3}},
                  {"$group": {"_id": "$tags", "scores": {"$push": "$score"}}}])",
              11);
  expect_same(R"([{"$addFields": {"twice": {"$multiply": ["$n", 2]}}}, {"$unwind": "$tags"},
                  {"$project": {"twice": 1, "tags": 1}},
                  {"$group": {"_id": "$twice", "tags": {"$addToSet": "$tags"}}}])",
              7);
}

TEST_F(ParallelGroups, PassErrorsOn) {
  const query::testing::SmallParallelScans parallel;
  EXPECT_EQ(error_of(R"([{"$group": {"_id": {"$add": ["$text", 1]}}}])"), 14);
}

TEST_F(ParallelGroups, GoByWayOfTheDiskWhenTheyDoNotFit) {
  const std::string_view stages = R"([{"$group": {"_id": "$_id", "text": {"$first": "$text"}}}])";
  const query::testing::SmallParallelScans parallel;
  EXPECT_EQ(run(stages, {.collection = "c", .pipeline = {}, .stage_bytes_max = 10'000}).size(),
            500U);
  EXPECT_EQ(
      error_of(
          stages,
          {.collection = "c", .pipeline = {}, .allow_disk_use = false, .stage_bytes_max = 10'000}),
      292);
}

}  // namespace
}  // namespace nacre::aggregation
