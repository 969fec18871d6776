#include "query/pull.h"

#include <gtest/gtest.h>

#include "bson/json.h"

namespace nacre::query {
namespace {

std::string pulled(std::string_view condition, std::string_view array) {
  const std::string update_text = R"({"$pull":{"a":)" + std::string(condition) + "}}";
  const auto update_json = bson::from_json(update_text);
  const auto document = bson::from_json(R"({"a":)" + std::string(array) + "}");
  if (!update_json.has_value() || !document.has_value()) return "not JSON";
  const auto update = document::Update::parse(update_json->view(), pull_conditions());
  if (!update.has_value()) return update.error().text();
  const auto result = update->apply(*document, {});
  if (!result.has_value()) return result.error().text();
  return result->has_value() ? bson::to_json((*result)->find("a")) : "same";
}

TEST(PullCondition, OperatorsAskTheElements) {
  EXPECT_EQ(pulled(R"({"$gte":6})", "[1,8,6,\"7\"]"), R"([1,"7"])");
  EXPECT_EQ(pulled(R"({"$in":[1,2]})", "[1,3,2,[1],[3]]"), "[3,[3]]");
  EXPECT_EQ(pulled(R"({"$ne":1})", "[1,2]"), "[1]");
  EXPECT_EQ(pulled(R"({"$regularExpression":{"pattern":"^a","options":""}})", R"(["ab","b"])"),
            R"(["b"])");
}

TEST(PullCondition, DocumentsAreFilters) {
  EXPECT_EQ(pulled(R"({"b":1})", R"([{"b":1,"c":2},{"b":2},1])"), R"([{"b":2},1])");
  EXPECT_EQ(pulled(R"({"b":{"$gt":1},"c":2})", R"([{"b":2,"c":2},{"b":2}])"), R"([{"b":2}])");
  EXPECT_EQ(pulled(R"({"$or":[{"b":1},{"b":2}]})", R"([{"b":1},{"b":3}])"), R"([{"b":3}])");
}

TEST(PullCondition, AnUnknownOperatorIsRefused) {
  EXPECT_EQ(pulled(R"({"$foo":1})", "[1]"), "invalid: unknown operator: $foo");
}

}  // namespace
}  // namespace nacre::query
