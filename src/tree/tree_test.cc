#include "tree/tree.h"

#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

using page::View;

std::string number_key(std::uint64_t i) { return format("user{:019}", i); }

TEST(Tree, ARowIsThereOnlyAfterItsPut) {
  TestBase base;
  std::string value;
  std::uint64_t word = 0;
  auto found = base.tree->get(View::open(), as_bytes("k"), value);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(*found);
  auto is_new = base.tree->put(as_bytes("k"), as_bytes("v"), 65536);
  ASSERT_TRUE(is_new.has_value());
  EXPECT_TRUE(*is_new);
  found = base.tree->get(View::newest(), as_bytes("k"), value);
  EXPECT_FALSE(*found) << "unpublished changes are the applier's own";
  base.pager->publish();
  found = base.tree->get(View::newest(), as_bytes("k"), value, &word);
  EXPECT_TRUE(*found);
  EXPECT_EQ(value, "v");
  EXPECT_EQ(word, 65536U);
}

TEST(Tree, AHoldKeepsSeeingWhatItSaw) {
  TestBase base;
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(
        base.tree->put(as_bytes(number_key(static_cast<std::uint64_t>(i))), as_bytes("old"), 1)
            .has_value());
  }
  base.pager->publish();
  const page::Hold hold = base.pager->hold();
  for (int i = 0; i < 3000; ++i) {
    const std::string key = number_key(static_cast<std::uint64_t>(i));
    if (i % 3 == 0) {
      ASSERT_TRUE(base.tree->remove(as_bytes(key)).has_value());
    } else {
      ASSERT_TRUE(base.tree->put(as_bytes(key), as_bytes("new value"), 2).has_value());
    }
    base.pager->publish();
  }
  expect_sound(*base.tree, hold.view(), 3000);
  expect_sound(*base.tree, View::newest(), 2000);
  Cursor cursor(*base.tree, hold.view());
  auto there = cursor.seek_first();
  int rows = 0;
  for (; *there; there = cursor.next(), ++rows) {
    ASSERT_EQ(as_text(cursor.value()), "old");
    ASSERT_EQ(as_text(cursor.key()), number_key(static_cast<std::uint64_t>(rows)));
  }
  EXPECT_EQ(rows, 3000);
}

TEST(Tree, RowsThatDoNotFitAPageAreRefused) {
  TestBase base;
  const std::string long_key(1001, 'k');
  const std::string big(7801, 'v');
  for (const auto& [key, value] :
       {std::pair{std::string(), std::string("v")}, std::pair{long_key, std::string("v")},
        std::pair{std::string("k"), big},
        std::pair{std::string(1000, 'k'), std::string(7000, 'v')}}) {
    const auto put = base.tree->put(as_bytes(key), as_bytes(value), 1);
    ASSERT_FALSE(put.has_value());
    EXPECT_EQ(put.error().code(), Code::kInvalid);
  }
  expect_sound(*base.tree, View::open(), 0);
}

TEST(Tree, TheLargestRowsFitBetweenAnyNeighbours) {
  // Fences as long as keys get, and rows as large as row_fits() allows, in every order.
  TestBase base;
  Model model;
  const auto put = [&](std::string key, std::size_t size) {
    const std::string value(size, static_cast<char>('a' + model.size() % 26));
    const auto done = base.tree->put(as_bytes(key), as_bytes(value), model.size());
    ASSERT_TRUE(done.has_value()) << done.error().text();
    model[key] = {value, model.contains(key) ? model[key].word : model.size()};
    expect_sound(*base.tree, View::open(), model.size());
    base.pager->publish();
  };
  for (const char c : {'m', 'd', 'x', 'e', 'w'}) {
    std::string key(1000, c);
    put(key, 4900);
    key.back() = static_cast<char>(c + 1);
    put(key, 4900);
    put(std::string(300, c), 7000);
    put(std::string(1, c), 7000);
    put(std::string(1, c) + "0", 10);
  }
}

