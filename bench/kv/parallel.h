// Several sessions of one engine at work at once, timed together.
#pragma once

#include <chrono>
#include <functional>

#include "kv/engine.h"

namespace nacre::bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Runs `work(i, session)` on `threads` sessions at once; the sum of what they return, per second.
[[nodiscard]] Result<double> parallel(
    Engine& engine, Promise promise, int threads,
    const std::function<Result<std::uint64_t>(int, Session&)>& work);

}  // namespace nacre::bench
