// The pages that --help shows.
//
// Threads: pure functions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/console.h"

namespace nacre::cli {

[[nodiscard]] std::string front_page(const Console& console,
                                     std::span<const std::unique_ptr<Command>> commands);
[[nodiscard]] std::string command_page(const Console& console, const CommandText& text,
                                       const Arguments& arguments);

// The known name nearest to a mistyped one; empty when none is near.
[[nodiscard]] std::string nearest_command(std::string_view typed,
                                          std::span<const std::unique_ptr<Command>> commands);

}  // namespace nacre::cli
