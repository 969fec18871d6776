// Readers, one applier and a checkpoint writer at the same time, with more pages than memory. Run
// under TSan too (preset tsan).
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tree/test_support_internal.h"

namespace nacre::tree {
namespace {

using page::View;

constexpr int kRows = 160;
// Enough for one batch, what it supersedes, and what a hold and a checkpoint keep of it; not for
// the cold rows as well.
constexpr std::size_t kCachePages = 320;
constexpr int kColdRows = 3000;

std::string row_key(int i) { return format("row{:05}", i); }
// Long enough that the rows need far more pages than the cache has.
std::string version_value(std::uint64_t version) {
  std::string value = format("{:010}", version);
  value.append(2000 + version % 7 * 300, 'x');
  return value;
}

class Hall {
 public:
  explicit Hall(int batches) : base_(kCachePages), batches_(batches) {
    auto root = Tree::create(*base_.pager, TreeId{8});
    cold_.emplace(*base_.pager, *root, TreeId{8});
    int i = 0;
    std::string key;
    const std::string value(1000, 'c');
    const auto loaded = cold_->bulk_load([&](Row& row) -> Result<bool> {
      if (i == kColdRows) return false;
      key = row_key(i++);
      row = {as_bytes(key), as_bytes(value), 0};
      return true;
    });
    EXPECT_TRUE(loaded.has_value());
    apply(0);
  }

  void applier() {
    for (int batch = 1; batch <= batches_; ++batch) {
      const MutexLock role(role_);
      apply(static_cast<std::uint64_t>(batch));
    }
    done_ = true;
  }

  void checkpointer() {
    while (!done_) {
      page::Cut cut;
      {
        const MutexLock role(role_);
        cut = base_.pager->cut();
      }
      page::RootRecord record;
      record.catalog_root = base_.tree->root();
      const auto written = base_.pager->write_checkpoint(cut, record);
      ASSERT_TRUE(written.has_value()) << written.error().text();
      ++checkpoints_;
    }
  }

  // Every row of a held generation carries one version.
  void scanner() {
    while (!done_) {
      const page::Hold hold = base_.pager->hold();
      Cursor cursor(*base_.tree, hold.view());
      std::string version;
      int rows = 0;
      auto there = cursor.seek_first();
      for (; there.has_value() && *there; there = cursor.next(), ++rows) {
        if (rows == 0) version = std::string(as_text(cursor.value()));
        ASSERT_EQ(as_text(cursor.value()).substr(0, 10), version.substr(0, 10));
        ASSERT_EQ(as_text(cursor.key()), row_key(rows));
      }
      if (!there.has_value()) {
        ASSERT_EQ(there.error().code(), Code::kTooOld) << there.error().text();
        continue;
      }
      ASSERT_EQ(rows, kRows);
      ++scans_;
    }
  }

  // What a reader of the newest state sees never goes back.
  void getter(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::string> last(kRows);
    std::string value;
    while (!done_) {
      const int i = static_cast<int>(random() % kRows);
      const auto found = base_.tree->get(View::newest(), as_bytes(row_key(i)), value);
      ASSERT_TRUE(found.has_value()) << found.error().text();
      ASSERT_TRUE(*found);
      auto& seen = last[static_cast<std::size_t>(i)];
      ASSERT_GE(value.substr(0, 10), seen);
      seen = value.substr(0, 10);
      ++gets_;
    }
  }

  // Keeps the cache turning over.
  void cold_getter() {
    std::mt19937_64 random(3);
    std::string value;
    while (!done_) {
      const auto found = cold_->get(
          View::newest(), as_bytes(row_key(static_cast<int>(random() % kColdRows))), value);
      ASSERT_TRUE(found.has_value()) << found.error().text();
      ASSERT_TRUE(*found);
      ASSERT_EQ(value.size(), 1000U);
    }
  }

  void check() {
    expect_sound(*base_.tree, View::newest(), kRows);
    EXPECT_GT(checkpoints_, 0U);
    EXPECT_GT(gets_, 0U);
    EXPECT_GT(base_.pager->stats().evictions, 0U);
  }

 private:
  void apply(std::uint64_t version) {
    const std::string value = version_value(version);
    for (int i = 0; i < kRows; ++i) {
      const auto put = base_.tree->put(as_bytes(row_key(i)), as_bytes(value), version);
      ASSERT_TRUE(put.has_value()) << put.error().text();
    }
    base_.pager->publish();
  }

  TestBase base_;
  std::optional<Tree> cold_;
  int batches_;
  Mutex role_{"applier of the test", 1};
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> checkpoints_{0};
  std::atomic<std::uint64_t> scans_{0};
  std::atomic<std::uint64_t> gets_{0};
};

TEST(TreeThreads, ReadersSeeWholeGenerationsBesideApplierAndCheckpoints) {
  Hall hall(30);
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { hall.checkpointer(); });
    threads.emplace_back([&] { hall.scanner(); });
    threads.emplace_back([&] { hall.getter(1); });
    threads.emplace_back([&] { hall.cold_getter(); });
    hall.applier();
  }
  hall.check();
}

}  // namespace
}  // namespace nacre::tree
