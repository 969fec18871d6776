// Rows that come after all others, put many at a time.
#include <gtest/gtest.h>

#include <random>

#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

struct Appended {
  std::vector<std::string> keys;
  std::vector<std::string> values;
  std::vector<Row> rows;

  void add(std::string key, std::string value) {
    keys.push_back(std::move(key));
    values.push_back(std::move(value));
  }
  std::span<const Row> views() {
    rows.clear();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      rows.push_back({.key = as_bytes(keys[i]), .value = as_bytes(values[i]), .word = 65536 + i});
    }
    return rows;
  }
};

std::size_t append_all(TestBase& base, std::span<const Row> rows) {
  std::size_t done = 0;
  while (done < rows.size()) {
    const auto some = base.tree->append(rows.subspan(done));
    EXPECT_TRUE(some.has_value()) << some.error().text();
    if (!some.has_value() || *some == 0) break;
    done += *some;
  }
  base.pager->publish();
  return done;
}

std::size_t check_rows(const TestBase& base) {
  TreeCheck report;
  EXPECT_TRUE(base.tree->check(page::View::newest(), report).has_value());
  for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
  return report.rows_checked;
}

TEST(TreeAppend, FillsPagesToTheBrim) {
  TestBase base(2048);
  Appended appended;
  for (int i = 0; i < 20'000; ++i) {
    appended.add(format("user{:019}", 7'000'000'000 + i * 1013), std::string(100, 'v'));
  }
  ASSERT_EQ(append_all(base, appended.views()), 20'000U);
  EXPECT_EQ(check_rows(base), 20'000U);
  const double bytes = 20'000 * 123;
  EXPECT_LT(static_cast<double>(base.pager->stats().page_count) * page::kPageSize / bytes, 1.1);
}

TEST(TreeAppend, WhatDoesNotComeAfterAllIsNotTaken) {
  TestBase base;
  Appended appended;
  appended.add("b", "1");
  EXPECT_EQ(append_all(base, appended.views()), 1U);
  EXPECT_EQ(append_all(base, appended.views()), 0U) << "b is there";
  Appended before;
  before.add("a", "1");
  EXPECT_EQ(append_all(base, before.views()), 0U);
  EXPECT_EQ(check_rows(base), 1U);
}

// Rows of all sizes, among them those that fill a page and keys as long as they get, between puts
// and removals that leave fences of keys that are gone.
TEST(TreeAppend, KeepsTheTreeWholeForRowsOfAllSizes) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(format("seed {}", seed));
    std::mt19937_64 random(seed);
    TestBase base(4096, seed);
    Model model;
    std::uint64_t next = 0;
    const bool long_keys = seed % 3 == 0;
    for (int round = 0; round < 40; ++round) {
      Appended appended;
      const std::uint64_t count = 1 + random() % 120;
      for (std::uint64_t i = 0; i < count; ++i) {
        next += 1 + random() % 50;
        std::string key = format("{:09}", next);
        if (long_keys && random() % 4 == 0) key.append(random() % 980, 'k');
        const std::size_t room = 7800 - std::min<std::size_t>(7700, 3 * key.size());
        std::string value(random() % 20 == 0 ? random() % room : random() % 200, 'v');
        appended.add(std::move(key), std::move(value));
      }
      ASSERT_EQ(append_all(base, appended.views()), count);
      for (std::uint64_t i = 0; i < count; ++i) {
        model[appended.keys[i]] = {appended.values[i], 65536 + i, 0};
      }
      // The newest rows go, so that a fence is left behind; now and then all of them.
      for (auto left = random() % 3 == 0 ? random() % 300 : 0; left > 0 && !model.empty(); --left) {
        const std::string key = model.rbegin()->first;
        const auto removed = base.tree->remove(as_bytes(key));
        ASSERT_TRUE(removed.has_value() && *removed);
        model.erase(key);
      }
      base.pager->publish();
      ASSERT_EQ(check_rows(base), model.size());
    }
    Cursor cursor(*base.tree, page::View::newest());
    auto row = cursor.seek_first();
    for (const auto& [key, expected] : model) {
      ASSERT_TRUE(row.has_value() && *row);
      ASSERT_EQ(as_text(cursor.key()), key);
      ASSERT_EQ(as_text(cursor.value()), expected.value);
      ASSERT_EQ(cursor.word(), expected.word);
      row = cursor.next();
    }
    EXPECT_TRUE(row.has_value() && !*row);
  }
}

}  // namespace
}  // namespace nacre::tree
