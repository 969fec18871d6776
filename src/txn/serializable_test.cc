// ISO-3: what a serializable transaction read, rows and gaps, has not changed when it commits.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

using namespace std::string_literals;

constexpr TableId kTable{7};
constexpr TableId kOther{8};

class SerializableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.file_system = &disk_;
    options_.create_if_missing = true;
    options_.cache_bytes = std::size_t{4} << 20;
    auto opened = Database::open("db", options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
    for (const char* key : {"b", "d", "f"}) put(key, "0");
  }

  static void put(Transaction& txn, std::string_view key, std::string_view value,
                  TableId table = kTable) {
    ASSERT_TRUE(txn.put(table, as_bytes(key), as_bytes(value)).has_value());
  }
  void put(std::string_view key, std::string_view value, TableId table = kTable) {
    Transaction txn = database_->begin();
    put(txn, key, value, table);
    ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
  }
  void remove(std::string_view key) {
    Transaction txn = database_->begin();
    ASSERT_TRUE(txn.remove(kTable, as_bytes(key)).has_value());
    ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
  }
  static std::string get(const Transaction& txn, std::string_view key) {
    const auto found = txn.get(kTable, as_bytes(key));
    if (!found.has_value()) return found.error().text();
    return found->value_or("(none)");
  }
  // "ok" or the code's name.
  static std::string commit(Transaction& txn) {
    const auto committed = txn.commit(Durability::kAsync);
    return committed.has_value() ? "ok" : std::string(name(committed.error().code()));
  }
  // A serializable transaction that has walked as `walk` does, and writes elsewhere.
  template <class Walk>
  Transaction after_walk(Walk walk) {
    Transaction txn = database_->begin(Isolation::kSerializable);
    auto cursor = txn.cursor(kTable);
    EXPECT_TRUE(cursor.has_value());
    walk(**cursor);
    put(txn, "elsewhere", "1", kOther);
    return txn;
  }
  // Two transactions that each read what the other writes.
  std::pair<std::string, std::string> skewed_writes(Isolation isolation) {
    Transaction first = database_->begin(isolation);
    Transaction second = database_->begin(isolation);
    EXPECT_EQ(get(first, "b"), get(second, "b"));
    EXPECT_EQ(get(first, "d"), get(second, "d"));
    put(first, "b", "1");
    put(second, "d", "1");
    std::string one = commit(first);
    return {one, commit(second)};
  }

  io::SimFileSystem disk_{1};
  Options options_;
  std::unique_ptr<Database> database_;
};

TEST_F(SerializableTest, WriteSkewIsAllowedUnderSnapshotAndRefusedUnderSerializable) {
  EXPECT_EQ(skewed_writes(Isolation::kSnapshot), std::pair("ok"s, "ok"s));
  EXPECT_EQ(skewed_writes(Isolation::kSerializable), std::pair("ok"s, "conflict"s));
}

TEST_F(SerializableTest, KeyReadAsAbsentAndThenInsertedIsAConflict) {
  Transaction txn = database_->begin(Isolation::kSerializable);
  EXPECT_EQ(get(txn, "c"), "(none)");
  put(txn, "elsewhere", "1", kOther);
  put("c", "1");
  EXPECT_EQ(commit(txn), "conflict");
}

TEST_F(SerializableTest, ReadingOnlyNeverConflicts) {
  Transaction txn = database_->begin(Isolation::kSerializable);
  EXPECT_EQ(get(txn, "b"), "0");
  put("b", "1");
  EXPECT_EQ(get(txn, "d"), "0");
  EXPECT_EQ(commit(txn), "ok");
}

TEST_F(SerializableTest, OwnWritesAreNotReads) {
  Transaction txn = database_->begin(Isolation::kSerializable);
  put(txn, "z", "1");
  EXPECT_EQ(get(txn, "z"), "1");
  put("b", "1");
  EXPECT_EQ(commit(txn), "ok");
}

