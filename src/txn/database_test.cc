#include "txn/database.h"

#include <gtest/gtest.h>

namespace nacre::txn {
namespace {

constexpr TableId kTable{7};

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.create_if_missing = true;
    auto opened =
        Database::open(::testing::UnitTest::GetInstance()->current_test_info()->name(), options);
    ASSERT_TRUE(opened.has_value());
    database_ = std::move(*opened);
  }

  void put(std::string_view key, std::string_view value) {
    Transaction txn = database_->begin();
    ASSERT_TRUE(txn.put(kTable, as_bytes(key), as_bytes(value)).has_value());
    ASSERT_TRUE(txn.commit().has_value());
  }

  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, SnapshotKeepsItsPositionWhileWritersMoveOn) {
  put("a", "1");
  const Snapshot before = database_->snapshot();
  put("a", "2");
  EXPECT_EQ(**before.get(kTable, as_bytes("a")), "1");
  EXPECT_EQ(**database_->snapshot().get(kTable, as_bytes("a")), "2");
}

TEST_F(DatabaseTest, TransactionReadsItsOwnWritesAndNobodyElseDoes) {
  put("a", "1");
  Transaction txn = database_->begin();
  ASSERT_TRUE(txn.put(kTable, as_bytes("b"), as_bytes("2")).has_value());
  ASSERT_TRUE(txn.remove(kTable, as_bytes("a")).has_value());
  EXPECT_EQ(**txn.get(kTable, as_bytes("b")), "2");
  EXPECT_FALSE(txn.get(kTable, as_bytes("a"))->has_value());
  EXPECT_FALSE(database_->snapshot().get(kTable, as_bytes("b"))->has_value());
}

TEST_F(DatabaseTest, SecondWriterOfOneKeyConflicts) {
  Transaction first = database_->begin();
  Transaction second = database_->begin();
  ASSERT_TRUE(first.put(kTable, as_bytes("a"), as_bytes("1")).has_value());
  ASSERT_TRUE(second.put(kTable, as_bytes("a"), as_bytes("2")).has_value());
  ASSERT_TRUE(first.commit().has_value());
  const auto lost = second.commit();
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code(), Code::kConflict);
}

TEST_F(DatabaseTest, CursorMergesOwnWritesInBothDirections) {
  put("a", "1");
  put("c", "3");
  put("e", "5");
  Transaction txn = database_->begin();
  ASSERT_TRUE(txn.put(kTable, as_bytes("b"), as_bytes("2")).has_value());
  ASSERT_TRUE(txn.remove(kTable, as_bytes("c")).has_value());
  auto cursor = txn.cursor(kTable);
  ASSERT_TRUE(cursor.has_value());
  std::string forward;
  for (bool row = *(*cursor)->seek_first(); row; row = *(*cursor)->next()) {
    forward += as_text((*cursor)->key());
  }
  std::string backward;
  for (bool row = *(*cursor)->seek_last(); row; row = *(*cursor)->prev()) {
    backward += as_text((*cursor)->key());
  }
  EXPECT_EQ(forward, "abe");
  EXPECT_EQ(backward, "eba");
}

}  // namespace
}  // namespace nacre::txn
