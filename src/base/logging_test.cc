#include "base/logging.h"

#include <gtest/gtest.h>

namespace nacre {
namespace {

TEST(Logging, ALineStaysOneLineWhateverItQuotes) {
  EXPECT_EQ(one_line("io: disk is full\n  while writing a\n  while saving"),
            "io: disk is full; while writing a; while saving");
  EXPECT_EQ(one_line("name \x1b[31m\r is odd"), "name \\x1b[31m\\x0d is odd");
}

}  // namespace
}  // namespace nacre
