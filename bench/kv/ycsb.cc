#include "kv/ycsb.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "base/text.h"
#include "kv/parallel.h"

namespace nacre::bench {
namespace {

constexpr std::size_t kOperations = std::size_t{1}
                                    << 18;  // drawn before the clock runs, then again
constexpr std::uint64_t kScanRowsMax = 100;

// Numbers below `count`, the i-th drawn in proportion to 1 / (i + 1)^0.99. By inversion of the
// integral, which is as good as the sum for so many.
class Zipf {
 public:
  explicit Zipf(std::uint64_t count) : end_(integral(static_cast<double>(count) + 0.5)) {}

  std::uint64_t operator()(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<double>(integral(0.5), end_)(random);
    return static_cast<std::uint64_t>(std::pow(at * (1 - kExponent), 1 / (1 - kExponent)) - 0.5);
  }

 private:
  static constexpr double kExponent = 0.99;
  static double integral(double x) { return std::pow(x, 1 - kExponent) / (1 - kExponent); }

  double end_;
};

enum class Kind : std::uint8_t { kRead, kUpdate, kInsert, kScan, kReadModifyWrite };

struct Operation {
  Kind kind;
  std::uint8_t scan_rows;
  std::uint32_t rank;  // how far back from the newest, where that is asked for
  // Beside the operation: fetching a key from among a million would cost every engine the same
  // trip to memory, some as much as the rest of the operation.
  std::array<char, kKeyBytes> key;
};

std::vector<Operation> draw(const YcsbMix& mix, const Keys& keys, std::uint64_t seed) {
  const std::uint64_t key_count = keys.count();
  std::mt19937_64 random(seed);
  const Zipf zipf(key_count);
  std::vector<Operation> operations(kOperations);
  for (Operation& operation : operations) {
    int percent = static_cast<int>(random() % 100);
    const auto takes = [&](int share) {
      percent -= share;
      return percent < 0;
    };
    operation.kind = takes(mix.updates)              ? Kind::kUpdate
                     : takes(mix.inserts)            ? Kind::kInsert
                     : takes(mix.scans)              ? Kind::kScan
                     : takes(mix.read_modify_writes) ? Kind::kReadModifyWrite
                                                     : Kind::kRead;
    const std::uint64_t popular = std::min(zipf(random), key_count - 1);
    operation.rank = static_cast<std::uint32_t>(popular);
    keys[spread(popular) % key_count].copy(operation.key.data(), kKeyBytes);
    operation.scan_rows = static_cast<std::uint8_t>(1 + random() % kScanRowsMax);
  }
  return operations;
}

// One thread's share. Keys it inserts are new to the engine: no other run has its seed. No two
// share a line of memory, for each counts what it sees.
class alignas(128) Client {
 public:
  Client(const YcsbMix& mix, const YcsbRun& run, std::uint64_t seed)
      : mix_(mix), run_(run), seed_(seed), operations_(draw(mix, run.keys, seed)) {}

  Result<std::uint64_t> work(Session& session) {
    const auto start = Clock::now();
    std::uint64_t done = 0;
    while (seconds_since(start) < run_.seconds) {
      for (int i = 0; i < 16; ++i, ++done) {
        NACRE_TRY(perform(session, operations_[done % operations_.size()]));
      }
    }
    return done;
  }

 private:
  Result<> perform(Session& session, const Operation& operation) {
    const std::string_view key = key_of(operation);
    switch (operation.kind) {
      case Kind::kUpdate:
        return put(session, key);
      case Kind::kInsert: {
        inserted_ += format("user{:019}", spread(seed_ << 32 | inserted_.size()) / 2);
        return put(session, std::string_view(inserted_).substr(inserted_.size() - kKeyBytes));
      }
      case Kind::kScan:
        NACRE_TRY(session.refresh());
        return session.scan_from(key, operation.scan_rows, tally_);
      case Kind::kReadModifyWrite:
        NACRE_TRY(read(session, key));
        return put(session, key);
      case Kind::kRead:
        return read(session, key);
    }
    return {};
  }

  std::string_view key_of(const Operation& operation) const {
    if (!mix_.latest) return {operation.key.data(), operation.key.size()};
    const std::uint32_t rank = operation.rank;
    const std::size_t own = inserted_.size() / kKeyBytes;
    if (rank < own) {
      return std::string_view(inserted_).substr((own - 1 - rank) * kKeyBytes, kKeyBytes);
    }
    return run_.keys[spread(rank - own) % run_.keys.count()];
  }

  Result<> read(Session& session, std::string_view key) {
    NACRE_TRY(session.refresh());
    const bool found = NACRE_TRY(session.get(key, tally_));
    return found ? Result<>{} : fail(Code::kCorrupt, format("{} is gone", key));
  }

  Result<> put(Session& session, std::string_view key) {
    const Row row{key, run_.values.at(++written_ * 7 + seed_)};
    return session.put({&row, 1});
  }

  const YcsbMix& mix_;
  const YcsbRun& run_;
  std::uint64_t seed_;
  std::vector<Operation> operations_;
  std::string inserted_;  // keys, one behind the other
  std::uint64_t written_ = 0;
  Tally tally_;
};

}  // namespace

Result<double> run_ycsb(Engine& engine, const YcsbMix& mix, const YcsbRun& run) {
  std::vector<Client> clients;
  for (int i = 0; i < run.threads; ++i) {
    clients.emplace_back(mix, run, run.seed * 64 + static_cast<std::uint64_t>(i));
  }
  return parallel(engine, Promise::kLater, run.threads, [&](int thread, Session& session) {
    return clients[static_cast<std::size_t>(thread)].work(session);
  });
}

}  // namespace nacre::bench
