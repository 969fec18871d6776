#include "txn/background.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <thread>

namespace nacre::txn {
namespace {

using Kind = BackgroundPool::Kind;
using Task = BackgroundPool::Task;

TEST(BackgroundPool, OneRunAnswersAllWishesMadeBeforeItBegins) {
  auto pool = std::make_shared<BackgroundPool>();
  std::promise<void> done;
  std::atomic<int> runs = 0;
  Task task(pool, Kind::kPrompt, [&] {
    if (++runs == 1) done.set_value();
  });
  const auto soon = BackgroundPool::Steady::now() + std::chrono::milliseconds(20);
  for (int i = 0; i < 100; ++i) task.run_at(soon);
  done.get_future().wait();
  task.cancel();
  EXPECT_EQ(runs, 1);
}

TEST(BackgroundPool, AWishMadeWhileATaskRunsRunsItAgain) {
  auto pool = std::make_shared<BackgroundPool>();
  std::promise<void> again;
  int runs = 0;
  Task* self = nullptr;
  Task task(pool, Kind::kBulk, [&] {
    if (++runs == 1) self->run_now();
    if (runs == 2) again.set_value();
  });
  self = &task;
  task.run_now();
  again.get_future().wait();
  task.cancel();
  EXPECT_EQ(runs, 2);
}

TEST(BackgroundPool, AnEarlierTimeCountsAlthoughALaterOneIsWaitedFor) {
  auto pool = std::make_shared<BackgroundPool>();
  std::promise<void> done;
  Task late(pool, Kind::kPrompt, [] { ADD_FAILURE() << "ran an hour early"; });
  Task early(pool, Kind::kPrompt, [&] { done.set_value(); });
  late.run_at(BackgroundPool::Steady::now() + std::chrono::hours(1));
  early.run_at(BackgroundPool::Steady::now() + std::chrono::hours(1));
  early.run_now();
  done.get_future().wait();
}

TEST(BackgroundPool, PromptWorkDoesNotWaitForManyLongTasks) {
  auto pool = std::make_shared<BackgroundPool>();
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> running = 0;
  std::deque<Task> bulk;
  for (int i = 0; i < 10; ++i) {
    bulk.emplace_back(pool, Kind::kBulk, [&] {
      ++running;
      released.wait();
    });
    bulk.back().run_now();
  }
  std::promise<void> done;
  Task prompt(pool, Kind::kPrompt, [&] { done.set_value(); });
  prompt.run_now();
  done.get_future().wait();
  EXPECT_LE(running, 2);
  EXPECT_LE(pool->thread_count(), 4U);
  release.set_value();
}

TEST(BackgroundPool, CancelWaitsForTheRunningTask) {
  auto pool = std::make_shared<BackgroundPool>();
  std::promise<void> begun;
  std::atomic<bool> is_over = false;
  Task task(pool, Kind::kUpkeep, [&] {
    begun.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    is_over = true;
  });
  task.run_now();
  begun.get_future().wait();
  task.cancel();
  EXPECT_TRUE(is_over);
  task.run_now();  // of no account any more
}

TEST(BackgroundPool, TheOneOfTheProcessEndsWithItsLastUser) {
  std::weak_ptr<BackgroundPool> seen;
  {
    const auto first = BackgroundPool::of_process();
    seen = first;
    EXPECT_EQ(BackgroundPool::of_process(), first);
  }
  EXPECT_TRUE(seen.expired());
}

}  // namespace
}  // namespace nacre::txn
