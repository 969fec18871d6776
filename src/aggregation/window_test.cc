#include "aggregation/aggregate_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

class Windows : public testing::PipelineTest {
 protected:
  void fill() {
    insert("c", R"({"_id": 1, "p": "a", "x": 1, "v": 10})");
    insert("c", R"({"_id": 2, "p": "a", "x": 2, "v": 20})");
    insert("c", R"({"_id": 3, "p": "a", "x": 4, "v": 30})");
    insert("c", R"({"_id": 4, "p": "b", "x": 1, "v": 5})");
  }
  Rows window(const std::string& function) {
    return run(
        R"([{"$setWindowFields": {"partitionBy": "$p", "sortBy": {"x": 1}, "output": {"w": )" +
        function + R"(}}}, {"$project": {"w": 1}}])");
  }
};

TEST_F(Windows, AccumulatorsLookAtTheDocumentsAround) {
  fill();
  EXPECT_EQ(window(R"({"$sum": "$v", "window": {"documents": ["unbounded", "current"]}})"),
            (Rows{R"({"_id":1,"w":10})", R"({"_id":2,"w":30})", R"({"_id":3,"w":60})",
                  R"({"_id":4,"w":5})"}));
  EXPECT_EQ(window(R"({"$avg": "$v", "window": {"documents": [-1, 0]}})"),
            (Rows{R"({"_id":1,"w":10.0})", R"({"_id":2,"w":15.0})", R"({"_id":3,"w":25.0})",
                  R"({"_id":4,"w":5.0})"}));
  EXPECT_EQ(window(R"({"$max": "$v"})"), (Rows{R"({"_id":1,"w":30})", R"({"_id":2,"w":30})",
                                               R"({"_id":3,"w":30})", R"({"_id":4,"w":5})"}));
  EXPECT_EQ(window(R"({"$push": "$v", "window": {"range": [-1, 1]}})"),
            (Rows{R"({"_id":1,"w":[10,20]})", R"({"_id":2,"w":[10,20]})", R"({"_id":3,"w":[30]})",
                  R"({"_id":4,"w":[5]})"}));
}

TEST_F(Windows, RanksCountPeersAsOne) {
  insert("c", R"({"_id": 1, "p": 0, "x": 1})");
  insert("c", R"({"_id": 2, "p": 0, "x": 1})");
  insert("c", R"({"_id": 3, "p": 0, "x": 2})");
  EXPECT_EQ(window(R"({"$rank": {}})").back(), R"({"_id":3,"w":3})");
  EXPECT_EQ(window(R"({"$denseRank": {}})").back(), R"({"_id":3,"w":2})");
  EXPECT_EQ(window(R"({"$documentNumber": {}})").back(), R"({"_id":3,"w":3})");
}

TEST_F(Windows, ShiftDerivativeAndIntegralUseTheOrder) {
  fill();
  EXPECT_EQ(window(R"({"$shift": {"output": "$v", "by": -1, "default": 0}})"),
            (Rows{R"({"_id":1,"w":0})", R"({"_id":2,"w":10})", R"({"_id":3,"w":20})",
                  R"({"_id":4,"w":0})"}));
  EXPECT_EQ(window(R"({"$derivative": {"input": "$v"}, "window": {"documents": [-1, 0]}})"),
            (Rows{R"({"_id":1,"w":null})", R"({"_id":2,"w":10.0})", R"({"_id":3,"w":5.0})",
                  R"({"_id":4,"w":null})"}));
  EXPECT_EQ(window(R"({"$integral": {"input": "$v"}})").front(), R"({"_id":1,"w":65.0})");
  EXPECT_EQ(window(R"({"$expMovingAvg": {"input": "$v", "alpha": 0.5}})")[2],
            R"({"_id":3,"w":22.5})");
  EXPECT_EQ(window(R"({"$covariancePop": ["$x", "$v"]})")[3], R"({"_id":4,"w":0.0})");
}

