// HIST-1 to HIST-6: what was at a position is found there, for as long as the horizon says.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "store/row_cursor.h"
#include "store/store.h"

namespace nacre::store {
namespace {

using Rows = std::map<std::pair<std::uint32_t, std::string>, std::string>;

struct ManualClock final : io::Clock {
  Time now() override { return time; }
  Time time{0};
};

class HistoryTest : public ::testing::Test {
 protected:
  void open() {
    store_.reset();
    options_.file_system = &disk_;
    options_.create_if_missing = true;
    options_.clock = &clock_;
    auto opened = Store::open("s", options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    store_ = std::move(*opened);
    states_.resize(number(store_->visible_position()) + 1);
  }

  void commit(const BatchWriter& batch, Rows rows) {
    const Time time{number(store_->log().last_time()) + 1000};
    ASSERT_TRUE(store_->log().make_room(batch.bytes().size()).has_value());
    const auto position = store_->log().append(time, batch.bytes());
    ASSERT_TRUE(position.has_value());
    ASSERT_TRUE(store_->log().wait_durable(*position).has_value());
    const auto applied = store_->apply(*position, time, batch.bytes());
    ASSERT_TRUE(applied.has_value()) << applied.error().text();
    store_->publish();
    states_.push_back(std::move(rows));
    ASSERT_EQ(number(*position) + 1, states_.size());
  }

  void put(std::string_view key, std::string_view value, TableId table = TableId{3}) {
    BatchWriter batch;
    batch.put(table, as_bytes(key), as_bytes(value));
    Rows rows = states_.back();
    rows[{number(table), std::string(key)}] = value;
    commit(batch, std::move(rows));
  }
  void remove(std::string_view key, TableId table = TableId{3}) {
    BatchWriter batch;
    batch.remove(table, as_bytes(key));
    Rows rows = states_.back();
    rows.erase({number(table), std::string(key)});
    commit(batch, std::move(rows));
  }
  void drop(TableId table) {
    BatchWriter batch;
    batch.drop_table(table);
    Rows rows = states_.back();
    std::erase_if(rows, [&](const auto& row) { return row.first.first == number(table); });
    commit(batch, std::move(rows));
  }

  std::string get(std::uint64_t position, std::string_view key, TableId table = TableId{3}) {
    const auto found = store_->get_past(Position{position}, table, as_bytes(key));
    if (!found.has_value()) return found.error().text();
    return found->value_or("(none)");
  }

  void checkpoint() {
    store_->raise_horizon();
    auto cut = store_->cut(/*clean=*/false);
    ASSERT_TRUE(cut.has_value()) << cut.error().text();
    const auto written = store_->write_checkpoint(*cut);
    ASSERT_TRUE(written.has_value()) << written.error().text();
    auto report = store_->verify(cut->snapshot, true);
    ASSERT_TRUE(report.has_value()) << report.error().text();
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  }

  void vacuum() {
    store_->raise_horizon();
    for (bool more = true; more;) {
      const auto step = store_->vacuum_step();
      ASSERT_TRUE(step.has_value()) << step.error().text();
      more = *step;
    }
  }

  static Result<Rows> read_all(const Snapshot& snapshot, bool forward) {
    Rows rows;
    for (std::uint32_t table = 1; table <= 4; ++table) {
      RowCursor cursor(snapshot, TableId{table});
      bool more = NACRE_TRY(forward ? cursor.seek_first() : cursor.seek_last());
      while (more) {
        rows[{table, to_string(cursor.key())}] = to_string(cursor.value());
        more = NACRE_TRY(forward ? cursor.next() : cursor.prev());
      }
    }
    return rows;
  }

  // The same some rows at a time.
  static Result<Rows> read_some_at_once(const Snapshot& snapshot, bool forward) {
    Rows rows;
    for (std::uint32_t table = 1; table <= 4; ++table) {
      RowCursor cursor(snapshot, TableId{table});
      bool more = NACRE_TRY(forward ? cursor.seek_first() : cursor.seek_last());
      for (std::size_t limit = 1; more; limit = limit % 5 + 1) {
        const auto seen = NACRE_TRY(cursor.read_rows({.limit = limit, .backward = !forward}));
        for (const tree::RowView& row : seen.rows) {
          rows[{table, to_string(row.prefix) + to_string(row.suffix)}] = to_string(row.value);
        }
        more = seen.more;
        if (!more || limit != 4) continue;  // a step there and back
        const bool turned = NACRE_TRY(forward ? cursor.prev() : cursor.next());
        if (turned) more = NACRE_TRY(forward ? cursor.next() : cursor.prev());
      }
    }
    return rows;
  }

  void check_at(std::uint64_t position) {
    SCOPED_TRACE(format("position {}", position));
    const auto snapshot = store_->snapshot_at(Position{position});
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().text();
    for (const bool forward : {true, false}) {
      const auto rows = read_all(*snapshot, forward);
      ASSERT_TRUE(rows.has_value()) << rows.error().text();
      ASSERT_EQ(*rows, states_[position]) << (forward ? "forwards" : "backwards");
      const auto some = read_some_at_once(*snapshot, forward);
      ASSERT_TRUE(some.has_value()) << some.error().text();
      ASSERT_EQ(*some, states_[position]) << (forward ? "forwards" : "backwards");
    }
  }

  io::SimFileSystem disk_{3};
  ManualClock clock_;  // stands still: nothing ages
  Options options_{.cache_bytes = std::size_t{2} << 20};
  std::unique_ptr<Store> store_;
  std::vector<Rows> states_{Rows()};  // by position
};

TEST_F(HistoryTest, AKeyIsReadAsItWasAtEveryPosition) {
  open();
  put("a", "one");    // 1
  put("b", "other");  // 2
  put("a", "two");    // 3
  remove("a");        // 4
  put("c", "third");  // 5
  put("a", "three");  // 6
  remove("a");        // 7
  const std::vector<std::string> expected{"(none)", "one",    "one",   "two",
                                          "(none)", "(none)", "three", "(none)"};
  for (int pass = 0; pass < 3; ++pass) {
    for (std::size_t at = 0; at < expected.size(); ++at) EXPECT_EQ(get(at, "a"), expected[at]);
    for (std::size_t at = 0; at < expected.size(); ++at) check_at(at);
    if (pass == 0) checkpoint();
    if (pass == 1) open();  // what the log says is applied again
  }
}

// HIST-4
TEST_F(HistoryTest, ADroppedTableIsReadBeforeItsDrop) {
  open();
  const TableId table{2};
  put("a", "1", table);  // 1
  put("b", "2", table);  // 2
  remove("a", table);    // 3
  drop(table);           // 4
  put("a", "3", table);  // 5
  drop(table);           // 6
  put("c", "4", table);  // 7
  for (std::uint64_t at = 0; at <= 7; ++at) check_at(at);
  checkpoint();
  open();
  for (std::uint64_t at = 0; at <= 7; ++at) check_at(at);
  ASSERT_TRUE(store_->set_horizon(Position{5}).has_value());
  vacuum();
  for (std::uint64_t at = 5; at <= 7; ++at) check_at(at);
  checkpoint();
  const auto early = store_->snapshot_at(Position{4});
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().code(), Code::kTooOld);
  EXPECT_NE(early.error().what().find("before the horizon, 5"), std::string::npos)
      << early.error().text();
}

TEST_F(HistoryTest, RowsOfThePastEndAtTheirBoundAndGoOnFromTheMiddle) {
  open();
  for (char c = 'a'; c <= 'h'; ++c) put(std::string(1, c), "old");  // 1 to 8
  put("c", "new");                                                  // 9
  remove("e");                                                      // 10
  const auto snapshot = store_->snapshot_at(Position{8});
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().text();
  const auto read = [](RowCursor& cursor, const tree::RowsWanted& wanted) {
    std::string keys;
    const auto seen = cursor.read_rows(wanted);
    EXPECT_TRUE(seen.has_value()) << seen.error().text();
    for (const tree::RowView& row : seen->rows) keys += to_string(row.suffix);
    return keys + (seen->is_bound ? "|" : "") + (seen->more ? to_string(cursor.key()) : ".");
  };
  RowCursor cursor(*snapshot, TableId{3});
  ASSERT_TRUE(*cursor.seek(as_bytes("b")));
  ASSERT_TRUE(*cursor.next());
  EXPECT_EQ(read(cursor, {.limit = 1}), "cd");
  // The limit is no number to be added to: it is the greatest there is.
  std::string rest;
  while (!rest.ends_with('|')) {
    const std::string some = read(cursor, {.bound = as_bytes("g")});
    rest += some.substr(0, some.size() - 1);
  }
  EXPECT_EQ(rest, "def|");
  EXPECT_EQ(as_text(cursor.key()), "g");
  std::string back;
  while (!back.ends_with('|')) {
    const std::string some = read(cursor, {.backward = true, .bound = as_bytes("c")});
    back += some.substr(0, some.size() - 1);
  }
  EXPECT_EQ(back, "gfedc|");
  EXPECT_EQ(as_text(cursor.key()), "b");
  EXPECT_EQ(read(cursor, {.backward = true}), "ba.");
}

// HIST-1, HIST-2, HIST-3, HIST-5
TEST_F(HistoryTest, RandomTimelinesAreReadAtEveryPositionFromTheHorizonOn) {
  const char* given = std::getenv("NACRE_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 11;
  SCOPED_TRACE(format("NACRE_SEED={}", seed));
  std::mt19937_64 random(seed);
  open();
  for (int step = 0; step < 500 && !HasFailure(); ++step) {
    SCOPED_TRACE(format("step {}", step));
    const std::uint64_t kind = random() % 100;
    const auto table = static_cast<std::uint32_t>(1 + random() % 4);
    if (kind < 80) {
      BatchWriter batch;
      Rows rows = states_.back();
      std::map<std::string, std::string> changes;
      for (std::uint64_t i = random() % 8 + 1; i > 0; --i) {
        const std::string key = format("key{:02}", random() % 40);
        changes[key] =
            random() % 3 == 0 ? "" : std::string(random() % 300 + 1, static_cast<char>('a' + i));
      }
      if (random() % 20 == 0) {
        batch.drop_table(TableId{table});
        std::erase_if(rows, [&](const auto& row) { return row.first.first == table; });
      }
      for (const auto& [key, value] : changes) {
        if (value.empty()) {
          batch.remove(TableId{table}, as_bytes(key));
          rows.erase({table, key});
        } else {
          batch.put(TableId{table}, as_bytes(key), as_bytes(value));
          rows[{table, key}] = value;
        }
      }
      commit(batch, std::move(rows));
    } else if (kind < 90) {
      const std::uint64_t from = number(store_->horizon());
      check_at(from + random() % (states_.size() - from));
    } else if (kind < 93) {
      checkpoint();
    } else if (kind < 95) {
      open();
    } else if (kind < 98) {
      const std::uint64_t from = number(store_->horizon());
      const Position to{from + random() % (states_.size() - from) / 4};
      ASSERT_TRUE(store_->set_horizon(to).has_value());
      vacuum();
      EXPECT_GE(store_->horizon(), to);
    } else if (const std::uint64_t from = number(store_->horizon()); from > 0) {
      EXPECT_EQ(store_->snapshot_at(Position{random() % from}).error().code(), Code::kTooOld);
    }
  }
  for (std::uint64_t at = number(store_->horizon()); at < states_.size() && !HasFailure(); ++at) {
    check_at(at);
  }
  ASSERT_TRUE(store_->set_horizon(store_->visible_position()).has_value());
  vacuum();
  EXPECT_EQ(store_->stats().history_rows, 0U);
  EXPECT_EQ(store_->stats().history_bytes, 0U);
  checkpoint();
}

TEST_F(HistoryTest, WithoutHistoryNothingIsKept) {
  options_.history_age_us = 0;
  open();
  for (int i = 0; i < 20; ++i) put(format("key{}", i % 3), format("value{}", i));
  remove("key0");
  drop(TableId{3});
  put("key0", "again");
  checkpoint();
  EXPECT_EQ(store_->stats().history_rows, 0U);
  EXPECT_EQ(store_->snapshot().tables().history, page::kNoPage);
  EXPECT_TRUE(store_->snapshot().tables().dropped.empty());
  EXPECT_EQ(store_->horizon(), store_->visible_position());
}

TEST_F(HistoryTest, TurnedOffTheHistoryIsGivenBackAndTurnedOnItBeginsAnew) {
  open();
  for (int i = 0; i < 50; ++i) put(format("key{}", i % 7), format("value{}", i));
  remove("key1");
  drop(TableId{3});
  put("key1", "back");
  remove("key1");
  checkpoint();
  EXPECT_GT(store_->stats().history_rows, 0U);
  options_.history_bytes = 0;
  open();
  put("key1", "again");
  put("key2", "more");
  vacuum();
  checkpoint();
  EXPECT_EQ(store_->stats().history_rows, 0U);
  EXPECT_TRUE(store_->snapshot().tables().dropped.empty());
  options_.history_bytes = std::uint64_t{1} << 30;
  open();
  const std::uint64_t from = number(store_->horizon());
  EXPECT_EQ(from, states_.size() - 1);
  put("key1", "and again");
  remove("key2");
  for (std::uint64_t at = from; at < states_.size(); ++at) check_at(at);
  checkpoint();
}

TEST_F(HistoryTest, ASnapshotWhosePagesAreGivenUpGoesOnThroughTheHistory) {
  options_.held_bytes_max = 4 * page::kPageSize;
  open();
  for (int i = 0; i < 300; ++i) put(format("key{:03}", i), std::string(300, 'o'));
  const Snapshot held = store_->snapshot();
  const std::uint64_t at = states_.size() - 1;
  RowCursor cursor(held, TableId{3});
  ASSERT_TRUE(cursor.seek_first().value());
  std::size_t rows = 1;
  for (; rows < 20; ++rows) ASSERT_TRUE(cursor.next().value());
  for (int i = 0; i < 300; ++i) put(format("key{:03}", (i * 37) % 300), std::string(300, 'n'));
  for (int i = 0; i < 300; i += 2) remove(format("key{:03}", i));
  checkpoint();  // reclaims
  ASSERT_GT(store_->stats().pages.holds_cancelled, 0U);
  for (; true; ++rows) {
    ASSERT_EQ(as_text(cursor.key()), format("key{:03}", rows - 1));
    ASSERT_EQ(as_text(cursor.value()), std::string(300, 'o'));
    const auto more = cursor.next();
    ASSERT_TRUE(more.has_value()) << more.error().text();
    if (!*more) break;
  }
  EXPECT_EQ(rows, 300U);
  EXPECT_EQ(held.get(TableId{3}, as_bytes("key004")).value(), std::string(300, 'o'));
  const auto all = read_all(held, false);
  ASSERT_TRUE(all.has_value()) << all.error().text();
  EXPECT_EQ(*all, states_[at]);
}

TEST_F(HistoryTest, AVacuumForgetsDeletedKeysToo) {
  open();
  for (int i = 0; i < 50; ++i) put(format("key{}", i), "value");
  for (int i = 0; i < 50; i += 2) remove(format("key{}", i));
  const auto graves = [&] {
    const Snapshot now = store_->snapshot();
    const page::PageId root = now.tables().tables.at(3).graveyard;
    tree::TreeCheck seen;
    const auto checked =
        tree::Tree(now.pager(), root, graveyard_tree(TableId{3})).check(now.view(), seen);
    EXPECT_TRUE(checked.has_value());
    return seen.rows_checked;
  };
  EXPECT_EQ(graves(), 25U);
  ASSERT_TRUE(store_->set_horizon(store_->visible_position()).has_value());
  vacuum();
  EXPECT_EQ(graves(), 0U);
  checkpoint();
}

TEST_F(HistoryTest, AHeldSnapshotStopsTheHorizonUntilTheBytesAreExceeded) {
  options_.history_bytes = std::uint64_t{4} << 20;
  options_.held_bytes_max = 4 * page::kPageSize;
  open();
  for (int i = 0; i < 50; ++i) put(format("key{:02}", i), std::string(3000, 'o'));
  const auto held = store_->snapshot_at(Position{10});
  ASSERT_TRUE(held.has_value());
  ASSERT_TRUE(store_->set_horizon(Position{40}).has_value());
  store_->raise_horizon();
  EXPECT_EQ(store_->horizon(), Position{10});
  EXPECT_EQ(held->get(TableId{3}, as_bytes("key09")).value(), std::string(3000, 'o'));
  for (int i = 0; i < 1600; ++i) put(format("key{:02}", i % 50), std::string(3000, 'n'));
  checkpoint();
  vacuum();
  checkpoint();
  EXPECT_GT(store_->horizon(), Position{10});
  EXPECT_LT(store_->stats().history_bytes, options_.history_bytes);
  const auto lost = held->get(TableId{3}, as_bytes("key09"));
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code(), Code::kTooOld);
}

TEST_F(HistoryTest, AgeRaisesTheHorizon) {
  options_.history_age_us = 50'000;
  open();
  for (int i = 0; i < 100; ++i) put("key", format("value{}", i));
  const Time last = store_->log().last_time();
  clock_.time = Time{number(last) + 10'000};  // commits are 1000 us apart
  checkpoint();
  EXPECT_EQ(store_->horizon(), Position{60});
  EXPECT_EQ(get(60, "key"), "value59");
  EXPECT_EQ(store_->snapshot_at(Position{59}).error().code(), Code::kTooOld);
}

TEST_F(HistoryTest, OperationsBeyondTheNumbersOfAWordHaveTheirRecords) {
  open();
  const auto key_of = [](int i) { return format("{:06}", i); };
  for (const char* value : {"1", "2", ""}) {
    BatchWriter batch;
    // Nothing comes of these, but they are counted.
    for (int i = 0; i < 65500; ++i) batch.remove(TableId{1}, as_bytes(key_of(i)));
    for (int i = 65500; i < 65600; ++i) {
      if (*value == '\0') {
        batch.remove(TableId{2}, as_bytes(key_of(i)));
      } else {
        batch.put(TableId{2}, as_bytes(key_of(i)), as_bytes(std::string_view(value)));
      }
    }
    commit(batch, {});
  }
  for (int i = 65500; i < 65600; ++i) {
    EXPECT_EQ(get(1, key_of(i), TableId{2}), "1") << i;
    EXPECT_EQ(get(2, key_of(i), TableId{2}), "2") << i;
    EXPECT_EQ(get(3, key_of(i), TableId{2}), "(none)") << i;
  }
  EXPECT_EQ(store_->stats().history_rows, 200U);
}

// A key with `versions` versions, read at its first: how many records that takes.
TEST(Jumps, TheOldestOfManyVersionsIsFewHopsAway) {
  Jumps jumps;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> records;  // end: word, jump
  std::uint64_t word = 1 << 16;
  for (std::uint64_t position = 2; position <= 100'000; ++position) {
    const std::uint64_t end = position << 16;
    records[end] = {word, jumps.note(end, word)};
    word = end;
  }
  std::uint64_t most = 0;
  for (std::uint64_t at = 1; at < 100'000; at += at < 1000 ? 1 : 997) {
    std::uint64_t hops = 0;
    for (std::uint64_t end = word;;) {
      ++hops;
      const auto& [before, jump] = records.at(end);
      if (before >> 16 <= at) {
        ASSERT_EQ(before >> 16, at);
        break;
      }
      end = jump != 0 && jump >> 16 > at ? jump : before;
    }
    most = std::max(most, hops);
  }
  EXPECT_LE(most, 50U);
}

TEST_F(HistoryTest, AHotKeyIsReadFarBackInFewHops) {
  open();
  for (int i = 0; i < 2000; ++i) put("counter", format("{}", i));
  std::uint64_t hops = 0;
  const auto first = store_->get_past(Position{1}, TableId{3}, as_bytes("counter"), &hops);
  ASSERT_TRUE(first.has_value()) << first.error().text();
  EXPECT_EQ(*first, "0");
  EXPECT_LE(hops, 40U);
}

TEST(Record, EachBrokenRuleIsCorruptAndNamesTheCommit) {
  Record record;
  record.version = {.is_absent = false, .flags = 0, .word = 5 << 16, .value = "old"};
  record.is_delete = true;
  record.jump = 6 << 16;
  record.table = TableId{7};
  record.key = "key";
  std::string good;
  encode_record(record, true, good);
  Record read;
  ASSERT_TRUE(decode_record(9 << 16, 5 << 16, 0, as_bytes(good), read).has_value());
  EXPECT_EQ(read.version.value, "old");
  EXPECT_EQ(read.key, "key");
  EXPECT_EQ(read.jump, record.jump);
  const auto broken = [&](std::uint64_t word, const std::string& bytes, std::string_view rule) {
    const auto decoded = decode_record(9 << 16, word, 0, as_bytes(bytes), read);
    ASSERT_FALSE(decoded.has_value()) << rule;
    EXPECT_EQ(decoded.error().what(),
              "history: record of commit 9, operation 0: " + std::string(rule));
  };
  broken(5 << 16, "", "it is empty");
  broken(5 << 16, std::string(1, '\x10'), "its first byte is 16");
  broken(5 << 16, good.substr(0, 5), "its jump is cut short");
  broken(5 << 16, good.substr(0, 9), "its table is cut short");
  broken(5 << 16, good.substr(0, 12), "its key is cut short");
  broken(5 << 16, std::string(1, '\x02'), "it does not say its key");
  broken(9 << 16, good, "its version is not older than its end");
  record.jump = 9 << 16;
  encode_record(record, true, good);
  broken(5 << 16, good, "it jumps forwards");
}

}  // namespace
}  // namespace nacre::store
