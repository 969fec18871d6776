#include "server/write_concern.h"

#include <gtest/gtest.h>

#include "bson/json.h"

namespace nacre::server {
namespace {

// The number of the error that a concern is; 0 when it may be.
std::int32_t refused_with(const std::string& concern) {
  const auto command = bson::from_json(R"({"insert": "c", "writeConcern": )" + concern + "}");
  EXPECT_TRUE(command) << concern;
  const auto checked = check_write_concern(Fields(*command, nullptr));
  return checked ? 0 : checked.error().number();
}

TEST(WriteConcern, CountsNodesWithWholeNumbersFromNoneToFifty) {
  for (const char* w : {"0", "1", "50", "0.5", "-0.5", R"({"$numberDecimal": "50.5"})",
                        R"("majority")", R"("anything")", R"({"place": 2})"}) {
    EXPECT_EQ(refused_with(std::string(R"({"w": )") + w + "}"), 0) << w;
  }
  for (const char* w :
       {"-1", "51", R"({"$numberDecimal": "50.6"})", R"({"$numberDouble": "NaN"})", "true", "[1]",
        "{}", R"({"place": "here"})", R"({"$date": "2020-01-01T00:00:00Z"})"}) {
    EXPECT_EQ(refused_with(std::string(R"({"w": )") + w + "}"), 9) << w;
  }
  EXPECT_EQ(refused_with(R"({"w": null})"), 2);
}

TEST(WriteConcern, TimesOutInThirtyTwoBitsOrNotAtAll) {
  EXPECT_EQ(refused_with(R"({"wtimeout": 2147483647})"), 0);
  EXPECT_EQ(refused_with(R"({"wtimeout": -5})"), 0);
  EXPECT_EQ(refused_with(R"({"wtimeout": "soon"})"), 0);
  EXPECT_EQ(refused_with(R"({"wtimeout": 2147483648})"), 9);
  EXPECT_EQ(refused_with(R"({"wtimeout": {"$numberDouble": "Infinity"}})"), 9);
}

TEST(WriteConcern, KnowsItsFieldsAndTheirTypes) {
  EXPECT_EQ(refused_with("{}"), 0);
  EXPECT_EQ(refused_with("null"), 0);
  EXPECT_EQ(refused_with(R"({"j": true})"), 0);
  EXPECT_EQ(refused_with(R"({"j": 1.5})"), 0);
  EXPECT_EQ(refused_with(R"({"j": "yes"})"), 14);
  EXPECT_EQ(refused_with(R"({"W": 1})"), 40415);
  EXPECT_EQ(refused_with("5"), 14);
}

TEST(WriteConcern, MoreNodesThanThereAreAreAnErrorBesideTheAnswer) {
  const auto code_beside = [](std::string_view command) {
    const auto parsed = bson::from_json(command);
    bson::Builder reply;
    append_write_concern_error(Fields(*parsed, nullptr), reply);
    return reply.finish().get("writeConcernError.code").as_int64().value_or(0);
  };
  EXPECT_EQ(code_beside(R"({"insert": "c", "writeConcern": {"w": 1.9}})"), 0);
  EXPECT_EQ(code_beside(R"({"insert": "c", "writeConcern": {"w": 2}})"), 100);
  EXPECT_EQ(code_beside(R"({"insert": "c", "writeConcern": {"w": "near"}})"), 79);
}

}  // namespace
}  // namespace nacre::server
