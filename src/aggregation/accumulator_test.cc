#include "aggregation/accumulator.h"

#include "aggregation/aggregate_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class Accumulators : public testing::PipelineTest {
 protected:
  void fill() {
    insert("c", R"({"_id": 1, "v": 3, "o": {"a": 1}})");
    insert("c", R"({"_id": 2, "v": 1, "o": {"b": 2, "a": 5}})");
    insert("c", R"({"_id": 3, "v": null})");
    insert("c", R"({"_id": 4, "v": 3})");
    insert("c", R"({"_id": 5})");
  }
  std::string value(const std::string& accumulator) {
    const Rows rows =
        run(R"([{"$group": {"_id": null, "r": )" + accumulator + R"(}}, {"$unset": "_id"}])");
    return rows.size() == 1 ? rows.front() : std::string();
  }
  std::int32_t refusal(const std::string& accumulator) {
    return error_of(R"([{"$group": {"_id": null, "r": )" + accumulator + R"(}}])");
  }
};

TEST_F(Accumulators, KeepValues) {
  fill();
  EXPECT_EQ(value(R"({"$push": "$v"})"), R"({"r":[3,1,null,3]})");
  EXPECT_EQ(value(R"({"$addToSet": "$v"})"), R"({"r":[3,1,null]})");
  EXPECT_EQ(value(R"({"$mergeObjects": "$o"})"), R"({"r":{"a":5,"b":2}})");
  EXPECT_EQ(value(R"({"$first": "$v"})"), R"({"r":3})");
  EXPECT_EQ(value(R"({"$last": "$v"})"), R"({"r":null})");
  EXPECT_EQ(value(R"({"$min": "$v"})"), R"({"r":1})");
  EXPECT_EQ(value(R"({"$firstN": {"input": "$v", "n": 2}})"), R"({"r":[3,1]})");
  EXPECT_EQ(value(R"({"$lastN": {"input": "$v", "n": 2}})"), R"({"r":[3,null]})");
  EXPECT_EQ(value(R"({"$maxN": {"input": "$v", "n": 2}})"), R"({"r":[3,3]})");
  EXPECT_EQ(value(R"({"$minN": {"input": "$v", "n": 5}})"), R"({"r":[1,3,3]})");
  EXPECT_EQ(value(R"({"$top": {"sortBy": {"_id": -1}, "output": "$_id"}})"), R"({"r":5})");
  EXPECT_EQ(value(R"({"$topN": {"n": 2, "sortBy": {"_id": -1}, "output": "$_id"}})"),
            R"({"r":[5,4]})");
  EXPECT_EQ(value(R"({"$bottomN": {"n": 2, "sortBy": {"_id": -1}, "output": "$_id"}})"),
            R"({"r":[2,1]})");
}

TEST_F(Accumulators, Calculate) {
  fill();
  EXPECT_EQ(value(R"({"$count": {}})"), R"({"r":5})");
  EXPECT_EQ(value(R"({"$avg": "$_id"})"), R"({"r":3.0})");
  EXPECT_EQ(value(R"({"$stdDevPop": "$_id"})"), R"({"r":1.4142135623730951})");
  EXPECT_EQ(value(R"({"$median": {"input": "$_id", "method": "approximate"}})"), R"({"r":3.0})");
  EXPECT_EQ(value(R"({"$percentile": {"input": "$_id", "p": [0, 0.5, 1],
                                      "method": "approximate"}})"),
            R"({"r":[1.0,3.0,5.0]})");
  EXPECT_EQ(value(R"({"$avg": "$nothing"})"), R"({"r":null})");
}

TEST_F(Accumulators, KeepDecimalsExact) {
  insert("c", R"({"_id": 1, "v": {"$numberDecimal": "1"}})");
  insert("c", R"({"_id": 2, "v": 2})");
  insert("c", R"({"_id": 3, "v": 0.5})");
  EXPECT_EQ(value(R"({"$sum": "$v"})"), R"({"r":{"$numberDecimal":"3.5"}})");
  EXPECT_EQ(value(R"({"$avg": "$v"})"),
            R"({"r":{"$numberDecimal":"1.166666666666666666666666666666667"}})");
}

TEST_F(Accumulators, AreRefusedWithMongoDbsNumbers) {
  fill();
  EXPECT_EQ(refusal(R"(1)"), 40234);
  EXPECT_EQ(refusal(R"({"$sum": 1, "$avg": 1})"), 40238);
  EXPECT_EQ(refusal(R"({"$sum": [1]})"), 40237);
  EXPECT_EQ(refusal(R"({"$nothing": 1})"), 15952);
  EXPECT_EQ(refusal(R"({"$accumulator": {}})"), 31264);
  EXPECT_EQ(refusal(R"({"$mergeObjects": "$_id"})"), 5911200);
  EXPECT_EQ(refusal(R"({"$firstN": {"input": "$v", "n": 0}})"), 7548606);
  EXPECT_EQ(refusal(R"({"$count": {"a": 1}})"), 14);
}

}  // namespace
}  // namespace nacre::aggregation
