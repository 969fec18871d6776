// Runs concurrent transactions and holds every answer against the timeline.
//
// A commit's position and a snapshot's position say exactly what each read must have seen, so the
// check is complete: replaying the commits by position gives the one right answer for every get and
// every scan (ISO-1), and tells whether two concurrent writers of one key both won (ISO-2).
// Replay: NACRE_SEED=<seed> ctest -R History
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre {
namespace {

constexpr TableId kTable{9};
constexpr int kKeys = 12;

using Rows = std::map<std::string, std::string>;

struct Write {
  std::string key;
  std::optional<std::string> value;
};

struct Read {
  std::string key;  // empty: the whole table, `rows`
  std::optional<std::string> value;
  Rows rows;
};

struct Record {
  Position snapshot;
  Position commit = kNoPosition;  // kNoPosition: lost to another transaction
  std::vector<Read> reads;        // before its own writes
  std::vector<Write> writes;
};

std::uint64_t seed_of_run() {
  const char* given = std::getenv("NACRE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261120;
}

std::string key_number(std::uint64_t n) { return format("key{:02}", n); }

Result<Rows> scan(const txn::Snapshot& snapshot) {
  auto cursor = NACRE_TRY(snapshot.cursor(kTable));
  Rows rows;
  for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
    rows[to_string(cursor->key())] = to_string(cursor->value());
  }
  return rows;
}

// One client: transactions of a few reads and writes, one after the other.
class Session {
 public:
  Session(txn::Database& database, std::uint64_t seed) : database_(database), random_(seed) {}

  Result<> run(int transactions) {
    for (int n = 0; n < transactions; ++n) NACRE_TRY(one());
    return {};
  }

  [[nodiscard]] const std::vector<Record>& records() const { return records_; }

 private:
  Result<> one() {
    txn::Transaction txn = database_.begin();
    Record record;
    record.snapshot = txn.snapshot().position();
    NACRE_TRY(read_some(txn, record));
    NACRE_TRY(write_some(txn, record));
    const auto durability = random_() % 2 == 0 ? txn::Durability::kAsync : txn::Durability::kSync;
    const bool writes = txn.has_writes();
    const auto committed = txn.commit(durability);
    if (committed.has_value()) {
      if (writes) record.commit = *committed;
    } else if (committed.error().code() != Code::kConflict) {
      return std::unexpected(committed.error().clone());
    }
    records_.push_back(std::move(record));
    return {};
  }

  Result<> read_some(const txn::Transaction& txn, Record& record) {
    for (std::uint64_t n = random_() % 4; n > 0; --n) {
      Read read;
      read.key = key_number(random_() % kKeys);
      read.value = NACRE_TRY(txn.get(kTable, as_bytes(read.key)));
      record.reads.push_back(std::move(read));
    }
    if (random_() % 8 == 0) {
      Read read;
      read.rows = NACRE_TRY(scan(txn.snapshot()));
      record.reads.push_back(std::move(read));
    }
    return {};
  }

  Result<> write_some(txn::Transaction& txn, Record& record) {
    for (std::uint64_t n = random_() % 3; n > 0; --n) {
      Write write{.key = key_number(random_() % kKeys), .value = std::nullopt};
      if (random_() % 5 == 0) {
        NACRE_TRY(txn.remove(kTable, as_bytes(write.key)));
      } else {
        write.value = std::to_string(random_());
        NACRE_TRY(txn.put(kTable, as_bytes(write.key), as_bytes(*write.value)));
      }
      record.writes.push_back(std::move(write));
    }
    return {};
  }

  txn::Database& database_;
  std::mt19937_64 random_;
  std::vector<Record> records_;
};

// The state of the table at every position, from the committed records.
class Timeline {
 public:
  explicit Timeline(const std::vector<Record>& records) {
    std::map<Position, const Record*> commits;
    for (const Record& record : records) {
      if (record.commit == kNoPosition) continue;
      const bool first = commits.emplace(record.commit, &record).second;
      EXPECT_TRUE(first) << "two commits at position " << number(record.commit);
    }
    states_.emplace_back();
    writers_.emplace_back();
    for (const auto& [position, record] : commits) {
      EXPECT_EQ(number(position), states_.size()) << "positions are dense";
      Rows state = states_.back();
      std::map<std::string, bool> written;
      for (const Write& write : record->writes) {
        written[write.key] = true;
        if (write.value) {
          state[write.key] = *write.value;
        } else {
          state.erase(write.key);
        }
      }
      states_.push_back(std::move(state));
      writers_.push_back(std::move(written));
    }
  }

  void check(const Record& record) const {
    ASSERT_LT(number(record.snapshot), states_.size());
    const Rows& seen = states_[number(record.snapshot)];
    for (const Read& read : record.reads) {
      if (read.key.empty()) {
        ASSERT_EQ(read.rows, seen) << "ISO-1: a scan at position " << number(record.snapshot);
        continue;
      }
      const auto row = seen.find(read.key);
      const auto expected =
          row == seen.end() ? std::nullopt : std::optional<std::string>(row->second);
      ASSERT_EQ(read.value, expected)
          << "ISO-1: " << read.key << " at position " << number(record.snapshot);
    }
    for (auto p = number(record.snapshot) + 1; p < number(record.commit); ++p) {
      for (const Write& write : record.writes) {
        ASSERT_FALSE(writers_[p].contains(write.key))
            << "ISO-2: " << write.key << " was written at " << p << " and at "
            << number(record.commit) << ", whose snapshot is " << number(record.snapshot);
      }
    }
  }

  [[nodiscard]] std::size_t commit_count() const { return states_.size() - 1; }

 private:
  std::vector<Rows> states_;                          // by position
  std::vector<std::map<std::string, bool>> writers_;  // keys written, by position
};

TEST(History, EveryReadSeesItsSnapshotAndNoTwoConcurrentWritersOfAKeyBothWin) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE(format("NACRE_SEED={}", seed));
  io::SimFileSystem files(seed);
  txn::Options options;
  options.file_system = &files;
  options.create_if_missing = true;
  options.cache_bytes = std::size_t{1} << 20;
  options.checkpoint_log_bytes = std::uint64_t{256} << 10;  // checkpoints run meanwhile
  auto database = txn::Database::open("history", options);
  ASSERT_TRUE(database.has_value()) << database.error().text();

  constexpr int kSessions = 6;
  std::vector<Session> sessions;
  for (int n = 0; n < kSessions; ++n) {
    sessions.emplace_back(**database, seed + static_cast<std::uint64_t>(n));
  }
  {
    std::vector<std::jthread> threads;
    for (Session& session : sessions) {
      threads.emplace_back([&session] {
        const auto run = session.run(/*transactions=*/700);
        EXPECT_TRUE(run.has_value()) << run.error().text();
      });
    }
  }
  std::vector<Record> records;
  std::size_t lost = 0;
  for (const Session& session : sessions) {
    for (const Record& record : session.records()) {
      records.push_back(record);
      if (record.commit == kNoPosition && !record.writes.empty()) ++lost;
    }
  }
  const Timeline timeline(records);
  for (const Record& record : records) {
    timeline.check(record);
    if (HasFatalFailure()) return;
  }
  // Lost ones prove that the check had something to find.
  RecordProperty("commits", static_cast<int>(timeline.commit_count()));
  RecordProperty("conflicts", static_cast<int>(lost));
  EXPECT_GT(timeline.commit_count(), 1000U);
  EXPECT_GT(lost, 0U);
}

}  // namespace
}  // namespace nacre
