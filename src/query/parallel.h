// Work on the parts of a collection by several threads.
//
// Why only large collections: a thread costs what some hundred documents cost, and those who want
//   the first documents only should not pay for others.
// Threads: run_parts: any; it returns when all parts are done.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace nacre::query {

// Tests make these smaller, or have more threads than there are processors.
struct ParallelTuning {
  std::atomic<std::size_t> threads;                  // the caller's among them; 1: no others
  std::atomic<std::uint64_t> documents_min{20'000};  // of a collection worth several threads
  std::atomic<std::uint64_t> alone_first{2'000};     // documents a scan looks at before
  std::atomic<std::uint64_t> part_documents{4'000};  // about so many a thread takes at once

  ParallelTuning();
};
[[nodiscard]] ParallelTuning& parallel_tuning();

// How many threads a scan may use, the caller's among them.
[[nodiscard]] inline std::size_t scan_threads() { return parallel_tuning().threads.load(); }

// Runs part(0) to part(count - 1), each once, begun in that order, on up to `threads` threads.
void run_parts(std::size_t count, std::size_t threads,
               const std::function<void(std::size_t)>& part);

}  // namespace nacre::query
