#include "kv/parallel.h"

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <latch>
#include <thread>

namespace nacre::bench {
namespace {

// With KV_BENCH_CPU_TIME set rates are of the CPU time of the slowest session: what is left to
// compare where the machine has other work to do. Waiting is not in it.
bool by_cpu_time() { return std::getenv("KV_BENCH_CPU_TIME") != nullptr; }

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

Result<double> parallel(Engine& engine, Promise promise, int threads,
                        const std::function<Result<std::uint64_t>(int, Session&)>& work) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < threads; ++i) sessions.push_back(NACRE_TRY(engine.session(promise)));
  std::vector<Result<std::uint64_t>> done(sessions.size());
  std::vector<double> cpu_seconds(sessions.size());
  std::latch ready(threads);
  std::latch go(1);
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      const auto at = static_cast<std::size_t>(i);
      ready.count_down();
      go.wait();
      const double begin = thread_seconds();
      done[at] = work(i, *sessions[at]);
      cpu_seconds[at] = thread_seconds() - begin;
    });
  }
  ready.wait();
  const auto start = Clock::now();
  go.count_down();
  running.clear();  // joins
  const double seconds =
      by_cpu_time() ? *std::ranges::max_element(cpu_seconds) : seconds_since(start);
  std::uint64_t total = 0;
  for (auto& result : done) total += NACRE_TRY(std::move(result));
  return static_cast<double>(total) / seconds;
}

}  // namespace nacre::bench