TEST_F(Windows, DecimalsStayDecimals) {
  for (const char* v : {"1.5", "2.5", "4.5"}) {
    const std::string id(1, v[0]);
    insert("c", R"({"_id": )" + id + R"(, "p": 0, "x": )" + id + R"(, "v": {"$numberDecimal": ")" +
                    v + R"("}})");
  }
  EXPECT_EQ(window(R"({"$derivative": {"input": "$v"}, "window": {"documents": [-1, 0]}})"),
            (Rows{R"({"_id":1,"w":null})", R"({"_id":2,"w":{"$numberDecimal":"1.0"}})",
                  R"({"_id":4,"w":{"$numberDecimal":"1.0"}})"}));
  EXPECT_EQ(window(R"({"$integral": {"input": "$v"}, "window": {"documents": [-1, 0]}})"),
            (Rows{R"({"_id":1,"w":0})", R"({"_id":2,"w":{"$numberDecimal":"2"}})",
                  R"({"_id":4,"w":{"$numberDecimal":"7"}})"}));
  EXPECT_EQ(window(R"({"$expMovingAvg": {"input": "$v", "alpha": 0.5}})").back(),
            R"({"_id":4,"w":{"$numberDecimal":"3.2500000000000000000000000000000"}})");
  EXPECT_EQ(window(R"({"$covariancePop": ["$x", "$v"], "window": {"documents": [-1, 0]}})")[1],
            R"({"_id":2,"w":{"$numberDecimal":"0.25"}})");
}

TEST_F(Windows, WhatIsNoNumberIsAnErrorOrSaysNothing) {
  insert("c", R"({"_id": 1, "p": 0, "x": 1, "v": 4})");
  insert("c", R"({"_id": 2, "p": 0, "x": 2})");
  const auto error_of = [&](const std::string& function) {
    return PipelineTest::error_of(R"([{"$setWindowFields": {"sortBy": {"x": 1}, "output": {"w": )" +
                                  function + "}}}]");
  };
  EXPECT_EQ(error_of(R"({"$derivative": {"input": "$v"}, "window": {"documents": [-1, 0]}})"),
            5624903);
  EXPECT_EQ(error_of(R"({"$integral": {"input": "$v"}})"), 5423900);
  EXPECT_EQ(error_of(R"({"$integral": {"input": "$x", "unit": "day"}})"), 5423901);
  EXPECT_EQ(error_of(R"({"$count": 1})"), 9);
  EXPECT_EQ(window(R"({"$expMovingAvg": {"input": "$v", "N": 3}})").back(), R"({"_id":2,"w":4.0})");
  EXPECT_EQ(window(R"({"$covarianceSamp": "$v"})").back(), R"({"_id":2,"w":null})");
}

TEST_F(Windows, GapsAreFilled) {
  insert("c", R"({"_id": 1, "x": 1, "v": 10})");
  insert("c", R"({"_id": 2, "x": 2})");
  insert("c", R"({"_id": 3, "x": 5, "v": 50})");
  insert("c", R"({"_id": 4, "x": 6, "v": null})");
  EXPECT_EQ(run(R"([{"$fill": {"sortBy": {"x": 1}, "output": {"v": {"method": "linear"}}}},
                    {"$project": {"v": 1}}])"),
            (Rows{R"({"_id":1,"v":10})", R"({"_id":2,"v":20.0})", R"({"_id":3,"v":50})",
                  R"({"_id":4,"v":null})"}));
  EXPECT_EQ(run(R"([{"$fill": {"sortBy": {"x": 1}, "output": {"v": {"method": "locf"}}}},
                    {"$project": {"v": 1}}])"),
            (Rows{R"({"_id":1,"v":10})", R"({"_id":2,"v":10})", R"({"_id":3,"v":50})",
                  R"({"_id":4,"v":50})"}));
}

TEST_F(Windows, DensifyPutsRowsInto) {
  insert("c", R"({"_id": 1, "x": 0})");
  insert("c", R"({"_id": 2, "x": 6})");
  EXPECT_EQ(run(R"([{"$densify": {"field": "x", "range": {"step": 2, "bounds": "full"}}}])"),
            (Rows{R"({"_id":1,"x":0})", R"({"x":2})", R"({"x":4})", R"({"_id":2,"x":6})"}));
  EXPECT_EQ(run(R"([{"$densify": {"field": "x", "range": {"step": 4, "bounds": [4, 12]}}}])"),
            (Rows{R"({"_id":1,"x":0})", R"({"x":4})", R"({"_id":2,"x":6})", R"({"x":8})"}));
}

TEST_F(Windows, WhatMakesNoSenseIsAnError) {
  EXPECT_EQ(error_of(R"([{"$setWindowFields": {"output": {"w": {"$rank": {}}}}}])"), 5371602);
  EXPECT_EQ(error_of(R"([{"$setWindowFields": {"sortBy": {"x": 1}, "output": {"w": {"$sum": 1,
                         "window": {"documents": [1, -1]}}}}}])"),
            5339900);
  EXPECT_EQ(error_of(R"([{"$setWindowFields": {"output": {"w": {"$nothing": 1}}}}])"), 9);
}

}  // namespace
}  // namespace nacre::aggregation
