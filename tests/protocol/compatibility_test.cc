// docs/compatibility.md lists exactly the commands that the server has, and the operators that
// expressions have.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

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

}  // namespace
}  // namespace nacre::server
