#include "documents/rows.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace nacre::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

class Rows {
 public:
  Rows(Engine& engine, const Dataset& dataset, const RowOptions& options, const Stage& stage)
      : engine_(engine), dataset_(dataset), options_(options), stage_(stage) {}

  void run() {
    load();
    reads();
    scans();
    text();
    writes();
    stage_.turn();
    tell({.row = "disk", .value = static_cast<double>(engine_.disk_bytes()) / 1e6, .unit = "MB"});
    tell({.row = "memory",
          .value = static_cast<double>(engine_.peak_memory_bytes()) / 1e6,
          .unit = "MB"});
    const auto compacted = static_cast<double>(engine_.compacted_bytes()) / 1e6;
    if (compacted > 0) {
      tell({.row = "disk, compacted, no past", .value = compacted, .unit = "MB"});
    }
  }

 private:
  [[nodiscard]] bool wanted(std::string_view row) const {
    return options_.rows.empty() ||
           std::ranges::any_of(options_.rows, [&](const auto& part) { return row.contains(part); });
  }
  void tell(const Measured& measured) const { stage_.seen(measured); }

  void load() const {
    const auto begun = Clock::now();
    engine_.load(dataset_);
    tell({.row = "bulk insert",
          .value = static_cast<double>(dataset_.size()) / seconds_since(begun),
          .unit = "/s"});
  }

  // One thread, one operation after the other.
  void repeat(std::string_view row, const std::function<std::size_t(Session&, Dice&)>& one) const {
    if (!wanted(row)) return;
    stage_.turn();
    const auto session = engine_.session();
    Dice warm(1);
    for (int i = 0; i < 20; ++i) one(*session, warm);
    Dice dice(7);
    std::uint64_t count = 0;
    std::uint64_t rows = 0;
    const auto begun = Clock::now();
    while (seconds_since(begun) < options_.seconds) {
      rows += one(*session, dice);
      ++count;
    }
    const double taken = seconds_since(begun);
    tell({.row = std::string(row),
          .value = static_cast<double>(count) / taken,
          .unit = "/s",
          .check = static_cast<double>(rows) / static_cast<double>(count)});
  }

  // The best of three.
  void whole(std::string_view row, const std::function<std::size_t(Session&)>& one) const {
    if (!wanted(row)) return;
    stage_.turn();
    const auto session = engine_.session();
    double best = 1e18;
    std::size_t rows = 0;
    for (int i = 0; i < 3; ++i) {
      const auto begun = Clock::now();
      rows = one(*session);
      best = std::min(best, seconds_since(begun));
    }
    tell({.row = std::string(row),
          .value = static_cast<double>(dataset_.size()) / best,
          .unit = " documents/s",
          .check = static_cast<double>(rows)});
  }

  void reads() const {
    const auto size = static_cast<std::uint64_t>(dataset_.size());
    repeat("get by id", [&](Session& session, Dice& dice) {
      return session.get(static_cast<std::int64_t>(dice.below(size))) > 0 ? 1U : 0U;
    });
    repeat("indexed equality", [](Session& session, Dice& dice) {
      return session.by_city(Dataset::city(dice.below(Dataset::kCities)));
    });
    repeat("indexed range, sort, limit", [](Session& session, Dice& dice) {
      const std::string country = Dataset::country(dice.below(Dataset::kCountries));
      return session.best_scores(country, static_cast<double>(dice.below(10000)));
    });
  }

  void scans() const {
    whole("unindexed filter", [](Session& session) { return session.filter(40, " 7"); });
    whole("count", [](Session& session) { return session.count(); });
    whole("group", [](Session& session) { return session.group(); });
    whole("unwind, group", [](Session& session) { return session.unwind_group(); });
  }

  void text() const {
    if (!wanted("text search")) return;
    stage_.turn();
    if (!engine_.create_text_index()) return;
    repeat("text search", [](Session& session, Dice& dice) {
      return session.search(Dataset::word(200 + dice.below(1800)));
    });
  }

  void writes() {
    next_id_ = dataset_.size();
    write("durable insert, 1 writer", 1, [this](Session& session, Dice&) {
      session.insert(Dataset::document(next_id_.fetch_add(1)));
    });
    write("durable insert, 8 writers", 8, [this](Session& session, Dice&) {
      session.insert(Dataset::document(next_id_.fetch_add(1)));
    });
    const auto size = static_cast<std::uint64_t>(dataset_.size());
    const auto anywhere = [size](Session& session, Dice& dice) {
      session.increment(static_cast<std::int64_t>(dice.below(size)));
    };
    write("durable $inc, 1 writer", 1, anywhere);
    write("durable $inc, 8 writers", 8, anywhere);
    const auto hot = [](Session& session, Dice&) { session.increment(17); };
    write("hot $inc, 1 writer", 1, hot);
    write("hot $inc, 8 writers", 8, hot);
    write("hot $inc, 100 writers", 100, hot);
  }

  // In several turns, since the disk is the quickest and the slowest of all within seconds.
  // Sessions stay from turn to turn: a server that starts and ends a process for each is busy with
  // it long after its turn.
  void write(std::string_view row, int writers,
             const std::function<void(Session&, Dice&)>& one) const {
    constexpr int kTurns = 6;
    if (!wanted(row)) return;
    std::vector<std::unique_ptr<Session>> sessions;
    for (int i = 0; i < writers; ++i) sessions.push_back(engine_.session());
    std::uint64_t count = 0;
    double taken = 0;
    for (int turn = 0; turn < kTurns; ++turn) {
      stage_.turn();
      const auto begun = Clock::now();
      count += write_for(options_.seconds / kTurns, sessions, one);
      taken += seconds_since(begun);
    }
    tell({.row = std::string(row), .value = static_cast<double>(count) / taken, .unit = "/s"});
  }

  // How often all writers together did it.
  [[nodiscard]] static std::uint64_t write_for(
      double seconds, const std::vector<std::unique_ptr<Session>>& sessions,
      const std::function<void(Session&, Dice&)>& one) {
    std::atomic<std::uint64_t> count{0};
    const auto begun = Clock::now();
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      threads.emplace_back([&, i] {
        Dice dice(i + 100);
        while (seconds_since(begun) < seconds) {
          one(*sessions[i], dice);
          count.fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    threads.clear();  // joins
    return count.load();
  }

  Engine& engine_;
  const Dataset& dataset_;
  const RowOptions& options_;
  const Stage& stage_;
  std::atomic<std::int64_t> next_id_{0};
};

}  // namespace

void measure(Engine& engine, const Dataset& dataset, const RowOptions& options,
             const Stage& stage) {
  Rows(engine, dataset, options, stage).run();
}

}  // namespace nacre::bench
