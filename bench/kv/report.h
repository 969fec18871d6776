// The figures as a table for people and as JSON for machines.
#pragma once

#include <string>
#include <vector>

#include "kv/workloads.h"

namespace nacre::bench {

// Processor, cores, kernel, file system: what figures must not be quoted without.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> machine(const Options& options);

// Medians, and Nacre's rate over that of the best other engine.
[[nodiscard]] std::string table(const std::vector<Sample>& samples,
                                const std::vector<EngineKind>& kinds);

[[nodiscard]] std::string json(const Options& options, const std::vector<Sample>& samples,
                               const std::vector<EngineKind>& kinds);

}  // namespace nacre::bench
