#include "cli/statements.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "document/database_testing.h"

namespace nacre::cli {
namespace {

namespace documents = document::testing;
using Lines = std::vector<std::string>;

std::string run_all(document::Database& database, const Lines& statements,
                    StatementCounts& counts) {
  auto transaction = database.begin();
  EXPECT_TRUE(transaction.has_value());
  for (const std::string& text : statements) {
    const auto done = run_statement(database, *transaction, documents::json(text), counts);
    if (!done.has_value()) return done.error().what();
  }
  const auto committed = transaction->commit();
  return committed.has_value() ? "" : committed.error().what();
}

TEST(Statements, SeeWhatThoseBeforeThemWroteAndBecomeVisibleTogether) {
  const auto database = documents::open(documents::new_path());
  StatementCounts counts;
  EXPECT_EQ(run_all(*database,
                    {R"({"insert":"a","documents":[{"_id":1},{"_id":2},{"_id":3}]})",
                     R"({"update":"a","updates":[{"q":{"_id":{"$gt":1}},"u":{"$set":{"x":1}},)"
                     R"("multi":true},{"q":{"_id":9},"u":{"$set":{"x":2}},"upsert":true}]})",
                     R"({"delete":"a","deletes":[{"q":{"_id":1},"limit":1}]})",
                     R"({"insert":"b","documents":[{"_id":7}]})"},
                    counts),
            "");
  EXPECT_EQ(counts.inserted, 5);
  EXPECT_EQ(counts.modified, 2);
  EXPECT_EQ(counts.deleted, 1);
  EXPECT_EQ(documents::rows(*database, "a"),
            (Lines{R"({"_id":2,"x":1})", R"({"_id":3,"x":1})", R"({"_id":9,"x":2})"}));
  EXPECT_EQ(documents::rows(*database, "b"), Lines{R"({"_id":7})"});
}

TEST(Statements, AFailingStatementLeavesNothingOfThoseBeforeIt) {
  const auto database = documents::open(documents::new_path());
  StatementCounts counts;
  const auto fault = run_all(
      *database,
      {R"({"insert":"a","documents":[{"_id":1}]})", R"({"insert":"a","documents":[{"_id":1}]})"},
      counts);
  EXPECT_NE(fault.find("duplicate key"), std::string::npos) << fault;
  EXPECT_EQ(documents::rows(*database, "a"), Lines{});
}

TEST(Statements, WhatIsNotUnderstoodIsNamed) {
  const auto database = documents::open(documents::new_path());
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({})", "the statement is empty"},
      {R"({"drop":"a"})", "statement \"drop\" is not known, expected insert, update or delete"},
      {R"({"insert":1})", "field \"insert\": is int, expected the name of a collection"},
      {R"({"insert":"a"})", "field \"documents\": is missing, expected an array of documents"},
      {R"({"insert":"a","documents":[1]})", "field \"documents.0\": is int, expected a document"},
      {R"({"insert":"a","documents":[],"ordered":false})", "field \"ordered\" is not known here"},
      {R"({"update":"a","updates":[{"u":{}}]})", "field \"q\": is missing, expected a document"},
      {R"({"delete":"a","deletes":[{"q":{}}]})", "field \"limit\": expected 0 (all) or 1"},
  };
  for (const auto& [statement, reason] : cases) {
    StatementCounts counts;
    EXPECT_EQ(run_all(*database, {statement}, counts), reason);
  }
}

}  // namespace
}  // namespace nacre::cli
