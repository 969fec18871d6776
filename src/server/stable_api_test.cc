#include "server/stable_api.h"

#include <gtest/gtest.h>

#include "bson/json.h"

namespace nacre::server {
namespace {

std::int32_t refused_with(std::string_view command) {
  const auto parsed = bson::from_json(command);
  EXPECT_TRUE(parsed) << command;
  const auto checked = check_stable_api(Fields(*parsed, nullptr));
  return checked ? 0 : checked.error().number();
}

TEST(StableApi, HasOneVersion) {
  EXPECT_EQ(refused_with(R"({"ping": 1, "apiVersion": "1"})"), 0);
  EXPECT_EQ(refused_with(R"({"ping": 1, "apiVersion": "2"})"), 322);
  EXPECT_EQ(refused_with(R"({"ping": 1, "apiVersion": 1})"), 322);
}

TEST(StableApi, StrictClientsGetNothingOutsideOfIt) {
  EXPECT_EQ(refused_with(R"({"distinct": "c", "key": "a", "apiVersion": "1"})"), 0);
  EXPECT_EQ(refused_with(R"({"distinct": "c", "key": "a", "apiVersion": "1", "apiStrict": true})"),
            323);
  EXPECT_EQ(refused_with(R"({"find": "c", "apiVersion": "1", "apiStrict": true})"), 0);
}

TEST(StableApi, StrictClientsGetNoStageOutsideOfIt) {
  const auto with = [](std::string_view stages, std::string_view more = "") {
    return refused_with(
        std::string(R"({"aggregate": "c", "apiVersion": "1", "apiStrict": true, )") +
        R"("pipeline": )" + std::string(stages) + std::string(more) + "}");
  };
  EXPECT_EQ(with(R"([{"$match": {"$indexStats": 1}}, {"$group": {"_id": 1}}])"), 0);
  EXPECT_EQ(with(R"([{"$indexStats": {}}])"), 323);
  EXPECT_EQ(with(R"([{"$collStats": {"count": {}}}])"), 0);
  EXPECT_EQ(with(R"([{"$collStats": {"count": {}, "storageStats": {}}}])"), 323);
  EXPECT_EQ(with(R"([{"$unionWith": {"coll": "d", "pipeline": [{"$indexStats": {}}]}}])"), 323);
  EXPECT_EQ(with(R"([{"$facet": {"a": [{"$indexStats": {}}]}}])"), 323);
  EXPECT_EQ(with("[]", R"(, "explain": true)"), 323);
}

}  // namespace
}  // namespace nacre::server
