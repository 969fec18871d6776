// One seed: a database from its creation through several lives, with everything that may go wrong.
#pragma once

#include <cstdint>
#include <string>

#include "sim/plan.h"

namespace nacre::sim {

struct Outcome {
  std::uint64_t trace_hash = 0;
  std::string violation;  // empty: every promise was kept
  std::map<std::string, std::uint64_t, std::less<>> rare_paths;
};

[[nodiscard]] Outcome simulate(std::uint64_t seed, Tally& tally);

}  // namespace nacre::sim
