#include <gtest/gtest.h>

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

TEST(Arithmetic, IntegersGrowWhereTheyMustAndDecimalsWin) {
  expect(R"({"$add": [1, 2]})", "3");
  expect(R"({"$add": [2147483647, 1]})", R"({"$numberLong": "2147483648"})");
  expect(R"({"$add": [{"$numberLong": "9223372036854775807"}, 1]})", "9223372036854775808.0");
  expect(R"({"$add": [1, {"$numberDecimal": "2.5"}]})", R"({"$numberDecimal": "3.5"})");
  expect(R"({"$add": []})", "0");
  expect(R"({"$add": [0.1, 0.2, 0.3]})", "0.6000000000000001");
  expect(R"({"$sum": [0.1, 0.2, 0.3]})", "0.6");
  expect(R"({"$multiply": [65536, 65536]})", R"({"$numberLong": "4294967296"})");
  expect(R"({"$multiply": [2, {"$numberDecimal": "1.50"}]})", R"({"$numberDecimal": "3.00"})");
  expect(R"({"$subtract": [{"$numberLong": "-9223372036854775808"}, 1]})",
         "-9223372036854775808.0");
}

TEST(Arithmetic, NullMakesNullAndWhatIsNoNumberIsRefused) {
  expect(R"({"$add": [1, null]})", "null");
  expect(R"({"$multiply": ["$a", 2]})", "null");
  expect(R"({"$add": [1, "a"]})", "error 14");
  expect(R"({"$multiply": [1, "a"]})", "error 14");
  expect(R"({"$subtract": [1, "a"]})", "error 14");
  expect(R"({"$mod": [1, "a"]})", "error 16611");
  expect(R"({"$abs": "a"})", "error 28765");
}

TEST(Arithmetic, DatesMoveByMillisecondsRounded) {
  expect(R"({"$add": [{"$date": {"$numberLong": "1000"}}, 2.5]})",
         R"({"$date": {"$numberLong": "1003"}})");
  expect(R"({"$add": [{"$date": {"$numberLong": "1000"}}, {"$numberDecimal": "1.5"}]})",
         R"({"$date": {"$numberLong": "1002"}})");
  expect(R"({"$add": [{"$date": {"$numberLong": "1"}}, {"$date": {"$numberLong": "1"}}]})",
         "error 16612");
  expect(
      R"({"$subtract": [{"$date": {"$numberLong": "1000"}}, {"$date": {"$numberLong": "400"}}]})",
      R"({"$numberLong": "600"})");
  expect(R"({"$subtract": [{"$date": {"$numberLong": "1000"}}, {"$numberDouble": "NaN"}]})",
         "error 15");
}

TEST(Arithmetic, DivisionIsRealAndByZeroAnError) {
  expect(R"({"$divide": [4, 2]})", "2.0");
  expect(R"({"$divide": [4, 0]})", "error 2");
  expect(R"({"$mod": [10, 3]})", "1");
  expect(R"({"$mod": [10, 3.0]})", "1.0");
  expect(R"({"$mod": [10, 0]})", "error 16610");
  expect(R"({"$mod": [10, {"$numberDecimal": "0"}]})", "error 5733415");
}

TEST(Arithmetic, AbsoluteValuesGrowToo) {
  expect(R"({"$abs": -2147483648})", R"({"$numberLong": "2147483648"})");
  expect(R"({"$abs": {"$numberLong": "-9223372036854775808"}})", "error 28680");
  expect(R"({"$abs": {"$numberDecimal": "-1.50"}})", R"({"$numberDecimal": "1.50"})");
}

TEST(Rounding, GoesToTheEvenNeighbourAtAnyPlace) {
  expect(R"({"$round": 2.5})", "2.0");
  expect(R"({"$round": [1.25, 1]})", "1.2");
  expect(R"({"$round": [15, -1]})", "20");
  expect(R"({"$round": [2147483647, -1]})", R"({"$numberLong": "2147483650"})");
  expect(R"({"$trunc": [0.29, 2]})", "0.28");
  expect(R"({"$trunc": [{"$numberDecimal": "1.1"}, 3]})", R"({"$numberDecimal": "1.100"})");
  expect(R"({"$ceil": 1.2})", "2.0");
  expect(R"({"$floor": {"$numberDecimal": "-1.2"}})", R"({"$numberDecimal": "-2"})");
  expect(R"({"$floor": {"$numberDecimal": "Infinity"}})", R"({"$numberDecimal": "NaN"})");
  expect(R"({"$ceil": {"$numberDecimal": "1E+100"}})", R"({"$numberDecimal": "NaN"})");
  expect(R"({"$round": {"$numberDecimal": "Infinity"}})", R"({"$numberDecimal": "Infinity"})");
  expect(R"({"$round": [1, 101]})", "error 51083");
  expect(R"({"$round": [1, 1.5]})", "error 51082");
  expect(R"({"$round": [1, "a"]})", "error 16004");
  expect(R"({"$round": "a"})", "error 51081");
  expect(R"({"$round": [1, 2, 3]})", "error 28667");
}

