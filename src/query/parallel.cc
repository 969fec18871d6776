#include "query/parallel.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/thread.h"

namespace nacre::query {

ParallelTuning::ParallelTuning() {
  constexpr unsigned kThreadsMax = 8;
  threads = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
}

ParallelTuning& parallel_tuning() {
  static ParallelTuning tuning;
  return tuning;
}

void run_parts(std::size_t count, std::size_t threads,
               const std::function<void(std::size_t)>& part) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) part(i);
  };
  std::vector<Thread> others;
  for (std::size_t i = 1; i < std::min(threads, count); ++i) others.emplace_back("scan", work);
  work();
  for (Thread& thread : others) thread.join();
}

}  // namespace nacre::query
