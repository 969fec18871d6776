// Indexes of every kind through the public header, on a database in memory.
#include <gtest/gtest.h>

#include <chrono>

#include "nacre/nacre.hpp"

namespace nacre {
namespace {

class Indexes : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open("memory", {.in_memory = true});
    ASSERT_TRUE(opened) << opened.error().text();
    database_.emplace(*std::move(opened));
    things_.emplace(database_->collection("things"));
  }

  // The index as it is listed; "" when there is none.
  std::string listed(std::string_view name) {
    const auto all = things_->indexes();
    EXPECT_TRUE(all) << all.error().text();
    for (const Document& index : *all) {
      if (index.get_string("name") == name) return index.to_json();
    }
    return {};
  }
  std::string stage_of(const Filter& filter) {
    const auto plan = things_->find(filter).explain();
    EXPECT_TRUE(plan) << plan.error().text();
    if (!plan) return {};
    const auto fetched = plan->get_string("queryPlanner.winningPlan.inputStage.indexName");
    return fetched.value_or(plan->get_string("queryPlanner.winningPlan.stage").value_or(""));
  }
  std::string name_of(const Result<std::string>& made) {
    EXPECT_TRUE(made) << made.error().text();
    return made.value_or("");
  }

  std::optional<Database> database_;
  std::optional<Collection> things_;
};

TEST_F(Indexes, EveryOptionOfAnIndexIsTakenAndListed) {
  EXPECT_EQ(name_of(things_->create_index(R"({"a": 1})",
                                          {.unique = true, .partial_filter = where("a").gt(5)})),
            "a_1");
  EXPECT_EQ(
      listed("a_1"),
      R"({"v":2,"key":{"a":1},"name":"a_1","unique":true,"partialFilterExpression":{"a":{"$gt":5}}})");
  EXPECT_EQ(name_of(things_->create_index(
                R"({"seen": 1})", {.name = "life", .expire_after = std::chrono::minutes(2)})),
            "life");
  EXPECT_EQ(listed("life"), R"({"v":2,"key":{"seen":1},"name":"life","expireAfterSeconds":120})");
  ASSERT_TRUE(things_->create_index(R"({"h": "hashed"})", {.hidden = true}));
  EXPECT_EQ(listed("h_hashed"), R"({"v":2,"key":{"h":"hashed"},"name":"h_hashed","hidden":true})");
  ASSERT_TRUE(things_->create_index(R"({"$**": 1})", {.wildcard_projection = R"({"log": 0})"}));
  EXPECT_EQ(listed("$**_1"),
            R"({"v":2,"key":{"$**":1},"name":"$**_1","wildcardProjection":{"log":0}})");
  ASSERT_TRUE(things_->create_index(R"({"title": "text", "body": "text"})",
                                    {.weights = R"({"title": 10})",
                                     .default_language = "german",
                                     .language_override = "sprache"}));
  EXPECT_NE(listed("title_text_body_text")
                .find(R"("weights":{"body":1,"title":10},"default_language":"german",)"
                      R"("language_override":"sprache")"),
            std::string::npos)
      << listed("title_text_body_text");
  ASSERT_TRUE(things_->create_index(
      R"({"name": 1})", {.sparse = true, .collation = R"({"locale": "de", "strength": 1})"}));
  EXPECT_NE(listed("name_1").find(R"("locale":"de")"), std::string::npos) << listed("name_1");
}

TEST_F(Indexes, WhatTheServerRefusesIsRefusedHereByTheSameNumber) {
  const auto number = [&](const char* keys, const IndexOptions& options) {
    const auto made = things_->create_index(keys, options);
    return made ? 0 : made.error().number();
  };
  EXPECT_EQ(number(R"({"a": 1, "b": 1})", {.expire_after = std::chrono::seconds(1)}), 67);
  EXPECT_EQ(number(R"({"a": 1})", {.expire_after = std::chrono::seconds(-1)}), 67);
  EXPECT_EQ(number(R"({"a": 1})", {.weights = R"({"a": 2})"}), 67);
  EXPECT_EQ(number(R"({"a": 1})", {.partial_filter = R"({"a": {"$mod": [2, 0]}})"}), 67);
  EXPECT_EQ(number(R"({"a": "hashed"})", {.unique = true}), 16764);
  EXPECT_EQ(number(R"({"a": 1})", {.collation = R"({"locale": "nowhere"})"}), 2);
  const auto broken = things_->create_index(R"({"a": 1})", {.partial_filter = "{a"});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().text().find("partialFilterExpression"), std::string::npos);
}

TEST_F(Indexes, AHiddenIndexIsUsedOnceItIsShownAgain) {
  ASSERT_TRUE(things_->insert_one(R"({"_id": 1, "a": 1})"));
  ASSERT_TRUE(things_->create_index(R"({"a": 1})", {.hidden = true}));
  EXPECT_EQ(stage_of(where("a").eq(1)), "COLLSCAN");
  ASSERT_TRUE(things_->change_index("a_1", {.hidden = false}));
  EXPECT_EQ(stage_of(where("a").eq(1)), "a_1");
  ASSERT_TRUE(things_->change_index("a_1", {.expire_after = std::chrono::hours(1)}));
  EXPECT_NE(listed("a_1").find(R"("expireAfterSeconds":3600)"), std::string::npos);
  EXPECT_EQ(describe(things_->change_index("a_2", {.hidden = true}).error()).suggestion, "a_1");
  EXPECT_EQ(things_->change_index("_id_", {.hidden = true}).error().number(), 2);
}

TEST_F(Indexes, ABuildTellsHowFarItIsAndEndsWhenToldTo) {
  std::vector<Document> documents;
  for (int i = 0; i < 5000; ++i) documents.push_back(Document::of({{"_id", i}, {"a", i % 7}}));
  ASSERT_TRUE(things_->insert_many(documents));
  std::uint64_t seen = 0;
  const auto ended = things_->create_index(R"({"a": 1})", {.progress = [&](const auto& now) {
                                             EXPECT_EQ(now.total, 5000U);
                                             seen = now.documents;
                                             return now.documents == 0;
                                           }});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().number(), 276);
  EXPECT_GT(seen, 0U);
  EXPECT_EQ(things_->indexes()->size(), 1U);
  EXPECT_TRUE(things_->create_index(R"({"a": 1})", {.progress = [](const auto&) { return true; }}));
}

TEST_F(Indexes, ATextIndexIsAskedInTheLanguageItWasGiven) {
  ASSERT_TRUE(things_->create_index(R"({"body": "text"})", {.default_language = "german"}));
  ASSERT_TRUE(things_->insert_one(R"({"_id": 1, "body": "die Häuser der Stadt"})"));
  EXPECT_EQ(*things_->count(R"({"$text": {"$search": "haus"}})"), 1);
  EXPECT_EQ(*things_->count(R"({"$text": {"$search": "die"}})"), 0);
}

}  // namespace
}  // namespace nacre
