#include "bson/compare.h"

#include <gtest/gtest.h>

#include <vector>

#include "bson/json.h"
#include "bson/random_values_testing.h"

namespace nacre::bson {
namespace {

std::vector<Value> values_of(std::string_view json_array) {
  auto array = array_from_json(json_array);
  EXPECT_TRUE(array.has_value()) << array.error().text();
  std::vector<Value> values;
  for (const Element& element : array->view()) values.emplace_back(element);
  return values;
}

void expect_ascending(std::string_view json_array) {
  const std::vector<Value> values = values_of(json_array);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      EXPECT_EQ(compare(values[i].element(), values[j].element()), i <=> j)
          << to_json(values[i].element(), JsonForm::kCanonical) << " and "
          << to_json(values[j].element(), JsonForm::kCanonical);
    }
  }
}

void expect_equal(std::string_view json_array) {
  const std::vector<Value> values = values_of(json_array);
  for (const Value& a : values) {
    for (const Value& b : values) {
      EXPECT_EQ(compare(a.element(), b.element()), std::weak_ordering::equivalent)
          << to_json(a.element(), JsonForm::kCanonical) << " and "
          << to_json(b.element(), JsonForm::kCanonical);
      EXPECT_EQ(hash(a.element()), hash(b.element()));
    }
  }
}

TEST(Compare, OrdersTheTypesAsMongoDbDoes) {
  expect_ascending(R"([{"$minKey":1},{"$undefined":true},null,7,"text",{"a":1},[1],
      {"$binary":{"base64":"AA==","subType":"00"}},{"$oid":"000000000000000000000000"},false,true,
      {"$date":"1970-01-01T00:00:00Z"},{"$timestamp":{"t":1,"i":1}},
      {"$regularExpression":{"pattern":"a","options":""}},
      {"$dbPointer":{"$ref":"c","$id":{"$oid":"000000000000000000000000"}}},
      {"$code":"f"},{"$code":"f","$scope":{}},{"$maxKey":1}])");
}

TEST(Compare, NumbersOfAllTypesShareOneExactOrder) {
  expect_ascending(R"([{"$numberDouble":"NaN"},{"$numberDouble":"-Infinity"},
      {"$numberDecimal":"-1E+400"},{"$numberDouble":"-1.7976931348623157e308"},
      {"$numberLong":"-9223372036854775808"},-1.5,-1,{"$numberDecimal":"-1E-400"},0,
      {"$numberDecimal":"1E-400"},{"$numberDouble":"4.9406564584124654e-324"},
      {"$numberDecimal":"0.1"},0.1,1,{"$numberDecimal":"1.5"},
      {"$numberLong":"9007199254740991"},{"$numberDouble":"9007199254740992"},
      {"$numberLong":"9007199254740993"},{"$numberDecimal":"9007199254740993.5"},
      {"$numberDouble":"9007199254740994"},{"$numberLong":"9223372036854775807"},
      {"$numberDouble":"9223372036854775808"},{"$numberDecimal":"9223372036854775809"},
      {"$numberDouble":"1e23"},{"$numberDecimal":"1E+23"},
      {"$numberDecimal":"1E+400"},{"$numberDecimal":"Infinity"}])");
}

TEST(Compare, EqualNumbersAreEqualWhateverTheirTypes) {
  expect_equal(R"([3,{"$numberLong":"3"},3.0,{"$numberDecimal":"3"},{"$numberDecimal":"3.000"},
      {"$numberDecimal":"30E-1"}])");
  expect_equal(
      R"([0,{"$numberDouble":"-0.0"},{"$numberDecimal":"-0"},{"$numberDecimal":"0E+10"}])");
  expect_equal(R"([{"$numberDouble":"NaN"},{"$numberDecimal":"NaN"}])");
  expect_equal(R"([{"$numberDouble":"Infinity"},{"$numberDecimal":"Infinity"}])");
  expect_equal(R"([{"$numberDouble":"-Infinity"},{"$numberDecimal":"-Infinity"}])");
  expect_equal(R"([0.5,{"$numberDecimal":"0.5"}])");
  expect_equal(R"(["text",{"$symbol":"text"}])");
}

TEST(Compare, DocumentsGoByTypeThenNameThenValueAndArraysByElement) {
  expect_ascending(R"([{},{"a":1},{"a":1,"b":0},{"a":2},{"b":1},{"a":"x"},{"a":{}}])");
  expect_ascending(R"([[],[1],[1,1],[2],["a"],[[]]])");
  expect_ascending(R"([{"$binary":{"base64":"/w==","subType":"05"}},
      {"$binary":{"base64":"AAA=","subType":"00"}},{"$binary":{"base64":"AAA=","subType":"01"}}])");
}

// ORDER-1
TEST(Compare, IsATotalOrderOverRandomValues) {
  const std::uint64_t seed = testing::seed_or(1);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  for (int step = 0; step < 20000; ++step) {
    const Value a = random.value();
    const Value b = random.value();
    const Value c = random.value();
    ASSERT_EQ(compare(a.element(), a.element()), std::weak_ordering::equivalent);
    ASSERT_EQ(compare(a.element(), b.element()), 0 <=> compare(b.element(), a.element()));
    if (compare(a.element(), b.element()) <= 0 && compare(b.element(), c.element()) <= 0) {
      ASSERT_TRUE(compare(a.element(), c.element()) <= 0)
          << to_json(a.element(), JsonForm::kCanonical) << ' '
          << to_json(b.element(), JsonForm::kCanonical) << ' '
          << to_json(c.element(), JsonForm::kCanonical);
    }
  }
}

}  // namespace
}  // namespace nacre::bson
