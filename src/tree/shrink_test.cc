#include "tree/test_support_internal.h"
#include "tree/tree.h"

namespace nacre::tree {
namespace {

using page::View;

TEST(RemoveFirst, GoesOnBehindALeafThatCouldNotBeMergedWhenItBecameEmpty) {
  constexpr std::size_t kRows = 3000;
  TestBase base;
  for (std::size_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(base.tree->put(as_bytes(format("key{:06}", i)), as_bytes("value"), 1).has_value());
  }
  base.pager->publish();
  ASSERT_TRUE(base.checkpoint().has_value());
  base.reopen();
  // The way to the first leaf is in memory then, its neighbour is not.
  std::string value;
  ASSERT_TRUE(base.tree->get(View::open(), as_bytes("key000000"), value).has_value());
  std::size_t removed = 0;
  const auto remove_some = [&]() -> std::size_t {
    const auto done = base.tree->remove_first(as_bytes("z"), [&](const Row&) { ++removed; });
    EXPECT_TRUE(done.has_value()) << done.error().text();
    return done.value_or(0);
  };
  base.disk.inject({.target = io::Fault::Target::kRead, .from_then_on = true});
  EXPECT_GT(remove_some(), 0U);
  base.disk.clear_faults();
  while (remove_some() > 0) {
  }
  EXPECT_EQ(removed, kRows);
  base.pager->publish();
  expect_sound(*base.tree, View::newest(), 0);
}

}  // namespace
}  // namespace nacre::tree
