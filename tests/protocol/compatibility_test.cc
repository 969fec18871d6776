// docs/compatibility.md lists exactly the commands that the server has, and the operators that
// expressions have.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "aggregation/stage_table.h"
#include "base/text.h"
#include "expression/operators.h"
#include "server/command.h"

namespace nacre::server {
namespace {

std::string expected_rows() {
  std::string rows = "| command | remarks |\n|---|---|\n";
  for (const Command& command : command_table()) {
    rows += format("| `{}` | {} |\n", command.name, command.remark);
  }
  return rows;
}

std::string documented() {
  std::ifstream file(NACRE_COMPATIBILITY);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The operators that are as MongoDB has them in one line, the others in a table.
std::string expected_operators() {
  std::string plain;
  std::string rows;
  for (const expression::OperatorRow& row : expression::operator_rows()) {
    if (row.remark.empty()) {
      plain += format("{}{}", plain.empty() ? "`" : " ", row.name);
    } else {
      rows += format("| `{}` | {} |\n", row.name, row.remark);
    }
  }
  return format("{}`\n\n| expression | remarks |\n|---|---|\n{}", plain, rows);
}

TEST(Compatibility, TheDocumentedCommandsAreThoseOfTheTable) {
  EXPECT_NE(documented().find(expected_rows()), std::string::npos)
      << "docs/compatibility.md should hold:\n"
      << expected_rows();
}

TEST(Compatibility, TheDocumentedExpressionsAreThoseOfTheTables) {
  EXPECT_NE(documented().find(expected_operators()), std::string::npos)
      << "docs/compatibility.md should hold:\n"
      << expected_operators();
}

// The words that begin with a dollar sign in one cell of the row that begins with `title`.
std::set<std::string> words_of_cell(const std::string& title, std::size_t cell) {
  const std::string all = documented();
  const std::size_t begin = all.find("\n| " + title + " |");
  if (begin == std::string::npos) return {};
  std::istringstream row(all.substr(begin + 1, all.find('\n', begin + 1) - begin - 1));
  std::string text;
  for (std::size_t at = 0; at <= cell + 1; ++at) std::getline(row, text, '|');
  std::set<std::string> words;
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at + 1)) {
    const std::size_t end = text.find_first_of(" `:,;()", at);
    words.insert(text.substr(at, end - at));
  }
  return words;
}

TEST(Compatibility, TheDocumentedStagesAreThoseOfTheTable) {
  std::set<std::string> carried_out;
  std::set<std::string> refused;
  for (const aggregation::StageRow& row : aggregation::stage_rows()) {
    (row.parse != nullptr ? carried_out : refused).emplace(row.name);
  }
  EXPECT_EQ(words_of_cell("stages", 1), carried_out);
  EXPECT_EQ(words_of_cell("stages", 2), refused);
}

}  // namespace
}  // namespace nacre::server
