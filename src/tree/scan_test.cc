// Rows a page at a time, and many point reads at once, against the cursor and the visit they stand
// for.
#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

using page::View;

std::string random_key(std::mt19937_64& random) {
  return format("{}{:05}", random() % 2 == 0 ? "shared-prefix-" : "", random() % 6000);
}

struct RandomTree {
  explicit RandomTree(std::size_t cache_pages) : base(cache_pages) {
    for (std::uint64_t i = 0; i < 5000; ++i) {
      const std::string key = random_key(random);
      const std::string value(1 + random() % 60, static_cast<char>('a' + i % 26));
      EXPECT_TRUE(base.tree->put(as_bytes(key), as_bytes(value), i << 16).has_value());
      model[key] = {value, i << 16};
      if (i % 4 == 0) base.pager->publish();
      if (i % 496 == 0) {
        EXPECT_TRUE(base.checkpoint().has_value());
      }
    }
    base.pager->publish();
    EXPECT_TRUE(base.checkpoint().has_value());
  }

  std::mt19937_64 random{7};
  TestBase base;
  Model model;
};

// The cursor stands on the first of the model's rows from `at` to `end`: it must show them all, in
// pieces of any size, and whole after a step there and back between two of them.
template <typename Row>
void expect_rows(Cursor& cursor, Row at, Row end, std::mt19937_64& random) {
  constexpr bool kBackward = !std::is_same_v<Row, Model::iterator>;
  for (bool more = at != end; more;) {
    const std::size_t limit = 1 + random() % 200;
    auto seen = cursor.read_rows({.limit = limit, .backward = kBackward});
    ASSERT_TRUE(seen.has_value()) << seen.error().text();
    ASSERT_LE(seen->rows.size(), limit);
    ASSERT_FALSE(seen->rows.empty());
    EXPECT_FALSE(seen->is_bound);
    for (const RowView& row : seen->rows) {
      ASSERT_TRUE(at != end);
      EXPECT_EQ(to_string(row.prefix) + to_string(row.suffix), at->first);
      EXPECT_EQ(as_text(row.value), at->second.value);
      EXPECT_EQ(row.word, at->second.word);
      ++at;
    }
    more = seen->more;
    if (!more || random() % 4 != 0) continue;
    ASSERT_EQ(as_text(cursor.key()), at->first);
    ASSERT_TRUE(kBackward ? *cursor.next() : *cursor.prev());
    ASSERT_TRUE(kBackward ? *cursor.prev() : *cursor.next());
    ASSERT_EQ(as_text(cursor.value()), at->second.value);
  }
  EXPECT_TRUE(at == end);
}

class ReadRows : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ReadRows, ShowEveryRowFromASeekOnInBothDirections) {
  RandomTree tree(GetParam());
  Model& model = tree.model;
  Cursor cursor(*tree.base.tree, View::newest());
  for (int round = 0; round < 50; ++round) {
    const std::string from = random_key(tree.random);
    const auto at = model.lower_bound(from);
    auto more = cursor.seek(as_bytes(from));
    ASSERT_TRUE(more.has_value()) << more.error().text();
    ASSERT_EQ(*more, at != model.end());
    expect_rows(cursor, at, model.end(), tree.random);
    more = cursor.seek_before(as_bytes(from));
    ASSERT_TRUE(more.has_value()) << more.error().text();
    ASSERT_EQ(*more, at != model.begin());
    expect_rows(cursor, std::make_reverse_iterator(at), model.rend(), tree.random);
  }
}

// What a walk between two keys must show, and whether it says where it ends.
TEST_P(ReadRows, EndAtTheirBoundInBothDirections) {
  RandomTree tree(GetParam());
  Cursor cursor(*tree.base.tree, View::newest());
  for (int round = 0; round < 400; ++round) {
    const std::string a = random_key(tree.random);
    const std::string b = random_key(tree.random);
    const std::string low = std::min(a, b);
    const std::string high = std::max(a, b);
    const bool backward = round % 2 == 1;
    std::vector<std::string> wanted;
    const auto end = tree.model.lower_bound(high);
    for (auto at = tree.model.lower_bound(low); at != end; ++at) wanted.push_back(at->first);
    if (backward) std::ranges::reverse(wanted);
    std::vector<std::string> found;
    auto more = backward ? cursor.seek_before(as_bytes(high)) : cursor.seek(as_bytes(low));
    ASSERT_TRUE(more.has_value()) << more.error().text();
    bool is_bound = false;
    while (*more && !is_bound) {
      auto seen = cursor.read_rows({.limit = 1 + tree.random() % 300,
                                    .backward = backward,
                                    .bound = as_bytes(backward ? low : high)});
      ASSERT_TRUE(seen.has_value()) << seen.error().text();
      ASSERT_TRUE(seen->is_bound || !seen->rows.empty());
      for (const RowView& row : seen->rows) {
        found.push_back(to_string(row.prefix) + to_string(row.suffix));
      }
      more = seen->more;
      is_bound = seen->is_bound;
      if (!is_bound) continue;
      ASSERT_TRUE(*more);
      EXPECT_EQ(backward, as_text(cursor.key()) < low);
      EXPECT_EQ(backward, as_text(cursor.key()) < high);
    }
    EXPECT_EQ(found, wanted) << low << " to " << high << (backward ? ", backward" : "");
  }
}

