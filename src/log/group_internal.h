// A group of commits in memory: filled by append, written as it is, forgotten when durable.
//
// Threads: the log's lock, except that the bytes of a sealed group no longer change.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "io/spare_buffers.h"
#include "log/local_log.h"
#include "log/segment_internal.h"

namespace nacre::log {

struct LocalLog::Group {
  [[nodiscard]] Position last() const { return Position{number(first) + commits - 1}; }
  [[nodiscard]] std::uint64_t extent() const { return whole_blocks(used); }
  [[nodiscard]] Bytes payload() const {
    return buffer.bytes().first(used).subspan(kGroupHeaderSize);
  }

  // Room for `bytes` more.
  void reserve(std::uint64_t bytes) {
    const auto needed = static_cast<std::size_t>(whole_blocks(used + bytes));
    if (buffer.size() >= needed) return;
    io::AlignedBuffer larger = io::take_spare_buffer(std::max(needed, 2 * buffer.size()));
    std::memcpy(larger.data(), buffer.data(), used);
    buffer = std::move(larger);
  }
  // What follows the last record in its block is zero, whatever the buffer was before.
  void pad() {
    const auto end = static_cast<std::size_t>(extent());
    std::memset(buffer.data() + used, 0, end - used);
  }
  // Nobody asks for the bytes any more.
  void give_buffer_back() { io::give_spare_buffer(std::exchange(buffer, io::AlignedBuffer())); }

  // Until the group is finished, or the caller is to write.
  void sleep() NACRE_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    while (!finished && !turn) changed.wait(mutex);
    turn = false;
    waiters.fetch_sub(1);
  }
  void finish() NACRE_EXCLUDES(mutex) {
    {
      const MutexLock lock(mutex);
      finished = true;
    }
    changed.notify_all();
  }
  void give_turn() NACRE_EXCLUDES(mutex) {
    {
      const MutexLock lock(mutex);
      turn = true;
    }
    changed.notify_one();
  }

  [[nodiscard]] MutableBytes extend(std::uint64_t bytes) {
    const MutableBytes added = buffer.bytes().subspan(used, static_cast<std::size_t>(bytes));
    used += static_cast<std::size_t>(bytes);
    return added;
  }

  io::AlignedBuffer buffer = io::AlignedBuffer(kBlockSize);
  std::size_t used = kGroupHeaderSize;
  Position first{};
  std::uint32_t commits = 0;
  Time last_time{};
  bool full = false;                       // takes no more commits
  std::atomic<std::uint32_t> waiters = 0;  // committers asleep, or about to be

  // Of its own, so that those who wake need not meet those who append.
  Mutex mutex{"log::LocalLog group", 74};
  Condition changed;
  bool finished NACRE_GUARDED_BY(mutex) = false;  // announced, or never will be
  bool turn NACRE_GUARDED_BY(mutex) = false;      // a sleeper is to write

  // From sealing on.
  std::shared_ptr<Segment> segment;
  std::shared_ptr<io::File> file;  // shared with the log; outlives a rotation
  GroupMark mark;                  // where it goes
  bool written = false;
};

}  // namespace nacre::log
