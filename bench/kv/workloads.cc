#include "kv/workloads.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <latch>
#include <thread>

#include "base/text.h"

namespace nacre::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Opened {
  const EngineKind* kind;
  std::unique_ptr<Engine> engine;
};

class Runner {
 public:
  Runner(const Options& options, const std::vector<EngineKind>& kinds)
      : options_(options),
        kinds_(kinds),
        keys_(make_keys(options.rows)),
        values_(options.value_bytes) {
    for (const EngineKind& kind : kinds) engines_.push_back({&kind, nullptr});
  }

  Result<std::vector<Sample>> run() {
    NACRE_TRY(loads("random load", keys_.shuffled(1, keys_.count()), false));
    NACRE_TRY(loads("sorted load", keys_, true));  // its engines stay open for what follows
    for (Opened& opened : engines_) NACRE_TRY(opened.engine->settle());
    NACRE_TRY(each("random get, 1 thread", "gets/s", [&](Engine& e) { return gets(e, 1); }));
    NACRE_TRY(each("random get, 2 threads", "gets/s", [&](Engine& e) { return gets(e, 2); }));
    NACRE_TRY(each("full scan", "rows/s", [&](Engine& e) { return scan(e); }));
    for (const int writers : {1, 8, 32}) {
      NACRE_TRY(each(format("durable put, {} writer{}", writers, writers == 1 ? "" : "s"),
                     "commits/s",
                     [&](Engine& e) { return updates(e, Promise::kDurable, writers, 1); }));
    }
    NACRE_TRY(each("update, not synced, 1 per commit", "rows/s",
                   [&](Engine& e) { return updates(e, Promise::kLater, 1, 1); }));
    NACRE_TRY(each("update, not synced, 1000 per commit", "rows/s",
                   [&](Engine& e) { return updates(e, Promise::kLater, 1, 1000); }));
    return std::move(samples_);
  }

 private:
  Result<double> timed_load(Opened& opened, const Keys& keys, bool sorted) {
    const std::string directory = options_.directory + "/" + opened.kind->name;
    opened.engine.reset();
    std::error_code ignored;  // what cannot be made is reported by the engine
    std::filesystem::remove_all(directory, ignored);
    std::filesystem::create_directories(directory, ignored);
    const std::uint64_t data_bytes = keys.count() * (kKeyBytes + options_.value_bytes);
    const std::uint64_t cache_bytes = options_.cache_bytes != 0
                                          ? options_.cache_bytes
                                          : std::max(4 * data_bytes, std::uint64_t{256} << 20);
    opened.engine = NACRE_TRY(opened.kind->open({directory, data_bytes, cache_bytes}));
    const auto start = Clock::now();
    NACRE_TRY(opened.engine->load(
        {keys.count(), [&](std::uint64_t i) { return Row{keys[i], values_.at(i)}; }, sorted}));
    return static_cast<double>(keys.count()) / seconds_since(start);
  }

  Result<> loads(const std::string& name, const Keys& keys, bool sorted) {
    return each_opened(name, "rows/s",
                       [&](Opened& opened) { return timed_load(opened, keys, sorted); });
  }

  Result<> each(const std::string& name, const std::string& unit,
                const std::function<Result<double>(Engine&)>& measure) {
    return each_opened(name, unit, [&](Opened& opened) { return measure(*opened.engine); });
  }

  // Engine after engine, then all again: what else happens on the machine hits all of them.
  Result<> each_opened(const std::string& name, const std::string& unit,
                       const std::function<Result<double>(Opened&)>& measure) {
    const std::size_t first = samples_.size();
    for (const Opened& opened : engines_) samples_.push_back({name, unit, opened.kind->name, {}});
    for (int repeat = 0; repeat < options_.repeat; ++repeat) {
      for (std::size_t i = 0; i < engines_.size(); ++i) {
        std::fprintf(stderr, "%s, %s, %d of %d\n", name.c_str(), kinds_[i].name.c_str(), repeat + 1,
                     options_.repeat);
        auto rate = measure(engines_[i]);
        if (!rate) {
          return std::unexpected(std::move(rate).error().while_doing(
              format("running {} on {}", name, kinds_[i].name)));
        }
        samples_[first + i].rates.push_back(*rate);
      }
    }
    return {};
  }

  // Runs `work` on `threads` sessions at once; the sum of what they return, per second.
  static Result<double> parallel(Engine& engine, Promise promise, int threads,
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

  Result<double> gets(Engine& engine, int threads) const {
    std::vector<Keys> orders;
    for (int i = 0; i < threads; ++i) {
      orders.push_back(keys_.shuffled(static_cast<std::uint64_t>(100 + i), options_.gets));
    }
    return parallel(engine, Promise::kLater, threads,
                    [&](int thread, Session& session) -> Result<std::uint64_t> {
                      const Keys& order = orders[static_cast<std::size_t>(thread)];
                      Tally tally;
                      for (std::uint64_t i = 0; i < order.count(); ++i) {
                        if (i % 1000 == 0) NACRE_TRY(session.refresh());
                        const bool found = NACRE_TRY(session.get(order[i], tally));
                        if (!found) return fail(Code::kCorrupt, format("{} is gone", order[i]));
                      }
                      return tally.rows;
                    });
  }

  Result<double> scan(Engine& engine) const {
    return parallel(
        engine, Promise::kLater, 1, [&](int, Session& session) -> Result<std::uint64_t> {
          Tally tally;
          NACRE_TRY(session.refresh());
          NACRE_TRY(session.scan(tally));
          if (tally.rows == options_.rows) return tally.rows;
          return fail(Code::kCorrupt,
                      format("a scan saw {} rows, {} are there", tally.rows, options_.rows));
        });
  }

  // Rows per second, for options_.seconds: each thread overwrites rows at random.
  Result<double> updates(Engine& engine, Promise promise, int threads, std::size_t per_commit) {
    std::vector<Keys> orders;
    for (int i = 0; i < threads; ++i) {
      const std::uint64_t count = std::max<std::uint64_t>(options_.rows / 8, per_commit);
      orders.push_back(keys_.shuffled(++seed_, count));
    }
    return parallel(engine, promise, threads,
                    [&](int thread, Session& session) -> Result<std::uint64_t> {
                      const Keys& order = orders[static_cast<std::size_t>(thread)];
                      const auto start = Clock::now();
                      std::vector<Row> rows(per_commit);
                      std::uint64_t written = 0;
                      while (seconds_since(start) < options_.seconds) {
                        for (Row& row : rows) {
                          row = {order[written % order.count()], values_.at(written * 7 + seed_)};
                          ++written;
                        }
                        NACRE_TRY(session.put(rows));
                      }
                      return written;
                    });
  }

  const Options& options_;
  const std::vector<EngineKind>& kinds_;
  Keys keys_;
  Values values_;
  std::vector<Opened> engines_;
  std::vector<Sample> samples_;
  std::uint64_t seed_ = 1000;
};

}  // namespace

double median(std::vector<double> rates) {
  std::sort(rates.begin(), rates.end());
  const std::size_t half = rates.size() / 2;
  return rates.size() % 2 == 1 ? rates[half] : (rates[half - 1] + rates[half]) / 2;
}

Result<std::vector<Sample>> run_all(const Options& options, const std::vector<EngineKind>& kinds) {
  return Runner(options, kinds).run();
}

}  // namespace nacre::bench
