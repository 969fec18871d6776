#include "text/collator.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace nacre::text {
namespace {

std::shared_ptr<const Collator> open(CollationChoices choices) {
  auto collator = Collator::open(std::move(choices));
  EXPECT_TRUE(collator) << collator.error().what();
  return collator ? *collator : nullptr;
}

int sign(std::weak_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }
int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

std::string key(const Collator& collator, std::string_view text) {
  std::string key;
  collator.append_sort_key(key, text);
  return key;
}

TEST(Collator, StrengthSaysWhatCounts) {
  const auto letters = open({.locale = "en", .strength = 1});
  const auto accents = open({.locale = "en", .strength = 2});
  const auto cases = open({.locale = "en", .strength = 3});
  EXPECT_TRUE(letters->equal("cafe", "CAFÉ"));
  EXPECT_FALSE(accents->equal("cafe", "café"));
  EXPECT_TRUE(accents->equal("café", "CAFÉ"));
  EXPECT_FALSE(cases->equal("café", "Café"));
  EXPECT_TRUE(cases->compare("a", "B") < 0) << "unlike bytes, where B comes first";
}

TEST(Collator, NumbersInTextCompareByValueWhenAskedFor) {
  const auto numeric = open({.locale = "en", .numeric_ordering = true});
  EXPECT_TRUE(numeric->compare("item 9", "item 10") < 0);
  EXPECT_TRUE(open({.locale = "en"})->compare("item 9", "item 10") > 0);
}

TEST(Collator, CaseAndPunctuationFollowTheirChoices) {
  const auto upper = open({.locale = "en", .case_first = CaseFirst::kUpper});
  const auto lower = open({.locale = "en", .case_first = CaseFirst::kLower});
  EXPECT_TRUE(upper->compare("A", "a") < 0);
  EXPECT_TRUE(lower->compare("A", "a") > 0);
  const auto level = open({.locale = "en", .strength = 1, .case_level = true});
  EXPECT_TRUE(level->equal("e", "é"));
  EXPECT_FALSE(level->equal("e", "E"));
  const auto shifted = open({.locale = "en", .alternate = Alternate::kShifted});
  EXPECT_TRUE(shifted->equal("black-bird", "blackbird"));
  const auto spaces =
      open({.locale = "en", .alternate = Alternate::kShifted, .max_variable = MaxVariable::kSpace});
  EXPECT_TRUE(spaces->equal("black bird", "blackbird"));
  EXPECT_FALSE(spaces->equal("black-bird", "blackbird"));
}

TEST(Collator, LanguagesHaveOrdersAndDefaultsOfTheirOwn) {
  EXPECT_TRUE(open({.locale = "sv"})->compare("z", "ö") < 0);
  EXPECT_TRUE(open({.locale = "de"})->compare("z", "ö") > 0);
  EXPECT_TRUE(open({.locale = "fr_CA"})->choices().backwards.value_or(false));
  EXPECT_FALSE(open({.locale = "fr"})->choices().backwards.value_or(true));
  EXPECT_EQ(open({.locale = "da"})->choices().case_first, CaseFirst::kUpper);
  EXPECT_TRUE(open({.locale = "de@collation=phonebook"})->compare("ad", "ä") < 0);
}

TEST(Collator, UnknownLocalesAndChoicesWithoutEffectAreRefused) {
  for (const char* locale : {"", "nowhere", "xx", "en-US", "EN", "de@collation=nothing"}) {
    const auto collator = Collator::open({.locale = locale});
    ASSERT_FALSE(collator) << locale;
    EXPECT_EQ(collator.error().number(), 2) << locale;
  }
  EXPECT_FALSE(Collator::open({.locale = "fr", .strength = 1, .backwards = true}));
  EXPECT_FALSE(Collator::open({.locale = "en", .strength = 2, .case_first = CaseFirst::kUpper}));
  EXPECT_TRUE(Collator::open(
      {.locale = "en", .strength = 2, .case_level = true, .case_first = CaseFirst::kUpper}));
}

TEST(Collator, SortKeysAreInTheOrderOfTheStrings) {
  static const std::string kPieces[] = {
      "a", "A", "b",  "é",  "e\u0301", "E",    "10",     "9", " ",  "-", "ö",
      "z", "ß", "ss", "日", "本",      "\x01", "\u0301", "ﬁ", "😀", ".", std::string(1, '\0')};
  const std::shared_ptr<const Collator> collators[] = {
      open({.locale = "en"}),
      open({.locale = "en", .strength = 1}),
      open({.locale = "fr_CA", .strength = 2}),
      open({.locale = "sv", .numeric_ordering = true, .normalization = true}),
      open({.locale = "ja", .strength = 4, .alternate = Alternate::kShifted}),
      open({.locale = "de", .strength = 5})};
  std::mt19937 random(7);
  const auto word = [&] {
    std::string text;
    for (std::size_t left = random() % 5; left > 0; --left) {
      text += kPieces[random() % std::size(kPieces)];
    }
    return text;
  };
  for (int step = 0; step < 20000; ++step) {
    const Collator& collator = *collators[static_cast<std::size_t>(step) % std::size(collators)];
    const std::string a = word();
    const std::string b = word();
    const std::string left = key(collator, a);
    ASSERT_EQ(left.find('\0'), std::string::npos);
    ASSERT_EQ(sign(left.compare(key(collator, b))), sign(collator.compare(a, b)))
        << collator.choices().locale << ": '" << a << "' and '" << b << "'";
  }
}

TEST(Collator, TwoAreTheSameWhenEveryChoiceIs) {
  EXPECT_TRUE(same_collation(nullptr, nullptr));
  EXPECT_FALSE(same_collation(open({.locale = "en"}).get(), nullptr));
  EXPECT_TRUE(same_collation(open({.locale = "en"}).get(),
                             open({.locale = "en", .case_first = CaseFirst::kOff}).get()));
  EXPECT_FALSE(
      same_collation(open({.locale = "en"}).get(), open({.locale = "en", .strength = 2}).get()));
}

}  // namespace
}  // namespace nacre::text
