// Pages whose checksums are right and whose parents say something else of them.
#include "tree/descent.h"
#include "tree/node_edit.h"
#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

using page::Node;
using page::View;

constexpr int kRows = 500;

std::string key(int i) { return format("key-{:03}", i); }

struct Fences {
  std::string lower;
  std::optional<std::string> upper;
};

// A tree of several leaves, one of which can be emptied and given other fences.
class Damage : public ::testing::Test {
 protected:
  Damage() {
    for (int i = 0; i < kRows; ++i) {
      EXPECT_TRUE(
          base_.tree->put(as_bytes(key(i)), as_bytes(std::string(100, 'v')), 0).has_value());
    }
    base_.pager->publish();
  }

  // Calls `use` with the leaf that holds `sought`.
  template <class Use>
  void at_leaf(const std::string& sought, Use&& use) {
    ASSERT_TRUE(base_.pager->reserve(1).has_value());
    const page::Pin pin;
    const Target target{base_.pager.get(), base_.tree->root(), kTestTree};
    const auto generation = base_.pager->generation(View::open());
    ASSERT_TRUE(generation.has_value());
    const auto arrival =
        descend(target, View::open(), *generation, as_bytes(sought), Side::kAtOrAfter, nullptr);
    ASSERT_TRUE(arrival.has_value() && arrival->leaf != nullptr);
    use(arrival->leaf);
  }

  Fences fences_of(const std::string& sought) {
    Fences fences;
    at_leaf(sought, [&](const std::byte* leaf) {
      fences.lower = to_string(Node(leaf).lower_fence());
      if (const auto upper = Node(leaf).upper_fence()) fences.upper = to_string(*upper);
    });
    return fences;
  }

  void empty_leaf(const std::string& sought, const Fences& fences) {
    at_leaf(sought, [&](const std::byte* leaf) {
      Shape shape = shape_of(Node(leaf));
      shape.lower = as_bytes(fences.lower);
      shape.upper.reset();
      if (fences.upper.has_value()) shape.upper = as_bytes(*fences.upper);
      build_node(base_.pager->writable(leaf), shape, {}, {});
    });
    base_.pager->publish();
  }

  static void expect_named(const Result<bool>& last) {
    ASSERT_FALSE(last.has_value());
    EXPECT_EQ(last.error().code(), Code::kCorrupt) << last.error().text();
    EXPECT_NE(last.error().text().find("its fences leave out the key sought"), std::string::npos)
        << last.error().text();
  }

  TestBase base_;
};

TEST_F(Damage, ALeafThatEndsBeforeItsKeysIsNamedByWhoWalksOnToIt) {
  const std::string inside = key(kRows / 2);
  const Fences right = fences_of(inside);
  empty_leaf(inside, {.lower = "", .upper = right.lower});
  Cursor cursor(*base_.tree, View::newest());
  Result<bool> there = cursor.seek_first();
  int rows = 0;
  for (; there.has_value() && *there; there = cursor.next()) ++rows;
  EXPECT_GT(rows, 0);
  EXPECT_LT(rows, kRows / 2);
  expect_named(there);
}

TEST_F(Damage, ALeafThatBeginsBehindItsKeysIsNamedByWhoWalksBackToIt) {
  const std::string inside = key(kRows / 2);
  const Fences right = fences_of(inside);
  ASSERT_TRUE(right.upper.has_value());
  empty_leaf(inside, {.lower = *right.upper, .upper = std::nullopt});
  Cursor cursor(*base_.tree, View::newest());
  Result<bool> there = cursor.seek_last();
  int rows = 0;
  for (; there.has_value() && *there; there = cursor.prev()) ++rows;
  EXPECT_GT(rows, 0);
  EXPECT_LT(rows, kRows / 2);
  expect_named(there);
}

}  // namespace
}  // namespace nacre::tree
