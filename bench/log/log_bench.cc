// Durable commits a second on the log alone and on a database, beside what the device does with
// bare durable writes of one block: how much of the device is left to the callers. CPU time and
// context switches per commit say more than rates where the machine has other things to do.
//
//   log_bench [directory] [seconds per line] [threads of the only lines]
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "io/aligned_buffer.h"
#include "io/posix_file_system.h"
#include "log/local_log.h"
#include "txn/database.h"

namespace nacre::log {
namespace {

using Clock = std::chrono::steady_clock;

struct Line {
  double per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double cpu_us = 0;    // per commit, all threads
  double switches = 0;  // of context, per commit
};

struct Usage {
  double cpu_us = 0;
  double switches = 0;
};

Usage usage() {
  rusage now{};
  ::getrusage(RUSAGE_SELF, &now);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return {.cpu_us = us(now.ru_utime) + us(now.ru_stime),
          .switches = static_cast<double>(now.ru_nvcsw + now.ru_nivcsw)};
}

// Runs `step` in `threads` threads for `seconds`; each call is one commit.
Line run(int threads, double seconds, const std::function<void(int)>& step) {
  std::atomic<bool> stop = false;
  std::vector<std::vector<double>> times_us(static_cast<std::size_t>(threads));
  const auto begin = Clock::now();
  const Usage before = usage();
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i) {
      all.emplace_back([&, i] {
        while (!stop.load(std::memory_order_relaxed)) {
          const auto start = Clock::now();
          step(i);
          const std::chrono::duration<double, std::micro> took = Clock::now() - start;
          times_us[static_cast<std::size_t>(i)].push_back(took.count());
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
  }
  const std::chrono::duration<double> elapsed = Clock::now() - begin;
  const Usage after = usage();
  std::vector<double> merged;
  for (const auto& one : times_us) merged.insert(merged.end(), one.begin(), one.end());
  std::ranges::sort(merged);
  if (merged.empty()) return {};
  const auto count = static_cast<double>(merged.size());
  return {.per_second = count / elapsed.count(),
          .p50_us = merged[merged.size() / 2],
          .p99_us = merged[merged.size() * 99 / 100],
          .cpu_us = (after.cpu_us - before.cpu_us) / count,
          .switches = (after.switches - before.switches) / count};
}

void print(std::string_view what, int threads, const Line& line) {
  std::printf(
      "%-26.*s %3d writers %8.0f commits/s  p50 %6.0f us  p99 %6.0f us  cpu %5.1f us  %4.2f "
      "switches\n",
      static_cast<int>(what.size()), what.data(), threads, line.per_second, line.p50_us,
      line.p99_us, line.cpu_us, line.switches);
  std::fflush(stdout);
}

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  std::exit(1);
}

template <class T>
T require(Result<T> result) {
  if (!result.has_value()) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Each thread overwrites its own blocks of a file that is written already: what the device can do.
void bench_bare(io::FileSystem& fs, const std::string& directory, int threads, double seconds) {
  const std::string path = directory + "/bare";
  const auto file = require(fs.open(path, {.mode = io::OpenMode::kCreate, .direct = true}));
  constexpr std::uint64_t kArea = 4 << 20;
  const io::AlignedBuffer zeros(kArea);
  for (int i = 0; i < threads; ++i) {
    require(file->write(static_cast<std::uint64_t>(i) * kArea, zeros.bytes()));
  }
  require(file->sync());
  std::vector<std::uint64_t> next(static_cast<std::size_t>(threads));
  const Line line = run(threads, seconds, [&](int i) {
    auto& at = next[static_cast<std::size_t>(i)];
    require(file->write_durably(static_cast<std::uint64_t>(i) * kArea + at,
                                zeros.bytes().first(kBlockSize)));
    at = (at + kBlockSize) % kArea;
  });
  print("bare 4 KB durable writes", threads, line);
  require(fs.remove(path));
}

void bench_log(io::FileSystem& fs, const std::string& directory, int threads, double seconds,
               std::uint32_t inflight) {
  LocalLogOptions options;
  options.file_system = &fs;
  options.inflight_max = inflight;
  options.segment_bytes_min = options.segment_bytes_max;
  const auto log = require(LocalLog::create(directory + "/log", options));
  require(log->prepare_segment());
  const std::string ops(200, 'x');
  std::mutex sequencer;
  std::uint64_t time = 0;
  std::atomic<bool> stop = false;
  // What the owner's background thread does.
  std::jthread keeper([&] {
    while (!stop.load()) {
      if (log->wants_segment()) require(log->prepare_segment());
      require(log->trim(log->durable_position()));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const Line line = run(threads, seconds, [&](int) {
    std::unique_lock lock(sequencer);
    auto appended = log->append(Time{++time}, as_bytes(ops));
    if (!appended.has_value()) {
      require(log->make_room(ops.size()));
      appended = log->append(Time{++time}, as_bytes(ops));
    }
    const Position position = require(std::move(appended));
    lock.unlock();
    require(log->wait_announced(position));
  });
  stop = true;
  keeper.join();
  print(format("log, {} in flight", inflight), threads, line);
  require(log->close());
}

void bench_database(io::FileSystem& fs, const std::string& directory, int threads, double seconds) {
  txn::Options options;
  options.file_system = &fs;
  options.create_if_missing = true;
  const auto database = require(txn::Database::open(directory + "/database", options));
  const std::string value(100, 'x');
  std::vector<std::uint64_t> count(static_cast<std::size_t>(threads));
  const Line line = run(threads, seconds, [&](int i) {
    const std::uint64_t key = count[static_cast<std::size_t>(i)]++ % 1000 * 64;
    txn::Transaction transaction = database->begin();
    require(transaction.put(TableId{1},
                            as_bytes(format("key {:016}", key + static_cast<unsigned>(i))),
                            as_bytes(value)));
    require(transaction.commit());
  });
  print("database", threads, line);
  require(database->close());
}

int main_of(const std::string& directory, double seconds, int only) {
  const auto fs = io::make_posix_file_system();
  std::filesystem::create_directories(directory);
  for (const int threads : {1, 2, 8, 32}) {
    if (only != 0 && threads != only) continue;
    bench_bare(*fs, directory, threads, seconds);
    for (const std::uint32_t inflight : {1U, 4U, 8U}) {
      bench_log(*fs, directory, threads, seconds, inflight);
    }
    bench_database(*fs, directory, threads, seconds);
    std::filesystem::remove_all(directory + "/database");
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace nacre::log

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "log_bench_data";
  const double seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 2;
  const int only = argc > 3 ? std::atoi(argv[3]) : 0;
  return nacre::log::main_of(directory, seconds, only);
}
