#include "cli/write_load.h"

#include <gtest/gtest.h>

#include <mutex>
#include <string>

#include "base/text.h"
#include "document/database_testing.h"

namespace nacre::cli {
namespace {

namespace documents = document::testing;

std::string load(document::Database& database, std::size_t writers) {
  std::mutex mutex;
  std::string protocol;
  LoadOptions options{.collection = "load", .writers = writers, .seconds = 0.05};
  options.on_acknowledged = [&](std::size_t writer, std::uint64_t n) {
    const std::lock_guard lock(mutex);
    protocol += format("{} {}\n", writer, n);
  };
  const auto result = write_load(database, options);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  return protocol;
}

TEST(WriteLoad, WhatWasAcknowledgedIsFoundAndLaterRunsGoOn) {
  const auto database = documents::open(documents::new_path());
  const std::string first = load(*database, 3);
  const std::string second = load(*database, 3);
  ASSERT_NE(first, "");
  for (const std::string& protocol : {first, second, first + second}) {
    const auto check = check_load(*database, "load", protocol);
    ASSERT_TRUE(check.has_value()) << check.error().text();
    EXPECT_EQ(check->problems, std::vector<std::string>());
    EXPECT_GE(check->documents, check->acknowledged);
  }
}

TEST(WriteLoad, LostAndHalfTransactionsAreProblems) {
  const auto database = documents::open(documents::new_path());
  documents::insert(*database, "load_writers", R"({"_id":"0","last":2})");
  documents::insert(*database, "load", R"({"_id":"0-1","writer":0,"n":1})");
  documents::insert(*database, "load", R"({"_id":"0-3","writer":0,"n":3})");
  const auto check = check_load(*database, "load", "0 1\n0 5\n1 1\n0 9");
  ASSERT_TRUE(check.has_value()) << check.error().text();
  EXPECT_EQ(check->acknowledged, 3);
  EXPECT_EQ(check->documents, 2);
  EXPECT_EQ(check->problems,
            (std::vector<std::string>{"writer 0: commits 3 to 5 were acknowledged and are lost",
                                      "writer 0: document 2 is missing, its counter says 2",
                                      "writer 0: document 3 is there, its counter says 2",
                                      "writer 1: commits 1 to 1 were acknowledged and are lost"}));
}

TEST(WriteLoad, AProtocolThatIsNoneIsRefused) {
  const auto database = documents::open(documents::new_path());
  const auto check = check_load(*database, "load", "0 1\nhello\n");
  ASSERT_FALSE(check.has_value());
  EXPECT_EQ(check.error().what(),
            "acknowledgements line 2: is \"hello\", expected WRITER and number");
}

}  // namespace
}  // namespace nacre::cli
