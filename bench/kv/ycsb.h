// The core workloads of the Yahoo! Cloud Serving Benchmark, A to F: shares of reads, updates,
// inserts, scans and read-modify-writes over keys that are not equally popular.
//
// Popularity is the benchmark's own: Zipf with exponent 0.99, scrambled over the keys (A, B, C, E,
//   F) or counted back from the newest key (D). Scans read 1 to 100 rows. Each operation is a
//   transaction of its own and sees every one before it.
// Source: Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010.
#pragma once

#include <array>

#include "kv/engine.h"
#include "kv/rows.h"

namespace nacre::bench {

struct YcsbMix {
  const char* name;
  // Percent; what is left to 100 are reads.
  int updates = 0;
  int inserts = 0;
  int scans = 0;
  int read_modify_writes = 0;
  bool latest = false;  // the newest keys are the popular ones
};

inline constexpr std::array<YcsbMix, 6> kYcsbMixes{{
    {.name = "YCSB A, half updates", .updates = 50},
    {.name = "YCSB B, 5 % updates", .updates = 5},
    {.name = "YCSB C, reads alone"},
    {.name = "YCSB F, half read-modify-write", .read_modify_writes = 50},
    {.name = "YCSB D, newest read, 5 % inserts", .inserts = 5, .latest = true},
    {.name = "YCSB E, short scans, 5 % inserts", .inserts = 5, .scans = 95},
}};

struct YcsbRun {
  const Keys& keys;  // loaded
  const Values& values;
  double seconds = 1;
  int threads = 1;
  std::uint64_t seed = 0;  // another one for each run on the same engine: inserts are new keys
};

// Operations per second.
[[nodiscard]] Result<double> run_ycsb(Engine& engine, const YcsbMix& mix, const YcsbRun& run);

}  // namespace nacre::bench
