#include "text/words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nacre::text {
namespace {

std::string terms(std::string_view language, std::string_view text) {
  std::string all;
  Language::find(language)->terms(text, [&](std::string_view term) {
    if (!all.empty()) all.push_back(' ');
    all.append(term);
  });
  return all;
}

TEST(Words, AreFoldedStemmedAndFreeOfStopWords) {
  EXPECT_EQ(terms("english", "The Runners were running, quickly!"), "runner run quick");
  EXPECT_EQ(terms("none", "The Runners"), "the runners");
  EXPECT_EQ(terms("english", "don't stop"), "stop");
  EXPECT_EQ(terms("english", ""), "");
  EXPECT_EQ(terms("english", " ... --- "), "");
  EXPECT_EQ(terms("english", "x1 42 foo_bar"), "x1 42 foo_bar");
}

TEST(Words, ReachAcrossScripts) {
  EXPECT_EQ(terms("french", "L'école des Réunions"), terms("french", "ECOLE reunion"));
  EXPECT_EQ(terms("german", "Häuser"), terms("german", "häuser"));
  EXPECT_EQ(terms("russian", "Книги"), terms("russian", "книга"));
  EXPECT_EQ(terms("none", "日本語、東京"), "日本語 東京");
  EXPECT_EQ(terms("none", "Straße STRASSE"), "strasse strasse");
}

TEST(Words, OfEveryLanguageHaveAStemmer) {
  for (const char* name : {"danish", "dutch", "english", "finnish", "french", "german", "hungarian",
                           "italian", "norwegian", "portuguese", "romanian", "russian", "spanish",
                           "swedish", "turkish", "none", "EN", "fr"}) {
    EXPECT_NE(Language::find(name), nullptr) << name;
  }
  EXPECT_EQ(Language::find("klingon"), nullptr);
  EXPECT_EQ(terms("spanish", "los libros"), "libr");
}

TEST(Words, ThatAreVeryLongAreCutBetweenCharacters) {
  std::string longest;
  for (int i = 0; i < 200; ++i) longest += "日";
  const std::string term = terms("none", longest);
  EXPECT_LE(term.size(), kTermBytesMax);
  EXPECT_EQ(term.size() % 3, 0U);
}

TEST(Words, AreComparedAsCloselyAsAskedFor) {
  EXPECT_EQ(folded("Café", {}), "cafe");
  EXPECT_EQ(folded("Café", {.to_accents = true}), "café");
  EXPECT_EQ(folded("Café", {.to_case = true}), "Cafe");
  EXPECT_EQ(folded("Café", {.to_case = true, .to_accents = true}), "Café");
  std::vector<std::string> found;
  words("one, don't 'two'", [&](std::string_view word) { found.emplace_back(word); });
  EXPECT_EQ(found, (std::vector<std::string>{"one", "don't", "two"}));
}

}  // namespace
}  // namespace nacre::text
