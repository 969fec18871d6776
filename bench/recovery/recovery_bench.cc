// How long opening takes: after a clean close, whatever the size, and after an end without a
// checkpoint, when the log since the last one is applied again.
//
//   recovery_bench [directory] [operations to recover]
//
// Rows have 16-byte keys and 100-byte values. Times are the median of five openings.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/text.h"
#include "io/posix_file_system.h"
#include "io/random.h"
#include "txn/database.h"

namespace nacre {
namespace {

using Steady = std::chrono::steady_clock;
constexpr TableId kTable{1};
constexpr std::uint64_t kPerCommit = 1000;

template <class T>
T require(Result<T> result) {
  if (!result.has_value()) {
    std::fprintf(stderr, "%s\n", result.error().text().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::string key_of(std::uint64_t i) { return format("user{:012}", i); }

txn::Options options_on(io::FileSystem& files) {
  txn::Options options;
  options.file_system = &files;
  options.create_if_missing = true;
  options.background_thread = false;
  options.checkpoint_log_bytes = std::uint64_t{64} << 30;  // none comes by itself
  return options;
}

// `count` puts of keys below `keys`, drawn or in order.
void put(txn::Database& database, std::uint64_t count, std::uint64_t keys, bool in_order,
         std::uint64_t per_commit) {
  io::Random random(7);
  const std::string value(100, 'v');
  for (std::uint64_t i = 0; i < count;) {
    txn::Transaction txn = database.begin();
    for (const std::uint64_t end = std::min(count, i + per_commit); i < end; ++i) {
      const std::string key = key_of(in_order ? i : random.below(keys));
      require(txn.put(kTable, as_bytes(key), as_bytes(value)));
    }
    require(txn.commit(txn::Durability::kAsync));
  }
}

double open_ms(const std::string& path, const txn::Options& options, bool closes) {
  const auto start = Steady::now();
  auto database = require(txn::Database::open(path, options));
  const std::chrono::duration<double, std::milli> took = Steady::now() - start;
  if (closes) require(database->close());
  return took.count();
}

double median_open_ms(const std::string& path, const txn::Options& options, bool closes) {
  std::array<double, 5> times{};
  for (double& time : times) time = open_ms(path, options, closes);
  std::ranges::sort(times);
  return times[2];
}

void measure_clean(io::FileSystem& files, const std::string& path, std::uint64_t rows) {
  std::filesystem::remove_all(path);
  const txn::Options options = options_on(files);
  {
    auto database = require(txn::Database::open(path, options));
    for (std::uint64_t done = 0; done < rows; done += 500'000) {
      put(*database, std::min<std::uint64_t>(500'000, rows - done), rows, false, kPerCommit);
      require(database->checkpoint());
    }
    require(database->close());
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  const double ms = median_open_ms(path, options, true);
  std::printf("opened after a clean close: %9llu puts, %8.1f MB on disk: %8.2f ms\n",
              static_cast<unsigned long long>(rows), static_cast<double>(bytes) / 1e6, ms);
  std::fflush(stdout);
}

void measure_recovery(io::FileSystem& files, const std::string& path, std::uint64_t operations,
                      std::uint64_t per_commit, bool has_history) {
  std::filesystem::remove_all(path);
  txn::Options options = options_on(files);
  if (!has_history) options.history_bytes = 0;
  {
    auto database = require(txn::Database::open(path, options));
    put(*database, 200'000, 200'000, true, kPerCommit);
    require(database->checkpoint());
    put(*database, operations, 200'000, false, per_commit);
    require(database->sync());
  }  // without a checkpoint
  const double ms = median_open_ms(path, options, false);
  std::printf("recovered: %9llu updates, %4llu a commit, history %s: %8.0f ms, %9.0f per s\n",
              static_cast<unsigned long long>(operations),
              static_cast<unsigned long long>(per_commit), has_history ? "on " : "off", ms,
              static_cast<double>(operations) / ms * 1e3);
  std::fflush(stdout);
}

}  // namespace
}  // namespace nacre

int main(int argc, char** argv) {
  const std::string path = std::string(argc > 1 ? argv[1] : "recovery.data") + "/db";
  const std::uint64_t operations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  std::filesystem::create_directories(path);
  const auto files = nacre::io::make_posix_file_system();
  for (const std::uint64_t rows : {10'000ULL, 1'000'000ULL, 5'000'000ULL}) {
    nacre::measure_clean(*files, path, rows);
  }
  for (const bool has_history : {false, true}) {
    for (const std::uint64_t per_commit : {1ULL, 1000ULL}) {
      nacre::measure_recovery(*files, path, operations, per_commit, has_history);
    }
  }
  std::filesystem::remove_all(path);
  return 0;
}
