// Flips every byte of a small store file, one at a time, and reads everything: each answer is right
// or an error that names the file; nothing is silently wrong or missing, and nothing crashes.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "page/pager.h"
#include "tree/cursor.h"
#include "tree/tree.h"

namespace nacre {
namespace {

constexpr page::Options kOptions{.cache_bytes = 64 * page::kPageSize};
constexpr tree::TreeId kTree{1};

using Model = std::map<std::string, std::string>;

page::PageId make_store(io::SimFileSystem& disk, Model& model) {
  auto pager = page::Pager::create(disk, "store.dat", kOptions, {});
  EXPECT_TRUE(pager.has_value());
  const auto root = tree::Tree::create(**pager, kTree);
  tree::Tree tree(**pager, *root, kTree);
  for (int i = 0; i < 60; ++i) {
    const std::string key = format("key{:02}", i);
    model[key] = std::string(300, static_cast<char>('a' + i % 26));
    EXPECT_TRUE(tree.put(as_bytes(key), as_bytes(model[key]), 1).has_value());
  }
  (*pager)->publish();
  page::RootRecord record;
  record.catalog_root = *root;
  EXPECT_TRUE((*pager)->write_checkpoint((*pager)->cut(), record).has_value());
  return *root;
}

// What reading the whole store says: "" for all right, else the error.
std::string read_all(io::SimFileSystem& disk, page::PageId root, const Model& model) {
  auto pager = page::Pager::open(disk, "store.dat", kOptions);
  if (!pager.has_value()) return pager.error().text();
  EXPECT_EQ((*pager)->root().catalog_root, root);
  const tree::Tree tree(**pager, root, kTree);
  std::string error;
  for (const auto& [key, expected] : model) {
    std::string value;
    const auto found = tree.get(page::View::newest(), as_bytes(key), value);
    if (!found.has_value()) {
      error = found.error().text();
      continue;
    }
    EXPECT_TRUE(*found) << key << " is missing";
    EXPECT_EQ(value, expected);
  }
  const auto checked = (*pager)->check();
  EXPECT_TRUE(checked.has_value());
  if (checked.has_value() && !checked->problems.empty()) {
    EXPECT_EQ(checked->problems.front().find("store.dat: "), 0U) << checked->problems.front();
  }
  const bool verify_sees_it = checked.has_value() && !checked->problems.empty();
  EXPECT_TRUE(error.empty() || verify_sees_it) << error;
  return error;
}

TEST(StoreFlip, EveryFlippedByteIsHarmlessOrNamed) {
  io::SimFileSystem disk(1);
  Model model;
  const page::PageId root = make_store(disk, model);
  const std::string whole = disk.contents("store.dat");
  ASSERT_EQ(read_all(disk, root, model), "");
  std::uint64_t named = 0;
  for (std::size_t at = 0; at < whole.size(); at += at < 16384 || at % 8192 < 700 ? 1 : 7) {
    disk.corrupt("store.dat", at, std::byte{0x41});
    const std::string error = read_all(disk, root, model);
    if (!error.empty()) {
      ++named;
      EXPECT_TRUE(error.starts_with("corrupt: ")) << "byte " << at << ": " << error;
      EXPECT_NE(error.find("store.dat"), std::string::npos) << "byte " << at << ": " << error;
    }
    disk.replace_contents("store.dat", whole);
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "byte " << at;
      return;
    }
  }
  // Pages and map cannot be harmless; superblock copies and free blocks are.
  EXPECT_GT(named, 3000U);
}

// FILE-1
TEST(StoreFlip, BothCopiesOfTheNewestSuperblockDamagedIsRefused) {
  io::SimFileSystem disk(1);
  Model model;
  static_cast<void>(make_store(disk, model));  // checkpoint 2: blocks 0 and 2
  disk.corrupt("store.dat", 100, std::byte{1});
  disk.corrupt("store.dat", 2 * 4096 + 100, std::byte{1});
  const auto pager = page::Pager::open(disk, "store.dat", kOptions);
  ASSERT_FALSE(pager.has_value());
  EXPECT_EQ(pager.error().code(), Code::kCorrupt);
  EXPECT_NE(pager.error().text().find("both copies"), std::string::npos) << pager.error().text();
}

TEST(StoreFlip, AnOlderStateOfAPageIsALostWrite) {
  // A page put back as it was one checkpoint ago: intact, in its place, and yet refused.
  io::SimFileSystem disk(1);
  Model model;
  const page::PageId root = make_store(disk, model);
  const std::string before = disk.contents("store.dat");
  {
    auto pager = page::Pager::open(disk, "store.dat", kOptions);
    ASSERT_TRUE(pager.has_value());
    tree::Tree tree(**pager, root, kTree);
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(tree.put(as_bytes("key00"), as_bytes(format("{}", round)), 2).has_value());
      (*pager)->publish();
      page::RootRecord record;
      record.catalog_root = root;
      ASSERT_TRUE((*pager)->write_checkpoint((*pager)->cut(), record).has_value());
    }
  }
  // The second checkpoint reuses the blocks of the first: give one of its pages the old bytes.
  std::string after = disk.contents("store.dat");
  std::uint64_t refused = 0;
  for (std::size_t block = 16384; block + 8192 <= before.size(); block += 8192) {
    if (before.substr(block, 8192) == after.substr(block, 8192)) continue;
    std::string mixed = after;
    mixed.replace(block, 8192, before, block, 8192);
    disk.replace_contents("store.dat", mixed);
    auto pager = page::Pager::open(disk, "store.dat", kOptions);
    if (!pager.has_value()) {
      EXPECT_EQ(pager.error().code(), Code::kCorrupt);
      ++refused;
      continue;
    }
    std::string value;
    const auto found =
        tree::Tree(**pager, root, kTree).get(page::View::newest(), as_bytes("key00"), value);
    if (found.has_value()) {
      EXPECT_EQ(value, "1");
    } else {
      EXPECT_EQ(found.error().code(), Code::kCorrupt) << found.error().text();
      ++refused;
    }
  }
  EXPECT_GE(refused, 1U);
}

}  // namespace
}  // namespace nacre