// What each walk depends on, asked one key at a time: rows before, between and behind.
TEST_F(SerializableTest, WalkConflictsWithEveryKeyItCrossedAndNoOther) {
  struct Case {
    const char* name;
    void (*walk)(Cursor&);
    std::string_view conflicts;  // of the keys "a" to "g"
  };
  const Case cases[] = {
      {"whole table",
       [](Cursor& c) {
         for (auto row = c.seek_first(); *row;) row = c.next();
       },
       "abcdefg"},
      {"whole table backwards",
       [](Cursor& c) {
         for (auto row = c.seek_last(); *row;) row = c.prev();
       },
       "abcdefg"},
      {"first row", [](Cursor& c) { EXPECT_TRUE(*c.seek_first()); }, "ab"},
      {"last row", [](Cursor& c) { EXPECT_TRUE(*c.seek_last()); }, "fg"},
      {"seek to a row", [](Cursor& c) { EXPECT_TRUE(*c.seek(as_bytes("d"))); }, "d"},
      {"seek over a gap", [](Cursor& c) { EXPECT_TRUE(*c.seek(as_bytes("c"))); }, "cd"},
      {"seek behind the last", [](Cursor& c) { EXPECT_FALSE(*c.seek(as_bytes("g"))); }, "g"},
      {"seek before a row", [](Cursor& c) { EXPECT_TRUE(*c.seek_before(as_bytes("d"))); }, "bc"},
      {"seek before the first", [](Cursor& c) { EXPECT_FALSE(*c.seek_before(as_bytes("b"))); },
       "a"},
      {"two rows",
       [](Cursor& c) {
         EXPECT_TRUE(*c.seek(as_bytes("b")));
         EXPECT_TRUE(*c.next());
       },
       "bcd"},
      {"to the end",
       [](Cursor& c) {
         EXPECT_TRUE(*c.seek(as_bytes("d")));
         EXPECT_TRUE(*c.next());
         EXPECT_FALSE(*c.next());
       },
       "defg"},
      {"there and back",
       [](Cursor& c) {
         EXPECT_TRUE(*c.seek(as_bytes("d")));
         EXPECT_TRUE(*c.next());
         EXPECT_TRUE(*c.prev());
         EXPECT_TRUE(*c.prev());
       },
       "bcdef"},
      {"rows to a bound",
       [](Cursor& c) {
         EXPECT_TRUE(*c.seek(as_bytes("b")));
         EXPECT_EQ(c.read_rows({.bound = as_bytes("c")})->rows.size(), 1U);
       },
       "bcd"},
      {"rows down to a bound",
       [](Cursor& c) {
         EXPECT_TRUE(*c.seek_before(as_bytes("g")));
         EXPECT_EQ(c.read_rows({.backward = true, .bound = as_bytes("e")})->rows.size(), 1U);
       },
       "def"},
      {"two places",
       [](Cursor& c) {
         EXPECT_TRUE(*c.seek(as_bytes("b")));
         EXPECT_TRUE(*c.seek(as_bytes("f")));
       },
       "bf"},
  };
  for (const Case& test : cases) {
    for (const char* key : {"a", "b", "c", "d", "e", "f", "g"}) {
      SCOPED_TRACE(format("{}, then a write to {}", test.name, key));
      Transaction txn = after_walk(test.walk);
      const bool is_row = std::string_view("bdf").contains(*key);
      put(key, "1");
      EXPECT_EQ(commit(txn), test.conflicts.contains(*key) ? "conflict" : "ok");
      if (!is_row) remove(key);
    }
  }
}

TEST_F(SerializableTest, RowRemovedFromAWalkedRangeIsAConflict) {
  Transaction txn = after_walk([](Cursor& c) {
    for (auto row = c.seek_first(); *row;) row = c.next();
  });
  remove("d");
  EXPECT_EQ(commit(txn), "conflict");
}

TEST_F(SerializableTest, DroppingATableThatWasReadIsAConflict) {
  Transaction txn = after_walk([](Cursor& c) { EXPECT_TRUE(*c.seek_first()); });
  Transaction drop = database_->begin();
  ASSERT_TRUE(drop.drop_table(kTable).has_value());
  EXPECT_EQ(commit(drop), "ok");
  EXPECT_EQ(commit(txn), "conflict");
}

TEST_F(SerializableTest, FirstRowOfATableThatDidNotExistIsAPhantom) {
  Transaction txn = database_->begin(Isolation::kSerializable);
  auto cursor = txn.cursor(TableId{99});
  ASSERT_TRUE(cursor.has_value());
  EXPECT_FALSE(*(*cursor)->seek_first());
  put(txn, "elsewhere", "1", kOther);
  put("first", "1", TableId{99});
  EXPECT_EQ(commit(txn), "conflict");
}

// Both count the rows and insert one of their own if there are fewer than four.
TEST_F(SerializableTest, OfTwoThatCountAndInsertTheSecondLoses) {
  const auto count_and_insert = [&](Transaction& txn, std::string_view key) {
    auto cursor = txn.cursor(kTable);
    int rows = 0;
    for (auto row = (*cursor)->seek_first(); *row; row = (*cursor)->next()) ++rows;
    if (rows < 4) put(txn, key, "1");
  };
  for (const Isolation isolation : {Isolation::kSerializable, Isolation::kSnapshot}) {
    Transaction first = database_->begin(isolation);
    Transaction second = database_->begin(isolation);
    count_and_insert(first, "x");
    count_and_insert(second, "y");
    EXPECT_EQ(commit(first), "ok");
    EXPECT_EQ(commit(second), isolation == Isolation::kSnapshot ? "ok" : "conflict");
    remove("x");
  }
}

TEST_F(SerializableTest, RangeReadBeforeMoreCommitsThanAreRememberedIsAConflict) {
  Transaction txn = after_walk([](Cursor& c) { EXPECT_TRUE(*c.seek(as_bytes("b"))); });
  Transaction point = database_->begin(Isolation::kSerializable);
  EXPECT_EQ(get(point, "b"), "0");
  put(point, "another", "1", kOther);
  for (int i = 0; i < 9000; ++i) put("busy", std::to_string(i), kOther);
  EXPECT_EQ(commit(txn), "conflict");
  EXPECT_EQ(commit(point), "ok") << "single keys are remembered longer";
}

// ISO-2: the last-writer table has long forgotten what the row itself still says.
TEST_F(SerializableTest, OldSnapshotMayWriteARowThatNobodyWroteSince) {
  Transaction old = database_->begin();
  Transaction late = database_->begin();
  EXPECT_EQ(get(old, "b"), "0");
  put(old, "b", "1");
  put(late, "d", "1");
  ASSERT_TRUE(old.require_unchanged(kTable, as_bytes("f")).has_value());
  put("d", "2");
  for (int batch = 0; batch < 30; ++batch) {
    Transaction many = database_->begin();
    for (int i = 0; i < 10'000; ++i) put(many, format("{}-{}", batch, i), "1", kOther);
    ASSERT_EQ(commit(many), "ok");
  }
  EXPECT_EQ(commit(old), "ok");
  EXPECT_EQ(commit(late), "conflict");
}

}  // namespace
}  // namespace nacre::txn
