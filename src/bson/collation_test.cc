#include "bson/collation.h"

#include <gtest/gtest.h>

#include "bson/compare.h"
#include "bson/json.h"
#include "bson/json_testing.h"
#include "bson/key_encoder.h"
#include "bson/random_values_testing.h"

namespace nacre::bson {
namespace {

std::shared_ptr<const text::Collator> collator(std::string_view text) {
  auto parsed = parse_collation(testing::parse_json(text));
  EXPECT_TRUE(parsed) << parsed.error().what();
  return parsed ? *parsed : nullptr;
}

std::int32_t error_of(std::string_view text) {
  const auto parsed = parse_collation(testing::parse_json(text));
  return parsed ? 0 : parsed.error().number();
}

TEST(Collation, ADocumentSaysAllOfIt) {
  const auto parsed = collator(R"({"locale":"fr","strength":1,"numericOrdering":true})");
  ASSERT_NE(parsed, nullptr);
  EXPECT_EQ(to_json(describe_collation(parsed.get())),
            R"({"locale":"fr","caseLevel":false,"caseFirst":"off","strength":1,)"
            R"("numericOrdering":true,"alternate":"non-ignorable","maxVariable":"punct",)"
            R"("normalization":false,"backwards":false,"version":"57.1"})");
  EXPECT_TRUE(
      same_collation(parsed.get(), parse_collation(describe_collation(parsed.get()))->get()));
  EXPECT_EQ(collator(R"({"locale":"simple"})"), nullptr);
  EXPECT_EQ(collator("{}"), nullptr);
}

TEST(Collation, WhatIsNotOneIsRefusedWithMongoDbsNumber) {
  EXPECT_EQ(error_of(R"({"strength":1})"), 40414);
  EXPECT_EQ(error_of(R"({"locale":"fr","color":1})"), 40415);
  EXPECT_EQ(error_of(R"({"locale":5})"), 14);
  EXPECT_EQ(error_of(R"({"locale":"fr","strength":"x"})"), 14);
  EXPECT_EQ(error_of(R"({"locale":"fr","caseLevel":"x"})"), 14);
  EXPECT_EQ(error_of(R"({"locale":"fr","strength":6})"), 2);
  EXPECT_EQ(error_of(R"({"locale":"fr","caseFirst":"both"})"), 2);
  EXPECT_EQ(error_of(R"({"locale":"klingon"})"), 2);
  EXPECT_EQ(error_of(R"({"locale":"fr","version":"1.0"})"), 161);
}

TEST(Collation, StringsInDocumentsAndArraysFollowIt) {
  const auto primary = collator(R"({"locale":"en","strength":1})");
  const Document left = testing::parse_json(R"({"v":[{"a":"X"},"é"]})");
  const Document right = testing::parse_json(R"({"v":[{"a":"x"},"E"]})");
  EXPECT_TRUE(equal(left.find("v"), right.find("v"), primary.get()));
  EXPECT_FALSE(equal(left.find("v"), right.find("v"), nullptr));
  EXPECT_EQ(hash(left.find("v"), primary.get()), hash(right.find("v"), primary.get()));
  const Document names = testing::parse_json(R"({"p":{"A":1},"q":{"a":1}})");
  EXPECT_FALSE(equal(names.find("p"), names.find("q"), primary.get()))
      << "names are not strings of that order";
}

TEST(Collation, EncodedOrderIsComparisonOrder) {
  const std::uint64_t seed = testing::seed_or(12);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  const std::shared_ptr<const text::Collator> collators[] = {
      collator(R"({"locale":"en","strength":1})"), collator(R"({"locale":"fr_CA"})"),
      collator(R"({"locale":"sv","numericOrdering":true,"strength":2})")};
  for (int step = 0; step < 20000; ++step) {
    const text::Collator* by = random.pick(collators).get();
    const Value a = random.value();
    const Value b = random.value();
    const auto order = compare(a.element(), b.element(), by);
    for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
      std::string left;
      std::string right;
      append_key(left, a.element(), direction, nullptr, by);
      append_key(right, b.element(), direction, nullptr, by);
      const auto encoded = direction == Direction::kAscending ? left <=> right : right <=> left;
      ASSERT_TRUE(encoded == order) << to_json(a.element()) << " and " << to_json(b.element());
      if (order != 0) {
        ASSERT_FALSE(left.starts_with(right) || right.starts_with(left)) << "KEY-3";
      }
    }
  }
}

}  // namespace
}  // namespace nacre::bson
