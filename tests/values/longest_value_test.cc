// The longest value there is, through a commit, a crash and a checkpoint.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/random.h"
#include "io/sim_file_system.h"
#include "support/world.h"
#include "txn/database.h"

namespace nacre {
namespace {

constexpr TableId kTable{1};

std::unique_ptr<txn::Database> open(io::SimFileSystem& disk) {
  txn::Options options;
  options.file_system = &disk;
  options.create_if_missing = true;
  options.cache_bytes = std::size_t{8} << 20;
  options.background_thread = false;
  auto opened = txn::Database::open("d", options);
  EXPECT_TRUE(opened.has_value()) << opened.error().text();
  return std::move(*opened);
}

TEST(LongestValue, FitsATransactionAndTwoDoNotAndItsSpaceComesBack) {
  io::SimFileSystem disk(1);
  io::Random random(1);
  const std::string longest = test::bytes_of(random, txn::kValueSizeMax);
  auto database = open(disk);
  const auto expect_there = [&] {
    std::size_t at = 0;
    const auto size =
        database->snapshot().read_value(kTable, as_bytes("a"), 0, [&](Bytes piece) -> Result<bool> {
          EXPECT_TRUE(as_text(piece) == std::string_view(longest).substr(at, piece.size()));
          at += piece.size();
          return true;
        });
    ASSERT_TRUE(size.has_value()) << size.error().text();
    EXPECT_EQ(*size, longest.size());
    EXPECT_EQ(at, longest.size());
  };
  {
    txn::Transaction two = database->begin();
    ASSERT_TRUE(two.put(kTable, as_bytes("b"), as_bytes(longest)).has_value());
    ASSERT_TRUE(two.put(kTable, as_bytes("c"), as_bytes(longest)).has_value());
    const auto refused = two.commit();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Code::kFull);
  }
  txn::Transaction txn = database->begin();
  ASSERT_TRUE(txn.put(kTable, as_bytes("a"), as_bytes(longest)).has_value());
  const auto committed = txn.commit();
  ASSERT_TRUE(committed.has_value()) << committed.error().text();
  expect_there();
  database.reset();
  database = open(disk);  // from the log
  expect_there();
  ASSERT_TRUE(database->checkpoint().has_value());
  expect_there();
  const auto report = database->verify();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->problems, std::vector<std::string>());
  txn::Transaction gone = database->begin();
  ASSERT_TRUE(gone.remove(kTable, as_bytes("a")).has_value());
  ASSERT_TRUE(gone.commit().has_value());
  // The past has it still, until it is forgotten.
  ASSERT_TRUE(database->set_horizon(database->stats().position).has_value());
  ASSERT_TRUE(database->vacuum().has_value());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(database->checkpoint().has_value());
  EXPECT_LT(database->stats().used_bytes, std::uint64_t{1} << 20);
}

}  // namespace
}  // namespace nacre