TEST(Analysis, PowersOfIntegersStayIntegersWhileTheyFit) {
  expect(R"({"$pow": [2, 10]})", "1024");
  expect(R"({"$pow": [10, 10]})", R"({"$numberLong": "10000000000"})");
  expect(R"({"$pow": [2, -1]})", "0.5");
  expect(R"({"$pow": [-1, -3]})", "-1");
  expect(R"({"$pow": [0, -1]})", "error 28764");
  expect(R"({"$pow": [2, {"$numberDecimal": "3"}]})",
         R"({"$numberDecimal": "8.000000000000000000000000000000000"})");
  expect(R"({"$pow": [{"$numberDecimal": "-0"}, 3]})", R"({"$numberDecimal": "0E-6176"})");
  expect(R"({"$sqrt": 4})", "2.0");
  expect(R"({"$sqrt": -1})", "error 28714");
  expect(R"({"$ln": 0})", "error 28766");
  expect(R"({"$ln": {"$numberDecimal": "NaN"}})", R"({"$numberDouble": "NaN"})");
  expect(R"({"$log": [8, 1]})", "error 28759");
  expect(R"({"$log": [{"$numberDecimal": "NaN"}, 10]})", R"({"$numberDouble": "NaN"})");
  expect(R"({"$log": [100, {"$numberDecimal": "NaN"}]})", R"({"$numberDouble": "NaN"})");
  expect(R"({"$log": [{"$numberDecimal": "NaN"}, 1]})", "error 28759");
  expect(R"({"$log10": 1000})", "3.0");
  expect(R"({"$exp": 0})", "1.0");
  expect(R"({"$sigmoid": 0})", "0.5");
  expect(R"({"$sigmoid": [0]})", "error 14");
}

TEST(Bits, CombineIntegersOnly) {
  expect(R"({"$bitAnd": [12, 10]})", "8");
  expect(R"({"$bitOr": [12, {"$numberLong": "3"}]})", R"({"$numberLong": "15"})");
  expect(R"({"$bitXor": []})", "0");
  expect(R"({"$bitNot": 0})", "-1");
  expect(R"({"$bitAnd": [1, 1.5]})", "error 14");
  expect(R"({"$bitNot": "a"})", "error 28765");
}

TEST(Trigonometry, KnowsItsDomainsAndDecimals) {
  expect(R"({"$sin": 0})", "0.0");
  expect(R"({"$atan": {"$numberDecimal": "0"}})", R"({"$numberDecimal": "0"})");
  expect(R"({"$acos": 1.5})", "error 50989");
  expect(R"({"$sin": {"$numberDouble": "Infinity"}})", "error 50989");
  expect(R"({"$atan2": [0, 1]})", "0.0");
  expect(R"({"$degreesToRadians": 180})", "3.141592653589793");
  expect(R"({"$tan": null})", "null");
}

TEST(Conditional, TakesOneBranchAndEvaluatesNoOther) {
  expect(R"({"$cond": [true, 1, {"$divide": [1, 0]}]})", "1");
  expect(R"({"$cond": {"if": "$a", "then": 1, "else": "$$CLUSTER_TIME"}})", "1", R"({"a": 5})");
  expect(R"({"$cond": [1, 2]})", "error 16020");
  expect(R"({"$cond": {"if": 1, "then": 2}})", "error 17082");
  expect(R"({"$cond": {"if": 1, "then": 2, "else": 3, "more": 4}})", "error 17083");
  expect(R"({"$ifNull": ["$a", null, 3]})", "3");
  expect(R"({"$ifNull": ["$a", "$b"]})", "missing");
  expect(R"({"$ifNull": [1]})", "error 1257300");
  expect(R"({"$switch": {"branches": [{"case": "$a", "then": 1}], "default": 2}})", "2");
  expect(R"({"$switch": {"branches": [{"case": "$a", "then": 1}]}})", "error 40066");
  expect(R"({"$switch": {"branches": [{"case": false, "then": 1}]}})", "error 40069");
  expect(R"({"$switch": {"branches": []}})", "error 40068");
}

TEST(Conditional, AConstantThatFailsFailsUnlessItsBranchIsDropped) {
  expect(R"({"$ifNull": ["$a", {"$divide": [1, 0]}]})", "error 2", R"({"a": 1})");
  expect(R"({"$cond": ["$a", 1, {"$divide": [1, 0]}]})", "error 2", R"({"a": 1})");
  expect(R"({"$switch": {"branches": [{"case": true, "then": 1},
             {"case": true, "then": {"$divide": [1, 0]}}]}})",
         "1");
  expect(R"({"$switch": {"branches": [{"case": false, "then": {"$divide": [1, 0]}}],
             "default": 2}})",
         "2");
  expect(R"({"$switch": {"branches": [{"case": true, "then": 1}],
             "default": {"$divide": [1, 0]}}})",
         "error 2");
  expect(R"({"$or": [{"$divide": [1, "$a"]}, true]})", "true", R"({"a": 0})");
}

}  // namespace
}  // namespace nacre::expression
