#include "cli/progress.h"

#include <gtest/gtest.h>

namespace nacre::cli {
namespace {

TEST(Progress, TheLineShowsShareCountRatesAndTheTimeLeft) {
  EXPECT_EQ(progress_line(
                {.documents = 50000, .bytes = 5000000, .bytes_total = 20000000, .seconds = 2}, 120),
            "[####------------]  25 %  50,000 documents  25,000/s  2.5 MB/s  0:06 left");
}

TEST(Progress, WithoutASizeThereIsNoShareAndNoEstimate) {
  EXPECT_EQ(progress_line({.documents = 10, .bytes = 999, .bytes_total = {}, .seconds = 1}, 120),
            "10 documents  10/s  999 B/s");
}

TEST(Progress, TheLineNeverReachesTheLastColumn) {
  EXPECT_EQ(progress_line({.documents = 1, .bytes = 1, .bytes_total = 2, .seconds = 1}, 20).size(),
            19);
}

TEST(Progress, NumbersReadAsPeopleWriteThem) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
  EXPECT_EQ(show_bytes(1), "1 B");
  EXPECT_EQ(show_bytes(999949), "999.9 kB");
  EXPECT_EQ(show_bytes(999951), "1.0 MB");
  EXPECT_EQ(show_seconds(0.004), "0.00 s");
  EXPECT_EQ(show_seconds(59.4), "59 s");
  EXPECT_EQ(show_seconds(61), "1:01");
  EXPECT_EQ(show_seconds(7205), "2:00:05");
}

TEST(Progress, WhereDocumentsAreCountedNothingIsSaidOfBytes) {
  EXPECT_EQ(progress_line({.documents = 500,
                           .bytes = 0,
                           .bytes_total = std::nullopt,
                           .seconds = 1,
                           .documents_total = 1000},
                          80),
            "[########--------]  50 %  500 documents  500/s  0:01 left");
}

}  // namespace
}  // namespace nacre::cli
