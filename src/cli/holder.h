// Who holds a database that cannot be opened.
//
// Threads: pure functions.
#pragma once

#include <string>

namespace nacre::cli {

// What to tell somebody whose command found the database of `directory` open elsewhere: "the
// server 'nacre serve --data /srv' (process 12) has it open; ...". Reads the lock file and /proc;
// what they do not tell is left out.
[[nodiscard]] std::string describe_holder(const std::string& directory);

}  // namespace nacre::cli
