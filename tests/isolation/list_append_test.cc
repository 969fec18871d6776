// Histories of list appends through real threads, held against snapshot isolation and against
// serializability (isolation/history.h).
//
// Each thread steps several sessions in turn, so transactions overlap on a machine with one core,
// too. A life with crashes loses power again and again and goes on in what was recovered; commits
// that got no answer may or may not be there, but must stay what they are.
// Long form: NACRE_HISTORY_TRANSACTIONS=<n> of each kind. Replay: NACRE_SEED=<seed>.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/codec.h"
#include "base/text.h"
#include "io/sim_file_system.h"
#include "isolation/history.h"
#include "support/world.h"
#include "txn/database.h"

namespace nacre {
namespace {

using test::History;
using test::HistoryTransaction;
using test::Op;
using Outcome = HistoryTransaction::Outcome;
using List = std::vector<std::uint64_t>;

constexpr TableId kLists{5};
constexpr std::uint64_t kLiveKeys = 10;
constexpr std::uint64_t kAppendsPerKey = 60;
constexpr int kThreads = 6;
constexpr int kSessionsPerThread = 6;
constexpr std::uint64_t kHistorySize = 10'000;  // transactions checked together

std::string key_text(std::uint64_t key) { return format("list{:08}", key); }

std::string encode(const List& list) {
  std::string bytes(list.size() * 8, '\0');
  for (std::size_t i = 0; i < list.size(); ++i) {
    store_le(reinterpret_cast<std::byte*>(bytes.data()) + 8 * i, list[i]);
  }
  return bytes;
}

List decode(Bytes bytes) {
  List list(bytes.size() / 8);
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i] = load_le<std::uint64_t>(bytes.data() + 8 * i);
  }
  return list;
}

// What all sessions of one history share.
struct Shared {
  explicit Shared(std::uint64_t transactions) : to_begin(static_cast<std::int64_t>(transactions)) {}

  std::uint64_t tick() { return clock.fetch_add(1); }
  // A list is left alone once it is long; another takes its place.
  std::uint64_t key(std::uint64_t slot) const {
    return slot + kLiveKeys * (appends[slot].load() / kAppendsPerKey);
  }

  std::atomic<std::uint64_t> clock = 1;
  std::atomic<std::uint64_t> next_value = 1;
  std::atomic<std::int64_t> to_begin;
  std::atomic<bool> is_broken = false;  // the database answers errors
  std::array<std::atomic<std::uint64_t>, kLiveKeys> appends{};
};

// One client: transactions of one to five reads and appends, one step at a time.
class Session {
 public:
  Session(Shared& shared, txn::Isolation isolation, bool is_durable, std::uint64_t seed)
      : shared_(shared), isolation_(isolation), is_durable_(is_durable), random_(seed) {}

  // False when there is nothing more to do.
  bool step(txn::Database& database) {
    if (!transaction_.has_value()) return begin(database);
    if (steps_ == 0) return commit();
    --steps_;
    const auto stepped = random_() % 2 == 0 ? read() : append();
    if (stepped.has_value()) return true;
    finish(Outcome::kFailed);
    if (stepped.error().code() != Code::kTooOld) shared_.is_broken = true;
    return true;
  }

  // The database is gone; what is open will never be committed.
  void abandon() {
    if (transaction_.has_value()) finish(Outcome::kFailed);
  }

  History take() { return std::move(done_); }

 private:
  bool begin(txn::Database& database) {
    if (shared_.to_begin.fetch_sub(1) <= 0) return false;
    current_ = {.ops = {}, .begun = shared_.tick()};
    transaction_.emplace(database.begin(isolation_));
    steps_ = 1 + random_() % 5;
    return true;
  }

  bool commit() {
    // What is acknowledged before it is durable may be lost with the power; not asked for here.
    const bool sync = is_durable_ || random_() % 4 == 0;
    const auto durability = sync                 ? txn::Durability::kSync
                            : random_() % 2 == 0 ? txn::Durability::kGroup
                                                 : txn::Durability::kAsync;
    const auto committed = transaction_->commit(durability);
    if (committed.has_value()) {
      finish(Outcome::kOk);
      return true;
    }
    const bool lost = committed.error().code() == Code::kConflict;
    finish(lost ? Outcome::kFailed : Outcome::kUnknown);
    if (!lost) shared_.is_broken = true;
    return true;
  }

