#include "query/sorter.h"

#include <gtest/gtest.h>

#include "document/database_testing.h"

namespace nacre::query {
namespace {

class Sorting : public ::testing::Test {
 protected:
  // Records 0 to count - 1 in a mixed order; equal keys for each four of them.
  Result<std::vector<std::string>> sorted(std::size_t bytes_max, std::uint64_t limit,
                                          bool allow_disk_use = true) {
    Sorter sorter({.files = &database_->temporary_files(),
                   .bytes_max = bytes_max,
                   .allow_disk_use = allow_disk_use},
                  "Sort", limit);
    constexpr int kCount = 1000;
    for (int i = 0; i < kCount; ++i) {
      const int number = i * 7 % kCount;
      const std::string key = std::to_string(1000 + number / 4);
      NACRE_TRY(sorter.add(key, key + "-" + std::to_string(i)));
    }
    NACRE_TRY(sorter.finish());
    used_disk_ = sorter.used_disk();
    std::vector<std::string> records;
    while (true) {
      const auto record = NACRE_TRY(sorter.next());
      if (!record) return records;
      records.emplace_back(*record);
    }
  }

  std::unique_ptr<document::Database> database_ =
      document::testing::open(document::testing::new_path());
  bool used_disk_ = false;
};

TEST_F(Sorting, WhatMemoryDoesNotHoldComesFromDiskInTheSameOrder) {
  const auto in_memory = sorted(std::size_t{1} << 20, 0);
  ASSERT_TRUE(in_memory && in_memory->size() == 1000);
  EXPECT_FALSE(used_disk_);
  const auto from_disk = sorted(4000, 0);
  ASSERT_TRUE(from_disk) << from_disk.error().text();
  EXPECT_TRUE(used_disk_);
  EXPECT_EQ(*from_disk, *in_memory);
  const auto first = sorted(4000, 300);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, std::vector<std::string>(in_memory->begin(), in_memory->begin() + 300));
}

TEST_F(Sorting, WithoutDiskUseItSaysThatMemoryIsNotEnough) {
  const auto refused = sorted(4000, 0, /*allow_disk_use=*/false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().number(), 292);
  EXPECT_TRUE(sorted(4000, 20, /*allow_disk_use=*/false)) << "few rows need little memory";
}

}  // namespace
}  // namespace nacre::query