TEST_P(ReadRows, OfAHoldShowWhatItSawWhileTheTreeChanges) {
  RandomTree tree(1024);
  const page::Hold hold = tree.base.pager->hold();
  Cursor cursor(*tree.base.tree, hold.view());
  auto at = tree.model.begin();
  auto more = cursor.seek_first();
  while (*more) {
    auto seen = cursor.read_rows({.limit = GetParam()});
    ASSERT_TRUE(seen.has_value()) << seen.error().text();
    for (int i = 0; i < 20; ++i) {
      const std::string key = random_key(tree.random);
      if (i % 3 == 0) {
        ASSERT_TRUE(tree.base.tree->remove(as_bytes(key)).has_value());
      } else {
        ASSERT_TRUE(tree.base.tree->put(as_bytes(key), as_bytes("new"), 1).has_value());
      }
    }
    tree.base.pager->publish();
    for (const RowView& row : seen->rows) {
      ASSERT_TRUE(at != tree.model.end());
      ASSERT_EQ(to_string(row.prefix) + to_string(row.suffix), at->first);
      ASSERT_EQ(as_text(row.value), at->second.value);
      ++at;
    }
    more = seen->more;
  }
  EXPECT_TRUE(at == tree.model.end());
}

TEST_P(ReadRows, OfTheNewestStateComeInOrderAndNoneTwiceWhileTheTreeChanges) {
  RandomTree tree(1024);
  Cursor cursor(*tree.base.tree, View::newest());
  std::string last;
  auto more = cursor.seek_first();
  while (*more) {
    auto seen = cursor.read_rows({.limit = GetParam()});
    ASSERT_TRUE(seen.has_value()) << seen.error().text();
    for (const RowView& row : seen->rows) {
      const std::string key = to_string(row.prefix) + to_string(row.suffix);
      ASSERT_LT(last, key);
      last = key;
    }
    for (int i = 0; i < 200; ++i) {
      const std::string key = random_key(tree.random);
      if (i % 2 == 0) {
        ASSERT_TRUE(tree.base.tree->remove(as_bytes(key)).has_value());
      } else {
        ASSERT_TRUE(tree.base.tree->put(as_bytes(key), as_bytes("new"), 1).has_value());
      }
    }
    tree.base.pager->publish();
    more = seen->more;
  }
}

TEST_P(ReadRows, OfTheNewestStateComeInDescendingOrderWhileTheTreeChanges) {
  RandomTree tree(1024);
  Cursor cursor(*tree.base.tree, View::newest());
  std::string last = "~";  // above all keys
  auto more = cursor.seek_last();
  while (*more) {
    auto seen = cursor.read_rows({.limit = GetParam(), .backward = true});
    ASSERT_TRUE(seen.has_value()) << seen.error().text();
    for (const RowView& row : seen->rows) {
      const std::string key = to_string(row.prefix) + to_string(row.suffix);
      ASSERT_GT(last, key);
      last = key;
    }
    for (int i = 0; i < 200; ++i) {
      const std::string key = random_key(tree.random);
      if (i % 2 == 0) {
        ASSERT_TRUE(tree.base.tree->remove(as_bytes(key)).has_value());
      } else {
        ASSERT_TRUE(tree.base.tree->put(as_bytes(key), as_bytes("new"), 1).has_value());
      }
    }
    tree.base.pager->publish();
    more = seen->more;
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, ReadRows, ::testing::Values(32, 400));

class VisitMany : public ::testing::TestWithParam<std::size_t> {};

TEST_P(VisitMany, ShowsWhatAVisitOfEachKeyShows) {
  RandomTree tree(GetParam());
  for (const std::size_t count : std::vector<std::size_t>{0, 1, 15, 16, 17, 64, 300}) {
    std::vector<std::string> wanted;
    std::vector<Bytes> keys;
    for (std::size_t i = 0; i < count; ++i) wanted.push_back(random_key(tree.random));
    for (const std::string& key : wanted) keys.push_back(as_bytes(key));
    std::vector<std::optional<ModelRow>> seen(count);
    auto done = tree.base.tree->visit_many(
        View::newest(), keys, [&](std::size_t i, Bytes value, std::uint64_t word, page::RowFlags) {
          EXPECT_FALSE(seen[i].has_value()) << "once for each key";
          seen[i] = {to_string(value), word};
        });
    ASSERT_TRUE(done.has_value()) << done.error().text();
    for (std::size_t i = 0; i < count; ++i) {
      const auto model = tree.model.find(wanted[i]);
      ASSERT_EQ(seen[i].has_value(), model != tree.model.end()) << wanted[i];
      if (seen[i].has_value()) {
        EXPECT_EQ(*seen[i], model->second);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, VisitMany, ::testing::Values(32, 1024));

}  // namespace
}  // namespace nacre::tree
