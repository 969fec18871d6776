// One page against std::map: whatever is inserted, replaced and erased, every rule of the format
// holds after each step and the page answers as the map does.
#include "tree/node_edit.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "base/text.h"
#include "page/node_check.h"
#include "page/node_search.h"
#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

using page::Node;

struct alignas(64) Page {
  std::array<std::byte, page::kPageSize> bytes{};
};

void expect_sound(const Page& page) {
  ASSERT_EQ(page::check_node_bounds(page.bytes.data()), "");
  ASSERT_EQ(page::check_node_order(page.bytes.data()), "");
}

void expect_same(const Page& page, const Model& model) {
  expect_sound(page);
  const Node node(page.bytes.data());
  ASSERT_EQ(node.count(), model.size());
  std::size_t i = 0;
  for (const auto& [key, row] : model) {
    const page::Found found = page::search(node, node.strip(as_bytes(key)));
    ASSERT_TRUE(found.equal) << key;
    ASSERT_EQ(found.index, i++);
    ASSERT_EQ(as_text(node.leaf_cell(found.index).value), row.value);
    ASSERT_EQ(node.leaf_cell(found.index).word, row.word);
    ASSERT_EQ(node.leaf_cell(found.index).flags, row.flags);
  }
}

// Keys between `lower` and `upper` that share `stem`, so that heads are equal in all degrees.
void run(const std::string& lower, const std::optional<std::string>& upper, const std::string& stem,
         std::uint64_t seed) {
  SCOPED_TRACE(format("NACRE_SEED={}, keys from {} with {}", seed, lower, stem));
  std::mt19937_64 random(seed);
  Page page;
  Shape shape{.tree = 7, .lower = as_bytes(lower), .upper = std::nullopt};
  if (upper.has_value()) shape.upper = as_bytes(*upper);
  build_node(page.bytes.data(), shape, {}, {});
  Model model;
  std::uint64_t refused = 0;
  for (int step = 0; step < 1500; ++step) {
    std::string key = random() % 60 == 0 ? lower + "~" : lower + stem;
    key += format("{:0{}}", random() % 300, 1 + random() % 8);
    const std::string value(random() % 100 < 3 ? random() % 1500 : random() % 40, 'v');
    std::byte* bytes = page.bytes.data();
    const page::Found found = page::search(Node(bytes), Node(bytes).strip(as_bytes(key)));
    ASSERT_EQ(found.equal, model.contains(key));
    if (random() % 3 == 0 || refused > 20) {
      if (refused > 20 && !model.empty()) {  // full: make some room
        leaf_erase(bytes, 0);
        model.erase(model.begin());
        refused -= 2;
      } else if (found.equal) {
        leaf_erase(bytes, found.index);
        model.erase(key);
      }
    } else {
      const std::uint64_t word = random();
      const auto flags = static_cast<page::RowFlags>(word & page::kRowFlagsKnown);
      const bool done = found.equal
                            ? leaf_replace(bytes, found.index, as_bytes(value), word, flags)
                            : leaf_insert(bytes, found.index, Node(bytes).strip(as_bytes(key)),
                                          as_bytes(value), word, flags);
      if (done) model[key] = {value, word, flags};
      refused += done ? 0 : 1;
    }
    if (step % 10 == 0) expect_same(page, model);
    if (testing::Test::HasFatalFailure()) return;
  }
  expect_same(page, model);
  // Rebuilt from its own cells it says the same.
  std::vector<Cell> cells;
  gather(Node(page.bytes.data()), cells);
  Page again;
  build_node(again.bytes.data(), shape_of(Node(page.bytes.data())), cells, {});
  expect_same(again, model);
}

TEST(NodeEdit, APageBehavesAsAMap) {
  const std::uint64_t seed = test_seed(5);
  run("", std::nullopt, "", seed);
  run("", std::nullopt, "user", seed + 1);
  run("", std::nullopt, "user00000000000000000", seed + 2);
  run("user1", "user2", "00000", seed + 3);
  run("user1", "user2", "", seed + 4);
  run("", std::nullopt, std::string(200, 'q'), seed + 5);
}

TEST(NodeEdit, KeysThatAllBeginAlikeHaveHeadsThatDiffer) {
  Page page;
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(format("a long beginning of every key {:04}", i));
  std::vector<Cell> cells;
  for (const std::string& key : keys) cells.push_back({{}, as_bytes(key), as_bytes("v"), 1});
  build_node(page.bytes.data(), {.tree = 1, .lower = {}, .upper = {}}, cells, {});
  expect_sound(page);
  const Node node(page.bytes.data());
  EXPECT_EQ(as_text(node.lead()), "a long beginning of every key 00");
  EXPECT_NE(node.head(0), node.head(99));
  const auto index = [&](std::string_view key) {
    return page::search(node, node.strip(as_bytes(key))).index;
  };
  EXPECT_EQ(index("a"), 0U);
  EXPECT_EQ(index("a long beginning of every key 00"), 0U);
  EXPECT_EQ(index("a long beginning of every key 0050"), 50U);
  EXPECT_EQ(index("a long beginning of every key 0050x"), 51U);
  EXPECT_EQ(index("a long beginning of every key 01"), 100U);
  EXPECT_EQ(index("b"), 100U);
}

TEST(NodeEdit, AKeyThatBeginsOtherwiseShortensTheLead) {
  Page page;
  std::vector<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.push_back(format("common/part/{:04}", i));
  std::vector<Cell> cells;
  for (const std::string& key : keys) cells.push_back({{}, as_bytes(key), as_bytes("v"), 1});
  std::byte* bytes = page.bytes.data();
  build_node(bytes, {.tree = 1, .lower = {}, .upper = {}}, cells, {});
  EXPECT_EQ(as_text(Node(bytes).lead()), "common/part/00");
  ASSERT_TRUE(leaf_insert(bytes, 20, as_bytes("common/q"), as_bytes("v"), 1));
  expect_sound(page);
  EXPECT_EQ(as_text(Node(bytes).lead()), "common/");
  ASSERT_TRUE(leaf_insert(bytes, 0, as_bytes("a"), as_bytes("v"), 1));
  expect_sound(page);
  EXPECT_EQ(Node(bytes).lead_length(), 0U);
}

TEST(NodeEdit, ASeparatorIsTheShortestStringBetween) {
  EXPECT_EQ(shortest_separator(as_bytes("abc"), as_bytes("abd")), "abd");
  EXPECT_EQ(shortest_separator(as_bytes("abc"), as_bytes("bcd")), "b");
  EXPECT_EQ(shortest_separator(as_bytes("ab"), as_bytes("abc")), "abc");
  EXPECT_EQ(shortest_separator(as_bytes(""), as_bytes("abc")), "a");
}

}  // namespace
}  // namespace nacre::tree
