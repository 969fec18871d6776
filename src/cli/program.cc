#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"

namespace nacre::cli {
namespace {

[[nodiscard]] Result<Exit> run_command(Console& console, Command& command,
                                       const std::vector<std::string>& words) {
  Arguments arguments{std::string(command.text().name)};
  command.declare(arguments);
  auto parsed = arguments.parse(words);
  if (!parsed.has_value()) {
    console.message(format("{}: {}; 'nacre {} --help' explains", command.text().name,
                           parsed.error().what(), command.text().name));
    return Exit::kUsage;
  }
  if (arguments.help_wanted()) {
    console.print(command_page(console, command.text(), arguments));
    return Exit::kOk;
  }
  return command.run(console);
}

[[nodiscard]] Result<Exit> dispatch(Console& console, std::vector<std::string> words) {
  const auto commands = all_commands();
  if (words.empty()) {
    console.raw_message(front_page(console, commands));
    return Exit::kUsage;
  }
  if (words.front() == "help" && words.size() > 1) {
    words = {words[1], "--help"};
  }
  if (words.front() == "--version") words.front() = "version";
  const std::string name = words.front();
  if (name == "help" || name == "--help" || name == "-h") {
    console.print(front_page(console, commands));
    return Exit::kOk;
  }
  for (const auto& command : commands) {
    if (command->text().name == name) {
      words.erase(words.begin());
      return run_command(console, *command, words);
    }
  }
  const std::string nearest = nearest_command(name, commands);
  console.message(nearest.empty()
                      ? format("there is no command '{}'; 'nacre --help' lists them", name)
                      : format("there is no command '{}'; did you mean '{}'?", name, nearest));
  return Exit::kUsage;
}

}  // namespace

int run_program(const std::vector<std::string>& words) {
  Console console;
  auto done = dispatch(console, words);
  Exit exit = Exit::kOk;
  if (done.has_value()) {
    exit = *done;
  } else {
    console.error(done.error());
    exit = exit_of(done.error());
  }
  if (auto flushed = console.flush(); !flushed.has_value()) {
    console.error(flushed.error());
    if (exit == Exit::kOk) exit = Exit::kSystem;
  }
  return static_cast<int>(exit);
}

}  // namespace nacre::cli
