// Rows as long as row_fits() lets them be, between fences as long as keys can be.
// Replay one failure: NACRE_SEED=<seed> with --gtest_filter.
#include <gtest/gtest.h>

#include "tree/node_edit.h"
#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

using page::View;

void put(TestBase& base, const std::string& key, const std::string& value) {
  const auto is_new = base.tree->put(as_bytes(key), as_bytes(value), 1);
  ASSERT_TRUE(is_new.has_value()) << is_new.error().text();
  base.pager->publish();
}

// Two rows shared the root, which has no fences; with a fence of a thousand bytes between them and
// a third they need a page each.
TEST(LongRows, ThreeRowsThatFitNoTwoPagesGetThree) {
  for (const int order : {0, 1, 2}) {
    TestBase base;
    const std::string same(999, 'k');
    Model model;
    for (const int i : {1, 2, 0}) {
      const std::string key = same + static_cast<char>('a' + (i + order) % 3);
      put(base, key, std::string(2500, 'v'));
      model[key] = {std::string(2500, 'v'), 1, 0};
    }
    expect_sound(*base.tree, View::open(), 3);
    expect_same(*base.tree, View::open(), model);
  }
}

// The page is full of rows between short fences, and the new row brings a long one.
TEST(LongRows, AFullPageBesideALongKeyIsDividedAgain) {
  TestBase base;
  Model model;
  const auto add = [&](const std::string& key, std::size_t size) {
    put(base, key, std::string(size, 'v'));
    model[key] = {std::string(size, 'v'), 1, 0};
  };
  const std::string same(998, 'k');
  add(same + "a1", 3800);
  add(same + "b1", 2000);
  add(same + "b2", 4800);  // beside either of them and the fence there is no room
  add(same + "a0", 4800);
  expect_sound(*base.tree, View::open(), model.size());
  expect_same(*base.tree, View::open(), model);
}

// The only row of a page becomes longer than its fences leave room for.
TEST(LongRows, TheOnlyRowOfAPageMayGrow) {
  TestBase base;
  Model model;
  const std::string same(999, 'k');
  for (const char last : {'a', 'c', 'e'}) {
    const std::string key = same + last;
    put(base, key, std::string(4000, 'v'));
    model[key] = {std::string(4000, 'v'), 1, 0};
  }
  const std::string between = same.substr(0, 998) + "kc";
  put(base, between.substr(0, 999) + "b", "");
  model[between.substr(0, 999) + "b"] = {"", 1, 0};
  put(base, between.substr(0, 999) + "b", std::string(4900, 'v'));
  model[between.substr(0, 999) + "b"] = {std::string(4900, 'v'), 1, 0};
  put(base, same + 'c', std::string(4900, 'v'));
  model[same + 'c'] = {std::string(4900, 'v'), 1, 0};
  expect_sound(*base.tree, View::open(), model.size());
  expect_same(*base.tree, View::open(), model);
}

TEST(LongRows, RowFitsIsWhatTheEncoderHasRoomFor) {
  for (std::size_t key_size = 1; key_size <= kKeySizeMax; ++key_size) {
    const std::size_t value_size = std::min<std::size_t>(kValueSizeMax, 7900 - 3 * key_size);
    ASSERT_TRUE(row_fits(key_size, value_size));
    ASSERT_FALSE(row_fits(key_size, value_size + 1));
    // Fences that share nothing, so that no prefix helps: as long as the key, and one byte longer.
    const std::string key(key_size, 'm');
    const std::string lower(key_size, 'l');
    const std::string upper(std::min(key_size + 1, kKeySizeMax), 'n');
    const std::string value(value_size, 'v');
    const Cell cell{.prefix = {}, .suffix = as_bytes(key), .value = as_bytes(value)};
    const Shape shape{.tree = 7, .lower = as_bytes(lower), .upper = as_bytes(upper)};
    ASSERT_LE(built_size(shape, std::span(&cell, 1)), page::kPageSize) << "key of " << key_size;
  }
}

// Few rows, most of them long, with keys that differ late or early.
class LongRun {
 public:
  explicit LongRun(std::uint64_t seed) : base_(256, seed), random_(seed) {}

  void run() {
    for (int i = 0; i < 150 && !testing::Test::HasFatalFailure(); ++i) step();
    expect_sound(*base_.tree, View::open(), model_.size());
    expect_same(*base_.tree, View::open(), model_);
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string random_key() {
    constexpr std::size_t kSizes[] = {1, 2, 20, 250, 600, 980, 999, 1000};
    const std::size_t size = kSizes[below(std::size(kSizes))];
    std::string key(size, static_cast<char>('a' + below(3)));
    for (std::size_t i = 1 + below(2); i > 0; --i) {
      const std::size_t at = below(2) == 0 ? below(size) : size - 1;
      key[at] = static_cast<char>('a' + below(26));
    }
    return key;
  }

  void step() {
    std::string key = random_key();
    if (!model_.empty() && below(4) == 0) key = std::next(model_.begin(), pick())->first;
    if (below(6) == 0) {
      const auto removed = base_.tree->remove(as_bytes(key));
      ASSERT_TRUE(removed.has_value()) << removed.error().text();
      ASSERT_EQ(*removed, model_.erase(key) == 1);
    } else {
      const std::size_t most = std::min<std::size_t>(kValueSizeMax, 7900 - 3 * key.size());
      const std::size_t sizes[] = {most, below(most + 1), below(60), 2000 + below(600)};
      const std::string value(std::min(most, sizes[below(4)]), 'v');
      put(base_, key, value);
      model_[key] = {value, 1, 0};
    }
    if (below(10) == 0) base_.pager->publish();
    expect_sound(*base_.tree, View::open(), model_.size());
  }

  std::ptrdiff_t pick() { return static_cast<std::ptrdiff_t>(below(model_.size())); }

  TestBase base_;
  std::mt19937_64 random_;
  Model model_;
};

TEST(LongRows, AnyRowsThatFitAPageFitATree) {
  const std::uint64_t first = test_seed(1);
  for (std::uint64_t seed = first; seed < first + 40; ++seed) {
    SCOPED_TRACE(format("NACRE_SEED={}", seed));
    LongRun(seed).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace nacre::tree
