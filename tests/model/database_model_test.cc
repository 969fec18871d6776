// Random operations on a database and on a model in memory, which must agree at every step: reads
// in transactions and snapshots, conflicts, commits of every durability, checkpoints, reopening
// with and without a close, power cuts in the middle of anything.
//
// Long form: NACRE_MODEL_SEEDS=<count>. Replay: NACRE_SEED=<seed>.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "io/sim_file_system.h"
#include "support/world.h"

namespace nacre {
namespace {

using test::Change;
using test::Rows;
using test::World;

struct Counts {
  std::uint64_t operations = 0;
  std::uint64_t commits = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t needless_conflicts = 0;  // allowed: hashes that agree, old snapshots
  std::uint64_t reopenings = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t past_reads = 0;
  std::uint64_t rows_read = 0;
};

// A transaction and what it must see.
struct OpenTransaction {
  explicit OpenTransaction(txn::Transaction started)
      : transaction(std::move(started)), base(number(transaction.snapshot().position())) {}
  txn::Transaction transaction;
  std::uint64_t base;
  Rows view;
  std::vector<Change> changes;
  std::set<test::RowKey> put;      // certain to conflict with others' puts
  std::set<test::RowKey> touched;  // put, removed or required
  std::set<TableId> dropped;
};

// What one commit wrote, for predicting conflicts.
struct Written {
  std::set<test::RowKey> put;
  std::set<test::RowKey> touched;
  std::set<TableId> dropped;
};

struct HeldSnapshot {
  txn::Snapshot snapshot;
  std::shared_ptr<const Rows> rows;
};

class Model {
 public:
  Model(std::uint64_t seed, Counts& counts) : random_(seed), disk_(seed), counts_(counts) {}

  void run(int steps) {
    reopen();
    for (int i = 0; i < steps && !failed(); ++i) {
      SCOPED_TRACE(format("step {}", i));
      step();
      ++counts_.operations;
    }
    if (!failed()) check_all();
  }

 private:
  [[nodiscard]] static bool failed() { return ::testing::Test::HasFailure(); }

  // A call that failed: the power went, or something is wrong.
  void met(const Error& error) {
    if (disk_.powered()) {
      ADD_FAILURE() << error.text();
      return;
    }
    power_cut();
  }

  void step() {
    const std::uint64_t drawn = random_.below(1000);
    if (drawn < 450) return change();
    if (drawn < 600) return commit();
    if (drawn < 750) return read();
    if (drawn < 800) return scan();
    if (drawn < 850) return hold();
    if (drawn < 880) return check_held();
    if (drawn < 900) return rollback();
    if (drawn < 930) return checkpoint();
    if (drawn < 950) return sync();
    if (drawn < 953) return close_and_reopen();
    if (drawn < 956) return reopen_without_close();
    if (drawn < 960) return power_cut();
    if (drawn < 965) return disk_.cut_power_after(random_.below(60));
    if (drawn < 970) return check_all();
    if (drawn < 980) return read_past();
    if (drawn < 982) return scan_past();
    if (drawn < 984) return forget();
    if (drawn < 985) return fill_memory();
    return change();
  }

  TableId table() { return TableId{static_cast<std::uint32_t>(1 + random_.below(test::kTables))}; }
  std::string key() {
    // Some keys share a long beginning, some are of the largest size.
    const std::uint64_t number = random_.below(120);
    if (number < 60) return format("key{}", number);
    if (number < 110) return std::string(40, 'p') + format("{}", number);
    return std::string(txn::kKeySizeMax - 3, 'l') + format("{}", number);
  }
  std::string value() {
    const std::uint64_t kind = random_.below(20);
    // Some lie in value chunks, a few in chunks of their own write.
    const bool large = kind == 0;
    if (large)
      return test::bytes_of(random_, random_.below(random_.chance(1, 30) ? 60'000 : 9'000));
    return test::bytes_of(random_, random_.below(kind < 10 ? 30 : 400));
  }

  OpenTransaction& some_transaction() {
    if (transactions_.size() < 3 && (transactions_.empty() || random_.chance(1, 10))) {
      OpenTransaction started(database_->begin());
      started.view = *world_.states[started.base];
      transactions_.push_back(std::move(started));
    }
    return transactions_[random_.below(transactions_.size())];
  }

