#include "expression/hashed_key.h"

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

std::string md5_of(std::string_view text) {
  std::string digits;
  for (const std::uint8_t byte : md5(as_bytes(text))) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    digits.push_back(kDigits[byte / 16]);
    digits.push_back(kDigits[byte % 16]);
  }
  return digits;
}

TEST(HashedKey, DigestsAreThoseOfTheStandard) {
  EXPECT_EQ(md5_of(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_of("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(
      md5_of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a");
  EXPECT_EQ(md5_of(std::string(56, 'a')), "3b0c8ac703f828b04c6c197006d17218");
}

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
