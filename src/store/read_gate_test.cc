#include "store/read_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace nacre::store {
namespace {

TEST(ReadGate, IsShutUntilItIsOpened) {
  ReadGate gate;
  gate.admit(ReadGate::my_line());
  EXPECT_EQ(ReadGate::Reading(gate, ReadGate::my_line()).generation(), ReadGate::kShut);
  gate.open(7);
  EXPECT_EQ(ReadGate::Reading(gate, ReadGate::my_line()).generation(), 7U);
  gate.shut();
  EXPECT_EQ(ReadGate::Reading(gate, ReadGate::my_line()).generation(), ReadGate::kShut);
}

TEST(ReadGate, WhoShutsItWaitsForThoseInside) {
  ReadGate gate;
  gate.admit(ReadGate::my_line());
  gate.open(1);
  {
    const ReadGate::Reading reading(gate, ReadGate::my_line());
    gate.shut();
    EXPECT_FALSE(gate.wait_for_readers(3));
  }
  EXPECT_TRUE(gate.wait_for_readers(1));
}

// STORE-7. What is written while the gate is shut is seen whole by whoever gets in: plain words, so
// that the thread sanitizer has a say too.
TEST(ReadGate, ReadersSeeWhatWasWrittenWhileItWasShut) {
  ReadGate gate;
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> readers;
  for (std::size_t line = 0; line < 16; ++line) gate.admit(line);
  gate.open(1);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over.load()) {
        const ReadGate::Reading reading(gate, ReadGate::my_line());
        if (reading.generation() == ReadGate::kShut) continue;
        EXPECT_EQ(first, second);
      }
    });
  }
  for (std::uint64_t i = 1; i < 2000; ++i) {
    gate.shut();
    EXPECT_TRUE(gate.wait_for_readers(ReadGate::kForEver));
    first = i;
    std::this_thread::yield();
    second = i;
    gate.open(i + 1);
  }
  is_over.store(true);
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace nacre::store
