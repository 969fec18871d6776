#include "kv/workloads.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/text.h"
#include "kv/bare_writes.h"
#include "kv/memory_limit.h"
#include "kv/parallel.h"
#include "kv/past.h"
#include "kv/ycsb.h"

namespace nacre::bench {
namespace {

struct Opened {
  const EngineKind* kind;
  std::unique_ptr<Engine> engine;
};

// Bytes of the files that hold the rows: logs, and files made ready to become some, are kept and
// recycled in ways too different to compare.
std::uint64_t data_files_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    const bool is_log = entry.path().parent_path().filename() == "log" || name.ends_with(".log") ||
                        name.ends_with("-wal") || name.starts_with("WiredTigerLog") ||
                        name.starts_with("WiredTigerPreplog");
    struct stat status{};
    if (!is_log && entry.is_regular_file() && ::stat(entry.path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

// Pages that an earlier row left to somebody's background are not for the next row to pay.
void wait_for_quiet_disk() {
  constexpr auto kStep = std::chrono::milliseconds(50);
  constexpr int kStepsMax = 400;
  constexpr std::uint64_t kQuietBytes = std::uint64_t{256} << 10;
  int quiet_steps = 0;
  for (int step = 0; quiet_steps < 2 && step < kStepsMax; ++step) {
    const std::uint64_t before = written_bytes();
    std::this_thread::sleep_for(kStep);
    quiet_steps = written_bytes() - before < kQuietBytes ? quiet_steps + 1 : 0;
  }
}

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
    std::unique_ptr<MemoryLimit> limit;
    if (options_.memory_bytes != 0) limit = NACRE_TRY(MemoryLimit::make());
    const std::uint64_t own_bytes = resident_bytes();
    NACRE_TRY(loads("sorted load", keys_, true));  // its engines stay open for what follows
    if (limit != nullptr) NACRE_TRY(limit->set(own_bytes + options_.memory_bytes));
    NACRE_TRY(reads());
    NACRE_TRY(writes());
    for (const YcsbMix& mix : kYcsbMixes) {
      NACRE_TRY(each(mix.name, "ops/s", [&](Engine& e) {
        return run_ycsb(e, mix, {keys_, values_, options_.seconds, options_.threads, ++seed_});
      }));
    }
    NACRE_TRY(past());
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
    const double seconds = seconds_since(start);
    NACRE_TRY(opened.engine->settle());
    const auto at = static_cast<std::size_t>(&opened - engines_.data());
    sizes_[at].push_back(static_cast<double>(data_files_bytes(directory)) /
                         static_cast<double>(data_bytes));
    return static_cast<double>(keys.count()) / seconds;
  }

  // Loads are done even if nobody asked for them: what follows needs the rows.
  Result<> loads(const std::string& name, const Keys& keys, bool sorted) {
    if (!sorted && !is_wanted(name)) return {};
    sizes_.assign(engines_.size(), {});
    NACRE_TRY(each_opened(name, "rows/s",
                          [&](Opened& opened) { return timed_load(opened, keys, sorted); }));
    const std::string size_name = format("size on disk after {}", name);
    for (std::size_t i = 0; i < engines_.size(); ++i) {
      samples_.push_back({.workload = size_name,
                          .unit = "bytes/byte",
                          .engine = engines_[i].kind->name,
                          .rates = sizes_[i],
                          .less_is_better = true});
    }
    return {};
  }

  Result<> reads() {
    NACRE_TRY(each("random get, 1 thread", "gets/s", [&](Engine& e) { return gets(e, 1); }));
    NACRE_TRY(each("random get, 2 threads", "gets/s", [&](Engine& e) { return gets(e, 2); }));
    if (options_.threads > 2) {
      NACRE_TRY(each(format("random get, {} threads", options_.threads), "gets/s",
                     [&](Engine& e) { return gets(e, options_.threads); }));
    }
    NACRE_TRY(each("get 64 keys at once", "gets/s", [&](Engine& e) { return multi_gets(e); }));
    NACRE_TRY(each("full scan", "rows/s", [&](Engine& e) { return scan(e); }));
    return each("scan of 100 rows", "rows/s", [&](Engine& e) { return short_scans(e); });
  }

  // Last, with the memory of all engines given back.
  Result<> past() {
    const bool is_nacre_there =
        std::ranges::any_of(kinds_, [](const EngineKind& kind) { return kind.name == "nacre"; });
    if (!is_wanted("get 1 h back") || !is_nacre_there || options_.memory_bytes != 0) return {};
    for (Opened& opened : engines_) opened.engine.reset();
    for (Sample& sample : NACRE_TRY(run_past(options_))) samples_.push_back(std::move(sample));
    return {};
  }

  // Each engine's rate as a share of what the disk gives to bare writes at the same time.
  Result<> lone_durable_writer() {
    const std::string name = "durable put, 1 writer";
    if (!is_wanted(name)) return {};
    Sample share{.workload = name + " / bare 4 KB durable writes",
                 .unit = "ratio",
                 .engine = "nacre",
                 .rates = {}};
    Sample bare{.workload = "bare 4 KB durable writes",
                .unit = "writes/s",
                .engine = "nacre",  // beside whose commits they were made
                .rates = {}};
    const auto measure = [&](Opened& opened) -> Result<double> {
      const double rate = NACRE_TRY(updates(*opened.engine, Promise::kDurable, 1, 1));
      if (opened.kind->name == "nacre") {
        bare.rates.push_back(NACRE_TRY(bare_durable_writes(options_.directory, options_.seconds)));
        share.rates.push_back(rate / bare.rates.back());
      }
      return rate;
    };
    NACRE_TRY(each_opened(name, "commits/s", measure));
    if (!share.rates.empty()) {
      samples_.push_back(std::move(bare));
      samples_.push_back(std::move(share));
    }
    return {};
  }

  Result<> writes() {
    NACRE_TRY(lone_durable_writer());
    for (const int writers : {8, 32}) {
      NACRE_TRY(each(format("durable put, {} writers", writers), "commits/s",
                     [&](Engine& e) { return updates(e, Promise::kDurable, writers, 1); }));
    }
    NACRE_TRY(each("durable put, 100 per commit", "rows/s",
                   [&](Engine& e) { return updates(e, Promise::kDurable, 1, 100); }));
    if (options_.memory_bytes != 0) {
      NACRE_TRY(each("bytes written per byte updated", "bytes/byte",
                     [&](Engine& e) { return write_amplification(e); }));
    }
    NACRE_TRY(each("update, not synced, 1 per commit", "rows/s",
                   [&](Engine& e) { return updates(e, Promise::kLater, 1, 1); }));
    return each("update, not synced, 1000 per commit", "rows/s",
                [&](Engine& e) { return updates(e, Promise::kLater, 1, 1000); });
  }

  [[nodiscard]] bool is_wanted(std::string_view name) const {
    return options_.only.empty() ||
           std::ranges::any_of(options_.only, [&](const std::string& part) {
             return name.find(part) != std::string_view::npos;
           });
  }

  Result<> each(const std::string& name, const std::string& unit,
                const std::function<Result<double>(Engine&)>& measure) {
    if (!is_wanted(name)) return {};
    return each_opened(name, unit, [&](Opened& opened) { return measure(*opened.engine); });
  }

  // Engine after engine, then all again: what else happens on the machine hits all of them.
  Result<> each_opened(const std::string& name, const std::string& unit,
                       const std::function<Result<double>(Opened&)>& measure) {
    const std::size_t first = samples_.size();
    for (const Opened& opened : engines_) {
      samples_.push_back(
          {.workload = name, .unit = unit, .engine = opened.kind->name, .rates = {}});
    }
    for (int repeat = 0; repeat < options_.repeat; ++repeat) {
      for (std::size_t i = 0; i < engines_.size(); ++i) {
        std::fprintf(stderr, "%s, %s, %d of %d\n", name.c_str(), kinds_[i].name.c_str(), repeat + 1,
                     options_.repeat);
        wait_for_quiet_disk();
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

  Result<double> multi_gets(Engine& engine) const {
    constexpr std::size_t kAtOnce = 64;
    const Keys order = keys_.shuffled(200, options_.gets / kAtOnce * kAtOnce);
    return parallel(
        engine, Promise::kLater, 1, [&](int, Session& session) -> Result<std::uint64_t> {
          Tally tally;
          std::vector<std::string_view> keys(kAtOnce);
          for (std::uint64_t i = 0; i < order.count(); i += kAtOnce) {
            if (i % (16 * kAtOnce) == 0) NACRE_TRY(session.refresh());
            for (std::size_t k = 0; k < kAtOnce; ++k) keys[k] = order[i + k];
            NACRE_TRY(session.get_many(keys, tally));
          }
          if (tally.rows == order.count()) return tally.rows;
          return fail(Code::kCorrupt, format("{} of {} keys are there", tally.rows, order.count()));
        });
  }

  Result<double> short_scans(Engine& engine) const {
    constexpr std::uint64_t kRows = 100;
    const Keys order = keys_.shuffled(300, std::max<std::uint64_t>(options_.gets / 20, 1));
    return parallel(engine, Promise::kLater, 1,
                    [&](int, Session& session) -> Result<std::uint64_t> {
                      Tally tally;
                      for (std::uint64_t i = 0; i < order.count(); ++i) {
                        if (i % 100 == 0) NACRE_TRY(session.refresh());
                        NACRE_TRY(session.scan_from(order[i], kRows, tally));
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

  // Over updates at random, and what the engine leaves for later of them.
  Result<double> write_amplification(Engine& engine) {
    const std::uint64_t before = written_bytes();
    const double rate = NACRE_TRY(updates(engine, Promise::kLater, 1, 1));
    NACRE_TRY(engine.settle());
    const double changed = rate * options_.seconds * static_cast<double>(options_.value_bytes);
    return static_cast<double>(written_bytes() - before) / changed;
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
  std::vector<std::vector<double>> sizes_;  // by engine: bytes on disk per byte of data
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
