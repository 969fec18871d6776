// Databases much larger than their cache, and transactions whose pages do not fit it at once.
#include <gtest/gtest.h>

#include <map>

#include "io/random.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kTable{1};
using Rows = std::map<std::string, std::string>;

class SmallCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.file_system = &disk_;
    options_.create_if_missing = true;
    options_.cache_bytes = 64 * 8192;
    options_.background_thread = false;
    open();
  }

  void open() {
    auto opened = Database::open("db", options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
  }

  // One transaction of `count` random writes, applied to `model` when it commits.
  void write(io::Random& random, int count, Rows& model) {
    Transaction txn = database_->begin();
    Rows changed = model;
    for (int i = 0; i < count; ++i) {
      const std::string key = "key" + std::to_string(random.below(20000));
      if (random.chance(1, 8)) {
        ASSERT_TRUE(txn.remove(kTable, as_bytes(key)).has_value());
        changed.erase(key);
      } else {
        const std::string value(100 + random.below(400), static_cast<char>('a' + i % 26));
        ASSERT_TRUE(txn.put(kTable, as_bytes(key), as_bytes(value)).has_value());
        changed[key] = value;
      }
    }
    const auto committed = txn.commit();
    ASSERT_TRUE(committed.has_value()) << committed.error().text();
    model = std::move(changed);
  }

  void expect_rows(const Rows& model) {
    const Snapshot snapshot = database_->snapshot();
    auto cursor = snapshot.cursor(kTable);
    ASSERT_TRUE(cursor.has_value()) << cursor.error().text();
    auto row = (*cursor)->seek_first();
    for (const auto& [key, value] : model) {
      ASSERT_TRUE(row.has_value()) << row.error().text();
      ASSERT_TRUE(*row) << "rows end before " << key;
      ASSERT_EQ(as_text((*cursor)->key()), key);
      ASSERT_EQ(as_text((*cursor)->value()), value) << key;
      row = (*cursor)->next();
    }
    ASSERT_TRUE(row.has_value()) << row.error().text();
    EXPECT_FALSE(*row);
    const auto report = database_->verify();
    ASSERT_TRUE(report.has_value()) << report.error().text();
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  }

  io::SimFileSystem disk_{11};
  Options options_;
  std::unique_ptr<Database> database_;
};

TEST_F(SmallCacheTest, TransactionsLargerThanTheCacheAreAppliedWholeAndReplayed) {
  io::Random random(4);
  Rows model;
  for (int round = 0; round < 4; ++round) write(random, 1500, model);
  expect_rows(model);
  EXPECT_GT(database_->stats().page_count, 2 * 64u) << "more pages than the cache has";
  EXPECT_LE(database_->stats().cache_bytes, options_.cache_bytes);
  disk_.cut_power_after(0);
  database_.reset();
  disk_.reboot();
  open();
  expect_rows(model);
}

TEST_F(SmallCacheTest, SnapshotIsWholeOrCancelledWhileMuchMoreThanTheCacheChanges) {
  io::Random random(5);
  Rows model;
  write(random, 200, model);
  const Snapshot before = database_->snapshot();
  const std::string key = model.begin()->first;
  Rows later = model;
  for (int round = 0; round < 3; ++round) write(random, 1000, later);
  const auto seen = before.get(kTable, as_bytes(key));
  if (seen.has_value()) {
    EXPECT_EQ(*seen, model.begin()->second);  // ISO-1
  } else {
    EXPECT_EQ(seen.error().code(), Code::kTooOld);
  }
  expect_rows(later);
}

}  // namespace
}  // namespace nacre::txn
