#include "bson/arithmetic.h"

#include <gtest/gtest.h>

#include "bson/json.h"

namespace nacre::bson {
namespace {

std::string sum(std::string_view pair) {
  const auto document = from_json(pair);
  EXPECT_TRUE(document.has_value()) << pair;
  const auto result = add(document->find("a"), document->find("b"));
  return result.has_value() ? to_json(result->element(), JsonForm::kCanonical) : "overflow";
}

TEST(Arithmetic, PromotesAsMongoDbDoes) {
  EXPECT_EQ(sum(R"({"a":1,"b":2})"), R"({"$numberInt":"3"})");
  EXPECT_EQ(sum(R"({"a":2147483647,"b":1})"), R"({"$numberLong":"2147483648"})");
  EXPECT_EQ(sum(R"({"a":1,"b":{"$numberLong":"2"}})"), R"({"$numberLong":"3"})");
  EXPECT_EQ(sum(R"({"a":{"$numberLong":"9223372036854775807"},"b":1})"), "overflow");
  EXPECT_EQ(sum(R"({"a":1,"b":0.5})"), R"({"$numberDouble":"1.5"})");
  EXPECT_EQ(sum(R"({"a":{"$numberDecimal":"0.1"},"b":{"$numberDecimal":"0.2"}})"),
            R"({"$numberDecimal":"0.3"})");
  EXPECT_EQ(sum(R"({"a":{"$numberDecimal":"1"},"b":2})"), R"({"$numberDecimal":"3"})");
}

TEST(Arithmetic, ADoubleEntersADecimalSumWithFifteenDigits) {
  EXPECT_EQ(sum(R"({"a":{"$numberDecimal":"1"},"b":0.1})"),
            R"({"$numberDecimal":"1.100000000000000"})");
  EXPECT_EQ(sum(R"({"a":{"$numberDecimal":"1"},"b":{"$numberDouble":"-Infinity"}})"),
            R"({"$numberDecimal":"-Infinity"})");
}

TEST(Arithmetic, MultipliesWithTheSameRules) {
  const Value big(std::int32_t{1} << 20);
  EXPECT_EQ(multiply(big.element(), big.element())->element().int64(), std::int64_t{1} << 40);
  const Value wide(std::int64_t{1} << 40);
  EXPECT_FALSE(multiply(wide.element(), wide.element()).has_value());
  EXPECT_EQ(multiply(big.element(), Value(0.5).element())->element().number_double(), 0x1p19);
}

}  // namespace
}  // namespace nacre::bson
