#include "cli/importer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "document/database_testing.h"

namespace nacre::cli {
namespace {

namespace documents = document::testing;
using Lines = std::vector<std::string>;

struct Imported {
  ImportResult result;
  Lines problems;
  int batches = 0;
};

Imported import_text(document::Database& database, const std::string& text,
                     ImportOptions options = {}) {
  Imported imported;
  options.collection = "c";
  options.on_problem = [&](Place place, const std::string& reason) {
    imported.problems.push_back(format("{}:{} {}", place.line, place.offset, reason));
  };
  options.on_batch = [&](std::uint64_t, std::uint64_t) { ++imported.batches; };
  const auto input = text_input(text, 11);
  auto result = import_documents({.database = database}, *input, options);
  EXPECT_TRUE(result.has_value()) << result.error().text();
  if (result.has_value()) imported.result = *result;
  return imported;
}

TEST(Importer, DocumentsGoInBatchByBatch) {
  const auto database = documents::open(documents::new_path());
  const auto done = import_text(*database, R"([{"_id":1},{"_id":2},{"_id":3},{"_id":4},{"_id":5}])",
                                {.batch_documents = 2});
  EXPECT_EQ(done.result.imported, 5);
  EXPECT_EQ(done.result.bad, 0);
  EXPECT_EQ(done.batches, 3);
  EXPECT_EQ(done.result.bytes, 51);
  EXPECT_EQ(documents::rows(*database, "c"), (Lines{R"({"_id":1})", R"({"_id":2})", R"({"_id":3})",
                                                    R"({"_id":4})", R"({"_id":5})"}));
}

TEST(Importer, ABatchEndsWhenItsBytesAreMany) {
  const auto database = documents::open(documents::new_path());
  const auto done =
      import_text(*database, "{\"_id\":1}\n{\"_id\":2}\n{\"_id\":3}\n", {.batch_bytes = 28});
  EXPECT_EQ(done.batches, 2);
}

TEST(Importer, StopsAtABadDocumentAndKeepsThoseBefore) {
  const auto database = documents::open(documents::new_path());
  const auto done = import_text(*database, "{\"_id\":1}\n{\"_id\":2}\n{\"_id\":\n{\"_id\":4}\n");
  EXPECT_EQ(done.result.imported, 2);
  EXPECT_TRUE(done.result.stopped);
  EXPECT_EQ(done.problems, Lines{"3:27 expected a value, found the end"});
  EXPECT_EQ(documents::rows(*database, "c"), (Lines{R"({"_id":1})", R"({"_id":2})"}));
}

TEST(Importer, StopsAtADuplicateAndNamesItsPlace) {
  const auto database = documents::open(documents::new_path());
  const auto done = import_text(*database, "{\"_id\":1}\n{\"_id\":1}\n{\"_id\":3}\n");
  EXPECT_EQ(done.result.imported, 1);
  EXPECT_TRUE(done.result.stopped);
  ASSERT_EQ(done.problems.size(), 1);
  EXPECT_TRUE(done.problems[0].starts_with("2:10 E11000 duplicate key")) << done.problems[0];
  EXPECT_EQ(documents::rows(*database, "c"), Lines{R"({"_id":1})"});
}

TEST(Importer, SkipsWhatIsBadAndCountsIt) {
  const auto database = documents::open(documents::new_path());
  const auto done = import_text(
      *database, "{\"_id\":1}\n{\"_id\":1}\nx\n{\"_id\":3}\n{\"_id\":3,\"a\":1}\n{\"_id\":[1]}\n",
      {.skip_bad = true});
  EXPECT_EQ(done.result.imported, 2);
  EXPECT_EQ(done.result.bad, 4);
  EXPECT_FALSE(done.result.stopped);
  EXPECT_EQ(documents::rows(*database, "c"), (Lines{R"({"_id":1})", R"({"_id":3})"}));
}

TEST(Importer, AnInterruptIsHeardBetweenTwoBatches) {
  const auto database = documents::open(documents::new_path());
  int asked = 0;
  const auto done =
      import_text(*database, "{\"_id\":1}\n{\"_id\":2}\n{\"_id\":3}\n{\"_id\":4}\n",
                  {.batch_documents = 1, .stop_wanted = [&] { return ++asked == 2; }});
  EXPECT_TRUE(done.result.interrupted);
  EXPECT_EQ(done.result.imported, 2);
  EXPECT_EQ(documents::rows(*database, "c").size(), 2);
}

}  // namespace
}  // namespace nacre::cli
