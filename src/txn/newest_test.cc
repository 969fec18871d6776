// Reads of the newest state without a snapshot, beside writers that change pages in place.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kTable{3};

class NewestTest : public ::testing::Test {
 protected:
  void open(std::size_t cache_bytes, std::uint64_t history_bytes) {
    options_.file_system = &disk_;
    options_.create_if_missing = true;
    options_.cache_bytes = cache_bytes;
    options_.history_bytes = history_bytes;
    auto opened = Database::open("db", options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
  }

  void put(std::string_view key, std::string_view value, TableId table = kTable) {
    Transaction txn = database_->begin();
    ASSERT_TRUE(txn.put(table, as_bytes(key), as_bytes(value)).has_value());
    const auto done = txn.commit(Durability::kAsync);
    ASSERT_TRUE(done.has_value()) << done.error().text();
  }

  std::string get(std::string_view key, TableId table = kTable) {
    std::string value;
    const auto found = database_->get(table, as_bytes(key), value);
    if (!found.has_value()) return found.error().text();
    return *found ? value : "(none)";
  }

  std::string rows(std::string_view from, std::size_t limit, TableId table = kTable) {
    std::string text;
    const auto done =
        database_->visit_rows(table, as_bytes(from), limit, [&](std::span<const RowView> rows) {
          for (const RowView& row : rows) {
            text.append(as_text(row.prefix)).append(as_text(row.suffix)).append("=");
            text.append(as_text(row.value).substr(0, 8)).append(" ");
          }
        });
    return done.has_value() ? text : done.error().text();
  }

  std::uint64_t count(TableId table = kTable) { return database_->row_count(table)->value_or(0); }

  io::SimFileSystem disk_{1};
  Options options_;
  std::unique_ptr<Database> database_;
};

TEST_F(NewestTest, RowsAreCountedWithoutLookingAtThem) {
  open(std::size_t{8} << 20, std::uint64_t{1} << 20);
  EXPECT_EQ(count(), 0U);
  for (int i = 0; i < 100; ++i) put(format("key{:03}", i), "value");
  put("key007", "another value");
  EXPECT_EQ(count(), 100U);
  Transaction txn = database_->begin();
  for (int i = 0; i < 5000; ++i) {  // more than is applied in place
    ASSERT_TRUE(txn.put(kTable, as_bytes(format("more{:05}", i)), as_bytes("v")));
  }
  ASSERT_TRUE(txn.remove(kTable, as_bytes("key000")));
  EXPECT_EQ(count(), 100U);
  ASSERT_TRUE(txn.commit());
  EXPECT_EQ(count(), 5099U);
  ASSERT_TRUE(database_->close());
  open(std::size_t{8} << 20, std::uint64_t{1} << 20);
  EXPECT_EQ(count(), 5099U);
  Transaction drop = database_->begin();
  ASSERT_TRUE(drop.drop_table(kTable));
  ASSERT_TRUE(drop.commit());
  EXPECT_EQ(count(), 0U);
}

TEST_F(NewestTest, EveryCommitIsSeenAtOnce) {
  open(std::size_t{4} << 20, 0);
  EXPECT_EQ(get("a"), "(none)");
  EXPECT_EQ(rows("", 10), "");
  for (int i = 0; i < 50; ++i) {
    put("a", std::to_string(i));
    EXPECT_EQ(get("a"), std::to_string(i));
    // A table from its first row on.
    const TableId fresh{static_cast<std::uint32_t>(100 + i)};
    put("k", "v", fresh);
    EXPECT_EQ(get("k", fresh), "v");
  }
  const Snapshot held = database_->snapshot();  // changes are copies from now on
  put("a", "later");
  EXPECT_EQ(get("a"), "later");
  EXPECT_EQ(held.get(kTable, as_bytes("a"))->value_or(""), "49");
}

TEST_F(NewestTest, RowsComeInOrderOverManyPages) {
  open(std::size_t{4} << 20, 0);
  std::string all;
  for (int i = 1000; i < 1700; ++i) {
    put(std::to_string(i), "v" + std::to_string(i) + std::string(100, '.'));
  }
  for (int i = 1234; i < 1634; ++i) all += format("{}=v{}... ", i, i);
  EXPECT_EQ(rows("12335", 400), all);
  EXPECT_EQ(rows("1699", 400), "1699=v1699... ");
  EXPECT_EQ(rows("17", 400), "");
}

TEST_F(NewestTest, LongValuesAndLongScansAreRead) {
  open(std::size_t{4} << 20, 0);
  put("a", std::string(100'000, 'x'));
  put("b", "short");
  EXPECT_EQ(get("a"), std::string(100'000, 'x'));
  EXPECT_EQ(rows("", 10), "a=xxxxxxxx b=short ");
  EXPECT_EQ(rows("", 100'000), "a=xxxxxxxx b=short ");
}

TEST_F(NewestTest, PagesThatAreNotInMemoryAreRead) {
  open(32 * std::size_t{8192}, 0);
  const std::string value(1000, 'v');
  for (int i = 1000; i < 2000; ++i) put(std::to_string(i), std::to_string(i) + value);
  for (int i = 1000; i < 2000; i += 7) {
    EXPECT_EQ(get(std::to_string(i)).substr(0, 4), std::to_string(i));
  }
  // More than memory holds at once.
  std::string all;
  for (int i = 1000; i < 2000; ++i) all += format("{}={}vvvv ", i, i);
  EXPECT_EQ(rows("", 1000), all);
}

TEST_F(NewestTest, AClosedDatabaseSaysSo) {
  open(std::size_t{4} << 20, 0);
  put("a", "1");
  ASSERT_TRUE(database_->close().has_value());
  std::string value;
  const auto found = database_->get(kTable, as_bytes("a"), value);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code(), Code::kClosed);
}

// Writers move amounts between rows of one page and rows of others; whoever reads all of them at
// once sees the same sum, and whoever reads one sees it never go back.
class NewestThreadsTest : public NewestTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(NewestThreadsTest, EachScanSeesOneStateAndNoneAnOlderOne) {
  constexpr int kRows = 40;
  constexpr std::uint64_t kTotal = kRows * 1000;
  open(std::size_t{4} << 20, GetParam());
  const auto key = [](std::uint64_t i) { return format("row{:04}", i); };
  const auto padded = [](std::uint64_t amount) {
    return format("{:08}", amount) + std::string(400, '-');
  };
  {
    Transaction txn = database_->begin();
    for (std::uint64_t i = 0; i < kRows; ++i) {
      ASSERT_TRUE(txn.put(kTable, as_bytes(key(i)), as_bytes(padded(1000))).has_value());
    }
    ASSERT_TRUE(txn.put(kTable, as_bytes("zcount"), as_bytes(padded(0))).has_value());
    ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
  }
  std::atomic<bool> is_over = false;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!is_over.load()) {
        std::uint64_t sum = 0;
        std::uint64_t count = 0;
        const auto done = database_->visit_rows(
            kTable, as_bytes("row"), kRows, [&](std::span<const RowView> rows) {
              for (const RowView& row : rows) {
                sum += std::stoull(std::string(as_text(row.value).substr(0, 8)));
                ++count;
              }
            });
        ASSERT_TRUE(done.has_value()) << done.error().text();
        EXPECT_EQ(count, std::uint64_t{kRows});
        EXPECT_EQ(sum, kTotal);
        const std::uint64_t now = std::stoull(get("zcount").substr(0, 8));
        EXPECT_GE(now, last);
        last = now;
      }
    });
  }
  std::mt19937_64 random(5);
  std::vector<std::uint64_t> amounts(kRows, 1000);
  for (std::uint64_t i = 1; i <= 600; ++i) {
    const std::uint64_t from = random() % kRows;
    const std::uint64_t to = random() % kRows;
    const std::uint64_t moved = std::min<std::uint64_t>(amounts[from], random() % 9);
    amounts[from] -= moved;
    amounts[to] += moved;
    Transaction txn = database_->begin();
    ASSERT_TRUE(txn.put(kTable, as_bytes(key(from)), as_bytes(padded(amounts[from]))).has_value());
    ASSERT_TRUE(txn.put(kTable, as_bytes(key(to)), as_bytes(padded(amounts[to]))).has_value());
    ASSERT_TRUE(txn.put(kTable, as_bytes("zcount"), as_bytes(padded(i))).has_value());
    // Splits and new tables, under the readers' eyes.
    ASSERT_TRUE(txn.put(kTable, as_bytes(format("sow{}", i)), as_bytes(padded(0))).has_value());
    const TableId another{number(kTable) + 1 + static_cast<std::uint32_t>(i / 50)};
    ASSERT_TRUE(txn.put(another, as_bytes("k"), as_bytes("v")).has_value());
    ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
    EXPECT_EQ(get("zcount").substr(0, 8), format("{:08}", i));
    const bool is_checkpointed = i % 60 != 0 || database_->checkpoint().has_value();
    ASSERT_TRUE(is_checkpointed);
    if (i % 45 == 0) static_cast<void>(database_->snapshot());
  }
  is_over.store(true);
  for (std::thread& reader : readers) reader.join();
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutHistory, NewestThreadsTest,
                         ::testing::Values(0, std::uint64_t{1} << 30));

}  // namespace
}  // namespace nacre::txn
