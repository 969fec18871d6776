#include "io/spare_buffers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace nacre::io {
namespace {

TEST(SpareBuffers, ABufferThatIsGivenIsTakenAgain) {
  AlignedBuffer first = take_spare_buffer(std::size_t{512} << 10);
  const std::byte* const at = first.data();
  give_spare_buffer(std::move(first));
  std::vector<AlignedBuffer> taken;
  bool is_there = false;
  for (std::size_t i = 0; i < kSpareBuffers; ++i) {
    taken.push_back(take_spare_buffer(kSpareBufferSize));
    is_there = is_there || taken.back().data() == at;
  }
  EXPECT_TRUE(is_there);
}

TEST(SpareBuffers, AreAlignedAndAsLargeAsAskedFor) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{128} << 10, kSpareBufferSize,
                                 kSpareBufferSize + 1, std::size_t{5} << 20}) {
    SpareBuffer buffer(size);
    EXPECT_EQ(buffer.bytes().size(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % kDirectAlignment, 0U);
    std::memset(buffer.data(), 1, size);
  }
}

TEST(SpareBuffers, NoTwoThreadsHaveTheSameOne) {
  std::vector<std::jthread> threads;
  for (int i = 1; i <= 4; ++i) {
    threads.emplace_back([i] {
      for (int turn = 0; turn < 200; ++turn) {
        SpareBuffer buffer(kSpareBufferSize);
        std::memset(buffer.data(), i, 4096);
        std::this_thread::yield();
        ASSERT_EQ(std::to_integer<int>(buffer.data()[4095]), i);
      }
    });
  }
}

}  // namespace
}  // namespace nacre::io
