// Many threads on one log: commits in order, readers beside them, trimming and preparing in
// between.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "log/log_test_support.h"

namespace nacre::log {
namespace {

// Knows what it was told, and that it is told by one thread at a time.
struct Listener final : DurableListener {
  void durable_advanced() override {
    EXPECT_EQ(inside.exchange(true), false);
    told = number(log->durable_position());
    inside = false;
  }
  Log* log = nullptr;
  std::atomic<bool> inside = false;
  std::atomic<std::uint64_t> told = 0;
};

class LocalLogThreads : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override {
    LocalLogOptions options = small_options(disk_);
    options.inflight_max = GetParam();
    auto created = LocalLog::create("log", options);
    ASSERT_TRUE(created.has_value()) << created.error().text();
    log_ = std::move(*created);
    listener_.log = log_.get();
    log_->set_listener(&listener_);
  }

  // Appends and waits `commits` times, as one of several threads.
  void write(int commits) {
    for (int i = 0; i < commits; ++i) {
      std::unique_lock sequencer(sequencer_);
      const auto position = append_next(*log_);
      sequencer.unlock();
      ASSERT_TRUE(position.has_value()) << position.error().text();
      // Either way of waiting, beside the other.
      const auto durable =
          i % 3 == 0 ? log_->wait_durable(*position) : log_->wait_announced(*position);
      ASSERT_TRUE(durable.has_value()) << durable.error().text();
      ASSERT_GE(log_->durable_position(), *position);
      if (i % 3 != 0) {
        ASSERT_GE(listener_.told.load(), number(*position));
      }
    }
  }

  // Follows the log from the start until it has seen `last`.
  void follow(std::uint64_t last) {
    const auto reader = log_->read_from(Position{1});
    ASSERT_TRUE(reader.has_value()) << reader.error().text();
    for (std::uint64_t expected = 1; expected <= last;) {
      const auto commit = (*reader)->next();
      ASSERT_TRUE(commit.has_value()) << commit.error().text();
      if (!commit->has_value()) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_EQ((*commit)->position, Position{expected});
      ASSERT_TRUE(as_text((*commit)->ops) == ops_of(expected));
      ++expected;
    }
  }

  io::SimFileSystem disk_{1};
  Listener listener_;
  std::unique_ptr<LocalLog> log_;
  std::mutex sequencer_;
};

// LOG-1
TEST_P(LocalLogThreads, EveryCommitIsDurableOnceAndReadersSeeThemInOrder) {
  constexpr int kWriters = 8;
  constexpr int kCommits = 40;
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([this] { follow(kWriters * kCommits); });
    for (int i = 0; i < kWriters; ++i) threads.emplace_back([this] { write(kCommits); });
  }
  EXPECT_EQ(log_->durable_position(), Position{kWriters * kCommits});
  EXPECT_EQ(read_all(*log_, Position{1}).value_or(Position{}), Position{kWriters * kCommits});
}

TEST_P(LocalLogThreads, TrimmingAndPreparingBesideWritersLosesNothing) {
  constexpr int kWriters = 4;
  constexpr int kCommits = 60;
  std::atomic<bool> done = false;
  {
    const std::jthread keeper([&] {
      while (!done.load()) {
        const Position durable = log_->durable_position();
        if (log_->wants_segment()) {
          EXPECT_TRUE(log_->prepare_segment().has_value());
        }
        const auto trimmed = log_->trim(durable);
        EXPECT_TRUE(trimmed.has_value()) << trimmed.error().text();
        EXPECT_LE(log_->first_position(), std::max(durable, Position{1}));
        std::this_thread::yield();
      }
    });
    {
      std::vector<std::jthread> writers;
      for (int i = 0; i < kWriters; ++i) writers.emplace_back([this] { write(kCommits); });
    }
    done = true;
  }
  const auto last = read_all(*log_, log_->first_position());
  EXPECT_EQ(last.value_or(Position{}), Position{kWriters * kCommits});
}

TEST_P(LocalLogThreads, FailedWriteReachesEveryWaiter) {
  constexpr int kWriters = 8;
  disk_.inject({.target = io::Fault::Target::kWrite, .nth = 30, .from_then_on = true});
  std::atomic<int> told = 0;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&] {
        while (true) {
          std::unique_lock sequencer(sequencer_);
          const auto position = append_next(*log_);
          sequencer.unlock();
          if (!position.has_value()) break;
          const bool waits = number(*position) % 2 == 0;
          const auto durable =
              waits ? log_->wait_durable(*position) : log_->wait_announced(*position);
          if (!durable.has_value()) break;
        }
        ++told;
      });
    }
  }
  EXPECT_EQ(told.load(), kWriters);
}

INSTANTIATE_TEST_SUITE_P(Inflight, LocalLogThreads, ::testing::Values(1U, 4U));

}  // namespace
}  // namespace nacre::log
