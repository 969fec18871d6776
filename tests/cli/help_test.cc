// The help pages are part of the product: each is held against a text in golden/.
// NACRE_REWRITE=1 ctest -L cli -R Help writes the texts anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/program.h"

namespace nacre {
namespace {

using testing::run_nacre;

const std::vector<std::string>& commands() {
  static const std::vector<std::string> names = {
      "import",    "export",  "restore",      "dump",       "find",
      "count",     "explain", "aggregate",    "history",    "restore-document",
      "changes",   "apply",   "create-index", "drop-index", "list",
      "stats",     "verify",  "salvage",      "compact",    "serve",
      "load-test", "version"};
  return names;
}

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = NACRE_SOURCE_DIR "/tests/cli/golden/" + name + ".txt";
  if (std::getenv("NACRE_REWRITE") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ostringstream wanted;
  wanted << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, wanted.str()) << "golden text " << path;
}

TEST(Help, TheFrontPageIsAsItShouldBe) {
  const auto ran = run_nacre({"--help"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err, "");
  expect_golden("nacre", ran.out);
}

TEST(Help, EveryCommandHasItsPageAndItsLineOnTheFrontPage) {
  const std::string front = run_nacre({"help"}).out;
  for (const std::string& command : commands()) {
    SCOPED_TRACE(command);
    const auto ran = run_nacre({command, "--help"});
    EXPECT_EQ(ran.exit, 0);
    EXPECT_NE(ran.out.find("\nExamples\n  "), std::string::npos);
    EXPECT_NE(front.find("\n  " + command + " "), std::string::npos);
    EXPECT_EQ(run_nacre({"help", command}).out, ran.out);
    expect_golden(command, ran.out);
  }
}

TEST(Help, NoLineIsLongerThanATerminalIsWide) {
  for (const std::string& command : commands()) {
    std::istringstream page(run_nacre({command, "--help"}).out);
    for (std::string line; std::getline(page, line);) {
      EXPECT_LE(line.size(), 80) << command << ": " << line;
    }
  }
}

TEST(Help, WithoutACommandThePageIsAMessageAndTheExitCodeIsUsage) {
  const auto ran = run_nacre({});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, run_nacre({"--help"}).out);
}

TEST(Help, AMistypedCommandIsAnsweredWithTheNearestOne) {
  const auto near = run_nacre({"improt", "x"});
  EXPECT_EQ(near.exit, 2);
  EXPECT_EQ(near.err, "nacre: there is no command 'improt'; did you mean 'import'?\n");
  EXPECT_EQ(run_nacre({"quux"}).err,
            "nacre: there is no command 'quux'; 'nacre --help' lists them\n");
}

TEST(Help, AWrongOptionNamesItselfAndTheCommand) {
  const auto ran = run_nacre({"count", "--db", "x", "--collection", "y", "--fast"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "nacre: count: --fast is not known here; 'nacre count --help' explains\n");
}

TEST(Help, TheVersionIsPrintedForPeopleAndForMachines) {
  EXPECT_TRUE(run_nacre({"--version"}).out.starts_with("nacre "));
  EXPECT_TRUE(run_nacre({"version", "--json"}).out.starts_with("{\"version\":\""));
}

}  // namespace
}  // namespace nacre
