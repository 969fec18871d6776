#include <gtest/gtest.h>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kTable{5};

class LoadTest : public ::testing::Test {
 protected:
  void SetUp() override { open(std::uint64_t{1} << 30); }

  void open(std::uint64_t history_bytes) {
    database_.reset();
    Options options;
    options.file_system = &disk_;
    options.create_if_missing = true;
    options.cache_bytes = std::size_t{8} << 20;
    options.history_bytes = history_bytes;
    auto opened = Database::open("db", options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
  }

  static std::string key(std::uint64_t i) { return format("key{:08}", i); }

  Result<std::uint64_t> load(std::uint64_t begin, std::uint64_t end, std::size_t value_bytes = 90) {
    std::string key_text;
    const std::string value(value_bytes, 'v');
    return database_->load(kTable, [&](Database::LoadRow& row) -> Result<bool> {
      if (begin == end) return false;
      key_text = key(begin++);
      row = {as_bytes(key_text), as_bytes(value)};
      return true;
    });
  }

  std::uint64_t count() {
    const auto cursor = database_->snapshot().cursor(kTable);
    EXPECT_TRUE(cursor.has_value());
    std::uint64_t rows = 0;
    auto row = (*cursor)->seek_first();
    for (; row.has_value() && *row; row = (*cursor)->next()) ++rows;
    EXPECT_TRUE(row.has_value());
    return rows;
  }

  void expect_sound() {
    const auto report = database_->verify();
    ASSERT_TRUE(report.has_value()) << report.error().text();
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  }

  io::SimFileSystem disk_{1};
  std::unique_ptr<Database> database_;
};

TEST_F(LoadTest, RowsAreThereAfterwardsAndAfterAReopen) {
  const auto loaded = load(0, 20'000);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
  EXPECT_EQ(*loaded, 20'000U);
  EXPECT_EQ(count(), 20'000U);
  expect_sound();
  open(std::uint64_t{1} << 30);
  EXPECT_EQ(count(), 20'000U);
  expect_sound();
}

TEST_F(LoadTest, GoesOnAfterWhatIsThereAndBetween) {
  ASSERT_TRUE(load(1000, 3000).has_value());
  ASSERT_TRUE(load(3000, 5000).has_value());
  ASSERT_TRUE(load(0, 4000).has_value()) << "replaces what it meets";
  EXPECT_EQ(count(), 5000U);
  expect_sound();
}

TEST_F(LoadTest, TakesLongValues) {
  ASSERT_TRUE(load(0, 40, 100'000).has_value());
  ASSERT_TRUE(load(40, 400, 5'000).has_value());
  EXPECT_EQ(count(), 400U);
  expect_sound();
}

TEST_F(LoadTest, DeletedKeysThatComeBackKeepTheirPast) {
  ASSERT_TRUE(load(0, 100).has_value());
  Transaction txn = database_->begin();
  for (std::uint64_t i = 50; i < 100; ++i) {
    ASSERT_TRUE(txn.remove(kTable, as_bytes(key(i))).has_value());
  }
  const auto removed = txn.commit();
  ASSERT_TRUE(removed.has_value());
  const Position before{number(*removed) - 1};
  ASSERT_TRUE(load(50, 100, 10).has_value());
  EXPECT_EQ(count(), 100U);
  const auto past = database_->snapshot_at(before);
  ASSERT_TRUE(past.has_value());
  EXPECT_EQ(past->get(kTable, as_bytes(key(70)))->value_or(""), std::string(90, 'v'));
  const auto gone = database_->snapshot_at(*removed);
  ASSERT_TRUE(gone.has_value());
  EXPECT_FALSE(gone->get(kTable, as_bytes(key(70)))->has_value());
  expect_sound();
}

TEST_F(LoadTest, OrderIsAskedFor) {
  int i = 0;
  const auto loaded = database_->load(kTable, [&](Database::LoadRow& row) -> Result<bool> {
    row = {as_bytes(i++ == 0 ? "b" : "a"), as_bytes("v")};
    return true;
  });
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), Code::kInvalid);
}

TEST_F(LoadTest, ATransactionThatBeganBeforeConflicts) {
  ASSERT_TRUE(load(0, 10).has_value());
  Transaction writer = database_->begin();
  Transaction elsewhere = database_->begin();
  ASSERT_TRUE(load(10, 20).has_value());
  ASSERT_TRUE(writer.put(kTable, as_bytes(key(15)), as_bytes("v")).has_value());
  const auto committed = writer.commit();
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error().code(), Code::kConflict);
  ASSERT_TRUE(elsewhere.put(TableId{6}, as_bytes("a"), as_bytes("v")).has_value());
  EXPECT_TRUE(elsewhere.commit().has_value());
}

}  // namespace
}  // namespace nacre::txn
