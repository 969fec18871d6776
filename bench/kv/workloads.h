// What is measured, in this order, of every engine in turn.
#pragma once

#include <string>
#include <vector>

#include "kv/engine.h"
#include "kv/rows.h"

namespace nacre::bench {

struct Options {
  std::uint64_t rows = 1'000'000;
  std::size_t value_bytes = 100;
  std::uint64_t gets = 500'000;  // per thread
  double seconds = 2;            // of each kind of update
  int repeat = 5;
  int threads = 2;                // of YCSB
  std::uint64_t cache_bytes = 0;  // 0: four times the data, at least 256 MB
  // After the sorted load the process may have this much more memory than before it, page cache
  // included; 0: no limit. One engine at a time, for they would share it.
  std::uint64_t memory_bytes = 0;
  std::uint64_t past_commits = 1'000'000;  // between now and the position that is read
  std::vector<std::string> engines;        // empty: all
  std::vector<std::string> only;           // workloads whose name contains one of these; empty: all
  std::string directory = "kv_bench.data";
  std::string json;  // a file to write; empty: none
};

// Rates in operations per second, one per repeat; or another figure, as the unit says.
struct Sample {
  std::string workload;
  std::string unit;
  std::string engine;
  std::vector<double> rates;
  bool less_is_better = false;
};

[[nodiscard]] double median(std::vector<double> rates);

// Runs everything on `kinds`; says on standard error what it is at.
[[nodiscard]] Result<std::vector<Sample>> run_all(const Options& options,
                                                  const std::vector<EngineKind>& kinds);

}  // namespace nacre::bench
