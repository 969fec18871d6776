#include "expression/hashed_key.h"

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

TEST(HashedKey, NumbersHashByTheirWholePart) {
  const std::string of_three = result_of(R"({"$toHashedIndexKey": 3})");
  for (const char* value :
       {"3.0", "3.7", R"({"$numberLong": "3"})", R"({"$numberDecimal": "3.2"})"}) {
    EXPECT_EQ(result_of(std::string(R"({"$toHashedIndexKey": )") + value + "}"), of_three) << value;
  }
  EXPECT_EQ(result_of(R"({"$toHashedIndexKey": {"$numberDouble": "NaN"}})"),
            result_of(R"({"$toHashedIndexKey": 0})"));
}

TEST(HashedKey, WhatIsMissingHashesAsNull) {
  EXPECT_EQ(result_of(R"({"$toHashedIndexKey": "$nothing"})"),
            result_of(R"({"$toHashedIndexKey": null})"));
  EXPECT_NE(result_of(R"({"$toHashedIndexKey": {"a": 1}})"),
            result_of(R"({"$toHashedIndexKey": {"b": 1}})"));
  EXPECT_NE(result_of(R"({"$toHashedIndexKey": [1]})"), result_of(R"({"$toHashedIndexKey": 1})"));
}

}  // namespace
}  // namespace nacre::expression
