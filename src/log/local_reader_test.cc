// Looking back: positions by time, and what is kept for it.
#include <gtest/gtest.h>

#include "log/log_test_support.h"

namespace nacre::log {
namespace {

class LocalReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_ = small_options(disk_);
    options_.segment_bytes_min = options_.segment_bytes_max = 64 * kBlockSize;
    auto created = LocalLog::create("log", options_);
    ASSERT_TRUE(created.has_value()) << created.error().text();
    log_ = std::move(*created);
  }

  void reopen(LocalLog::Resume resume) {
    log_.reset();
    auto opened = LocalLog::open("log", options_, resume);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    log_ = std::move(*opened);
  }

  // Groups of one to three commits.
  void commit_to(std::uint64_t last) {
    while (number(log_->last_position()) < last) {
      const auto position = append_next(*log_);
      ASSERT_TRUE(position.has_value()) << position.error().text();
      if (number(*position) % 6 > 2 && number(*position) < last) continue;
      const auto durable = log_->wait_durable(*position);
      ASSERT_TRUE(durable.has_value()) << durable.error().text();
    }
  }

  // At the time of each commit, just before and just after.
  void expect_times(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t position = first; position <= last; ++position) {
      const std::uint64_t at = number(time_of(position));
      ASSERT_EQ(log_->position_at(Time{at}), Position{position});
      ASSERT_EQ(log_->position_at(Time{at + 1}), Position{position});
      if (position > first) {
        ASSERT_EQ(log_->position_at(Time{at - 1}), Position{position - 1});
      }
    }
    EXPECT_EQ(log_->position_at(Time{~std::uint64_t{0}}), log_->last_position());
  }

  io::SimFileSystem disk_{1};
  LocalLogOptions options_;
  std::unique_ptr<LocalLog> log_;
};

TEST_F(LocalReaderTest, TimeOfEveryCommitLeadsToItsPosition) {
  EXPECT_EQ(log_->position_at(Time{7}), kNoPosition);
  commit_to(500);
  ASSERT_TRUE(append_next(*log_).has_value());
  ASSERT_TRUE(append_next(*log_).has_value());
  EXPECT_EQ(log_->position_at(Time{1}), kNoPosition);
  expect_times(1, 502);
  ASSERT_TRUE(log_->wait_durable(Position{502}).has_value());
  expect_times(495, 502);
}

TEST_F(LocalReaderTest, SegmentsOfAnEarlierProcessAreFoundByTimeAndPosition) {
  commit_to(500);
  reopen({.first_needed = Position{480}, .durable = Position{479}});
  EXPECT_EQ(log_->first_position(), Position{1});
  expect_times(1, 500);
  reopen({.first_needed = Position{480}, .durable = Position{479}});
  for (const std::uint64_t first : {1U, 77U, 250U, 499U}) {
    const auto last = read_all(*log_, Position{first});
    ASSERT_TRUE(last.has_value()) << last.error().text();
    EXPECT_EQ(*last, Position{500});
  }
}

TEST_F(LocalReaderTest, WhatIsKeptToLookBackDoesNotCountForTheNextCheckpoint) {
  commit_to(500);
  const std::uint64_t kept = log_->kept_bytes();
  ASSERT_TRUE(log_->trim(Position{501}, Position{1}).has_value());
  EXPECT_EQ(log_->bytes(), 0U);
  EXPECT_EQ(log_->kept_bytes(), kept);
  EXPECT_EQ(log_->first_position(), Position{1});
  expect_times(1, 500);
  commit_to(510);
  EXPECT_GT(log_->bytes(), 0U);
  ASSERT_TRUE(log_->trim(Position{501}, Position{300}).has_value());
  const Position oldest = log_->first_position();
  EXPECT_GT(oldest, Position{1});
  EXPECT_LE(oldest, Position{300});
  EXPECT_LT(log_->kept_bytes(), kept);
  expect_times(number(oldest), 510);
  const auto before = log_->position_at(Time{number(time_of(number(oldest) - 1)) - 1});
  ASSERT_FALSE(before.has_value());
  EXPECT_EQ(before.error().code(), Code::kTooOld);
  EXPECT_NE(before.error().what().find(format("{}", number(oldest))), std::string::npos)
      << before.error().text();
}

}  // namespace
}  // namespace nacre::log
