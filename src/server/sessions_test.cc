#include "server/sessions.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/wire_error.h"

namespace nacre::server {
namespace {

TEST(Sessions, ARepeatedWriteGetsTheRecordedAnswer) {
  Sessions sessions;
  {
    auto first = sessions.begin_write("a", 1);
    ASSERT_TRUE(first.has_value());
    EXPECT_FALSE(first->recorded().has_value());
    first->record("answer 1");
  }
  EXPECT_EQ(sessions.begin_write("a", 1)->recorded(), "answer 1");
  EXPECT_FALSE(sessions.begin_write("b", 1)->recorded().has_value());
  EXPECT_FALSE(sessions.begin_write("a", 2)->recorded().has_value());
}

TEST(Sessions, AWriteThatFailedMayBeTriedAgain) {
  Sessions sessions;
  {
    const auto failed = sessions.begin_write("a", 1);
  }
  EXPECT_FALSE(sessions.begin_write("a", 1)->recorded().has_value());
}

TEST(Sessions, AnOlderNumberIsRefused) {
  Sessions sessions;
  {
    const auto newer = sessions.begin_write("a", 5);
  }
  const auto older = sessions.begin_write("a", 4);
  ASSERT_FALSE(older.has_value());
  EXPECT_EQ(older.error().number(), wire_code::kTransactionTooOld);
}

TEST(Sessions, ARepetitionWaitsForTheAttemptThatIsStillRunning) {
  Sessions sessions;
  std::atomic<bool> recorded = false;
  auto first = std::make_unique<Sessions::Ticket>(*sessions.begin_write("a", 1));
  std::thread second([&] {
    const auto again = sessions.begin_write("a", 1);
    EXPECT_TRUE(recorded);
    EXPECT_EQ(again->recorded(), "done");
  });
  recorded = true;
  first->record("done");
  first.reset();
  second.join();
}

TEST(Sessions, TheOldestAreForgottenWhenTheAnswersGrowTooLarge) {
  Sessions sessions;
  const std::string large(kRecordedBytesMax / 4, 'x');
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    sessions.begin_write(name, 1)->record(large);
  }
  EXPECT_FALSE(sessions.begin_write("a", 1)->recorded().has_value());
  EXPECT_TRUE(sessions.begin_write("f", 1)->recorded().has_value());
}

TEST(Sessions, NoMoreThanTheLimitAreKept) {
  Sessions sessions;
  for (std::size_t i = 0; i < kSessionsMax + 5; ++i) {
    sessions.begin_write(std::to_string(i), 1)->record("x");
  }
  EXPECT_EQ(sessions.count(), kSessionsMax);
  sessions.forget(std::to_string(kSessionsMax));
  EXPECT_EQ(sessions.count(), kSessionsMax - 1);
  sessions.forget_all();
  EXPECT_EQ(sessions.count(), 0U);
}

}  // namespace
}  // namespace nacre::server