  void change() {
    OpenTransaction& open = some_transaction();
    Change change{table(), key(), std::nullopt};
    const std::uint64_t kind = random_.below(100);
    Result<> done;
    if (kind < 70) {
      change.value = value();
      done = test::apply(open.transaction, change);
      open.put.insert({change.table, change.key});
    } else if (kind < 97) {
      done = test::apply(open.transaction, change);
    } else if (kind < 99) {
      done = open.transaction.require_unchanged(change.table, as_bytes(change.key));
      open.touched.insert({change.table, change.key});
      if (!done.has_value()) met(done.error());
      return;
    } else {
      change.key.clear();
      done = test::apply(open.transaction, change);
      open.dropped.insert(change.table);
    }
    if (!done.has_value()) return met(done.error());
    open.touched.insert({change.table, change.key});
    test::apply(open.view, change);
    open.changes.push_back(change);
  }

  // Whether `open` must conflict with what was committed since its snapshot, and whether it may.
  [[nodiscard]] std::pair<bool, bool> conflicts(const OpenTransaction& open) const {
    bool must = false;
    bool may = false;
    for (std::size_t p = open.base + 1; p < written_.size(); ++p) {
      const Written& other = written_[p];
      for (const auto& key : other.touched) {
        may = may || open.touched.contains(key) || open.dropped.contains(key.first);
        must = must || (open.put.contains(key) && other.put.contains(key));
      }
      for (const TableId dropped : other.dropped) {
        const auto in_table = [&](const auto& key) { return key.first == dropped; };
        may = may || open.dropped.contains(dropped) || std::ranges::any_of(open.touched, in_table);
      }
    }
    return {must, may || must};
  }

  void commit() {
    if (transactions_.empty()) return;
    const std::size_t index = random_.below(transactions_.size());
    OpenTransaction open = std::move(transactions_[index]);
    transactions_.erase(transactions_.begin() + static_cast<std::ptrdiff_t>(index));
    const auto [must, may] = conflicts(open);
    const std::uint64_t kind = random_.below(4);
    const auto durability = kind == 0   ? txn::Durability::kAsync
                            : kind == 1 ? txn::Durability::kGroup
                                        : txn::Durability::kSync;
    if (open.changes.empty()) {
      const auto nothing = open.transaction.commit(durability);
      if (!nothing.has_value() && nothing.error().code() != Code::kConflict) met(nothing.error());
      return;
    }
    // Pushed before the call: when the power goes, it may have happened.
    auto rows = std::make_shared<Rows>(world_.newest());
    for (const Change& change : open.changes) test::apply(*rows, change);
    world_.states.push_back(std::move(rows));
    written_.push_back({open.put, open.touched, open.dropped});
    const auto committed = open.transaction.commit(durability);
    if (committed.has_value()) {
      EXPECT_FALSE(must) << "ISO-2: the second writer of a key commits";
      EXPECT_EQ(number(*committed), world_.submitted()) << "positions are dense";
      ++counts_.commits;
      if (durability == txn::Durability::kSync) world_.acknowledged = number(*committed);
      return;
    }
    if (committed.error().code() != Code::kConflict) return met(committed.error());
    world_.states.pop_back();
    written_.pop_back();
    ++counts_.conflicts;
    if (!may) ++counts_.needless_conflicts;
  }

  void expect_row(const Result<std::optional<std::string>>& found, const Rows& rows,
                  const test::RowKey& key) {
    if (!found.has_value()) return met(found.error());
    const auto expected = rows.find(key);
    EXPECT_EQ(found->has_value(), expected != rows.end()) << key.second;
    if (found->has_value() && expected != rows.end()) {
      EXPECT_TRUE(**found == expected->second) << "wrong value of " << key.second;
    }
    ++counts_.rows_read;
  }

  void read() {
    const test::RowKey wanted{table(), key()};
    const OpenTransaction& open = some_transaction();
    expect_row(open.transaction.get(wanted.first, as_bytes(wanted.second)), open.view, wanted);
  }

