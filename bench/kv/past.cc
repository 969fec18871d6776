#include "kv/past.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "io/clock.h"
#include "io/posix_file_system.h"
#include "kv/parallel.h"
#include "kv/rows.h"
#include "txn/database.h"

namespace nacre::bench {
namespace {

constexpr TableId kTable{1};
constexpr std::uint64_t kHour = std::uint64_t{3600} * 1000000;  // us

// Moves when it is told to.
class SteppingClock final : public io::Clock {
 public:
  Time now() override { return Time{now_us_.load(std::memory_order_relaxed)}; }
  void advance(std::uint64_t us) { now_us_.fetch_add(us, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> now_us_{std::uint64_t{1'700'000'000} * 1000000};
};

Result<double> gets(const txn::Snapshot& at, const Keys& order, std::uint64_t count) {
  Tally tally;
  const auto start = Clock::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = NACRE_TRY(at.get(kTable, as_bytes(order[i % order.count()])));
    if (!value.has_value()) return fail(Code::kCorrupt, format("{} is gone", order[i]));
    tally.see(*value);
  }
  return static_cast<double>(tally.rows) / seconds_since(start);
}

Result<> fill(txn::Database& database, const Keys& keys, const Values& values) {
  std::uint64_t i = 0;
  NACRE_TRY(database.load(kTable, [&](txn::Database::LoadRow& row) -> Result<bool> {
    if (i == keys.count()) return false;
    row = {as_bytes(keys[i]), as_bytes(values.at(i))};
    ++i;
    return true;
  }));
  return {};
}

Result<> update(txn::Database& database, SteppingClock& clock, const Keys& order,
                const Values& values, std::uint64_t commits) {
  for (std::uint64_t i = 0; i < commits; ++i) {
    clock.advance(kHour / commits);
    txn::Transaction transaction = database.begin();
    NACRE_TRY(
        transaction.put(kTable, as_bytes(order[i % order.count()]), as_bytes(values.at(i * 7))));
    NACRE_TRY(transaction.commit(txn::Durability::kAsync));
  }
  return {};
}

}  // namespace

Result<std::vector<Sample>> run_past(const Options& options) {
  const Keys keys = make_keys(options.rows);
  const Values values(options.value_bytes);
  const std::string directory = options.directory + "/past";
  std::error_code ignored;  // what cannot be made is reported by the database
  std::filesystem::remove_all(directory, ignored);
  std::filesystem::create_directories(directory, ignored);
  const auto files = io::make_posix_file_system();
  SteppingClock clock;
  const std::uint64_t row_bytes = kKeyBytes + options.value_bytes;
  txn::Options wanted;
  wanted.file_system = files.get();
  wanted.clock = &clock;
  wanted.create_if_missing = true;
  wanted.cache_bytes = std::max<std::uint64_t>(
      4 * row_bytes * (options.rows + options.past_commits), std::uint64_t{256} << 20);
  wanted.history_bytes = std::uint64_t{64} << 30;
  const auto database = NACRE_TRY(txn::Database::open(directory + "/db", wanted));
  NACRE_TRY(fill(*database, keys, values));
  Position position;
  Time time;
  {
    const txn::Snapshot before = database->snapshot();
    position = before.position();
    time = before.time();
  }
  const Keys order = keys.shuffled(400, std::max(options.past_commits, options.rows));
  std::fprintf(stderr, "%llu commits with history\n",
               static_cast<unsigned long long>(options.past_commits));
  NACRE_TRY(update(*database, clock, order, values, options.past_commits));
  const std::string back = format("{} commits, 1 h back", options.past_commits);
  std::vector<Sample> samples{
      {.workload = "get now, history kept", .unit = "gets/s", .engine = "nacre", .rates = {}},
      {.workload = "get " + back, .unit = "gets/s", .engine = "nacre", .rates = {}},
      {.workload = "get by time, 1 h back", .unit = "gets/s", .engine = "nacre", .rates = {}},
      {.workload = "time of a get " + back + " / now",
       .unit = "ratio",
       .engine = "nacre",
       .rates = {},
       .less_is_better = true}};
  for (int repeat = 0; repeat < options.repeat; ++repeat) {
    const txn::Snapshot now = database->snapshot();
    const txn::Snapshot then = NACRE_TRY(database->snapshot_at(position));
    const txn::Snapshot hour_ago = NACRE_TRY(database->snapshot_at_time(time));
    const double of_now = NACRE_TRY(gets(now, order, options.gets));
    const double of_then = NACRE_TRY(gets(then, order, options.gets));
    samples[0].rates.push_back(of_now);
    samples[1].rates.push_back(of_then);
    samples[2].rates.push_back(NACRE_TRY(gets(hour_ago, order, options.gets)));
    samples[3].rates.push_back(of_now / of_then);
  }
  return samples;
}

}  // namespace nacre::bench