  void finish(Outcome outcome) {
    transaction_.reset();
    current_.outcome = outcome;
    current_.ended = shared_.tick();
    done_.push_back(std::move(current_));
  }

  Result<> read() {
    const std::uint64_t key = shared_.key(random_() % kLiveKeys);
    List list;
    if (random_() % 3 == 0) {
      list = NACRE_TRY(read_by_cursor(key));
    } else {
      list = NACRE_TRY(get(key));
    }
    current_.ops.push_back({.kind = Op::Kind::kRead, .key = key, .list = std::move(list)});
    return {};
  }

  Result<> append() {
    const std::uint64_t slot = random_() % kLiveKeys;
    const std::uint64_t key = shared_.key(slot);
    List list = NACRE_TRY(get(key));
    const std::uint64_t value = shared_.next_value.fetch_add(1);
    list.push_back(value);
    const std::string name = key_text(key);
    NACRE_TRY(transaction_->put(kLists, as_bytes(name), as_bytes(encode(list))));
    shared_.appends[slot].fetch_add(1);
    current_.ops.push_back({.kind = Op::Kind::kAppend, .key = key, .value = value});
    return {};
  }

  Result<List> get(std::uint64_t key) {
    const std::string name = key_text(key);
    const auto found = NACRE_TRY(transaction_->get(kLists, as_bytes(name)));
    return found.has_value() ? decode(as_bytes(*found)) : List{};
  }

  Result<List> read_by_cursor(std::uint64_t key) {
    const std::string name = key_text(key);
    const auto cursor = NACRE_TRY(transaction_->cursor(kLists));
    const bool row = NACRE_TRY(cursor->seek(as_bytes(name)));
    if (!row || as_text(cursor->key()) != name) return List{};
    return decode(cursor->value());
  }

  Shared& shared_;
  txn::Isolation isolation_;
  bool is_durable_;
  std::mt19937_64 random_;
  std::optional<txn::Transaction> transaction_;
  std::uint64_t steps_ = 0;
  HistoryTransaction current_;
  History done_;
};

class ListAppend {
 public:
  ListAppend(txn::Isolation isolation, bool crashes, std::uint64_t seed)
      : isolation_(isolation), crashes_(crashes), disk_(seed), random_(seed) {}

  // A history of so many transactions, with a last one that reads everything.
  void run(std::uint64_t transactions) {
    Shared shared(transactions);
    std::vector<Session> sessions;
    for (int i = 0; i < kThreads * kSessionsPerThread; ++i) {
      sessions.emplace_back(shared, isolation_, crashes_, random_());
    }
    std::unique_ptr<txn::Database> database;
    while (shared.to_begin.load() > 0 && !testing::Test::HasFailure()) {
      database = open();
      ASSERT_NE(database, nullptr);
      if (crashes_) disk_.cut_power_after(40 + random_() % 200, /*in_flight=*/1 + random_() % 4);
      step_all(sessions, shared, *database);
      // The first calls that the failing power hits fail already.
      if (!shared.is_broken && disk_.powered()) continue;
      EXPECT_TRUE(crashes_);
      for (Session& session : sessions) session.abandon();
      database.reset();
      disk_.reboot();
      ++crash_count;
    }
    if (database == nullptr) database = open();
    ASSERT_NE(database, nullptr);
    for (Session& session : sessions) {
      for (HistoryTransaction& done : session.take()) history.push_back(std::move(done));
    }
    read_all(*database, shared);
  }

  History history;
  std::uint64_t crash_count = 0;

 private:
  std::unique_ptr<txn::Database> open() {
    txn::Options options;
    options.file_system = &disk_;
    options.create_if_missing = true;
    options.cache_bytes = std::size_t{1} << 20;
    options.checkpoint_log_bytes = std::uint64_t{256} << 10;
    auto opened = txn::Database::open("lists", options);
    EXPECT_TRUE(opened.has_value()) << opened.error().text();
    return opened.has_value() ? std::move(*opened) : nullptr;
  }

