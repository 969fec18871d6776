// Clock: what time it is, so that a simulation can say otherwise.
//
// Threads: internally locked.
#pragma once

#include "base/position.h"

namespace nacre::io {

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the epoch; may jump in both directions, as system clocks do.
  [[nodiscard]] virtual Time now() = 0;
};

// The system's real-time clock; one for the process, never destroyed.
[[nodiscard]] Clock& system_clock();

}  // namespace nacre::io
