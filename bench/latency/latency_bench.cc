// Latency of single commits while checkpoints run: how long the slowest writer waits.
//
//   latency_bench [directory] [seconds per line]
//
// Each line is a database of its own: random updates of 100-byte values in rows loaded before, data
// that fits the cache and data five times as large, 1 and 8 writers, durable and not. Checkpoints
// are made to come often by a small allowance for the log.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "io/posix_file_system.h"
#include "io/random.h"
#include "txn/database.h"

namespace nacre {
namespace {

using Steady = std::chrono::steady_clock;
constexpr TableId kTable{1};

struct Line {
  const char* name;
  std::size_t rows;
  std::size_t cache_bytes;
  int writers;
  txn::Durability durability;
};

template <class T>
T require(Result<T> result) {
  if (!result.has_value()) {
    std::fprintf(stderr, "%s\n", result.error().text().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::string key_of(std::uint64_t i) { return format("user{:012}", i); }

void load(txn::Database& database, std::size_t rows) {
  const std::string value(100, 'v');
  for (std::size_t i = 0; i < rows;) {
    txn::Transaction txn = database.begin();
    for (const std::size_t end = std::min(rows, i + 1000); i < end; ++i) {
      require(txn.put(kTable, as_bytes(key_of(i)), as_bytes(value)));
    }
    require(txn.commit(txn::Durability::kAsync));
  }
  require(database.checkpoint());
}

// Microseconds of every commit.
std::vector<double> update(txn::Database& database, const Line& line, double seconds) {
  std::atomic<bool> stop = false;
  std::vector<std::vector<double>> times(static_cast<std::size_t>(line.writers));
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < line.writers; ++w) {
      writers.emplace_back([&, w] {
        io::Random random(static_cast<std::uint64_t>(w) + 1);
        const std::string value(100, static_cast<char>('a' + w));
        while (!stop.load(std::memory_order_relaxed)) {
          const std::string key = key_of(random.below(line.rows));
          txn::Transaction txn = database.begin();
          require(txn.put(kTable, as_bytes(key), as_bytes(value)));
          const auto start = Steady::now();
          const auto committed = txn.commit(line.durability);
          const std::chrono::duration<double, std::micro> took = Steady::now() - start;
          if (!committed.has_value() && committed.error().code() != Code::kConflict) {
            require(Result<Position>(std::unexpected(committed.error().clone())));
          }
          times[static_cast<std::size_t>(w)].push_back(took.count());
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
  }
  std::vector<double> all;
  for (const auto& one : times) all.insert(all.end(), one.begin(), one.end());
  std::ranges::sort(all);
  return all;
}

void run(const Line& line, const std::string& directory, double seconds) {
  std::filesystem::remove_all(directory);
  const auto files = io::make_posix_file_system();
  txn::Options options{.file_system = files.get(), .create_if_missing = true};
  options.cache_bytes = line.cache_bytes;
  options.checkpoint_log_bytes = std::uint64_t{16} << 20;
  auto database = require(txn::Database::open(directory, options));
  load(*database, line.rows);
  const std::uint64_t before = database->stats().checkpoint_count;
  const auto times = update(*database, line, seconds);
  const std::uint64_t checkpoints = database->stats().checkpoint_count - before;
  const auto at = [&](double share) {
    return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf(
      "%-34s %2d writers %9.0f/s  p50 %7.0f  p99 %7.0f  p99.9 %8.0f  max %8.0f us  %3llu "
      "checkpoints\n",
      line.name, line.writers, static_cast<double>(times.size()) / seconds, at(0.5), at(0.99),
      at(0.999), times.back(), static_cast<unsigned long long>(checkpoints));
  std::fflush(stdout);
  require(database->close());
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace nacre

int main(int count, char** arguments) {
  using nacre::Line;
  using nacre::txn::Durability;
  const std::string directory = count > 1 ? arguments[1] : "latency_bench.data";
  const double seconds = count > 2 ? std::atof(arguments[2]) : 10;
  constexpr std::size_t kMega = std::size_t{1} << 20;
  constexpr std::size_t kRows = 1'000'000;  // about 150 MB
  const Line lines[] = {
      {"durable, in memory", kRows, 512 * kMega, 1, Durability::kSync},
      {"durable, in memory", kRows, 512 * kMega, 8, Durability::kSync},
      {"not durable, in memory", kRows, 512 * kMega, 1, Durability::kAsync},
      {"not durable, in memory", kRows, 512 * kMega, 8, Durability::kAsync},
      {"durable, 5 times the cache", kRows, 32 * kMega, 1, Durability::kSync},
      {"durable, 5 times the cache", kRows, 32 * kMega, 8, Durability::kSync},
      {"not durable, 5 times the cache", kRows, 32 * kMega, 1, Durability::kAsync},
      {"not durable, 5 times the cache", kRows, 32 * kMega, 8, Durability::kAsync},
  };
  for (const Line& line : lines) nacre::run(line, directory, seconds);
  return 0;
}
