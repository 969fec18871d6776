#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>

namespace nacre {
namespace {

TEST(Mutex, IsTakenInRisingRankAndGivenBackInAnyOrder) {
  Mutex low("low", 10);
  Mutex high("high", 20);
  low.lock();
  high.lock();
  low.unlock();
  high.unlock();
  MutexLock lock(low);
}

#ifndef NDEBUG
TEST(MutexDeathTest, FallingRankAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Mutex low("low", 10);
  Mutex high("high", 20);
  EXPECT_DEATH(
      {
        MutexLock first(high);
        MutexLock second(low);
      },
      "mutex low of rank 10 is taken under rank 20");
}
#endif

TEST(Condition, WaiterSeesTheChangeItWasWokenFor) {
  Mutex mutex("m", 10);
  Condition changed;
  bool ready = false;
  std::thread other([&] {
    MutexLock lock(mutex);
    ready = true;
    changed.notify_all();
  });
  {
    MutexLock lock(mutex);
    while (!ready) changed.wait(mutex);
    EXPECT_TRUE(ready);
  }
  other.join();
}

}  // namespace
}  // namespace nacre
