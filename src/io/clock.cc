#include "io/clock.h"

#include <chrono>

namespace nacre::io {
namespace {

class SystemClock final : public Clock {
 public:
  Time now() override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
    return Time{static_cast<std::uint64_t>(us)};
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace nacre::io
