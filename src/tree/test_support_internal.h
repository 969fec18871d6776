// What the tests of this room share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "page/pager.h"
#include "tree/cursor.h"
#include "tree/tree.h"

namespace nacre::tree {

struct ModelRow {
  std::string value;
  std::uint64_t word = 0;
  page::RowFlags flags = 0;
  bool operator==(const ModelRow&) const = default;
};
using Model = std::map<std::string, ModelRow>;

inline constexpr TreeId kTestTree{7};

// A pager on a simulated disk with one tree.
struct TestBase {
  explicit TestBase(std::size_t cache_pages = 256, std::uint64_t seed = 1)
      : disk(seed), options{.cache_bytes = cache_pages * page::kPageSize} {
    auto made = page::Pager::create(disk, "store.dat", options, {});
    EXPECT_TRUE(made.has_value()) << made.error().text();
    pager = std::move(*made);
    auto root = Tree::create(*pager, kTestTree);
    EXPECT_TRUE(root.has_value());
    tree.emplace(*pager, *root, kTestTree);
    pager->publish();
  }

  Result<> checkpoint() {
    const page::Cut cut = pager->cut();
    page::RootRecord record;
    record.catalog_root = tree->root();
    record.applied = Position{++checkpoints};
    return pager->write_checkpoint(cut, record);
  }

  void reopen() {
    const page::PageId root = tree->root();
    pager.reset();
    auto opened = page::Pager::open(disk, "store.dat", options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    pager = std::move(*opened);
    tree.emplace(*pager, root, kTestTree);
  }

  io::SimFileSystem disk;
  page::Options options;
  std::unique_ptr<page::Pager> pager;
  std::optional<Tree> tree;
  std::uint64_t checkpoints = 0;
};

inline void expect_sound(const Tree& tree, page::View view, std::uint64_t rows) {
  TreeCheck report;
  const auto checked = tree.check(view, report);
  ASSERT_TRUE(checked.has_value()) << checked.error().text();
  for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
  EXPECT_EQ(report.rows_checked, rows);
}

inline void expect_same(const Tree& tree, page::View view, const Model& model) {
  Cursor cursor(tree, view);
  auto there = cursor.seek_first();
  for (const auto& [key, row] : model) {
    ASSERT_TRUE(there.has_value()) << there.error().text();
    ASSERT_TRUE(*there) << "the tree ends before " << key;
    ASSERT_EQ(as_text(cursor.key()), key);
    ASSERT_EQ(as_text(cursor.value()), row.value);
    ASSERT_EQ(cursor.word(), row.word);
    ASSERT_EQ(cursor.flags(), row.flags);
    there = cursor.next();
  }
  ASSERT_TRUE(there.has_value()) << there.error().text();
  EXPECT_FALSE(*there) << "the tree has a row more";
}

inline std::uint64_t test_seed(std::uint64_t fallback) {
  const char* given = std::getenv("NACRE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : fallback;
}

}  // namespace nacre::tree