  static void step_all(std::vector<Session>& sessions, Shared& shared, txn::Database& database) {
    shared.is_broken = false;
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      const std::span<Session> mine(sessions.data() + t * kSessionsPerThread, kSessionsPerThread);
      threads.emplace_back([mine, &shared, &database] {
        bool more = true;
        while (more && !shared.is_broken) {
          more = false;
          for (Session& session : mine) more |= session.step(database);
        }
      });
    }
  }

  void read_all(txn::Database& database, Shared& shared) {
    HistoryTransaction last{.ops = {}, .begun = shared.tick()};
    const txn::Transaction transaction = database.begin();
    for (std::uint64_t slot = 0; slot < kLiveKeys; ++slot) {
      for (std::uint64_t key = slot; key <= shared.key(slot); key += kLiveKeys) {
        const std::string name = key_text(key);
        const auto found = transaction.get(kLists, as_bytes(name));
        ASSERT_TRUE(found.has_value()) << found.error().text();
        List list = found->has_value() ? decode(as_bytes(**found)) : List{};
        last.ops.push_back({.kind = Op::Kind::kRead, .key = key, .list = std::move(list)});
      }
    }
    last.ended = shared.tick();
    history.push_back(std::move(last));
  }

  txn::Isolation isolation_;
  bool crashes_;
  io::SimFileSystem disk_;
  std::mt19937_64 random_;
};

struct Kind {
  const char* name;
  txn::Isolation isolation;
  bool crashes;
  std::uint64_t transactions;  // in the short form
};

class ListAppendHistories : public testing::TestWithParam<Kind> {};

TEST_P(ListAppendHistories, AreWhatTheIsolationPromises) {
  const Kind& kind = GetParam();
  const std::uint64_t seed = test::from_environment("NACRE_SEED", 1);
  const std::uint64_t wanted =
      test::from_environment("NACRE_HISTORY_TRANSACTIONS", kind.transactions);
  std::uint64_t transactions = 0;
  std::uint64_t committed = 0;
  std::uint64_t dependences = 0;
  std::uint64_t crashes = 0;
  std::uint64_t histories = 0;
  while (transactions < wanted) {
    SCOPED_TRACE(format("NACRE_SEED={}", seed + histories));
    ListAppend life(kind.isolation, kind.crashes, seed + histories);
    life.run(std::min(kHistorySize, kind.transactions));
    if (HasFatalFailure()) return;
    const test::Findings findings = test::check(life.history);
    const bool is_serializable = kind.isolation == txn::Isolation::kSerializable;
    ASSERT_EQ(findings.against_snapshot_isolation(), "") << "ISO-1, ISO-2";
    ASSERT_EQ(is_serializable ? findings.against_strictly_serializable() : "", "") << "ISO-3";
    transactions += life.history.size();
    committed += findings.committed;
    dependences += findings.dependences;
    crashes += life.crash_count;
    ++histories;
    // What the check had to find something in.
    EXPECT_GT(findings.committed, life.history.size() / 10);
    EXPECT_GT(findings.dependences, findings.committed / 2);
  }
  EXPECT_EQ(crashes > 0, kind.crashes);
  std::printf(
      "%s: %llu histories, %llu transactions, %llu committed, %llu dependences, %llu "
      "crashes\n",
      kind.name, static_cast<unsigned long long>(histories),
      static_cast<unsigned long long>(transactions), static_cast<unsigned long long>(committed),
      static_cast<unsigned long long>(dependences), static_cast<unsigned long long>(crashes));
}

INSTANTIATE_TEST_SUITE_P(
    All, ListAppendHistories,
    testing::Values(Kind{"Snapshot", txn::Isolation::kSnapshot, false, 10'000},
                    Kind{"SnapshotWithCrashes", txn::Isolation::kSnapshot, true, 5'000},
                    Kind{"Serializable", txn::Isolation::kSerializable, false, 10'000},
                    Kind{"SerializableWithCrashes", txn::Isolation::kSerializable, true, 5'000}),
    [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace nacre
