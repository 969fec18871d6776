// Random updates of random documents: the update that walks once and the one that goes path by path
// come to the same document. Replay: NACRE_SEED=<seed> nacre_document_test --gtest_filter='*Naive*'
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "bson/json.h"
#include "document/naive_update_testing.h"
#include "document/update.h"

namespace nacre::document {
namespace {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // NOLINTNEXTLINE(misc-no-recursion)
  std::string value(int depth) {
    const std::size_t kind = below(10);
    if (depth > 0 && kind < 2) return document(depth - 1);
    if (depth > 0 && kind < 5) return array(depth - 1);
    static constexpr std::array<const char*, 9> kScalars = {
        "0",
        "1",
        "-3",
        "2.5",
        "\"a\"",
        "null",
        "true",
        R"({"$numberLong":"9223372036854775807"})",
        R"({"$numberDecimal":"1.5"})"};
    return kScalars[below(kScalars.size())];
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  std::string array(int depth) {
    std::string text = "[";
    for (std::size_t i = below(4); i > 0; --i) text.append(value(depth)).append(i > 1 ? "," : "");
    return text + "]";
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  std::string document(int depth) {
    std::string text = "{";
    for (const char* name : {"a", "b", "0"}) {
      if (below(2) == 0) continue;
      text.append(text.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value(depth));
    }
    return text + "}";
  }

  std::string update() {
    std::string text = "{";
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      text.append(text.size() > 1 ? "," : "").append(change());
    }
    return text + "}";
  }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }

  std::string change() {
    static constexpr std::array<const char*, 10> kOperators = {
        "$set", "$unset", "$inc", "$mul", "$min", "$max", "$push", "$addToSet", "$pop", "$pullAll"};
    const std::string op = kOperators[below(kOperators.size())];
    return "\"" + op + "\":{\"" + path() + "\":" + operand(op) + "}";
  }

  std::string operand(const std::string& op) {
    if (op == "$pop") return below(2) == 0 ? "1" : "-1";
    if (op == "$pullAll") return array(1);
    const bool adds = op == "$push" || op == "$addToSet";
    if (!adds || below(2) == 0) return value(2);
    std::string text = "{\"$each\":" + array(1);
    if (op == "$push" && below(2) == 0) text += ",\"$position\":" + number();
    if (op == "$push" && below(2) == 0) text += ",\"$slice\":" + number();
    return text + "}";
  }

  std::string number() { return std::to_string(static_cast<int>(below(7)) - 3); }

  std::string path() {
    static constexpr std::array<const char*, 5> kSteps = {"a", "b", "0", "2", "c"};
    std::string text = kSteps[below(kSteps.size())];
    for (std::size_t i = below(3); i > 0; --i) text.append(".").append(kSteps[below(5)]);
    return text;
  }

  std::mt19937_64 random_;
};

TEST(UpdateProperty, AgreesWithTheNaiveOne) {
  const char* given = std::getenv("NACRE_SEED");  // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20;
  Generator random(seed);
  int agreed = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string before = random.document(3);
    const std::string asked = random.update();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + asked + " on " + before);
    const bson::Document document = *bson::from_json(before);
    const bson::Document source = *bson::from_json(asked);
    const auto update = Update::parse(source.view());
    if (!update.has_value()) continue;  // conflicts and operands that make no sense
    const auto after = update->apply(document, {});
    testing::NaiveUpdate naive(document);
    const auto answer = naive.run(source);
    ASSERT_NE(answer, testing::NaiveUpdate::Answer::kUnknown);
    ASSERT_EQ(after.has_value(), answer == testing::NaiveUpdate::Answer::kDone)
        << (after.has_value() ? "" : after.error().text());
    if (!after.has_value()) continue;
    ++agreed;
    ASSERT_EQ(bson::to_json(after->has_value() ? (*after)->view() : document.view(),
                            bson::JsonForm::kCanonical),
              bson::to_json(naive.document(), bson::JsonForm::kCanonical));
  }
  EXPECT_GT(agreed, 100);
}

}  // namespace
}  // namespace nacre::document
