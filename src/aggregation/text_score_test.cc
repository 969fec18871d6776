// The score of a text query, through the stages behind it.
#include "aggregation/aggregate_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class TextScore : public testing::PipelineTest {
 protected:
  void SetUp() override {
    query::testing::create_index(*database_, "c", R"({"key": {"words": "text"}})");
    insert("c", R"({"_id": 1, "words": "one apple among many other words of no interest"})");
    insert("c", R"({"_id": 2, "words": "apple apple apple"})");
    insert("c", R"({"_id": 3, "words": "pear"})");
  }
};

constexpr std::string_view kApples = R"([{"$match": {"$text": {"$search": "apple"}}}, )";

TEST_F(TextScore, StagesComputeWithIt) {
  const Rows found =
      run(std::string(kApples) +
          R"({"$set": {"a": {"$meta": "textScore"}}}, {"$set": {"b": {"$meta": "textScore"}}},
             {"$project": {"same": {"$eq": ["$a", "$b"]}, "good": {"$gt": ["$a", 0]}}},
             {"$sort": {"_id": 1}}])");
  EXPECT_EQ(found,
            (Rows{R"({"_id":1,"same":true,"good":true})", R"({"_id":2,"same":true,"good":true})"}));
}

TEST_F(TextScore, SortsOrderByItAndHandItOn) {
  const Rows found = run(std::string(kApples) +
                         R"({"$set": {"a": 1}}, {"$sort": {"s": {"$meta": "textScore"}}},
                            {"$set": {"b": {"$gt": [{"$meta": "textScore"}, 0]}}},
                            {"$project": {"b": 1}}])");
  EXPECT_EQ(found, (Rows{R"({"_id":2,"b":true})", R"({"_id":1,"b":true})"}));
}

TEST_F(TextScore, IsNotThereWithoutATextQuery) {
  EXPECT_EQ(error_of(R"([{"$sort": {"s": {"$meta": "textScore"}}}])"), 40218);
  EXPECT_EQ(error_of(R"([{"$match": {}}, {"$sort": {"_id": 1, "s": {"$meta": "textScore"}}}])"),
            40218);
  EXPECT_EQ(error_of(R"([{"$project": {"s": {"$meta": "textScore"}}}])"), 40218);
  EXPECT_EQ(error_of(R"([{"$set": {"s": {"$add": [1, {"$meta": "geoNearDistance"}]}}}])"), 40218);
  EXPECT_EQ(error_of(R"([{"$set": {"s": {"$literal": {"$meta": "textScore"}}}}])"), 0);
}

TEST_F(TextScore, AQueryStandsInTheFirstStageOnly) {
  EXPECT_EQ(error_of(R"([{"$match": {"$text": {"$search": "apple"}}},
                         {"$match": {"$text": {"$search": "pear"}}}])"),
            17313);
  EXPECT_EQ(error_of(R"([{"$match": {"words": "pear"}}, {"$match": {"$text": {"$search": "a"}}}])"),
            17313);
  EXPECT_EQ(run(R"([{"$match": {"$or": [{"$text": {"$search": "pear"}}]}}])").size(), 1U);
}

}  // namespace
}  // namespace nacre::aggregation
