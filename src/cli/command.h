// Command: one verb of the nacre command. Each lives in a file of its own, NAME_command.cc, and has
//   one line in the list of commands.cc.
//
// Errors:  run returns what went wrong; program.cc prints it and turns it into an exit code. A
//          result that is a problem without being an error (damage found by verify) is an Exit.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/exit.h"

namespace nacre::cli {

// What its help says.
struct CommandText {
  std::string_view name;
  std::string_view summary;   // one line of `nacre --help`
  std::string_view about;     // paragraphs, in lines of at most 80 columns
  std::string_view examples;  // command lines, one per line
};

class Command {
 public:
  virtual ~Command() = default;
  [[nodiscard]] virtual const CommandText& text() const = 0;
  virtual void declare(Arguments& arguments) = 0;
  [[nodiscard]] virtual Result<Exit> run(Console& console) = 0;
};

// In the order of `nacre --help`.
[[nodiscard]] std::vector<std::unique_ptr<Command>> all_commands();

// Runs `nacre WORDS...`; what main() returns.
[[nodiscard]] int run_program(const std::vector<std::string>& words);

}  // namespace nacre::cli
