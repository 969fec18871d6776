// ServerClock: the operationTime and $clusterTime of replies.
//
// A Timestamp is a time in microseconds: seconds, and the microsecond within it plus one (an
//   increment of 0 means "none" to drivers). Commits of all databases take their times from the
//   same system clock, so that whatever a reply says is at or after what the command saw.
// Invariants: never goes back within a process, whatever the system clock does.
// Threads: internally locked.
#pragma once

#include <atomic>
#include <cstdint>

#include "bson/value.h"
#include "io/clock.h"

namespace nacre::server {

class ServerClock {
 public:
  explicit ServerClock(io::Clock& clock) : clock_(clock) {}

  [[nodiscard]] bson::Timestamp now() {
    const std::uint64_t read = number(clock_.now());
    std::uint64_t latest = latest_.load();
    while (latest < read && !latest_.compare_exchange_weak(latest, read)) {
    }
    return to_timestamp(latest < read ? read : latest);
  }

  [[nodiscard]] std::int64_t milliseconds() {
    return static_cast<std::int64_t>(number(clock_.now()) / 1000);
  }

  [[nodiscard]] static bson::Timestamp to_timestamp(std::uint64_t microseconds) {
    return {.seconds = static_cast<std::uint32_t>(microseconds / kPerSecond),
            .increment = static_cast<std::uint32_t>(microseconds % kPerSecond) + 1};
  }

 private:
  static constexpr std::uint64_t kPerSecond = 1'000'000;

  io::Clock& clock_;
  std::atomic<std::uint64_t> latest_ = 0;  // microseconds
};

}  // namespace nacre::server
