// FreeBlocks: which 4 KB blocks of the file are in use; derived at open, never stored.
//
// Why derived: a leak is impossible, and there is no free list to check. The map is walked at open
//   anyway.
// Why two bits: a block that the last durable checkpoint refers to must keep its bytes until the
//   next one is durable, even when nothing newer refers to it (PAGE-5).
// Cost:    allocation is next-fit over words of 64 blocks; 2 bits a block = 64 MB a TB.
// Threads: under the pager's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "page/mapping_word.h"

namespace nacre::page {

class FreeBlocks {
 public:
  // The first `reserved` blocks (superblocks) are always in use.
  explicit FreeBlocks(std::uint64_t reserved);

  // Until end_deriving() nothing below block `end` is given out: not all that is in use there is
  // known yet.
  void begin_deriving(std::uint64_t end);
  void end_deriving();

  // Marks an extent found in the map of a durable checkpoint. False: a block of it is taken
  // already.
  [[nodiscard]] bool adopt(std::uint64_t block, std::uint32_t count);
  void forget(const Place& adopted);  // takes an adopt() back
  [[nodiscard]] bool is_free(std::uint64_t block, std::uint32_t count) const;

  // One block, or two that lie together on an even number.
  [[nodiscard]] std::uint64_t allocate(std::uint32_t count);

  // `min` to `max` blocks that lie together, as many as there are at one place: a hole that is
  // worth a write of its own, any hole when much of the file is free, else the end of the file.
  struct Run {
    std::uint64_t block = 0;
    std::uint32_t count = 0;
  };
  [[nodiscard]] Run allocate_run(std::uint32_t min, std::uint32_t max);

  [[nodiscard]] bool is_durable(std::uint64_t block) const;
  // Free from now on. Requires that no durable checkpoint refers to it.
  void release(std::uint64_t block, std::uint32_t count);

  // A checkpoint has become durable: `obsolete` is free from now on; everything in use counts as
  // referred to by it, except `later`.
  void checkpoint_done(const std::vector<Place>& obsolete, const std::vector<Place>& later);

  // Everything in use counts as referred to until the next checkpoint is done.
  void keep_all() { durable_ = used_; }

  // `count` free blocks (two: on an even number) that end at or below block `end`.
  [[nodiscard]] std::optional<std::uint64_t> allocate_below(std::uint32_t count, std::uint64_t end);

  [[nodiscard]] std::uint64_t used() const { return used_count_; }
  // One above the highest block in use, or that may be.
  [[nodiscard]] std::uint64_t end() const { return end_without({}); }
  // The same when `places` were free already.
  [[nodiscard]] std::uint64_t end_without(const std::vector<Place>& places) const;

 private:
  void ensure(std::uint64_t block_count);
  [[nodiscard]] std::optional<Run> find_run(std::uint64_t from, std::uint64_t to, std::uint32_t min,
                                            std::uint32_t max) const;
  void set(std::vector<std::uint64_t>& bits, std::uint64_t block, std::uint32_t count, bool value);

  std::vector<std::uint64_t> used_;
  std::vector<std::uint64_t> durable_;
  std::uint64_t used_count_ = 0;
  std::uint64_t floor_ = 0;    // while deriving: allocation begins here
  std::size_t next_word_ = 0;  // where the search for two goes on
  std::size_t next_single_word_ = 0;
  std::uint64_t next_run_ = 0;  // block where the search for a run goes on
};

}  // namespace nacre::page
