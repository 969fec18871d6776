// What the key-value benchmark asks of an engine, so that every engine does the same work in its
// own best way.
//
// Fairness: an engine decides how to load, how to batch and what to cache; it does not decide what
//   a promise means. Durable: the row survives a power cut when put() returns. After load():
//   all rows do.
// Errors: any error ends the benchmark; a figure of an engine that failed is none.
// Threads: Engine: open, load, settle one thread at a time. Each thread has a Session of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace nacre::bench {

struct Row {
  std::string_view key;
  std::string_view value;
};

// What a reader saw; summed and compared, so that no engine is spared looking at its rows.
struct Tally {
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;

  void see(std::string_view value) {
    ++rows;
    sum += static_cast<unsigned char>(value.front()) + value.size();
  }
};

enum class Promise : std::uint8_t {
  kDurable,  // every commit is synced, alone or in a group
  kLater,    // nothing is synced for a commit's sake
};

class Session {
 public:
  virtual ~Session() = default;
  // Reads after it see every commit before it. Called once per thousand gets.
  [[nodiscard]] virtual Result<> refresh() = 0;
  [[nodiscard]] virtual Result<bool> get(std::string_view key, Tally& tally) = 0;
  // In the engine's own way of getting many at once, where it has one.
  [[nodiscard]] virtual Result<> get_many(std::span<const std::string_view> keys, Tally& tally) {
    for (const std::string_view key : keys) NACRE_TRY(get(key, tally));
    return {};
  }
  [[nodiscard]] virtual Result<> scan(Tally& tally) = 0;
  // Up to `limit` rows from `key` on.
  [[nodiscard]] virtual Result<> scan_from(std::string_view key, std::uint64_t limit,
                                           Tally& tally) = 0;
  // One transaction that writes all of `rows`.
  [[nodiscard]] virtual Result<> put(std::span<const Row> rows) = 0;
};

// The i-th row to load; views live until the next call.
using RowSource = std::function<Row(std::uint64_t)>;

struct Load {
  std::uint64_t rows = 0;
  RowSource source;
  bool sorted = false;  // by key, ascending
};

struct Setup {
  std::string directory;         // empty, for this engine alone
  std::uint64_t data_bytes = 0;  // keys and values to come
  std::uint64_t cache_bytes = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Into an empty database.
  [[nodiscard]] virtual Result<> load(const Load& load) = 0;
  // Finishes what a load leaves for later, as an expert would before reading; not timed.
  [[nodiscard]] virtual Result<> settle() = 0;
  // All sessions alive at one time have the same promise.
  [[nodiscard]] virtual Result<std::unique_ptr<Session>> session(Promise promise) = 0;
};

struct EngineKind {
  std::string name;
  std::string settings;  // version and tuning, for the reader of the figures
  std::function<Result<std::unique_ptr<Engine>>(const Setup&)> open;
};

[[nodiscard]] EngineKind nacre_kind();
[[nodiscard]] EngineKind lmdb_kind();
[[nodiscard]] EngineKind rocksdb_kind();
[[nodiscard]] EngineKind wiredtiger_kind();
[[nodiscard]] EngineKind sqlite_kind();

// Those that this program was built with, Nacre first.
[[nodiscard]] std::vector<EngineKind> all_kinds();

// Calls `write` with the rows of a load in transactions of `per_transaction`.
[[nodiscard]] inline Result<> in_batches(
    const Load& load, std::size_t per_transaction,
    const std::function<Result<>(std::span<const Row>)>& write) {
  std::vector<std::string> kept(per_transaction);
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < load.rows;) {
    rows.clear();
    for (; rows.size() < per_transaction && i < load.rows; ++i) {
      const Row row = load.source(i);
      std::string& copy = kept[rows.size()];
      copy.assign(row.key).append(row.value);
      rows.push_back({std::string_view(copy).substr(0, row.key.size()),
                      std::string_view(copy).substr(row.key.size())});
    }
    NACRE_TRY(write(rows));
  }
  return {};
}

}  // namespace nacre::bench