  // From a random key on, some rows one way and some back, in a transaction's own view.
  void scan() {
    const OpenTransaction& open = some_transaction();
    const TableId of = table();
    auto cursor = open.transaction.cursor(of);
    if (!cursor.has_value()) return met(cursor.error());
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& [row, value] : open.view) {
      if (row.first == of) rows.emplace_back(row.second, value);
    }
    const std::string from = key();
    auto at = std::ranges::lower_bound(rows, from, {}, [](const auto& row) { return row.first; });
    std::ptrdiff_t index = at - rows.begin();
    auto on = (*cursor)->seek(as_bytes(from));
    for (int i = 0; i < 30; ++i) {
      if (!on.has_value()) return met(on.error());
      const bool expected = index >= 0 && index < std::ssize(rows);
      ASSERT_EQ(*on, expected) << "scan from " << from << ", at " << index;
      if (!*on) return;
      const auto& row = rows[static_cast<std::size_t>(index)];
      ASSERT_EQ(as_text((*cursor)->key()), row.first);
      ASSERT_TRUE(as_text((*cursor)->value()) == row.second);
      ++counts_.rows_read;
      const bool forward = random_.chance(2, 3);
      on = forward ? (*cursor)->next() : (*cursor)->prev();
      index += forward ? 1 : -1;
    }
  }

  void hold() {
    if (held_.size() == 4) held_.erase(held_.begin());
    txn::Snapshot snapshot = database_->snapshot();
    const std::uint64_t position = number(snapshot.position());
    ASSERT_EQ(position, world_.submitted()) << "a commit that returned is visible";
    held_.push_back({std::move(snapshot), world_.states[position]});
  }

  // A position that can be read, the newest ones as often as the oldest.
  [[nodiscard]] std::uint64_t some_position() {
    const std::uint64_t from = number(database_->horizon());
    return from + random_.below(world_.states.size() - from);
  }

  void read_past() {
    const std::uint64_t position = some_position();
    const auto past = database_->snapshot_at(Position{position});
    if (!past.has_value()) return met(past.error());
    for (int i = 0; i < 10 && !failed(); ++i) {
      const test::RowKey wanted{table(), key()};
      expect_row(past->get(wanted.first, as_bytes(wanted.second)), *world_.states[position],
                 wanted);
    }
    ++counts_.past_reads;
    if (random_.chance(1, 3)) {
      if (held_.size() == 4) held_.erase(held_.begin());
      held_.push_back({*past, world_.states[position]});
    }
  }

  void scan_past() {
    const std::uint64_t position = some_position();
    const auto past = database_->snapshot_at(Position{position});
    if (!past.has_value()) return met(past.error());
    const auto rows = test::read_everything(*past);
    if (!rows.has_value()) return met(rows.error());
    EXPECT_EQ(test::difference(*rows, *world_.states[position]), "") << "position " << position;
    counts_.rows_read += rows->size();
    ++counts_.past_reads;
  }

  // Raises the horizon, gives back what is before it, and asks for what is forgotten.
  void forget() {
    const Position before = database_->horizon();
    const Position to{number(before) + random_.below(world_.states.size() - number(before)) / 2};
    const auto raised = database_->set_horizon(to);
    if (!raised.has_value()) return met(raised.error());
    EXPECT_GE(database_->horizon(), before) << "HIST-6";
    EXPECT_LE(database_->horizon(), to);
    if (held_.empty() && transactions_.empty()) {
      EXPECT_EQ(database_->horizon(), to);
    }
    const auto vacuumed = database_->vacuum();
    if (!vacuumed.has_value()) return met(vacuumed.error());
    if (database_->horizon() == kNoPosition) return;
    const auto forgotten =
        database_->snapshot_at(Position{random_.below(number(database_->horizon()))});
    ASSERT_FALSE(forgotten.has_value());
    EXPECT_EQ(forgotten.error().code(), Code::kTooOld);
  }

  // Writes so much in one go that the pages of snapshots are given up.
  void fill_memory() {
    const auto drop_all = [&]() -> Result<> {
      std::vector<Change> changes;
      for (std::uint32_t i = 0; i < 400; ++i) {
        Change change{TableId{1}, format("filler{}", i), std::nullopt};
        change.value = test::bytes_of(random_, 5000);
        changes.push_back(std::move(change));
      }
      Written written;
      for (const Change& change : changes) written.put.insert({change.table, change.key});
      written.touched = written.put;
      written_.push_back(written);
      NACRE_TRY(world_.commit(*database_, changes));
      ++counts_.commits;
      return {};
    };
    const auto filled = drop_all();
    if (!filled.has_value()) return met(filled.error());
  }

