// Ctrl-C (SIGINT) and SIGTERM as a question that long work asks between two steps.
//
// The second signal ends the process at once: whoever insists is not kept waiting, and the database
//   loses nothing that was acknowledged.
// Threads: any.
#pragma once

#include <atomic>

namespace nacre::cli {

// From now on a signal is noted instead of ending the process.
void catch_interrupts();

[[nodiscard]] bool interrupted();

// The same as a flag that others read; for query::Scope.
[[nodiscard]] const std::atomic<bool>& interrupt_flag();

}  // namespace nacre::cli
