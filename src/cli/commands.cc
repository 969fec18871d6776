#include "cli/command.h"

// Every command, in the order of the help. A new one is a file with its make_NAME_command and a
// line here.
#define NACRE_COMMANDS(COMMAND) \
  COMMAND(import)               \
  COMMAND(export)               \
  COMMAND(restore)              \
  COMMAND(dump)                 \
  COMMAND(find)                 \
  COMMAND(count)                \
  COMMAND(aggregate)            \
  COMMAND(explain)              \
  COMMAND(history)              \
  COMMAND(restore_document)     \
  COMMAND(changes)              \
  COMMAND(apply)                \
  COMMAND(create_index)         \
  COMMAND(drop_index)           \
  COMMAND(list)                 \
  COMMAND(stats)                \
  COMMAND(verify)               \
  COMMAND(salvage)              \
  COMMAND(compact)              \
  COMMAND(serve)                \
  COMMAND(load_test)            \
  COMMAND(version)

namespace nacre::cli {

#define NACRE_DECLARE(name) std::unique_ptr<Command> make_##name##_command();
NACRE_COMMANDS(NACRE_DECLARE)
#undef NACRE_DECLARE

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> commands;
#define NACRE_ADD(name) commands.push_back(make_##name##_command());
  NACRE_COMMANDS(NACRE_ADD)
#undef NACRE_ADD
  return commands;
}

}  // namespace nacre::cli
