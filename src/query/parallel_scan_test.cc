// What several threads find is what one finds, in the same order.
#include "query/parallel_scan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "query/operations_testing.h"
#include "query/parallel_testing.h"

namespace nacre::query {
namespace {

using Rows = std::vector<std::string>;

class ParallelScans : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<bson::Document> documents;
    documents.reserve(600);
    for (int i = 0; i < 600; ++i) {
      documents.push_back(testing::json(
          format(R"({{"_id": {}, "n": {}, "text": "{}"}})", i, i % 7, std::string(100, 'x'))));
    }
    const std::vector<bson::View> views(documents.begin(), documents.end());
    ASSERT_TRUE(insert(scope_, {.collection = "c", .documents = views}));
  }

  std::unique_ptr<document::Database> database_ = testing::open(testing::new_path(), "db");
  Scope scope_{.database = *database_};
};

TEST_F(ParallelScans, FindWhatOneThreadFindsInItsOrder) {
  const Rows alone = testing::find(scope_, {.filter = R"({"n": 3})"});
  ASSERT_EQ(alone.size(), 86U);
  const testing::SmallParallelScans parallel;
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"n": 3})"}), alone);
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"n": 3})", .pause_between = true}), alone);
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"n": 3})", .sort = R"({"_id": -1})"}),
            Rows(alone.rbegin(), alone.rend()));
  EXPECT_EQ(testing::find(scope_, {.filter = R"({"n": 9})"}), Rows());
  const bson::Document filter = testing::json(R"({"n": {"$gte": 3}})");
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = filter}), 342);
}

TEST_F(ParallelScans, AreExplainedWithAllTheyLookedAt) {
  const testing::SmallParallelScans parallel;
  const bson::Document plan =
      testing::json(testing::explain(scope_, {.filter = R"({"n": {"$gte": 3}})"}));
  EXPECT_EQ(*plan.get("executionStats.totalDocsExamined").as_int64(), 600);
  EXPECT_EQ(*plan.get("executionStats.nReturned").as_int64(), 342);
}

TEST_F(ParallelScans, PassOnTheErrorOfADocumentInItsPlace) {
  const testing::SmallParallelScans parallel;
  const bson::Document bad = testing::json(R"({"_id": 300, "n": "text"})");
  ASSERT_TRUE(update(
      scope_,
      {.collection = "c", .filter = testing::json(R"({"_id": 300})"), .update = bad, .hint = {}}));
  const auto rows =
      testing::try_find(scope_, {.filter = R"({"$expr": {"$gte": [{"$add": ["$n", 1]}, 0]}})"});
  EXPECT_EQ(rows.error().number(), 14);
}

TEST_F(ParallelScans, GoOnAloneWhereAPartFindsMoreThanItMayHold) {
  auto transaction = database_->begin();
  ASSERT_TRUE(transaction);
  const std::string megabyte(std::size_t{1} << 20, 'y');
  const Scope inside{.database = *database_, .transaction = &*transaction};
  for (int i = 0; i < 12; ++i) {
    const bson::Document large =
        bson::Builder().append("_id", 1000 + i).append("n", 50).append("text", megabyte).finish();
    const bson::View view = large;
    ASSERT_TRUE(insert(inside, {.collection = "c", .documents = {&view, 1}}));
  }
  ASSERT_TRUE(transaction->commit());
  const testing::SmallParallelScans parallel;
  const bson::Document filter = testing::json(R"({"n": {"$gte": 6}})");
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = filter}), 97);
}

}  // namespace
}  // namespace nacre::query
