// docs/compatibility.md lists exactly the commands that the server has.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/text.h"
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

TEST(Compatibility, TheDocumentedCommandsAreThoseOfTheTable) {
  std::ifstream file(NACRE_COMPATIBILITY);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(expected_rows()), std::string::npos)
      << "docs/compatibility.md should hold:\n"
      << expected_rows();
}

}  // namespace
}  // namespace nacre::server
