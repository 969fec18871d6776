#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nacre::cli {
namespace {

struct Bound {
  std::string file;
  std::string database;
  std::string on_error = "stop";
  std::int64_t batch = 1000;
  bool json = false;
  Arguments arguments{"import"};

  Bound() {
    arguments.positional("FILE", file, "The file.");
    arguments.option("--db", "DIR", database, "Where.", Need::kRequired);
    arguments.choice("--on-error", {"stop", "skip"}, on_error, "What then.");
    arguments.number("--batch", "N", batch, 1, 10, "How many.");
    arguments.flag("--json", json, "For machines.");
  }

  std::string fault_of(const std::vector<std::string>& words) {
    const auto parsed = arguments.parse(words);
    if (parsed.has_value()) return "none";
    EXPECT_EQ(parsed.error().code(), Code::kInvalid);
    return parsed.error().what();
  }
};

TEST(Arguments, FillTheVariablesTheyAreBoundTo) {
  Bound bound;
  EXPECT_EQ(bound.fault_of({"-", "--db=d", "--on-error", "skip", "--batch", "7", "--json"}),
            "none");
  EXPECT_EQ(bound.file, "-");
  EXPECT_EQ(bound.database, "d");
  EXPECT_EQ(bound.on_error, "skip");
  EXPECT_EQ(bound.batch, 7);
  EXPECT_TRUE(bound.json);
}

TEST(Arguments, WhatIsNotThereKeepsItsDefault) {
  Bound bound;
  EXPECT_EQ(bound.fault_of({"f", "--db", "d"}), "none");
  EXPECT_EQ(bound.on_error, "stop");
  EXPECT_EQ(bound.batch, 1000);
  EXPECT_FALSE(bound.json);
}

TEST(Arguments, SayWhichWordIsNotUnderstoodAndWhatWasExpected) {
  EXPECT_EQ(Bound().fault_of({"--db", "d"}), "FILE is required");
  EXPECT_EQ(Bound().fault_of({"f"}), "--db DIR is required");
  EXPECT_EQ(Bound().fault_of({"f", "--db", "d", "--on-error", "retry"}),
            "--on-error: is retry, expected stop|skip");
  EXPECT_EQ(Bound().fault_of({"f", "--db", "d", "--batch", "0"}),
            "--batch: is 0, expected a number from 1 to 10");
  EXPECT_EQ(Bound().fault_of({"f", "--db", "d", "--batch", "-3"}),
            "--batch: is -3, expected a number from 1 to 10");
  EXPECT_EQ(Bound().fault_of({"f", "--db", "d", "--batch", "3x"}),
            "--batch: is 3x, expected a number from 1 to 10");
  EXPECT_EQ(Bound().fault_of({"f", "--db", "d", "--colour"}), "--colour is not known here");
  EXPECT_EQ(Bound().fault_of({"f", "g", "--db", "d"}), "g is not known here");
  EXPECT_EQ(Bound().fault_of({"f", "--db"}), "--db DIR needs a value");
}

TEST(Arguments, HelpIsWantedEvenWhenRequiredWordsAreMissing) {
  Bound bound;
  EXPECT_EQ(bound.fault_of({"--help"}), "none");
  EXPECT_TRUE(bound.arguments.help_wanted());
}

TEST(Arguments, AJsonFilterIsAWordLikeAnyOther) {
  Bound bound;
  EXPECT_EQ(bound.fault_of({R"({"a": [1, "-x"]})", "--db", "d"}), "none");
  EXPECT_EQ(bound.file, R"({"a": [1, "-x"]})");
}

TEST(Arguments, TheUsageLineNamesWhatIsRequired) {
  EXPECT_EQ(Bound().arguments.usage(), "nacre import FILE --db DIR [options]");
}

}  // namespace
}  // namespace nacre::cli