TEST(Tree, AscendingInsertsFillTheirPages) {
  TestBase base(2048);
  constexpr std::uint64_t kRows = 20000;
  const std::string value(100, 'v');
  for (std::uint64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(base.tree->put(as_bytes(number_key(i)), as_bytes(value), i).has_value());
    if (i % 100 == 0) base.pager->publish();
  }
  base.pager->publish();
  expect_sound(*base.tree, View::newest(), kRows);
  const std::uint64_t row_bytes = 100 + 20 + 8 + 9;
  EXPECT_LT(base.pager->stats().page_count * page::kPageSize, kRows * row_bytes * 12 / 10);
}

TEST(Tree, RemovingEverythingGivesThePagesBack) {
  TestBase base(2048);
  constexpr std::uint64_t kRows = 20000;
  for (std::uint64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(
        base.tree->put(as_bytes(number_key(i * 7919 % kRows)), as_bytes("value"), i).has_value());
  }
  base.pager->publish();
  EXPECT_GT(base.pager->stats().page_count, 50U);
  for (std::uint64_t i = 0; i < kRows; ++i) {
    const auto removed = base.tree->remove(as_bytes(number_key(i * 104729 % kRows)));
    ASSERT_TRUE(removed.has_value());
    ASSERT_TRUE(*removed);
    if (i % 50 == 0) base.pager->publish();
  }
  base.pager->publish();
  expect_sound(*base.tree, View::newest(), 0);
  EXPECT_EQ(base.pager->stats().page_count, 1U);
}

// TREE-1
TEST(Tree, ClearKeepsTheRootAndDestroyDoesNot) {
  TestBase base;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(base.tree->put(as_bytes(number_key(i)), as_bytes("value"), i).has_value());
  }
  base.pager->publish();
  const page::Hold hold = base.pager->hold();
  ASSERT_TRUE(base.tree->clear().has_value());
  base.pager->publish();
  expect_sound(*base.tree, View::newest(), 0);
  expect_sound(*base.tree, hold.view(), 5000);
  EXPECT_EQ(base.pager->stats().page_count, 1U);
  ASSERT_TRUE(base.tree->destroy().has_value());
  base.pager->publish();
  EXPECT_EQ(base.pager->stats().page_count, 0U);
  expect_sound(*base.tree, hold.view(), 5000);
}

TEST(BulkLoad, GivesTheTreeItsRowsInFullPages) {
  for (const std::uint64_t rows : {0U, 1U, 50U, 70U, 5000U, 60000U}) {
    TestBase base(64);
    const std::string value(100, 'v');
    std::string key;
    std::uint64_t i = 0;
    const auto loaded = base.tree->bulk_load([&](Row& row) -> Result<bool> {
      if (i == rows) return false;
      key = number_key(i);
      row = {as_bytes(key), as_bytes(value), i++};
      return true;
    });
    ASSERT_TRUE(loaded.has_value()) << loaded.error().text();
    EXPECT_EQ(*loaded, rows);
    base.pager->publish();
    expect_sound(*base.tree, View::newest(), rows);
    if (rows > 1000) {
      EXPECT_LT(base.pager->stats().page_count * page::kPageSize, rows * 137 * 105 / 100);
    }
  }
}

TEST(BulkLoad, ThatFailsGivesItsPagesBack) {
  TestBase base;
  std::uint64_t i = 0;
  std::string key;
  const auto loaded = base.tree->bulk_load([&](Row& row) -> Result<bool> {
    if (i == 20000) return fail(Code::kInvalid, "the source has run dry");
    key = number_key(i++);
    row = {as_bytes(key), as_bytes("value"), 1};
    return true;
  });
  ASSERT_FALSE(loaded.has_value());
  base.pager->publish();
  expect_sound(*base.tree, View::newest(), 0);
  EXPECT_EQ(base.pager->stats().page_count, 1U);
}

TEST(BulkLoad, RefusesRowsOutOfOrderAndTreesWithRows) {
  TestBase base;
  int i = 0;
  const auto loaded = base.tree->bulk_load([&](Row& row) -> Result<bool> {
    row = {as_bytes(i++ == 0 ? "b" : "a"), as_bytes("v"), 1};
    return true;
  });
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), Code::kInvalid);
  ASSERT_TRUE(base.tree->put(as_bytes("k"), as_bytes("v"), 1).has_value());
  const auto again = base.tree->bulk_load([](Row&) -> Result<bool> { return false; });
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace nacre::tree
