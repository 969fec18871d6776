#include "kv/parallel.h"

#include <latch>
#include <thread>

namespace nacre::bench {

Result<double> parallel(Engine& engine, Promise promise, int threads,
                        const std::function<Result<std::uint64_t>(int, Session&)>& work) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < threads; ++i) sessions.push_back(NACRE_TRY(engine.session(promise)));
  std::vector<Result<std::uint64_t>> done(sessions.size());
  std::latch ready(threads);
  std::latch go(1);
  std::vector<std::jthread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      const auto at = static_cast<std::size_t>(i);
      ready.count_down();
      go.wait();
      done[at] = work(i, *sessions[at]);
    });
  }
  ready.wait();
  const auto start = Clock::now();
  go.count_down();
  running.clear();  // joins
  const double seconds = seconds_since(start);
  std::uint64_t total = 0;
  for (auto& result : done) total += NACRE_TRY(std::move(result));
  return static_cast<double>(total) / seconds;
}

}  // namespace nacre::bench
