// The past through the command line.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/program.h"

namespace nacre {
namespace {

using testing::Ran;
using testing::run_nacre;
using testing::ScratchDirectory;

class PastCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string file = scratch_.write(
        "cities.jsonl", "{\"_id\":1,\"name\":\"Bern\"}\n{\"_id\":\"BS\",\"name\":\"Basel\"}\n");
    ASSERT_EQ(on_cities({"import", file, "--quiet"}).exit, 0);
    imported_ = position();
    const std::string changes = scratch_.write(
        "changes.jsonl",
        R"({"update":"cities","updates":[{"q":{"_id":1},"u":{"$set":{"n":2},"$unset":{"name":1}}}]})"
        "\n"
        R"({"delete":"cities","deletes":[{"q":{"_id":"BS"},"limit":1}]})"
        "\n");
    ASSERT_EQ(nacre({"apply", changes}).exit, 0);
  }

  Ran nacre(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--db", scratch_ / "world"});
    return run_nacre(arguments);
  }
  Ran on_cities(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--collection", "cities"});
    return nacre(arguments);
  }
  std::string position() const {
    const std::string stats = nacre({"stats", "--json"}).out;
    const std::size_t begin = stats.find("\"position\":") + 11;
    return stats.substr(begin, stats.find(',', begin) - begin);
  }

  ScratchDirectory scratch_;
  std::string imported_;
};

TEST_F(PastCommands, FindAndCountShowWhatWasThen) {
  EXPECT_EQ(on_cities({"find"}).out, "{\"_id\":1,\"n\":2}\n");
  EXPECT_EQ(on_cities({"find", "--at", imported_}).out,
            "{\"_id\":1,\"name\":\"Bern\"}\n{\"_id\":\"BS\",\"name\":\"Basel\"}\n");
  EXPECT_EQ(on_cities({"count", "--at", imported_}).out, "2\n");
  const auto late = on_cities({"count", "--at", "1000"});
  EXPECT_EQ(late.exit, 2);
  EXPECT_NE(late.err.find("position 1000 lies after the newest"), std::string::npos) << late.err;
  const auto word = on_cities({"count", "--at", "yesterday"});
  EXPECT_NE(word.err.find("--at is yesterday, expected a position"), std::string::npos) << word.err;
  EXPECT_EQ(on_cities({"count", "--at", "2999-01-01T00:00:00Z"}).out, "1\n");
  const auto early = on_cities({"count", "--at", "0"});
  EXPECT_NE(early.err.find("at position 0 there was no collection cities"), std::string::npos)
      << early.err;
}

TEST_F(PastCommands, HistoryListsVersionsAndADocumentIsBroughtBack) {
  const auto history = on_cities({"history", "1"});
  EXPECT_EQ(history.exit, 0) << history.err;
  EXPECT_NE(history.out.find("update   {\"n\":2}  -name\n"), std::string::npos) << history.out;
  EXPECT_NE(history.out.find("insert   {\"_id\":1,\"name\":\"Bern\"}\n"), std::string::npos)
      << history.out;
  const auto removed = on_cities({"history", "BS", "--json", "--limit", "1"});
  EXPECT_NE(removed.out.find("\"kind\":\"remove\"}\n"), std::string::npos) << removed.out;
  EXPECT_EQ(on_cities({"history", "none"}).exit, 1);

  const auto back = on_cities({"restore-document", "BS", "--at", imported_, "--json"});
  EXPECT_EQ(back.exit, 0) << back.err;
  EXPECT_EQ(back.out, "{\"_id\":\"BS\",\"name\":\"Basel\"}\n");
  EXPECT_EQ(on_cities({"count"}).out, "2\n");
  EXPECT_EQ(on_cities({"restore-document", "none", "--at", imported_}).exit, 3);
  EXPECT_NE(on_cities({"restore-document", "BS"}).err.find("--at WHEN is required"),
            std::string::npos);
}

TEST_F(PastCommands, ChangesTellWhatCommitsDid) {
  const auto all = nacre({"changes"});
  EXPECT_EQ(all.exit, 0) << all.err;
  const std::vector<std::string> wanted = {
      R"("kind":"insert","collection":"cities","_id":1,"document":{"_id":1,"name":"Bern"}})",
      R"("kind":"insert","collection":"cities","_id":"BS")",
      R"("kind":"update","collection":"cities","_id":1,"updated":{"n":2},"removed":["name"]})",
      R"("kind":"remove","collection":"cities","_id":"BS"})"};
  std::size_t at = 0;
  for (const std::string& each : wanted) {
    at = all.out.find(each, at);
    ASSERT_NE(at, std::string::npos) << each << " in\n" << all.out;
  }
  EXPECT_EQ(nacre({"changes", "--collection", "other"}).out, "");
  const auto first = nacre({"changes", "--from", "1", "--to", imported_});
  EXPECT_EQ(first.out.find("update"), std::string::npos);
  EXPECT_NE(first.out.find("insert"), std::string::npos);
}

}  // namespace
}  // namespace nacre
