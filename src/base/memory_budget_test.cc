#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <thread>

namespace nacre {
namespace {

constexpr std::size_t kPage = 10;

// Gives what it is asked for, as far as its floor.
class Giver final : public MemoryBudget::Member {
 public:
  Giver(MemoryBudget& budget, MemoryBudget::Limits limits) : account(budget, *this, limits) {}
  ~Giver() { account.close(); }

  std::size_t give_back(std::size_t bytes) override {
    ++asked;
    if (is_stubborn) return 0;
    account.give(bytes);
    return bytes;
  }
  void fill() {
    while (account.take(kPage)) {
    }
  }

  int asked = 0;
  bool is_stubborn = false;
  MemoryBudget::Account account;
};

TEST(MemoryBudget, NobodyTakesMoreThanThereIsOrThanHisCap) {
  MemoryBudget budget(100);
  Giver small(budget, {.floor = 10, .cap = 30});
  Giver large(budget, {.floor = 10});
  small.fill();
  large.fill();
  EXPECT_EQ(small.account.held(), 30U);
  EXPECT_EQ(large.account.held(), 70U);
  EXPECT_EQ(budget.held(), 100U);
  EXPECT_EQ(small.account.claim(kPage), 0U);
  EXPECT_EQ(large.asked, 0);
}

TEST(MemoryBudget, WhoIsInNeedIsGivenWhatLiesIdle) {
  MemoryBudget budget(100);
  Giver idle(budget, {.floor = 10});
  Giver busy(budget, {.floor = 10});
  ASSERT_TRUE(busy.account.take(20));
  idle.fill();
  ASSERT_EQ(idle.account.held(), 80U);
  for (int i = 0; i < 100; ++i) {
    busy.account.note_need(kPage);
    if (busy.account.claim(kPage) > 0) {
      ASSERT_TRUE(busy.account.take(kPage));
    }
  }
  EXPECT_EQ(idle.account.held(), 10U);
  EXPECT_EQ(busy.account.held(), 90U);
}

TEST(MemoryBudget, EqualsLeaveEachOtherAlone) {
  MemoryBudget budget(100);
  Giver one(budget, {.floor = 10});
  Giver other(budget, {.floor = 10});
  ASSERT_TRUE(one.account.take(50));
  ASSERT_TRUE(other.account.take(50));
  for (int i = 0; i < 100; ++i) {
    one.account.note_need(kPage);
    other.account.note_need(kPage);
    EXPECT_EQ(one.account.claim(kPage), 0U);
    EXPECT_EQ(other.account.claim(kPage), 0U);
  }
}

TEST(MemoryBudget, WhoHasNothingToGiveIsPassedOver) {
  MemoryBudget budget(90);
  Giver stubborn(budget, {.floor = 10});
  Giver willing(budget, {.floor = 10});
  Giver busy(budget, {.floor = 10});
  ASSERT_TRUE(stubborn.account.take(30));
  ASSERT_TRUE(willing.account.take(30));
  ASSERT_TRUE(busy.account.take(30));
  stubborn.is_stubborn = true;
  willing.account.note_need(1);  // so the other is asked first
  busy.account.note_need(20);
  EXPECT_EQ(busy.account.claim(kPage), kPage);
  EXPECT_EQ(stubborn.asked, 1);
  EXPECT_EQ(willing.asked, 1);
}

TEST(MemoryBudget, AFloorIsToBeHadEvenWhenAllIsTaken) {
  MemoryBudget budget(100);
  Giver hog(budget, {.floor = 10});
  hog.fill();
  hog.is_stubborn = true;
  Giver late(budget, {.floor = 20});
  EXPECT_FALSE(late.account.take(kPage));
  EXPECT_EQ(late.account.claim(kPage), 0U);
  EXPECT_TRUE(late.account.take_from_floor(kPage));
  EXPECT_TRUE(late.account.take_from_floor(kPage));
  EXPECT_FALSE(late.account.take_from_floor(kPage));
  EXPECT_TRUE(hog.account.should_shrink());
}

TEST(MemoryBudget, ChargesMakeTheSharesSmallerByHalfAtMost) {
  MemoryBudget budget(100);
  Giver one(budget, {.floor = 10});
  {
    MemoryCharge charge(budget);
    charge.set(30);
    one.fill();
    EXPECT_EQ(one.account.held(), 70U);
    charge.set(1000);
    EXPECT_TRUE(one.account.should_shrink());
    one.account.give(20);
    EXPECT_FALSE(one.account.should_shrink());
    EXPECT_FALSE(one.account.take(kPage));
  }
  EXPECT_EQ(budget.charged(), 0U);
  EXPECT_EQ(one.account.capacity(), 100U);
}

TEST(MemoryBudget, AMemberThatLeavesIsNotAskedAndLeavesNothingTaken) {
  MemoryBudget budget(100);
  Giver busy(budget, {.floor = 10});
  std::jthread claiming([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      busy.account.note_need(kPage);
      static_cast<void>(busy.account.claim(kPage));
    }
  });
  for (int i = 0; i < 200; ++i) {
    Giver passing(budget, {.floor = 10});
    passing.fill();
  }
  claiming.request_stop();
  claiming.join();
  EXPECT_EQ(budget.held(), busy.account.held());
}

}  // namespace
}  // namespace nacre