  void check_held() {
    if (held_.empty()) return;
    const HeldSnapshot& held = held_[random_.below(held_.size())];
    const auto rows = test::read_everything(held.snapshot);
    if (!rows.has_value()) return met(rows.error());
    EXPECT_EQ(test::difference(*rows, *held.rows), "") << "ISO-1: a held snapshot moved";
    counts_.rows_read += rows->size();
  }

  void rollback() {
    if (!transactions_.empty()) transactions_.pop_back();
  }

  void checkpoint() {
    const auto done = database_->checkpoint();
    if (!done.has_value()) met(done.error());
  }

  void sync() {
    const auto done = world_.sync(*database_);
    if (!done.has_value()) met(done.error());
  }

  void let_go() {
    transactions_.clear();
    held_.clear();
  }

  void close_and_reopen() {
    let_go();
    const auto closed = database_->close();
    if (!closed.has_value()) return met(closed.error());
    world_.acknowledged = world_.submitted();
    database_.reset();
    reopen();
  }

  void reopen_without_close() {
    let_go();
    database_.reset();
    if (!disk_.powered()) return power_cut();
    reopen();
  }

  void power_cut() {
    let_go();
    disk_.cut_power_after(0);  // what the destructor still tries fails
    database_.reset();
    disk_.reboot();
    ++counts_.power_cuts;
    reopen();
  }

  // Opens, again when the power goes meanwhile, and learns what has survived.
  void reopen() {
    txn::Options options;
    options.file_system = &disk_;
    options.create_if_missing = true;
    options.cache_bytes = std::size_t{4} << 20;
    options.checkpoint_log_bytes = std::uint64_t{128} << 10;
    options.background_thread = false;
    while (true) {
      auto opened = txn::Database::open("d", options);
      if (opened.has_value()) {
        database_ = std::move(*opened);
        break;
      }
      ASSERT_FALSE(disk_.powered()) << opened.error().text();
      disk_.reboot();
      ++counts_.power_cuts;
    }
    ++counts_.reopenings;
    const std::uint64_t position = number(database_->snapshot().position());
    ASSERT_GE(position, world_.acknowledged) << "DUR-1";
    ASSERT_LE(position, world_.submitted()) << "ATOM-1";
    world_.states.resize(position + 1);
    written_.resize(position + 1);
    world_.acknowledged = position;
  }

  void check_all() {
    const auto position = test::check(*database_, world_);
    if (!position.has_value()) return met(position.error());
    EXPECT_EQ(*position, world_.submitted());
    counts_.rows_read += world_.newest().size();
  }

  io::Random random_;
  io::SimFileSystem disk_;
  Counts& counts_;
  World world_;
  std::vector<Written> written_{Written{}};  // by position
  std::unique_ptr<txn::Database> database_;
  std::vector<OpenTransaction> transactions_;
  std::vector<HeldSnapshot> held_;
};

TEST(DatabaseModel, RandomOperationsWithCrashesAgreeWithAModelInMemory) {
  const std::uint64_t first = test::from_environment("NACRE_SEED", 1);
  const bool replay = std::getenv("NACRE_SEED") != nullptr;
  const std::uint64_t seeds = replay ? 1 : test::from_environment("NACRE_MODEL_SEEDS", 30);
  Counts counts;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE(format("seed {}", seed));
    Model(seed, counts).run(1000);
    if (HasFailure()) {
      std::printf("replay: NACRE_SEED=%llu\n", static_cast<unsigned long long>(seed));
      return;
    }
  }
  EXPECT_GT(counts.conflicts, 0U);
  EXPECT_GT(counts.power_cuts, 0U);
  EXPECT_GT(counts.past_reads, 0U);
  std::printf(
      "model: seeds %llu to %llu, %llu operations, %llu commits, %llu conflicts (%llu needless), "
      "%llu rows read, %llu reads of the past, %llu openings, %llu power cuts\n",
      static_cast<unsigned long long>(first), static_cast<unsigned long long>(first + seeds - 1),
      static_cast<unsigned long long>(counts.operations),
      static_cast<unsigned long long>(counts.commits),
      static_cast<unsigned long long>(counts.conflicts),
      static_cast<unsigned long long>(counts.needless_conflicts),
      static_cast<unsigned long long>(counts.rows_read),
      static_cast<unsigned long long>(counts.past_reads),
      static_cast<unsigned long long>(counts.reopenings),
      static_cast<unsigned long long>(counts.power_cuts));
}

}  // namespace
}  // namespace nacre
