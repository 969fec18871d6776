#include "query/text_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "query/operations_testing.h"
#include "query/run.h"

namespace nacre::query {
namespace {

class Text : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = testing::open(testing::new_path());
    testing::create_index(*database_, "c",
                          R"({"key": {"title": "text", "body": "text"}, "weights": {"title": 5}})");
    for (const char* document :
         {R"({"_id": 1, "title": "Coffee and cake", "body": "a shop that sells coffee"})",
          R"({"_id": 2, "title": "Tea", "body": "coffee is not sold here, cakes are"})",
          R"({"_id": 3, "title": "Café Crème", "body": "the best coffee cake in town"})",
          R"({"_id": 4, "title": "Bakery", "body": "bread"})",
          R"({"_id": 5, "note": "coffee in a field that is not indexed"})"}) {
      testing::insert(*database_, "c", document);
    }
  }

  std::vector<std::int64_t> search(std::string_view text, std::string_view rest = "{}",
                                   bool by_score = false) {
    const std::string whole =
        "{\"$text\": " + std::string(text) + ", \"$and\": [" + std::string(rest) + "]}";
    const bson::Document filter = testing::json(whole);
    auto run = open_run({.database = *database_},
                        {.collection = "c", .filter = filter, .by_text_score = by_score});
    if (!run) return {-run.error().number()};
    std::vector<std::int64_t> ids;
    scores_.clear();
    while (true) {
      const auto row = run->run->root->next();
      EXPECT_TRUE(row) << row.error().text();
      if (!row || !*row) return ids;
      ids.push_back((*row)->document.find("_id").as_int64().value_or(-1));
      scores_.push_back((*row)->text_score);
    }
  }
  using Ids = std::vector<std::int64_t>;

  std::unique_ptr<document::Database> database_;
  std::vector<double> scores_;
};

TEST_F(Text, AnOrOfOneSideIsThatSide) {
  const auto ids_of = [&](std::string_view filter_text) -> Ids {
    const bson::Document filter = testing::json(filter_text);
    auto run = open_run({.database = *database_}, {.collection = "c", .filter = filter});
    if (!run) return {-run.error().number()};
    Ids ids;
    while (true) {
      const auto row = run->run->root->next();
      if (!row || !*row) return ids;
      ids.push_back((*row)->document.find("_id").as_int64().value_or(-1));
    }
  };
  EXPECT_EQ(ids_of(R"({"$or": [{"$text": {"$search": "bread"}}]})"), (Ids{4}));
  EXPECT_EQ(ids_of(R"({"$or": [{"$text": {"$search": "bread"}}, {"title": "Tea"}]})"), (Ids{-291}));
  EXPECT_EQ(ids_of(R"({"$and": [{"$text": {"$search": "a"}}, {"$text": {"$search": "b"}}]})"),
            (Ids{-2}));
}

TEST_F(Text, FindsDocumentsWithAnyOfTheWords) {
  EXPECT_EQ(search(R"({"$search": "coffee"})"), (Ids{1, 2, 3}));
  EXPECT_EQ(search(R"({"$search": "COFFEES bread"})"), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(search(R"({"$search": "cafe creme"})"), (Ids{3}));
  EXPECT_EQ(search(R"({"$search": "the a of"})"), (Ids{})) << "stop words alone find nothing";
  EXPECT_EQ(search(R"({"$search": ""})"), (Ids{}));
  EXPECT_EQ(search(R"({"$search": "coffee"})", R"({"_id": {"$gt": 1}})"), (Ids{2, 3}));
}

TEST_F(Text, PhrasesMustStandAsTheyAreAndNegatedWordsMustNot) {
  EXPECT_EQ(search(R"({"$search": "\"coffee cake\""})"), (Ids{3}));
  EXPECT_EQ(search(R"({"$search": "coffee -tea"})"), (Ids{1, 3}));
  EXPECT_EQ(search(R"({"$search": "coffee -\"best coffee\""})"), (Ids{1, 2}));
  EXPECT_EQ(search(R"({"$search": "-coffee"})"), (Ids{}));
}

TEST_F(Text, LooksAsCloselyAsItIsTold) {
  EXPECT_EQ(search(R"({"$search": "Coffee", "$caseSensitive": true})"), (Ids{1}));
  EXPECT_EQ(search(R"({"$search": "Cafe", "$diacriticSensitive": true})"), (Ids{}));
  EXPECT_EQ(search(R"({"$search": "Café", "$diacriticSensitive": true})"), (Ids{3}));
}

TEST_F(Text, RanksByBm25WithWeights) {
  EXPECT_EQ(search(R"({"$search": "coffee cake"})", "{}", true), (Ids{1, 2, 3}))
      << "the title counts most; of two alike the shorter text comes first";
  ASSERT_EQ(scores_.size(), 3U);
  EXPECT_GT(scores_[0], scores_[1]);
  EXPECT_GT(scores_[1], scores_[2]);
  // The formula by hand: 4 documents of 5, 4, 6 and 2 words (stop words do not count); "bread" is
  // in one of them, once.
  search(R"({"$search": "bread"})");
  ASSERT_EQ(scores_.size(), 1U);
  const double average =
      static_cast<double>(database_
                              ->text_totals(*database_->snapshot()->catalog().find("c")->find_index(
                                  "title_text_body_text"))
                              ->words) /
      4;
  EXPECT_NEAR(scores_[0], std::log(1 + 3.5 / 1.5) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / average)),
              1e-6);
}

TEST_F(Text, WhatCannotBeSearchedIsRefused) {
  EXPECT_EQ(search(R"({"$language": "en"})"), (Ids{-4}));
  EXPECT_EQ(search(R"({"$search": 5})"), (Ids{-14}));
  EXPECT_EQ(search(R"({"$search": "x", "$language": "klingon"})"), (Ids{-2}));
  ASSERT_TRUE(database_->drop_index("c", "title_text_body_text"));
  EXPECT_EQ(search(R"({"$search": "x"})"), (Ids{-27}));
}

TEST_F(Text, FieldsBeforeTheWordsMustBeGiven) {
  ASSERT_TRUE(database_->drop_index("c", "title_text_body_text"));
  testing::create_index(*database_, "c", R"({"key": {"kind": 1, "body": "text", "n": -1}})");
  testing::insert(*database_, "c", R"({"_id": 10, "kind": "x", "body": "coffee", "n": 1})");
  testing::insert(*database_, "c", R"({"_id": 11, "kind": "y", "body": "coffee", "n": 2})");
  EXPECT_EQ(search(R"({"$search": "coffee"})", R"({"kind": "x"})"), (Ids{10}));
  EXPECT_EQ(search(R"({"$search": "coffee"})"), (Ids{-291}));
  testing::expect_clean(*database_);
}

TEST_F(Text, EachDocumentMayHaveItsLanguage) {
  testing::insert(*database_, "c", R"({"_id": 20, "language": "german", "body": "die Häuser"})");
  EXPECT_EQ(search(R"({"$search": "Haus", "$language": "german"})"), (Ids{20}));
}

}  // namespace
}  // namespace nacre::query
