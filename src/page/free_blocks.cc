#include "page/free_blocks.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/planted.h"

namespace nacre::page {
namespace {

constexpr std::uint64_t kEvenBits = 0x5555555555555555;

std::uint64_t mask_of(std::uint64_t block, std::uint32_t count) {
  return (count == 2 ? std::uint64_t{3} : std::uint64_t{1}) << (block % 64);
}

}  // namespace

FreeBlocks::FreeBlocks(std::uint64_t reserved) {
  ensure(reserved);
  for (std::uint64_t block = 0; block < reserved; ++block) {
    set(used_, block, 1, true);
    set(durable_, block, 1, true);
  }
  used_count_ = reserved;
}

void FreeBlocks::ensure(std::uint64_t block_count) {
  const std::size_t words = (block_count + 63) / 64;
  if (used_.size() >= words) return;
  const std::size_t grown = std::max(words, used_.size() + used_.size() / 4);
  used_.resize(grown, 0);
  durable_.resize(grown, 0);
}

void FreeBlocks::set(std::vector<std::uint64_t>& bits, std::uint64_t block, std::uint32_t count,
                     bool value) {
  for (std::uint64_t i = block; i < block + count; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << (i % 64);
    bits[i / 64] = value ? bits[i / 64] | bit : bits[i / 64] & ~bit;
  }
}

void FreeBlocks::begin_deriving(std::uint64_t end) {
  ensure(end);
  floor_ = (end + 63) / 64 * 64;
}

void FreeBlocks::end_deriving() {
  floor_ = 0;
  next_run_ = 0;
  next_word_ = 0;
  next_single_word_ = 0;
}

bool FreeBlocks::is_free(std::uint64_t block, std::uint32_t count) const {
  for (std::uint64_t i = block; i < block + count && i / 64 < used_.size(); ++i) {
    if ((used_[i / 64] >> (i % 64) & 1) != 0) return false;
  }
  return true;
}

bool FreeBlocks::adopt(std::uint64_t block, std::uint32_t count) {
  ensure(block + count);
  if (!is_free(block, count)) return false;
  set(used_, block, count, true);
  set(durable_, block, count, true);
  used_count_ += count;
  return true;
}

void FreeBlocks::forget(const Place& adopted) {
  set(used_, adopted.block, adopted.blocks, false);
  set(durable_, adopted.block, adopted.blocks, false);
  used_count_ -= adopted.blocks;
}

std::uint64_t FreeBlocks::allocate(std::uint32_t count) {
  NACRE_CHECK(count == 1 || count == 2, "a map block has one block, a page two");
  std::size_t& next = count == 2 ? next_word_ : next_single_word_;
  for (std::size_t step = 0; step <= used_.size(); ++step) {
    if (next >= used_.size()) next = 0;
    if (next < floor_ / 64) next = floor_ / 64;
    if (next >= used_.size()) break;
    const std::uint64_t free = ~used_[next];
    // Two: bit i of `fitting` says that blocks i and i + 1 are free, i even.
    const std::uint64_t fitting = count == 2 ? free & (free >> 1) & kEvenBits : free;
    if (fitting == 0) {
      ++next;
      continue;
    }
    const std::uint64_t block = next * 64 + static_cast<std::uint64_t>(std::countr_zero(fitting));
    used_[next] |= mask_of(block, count);
    used_count_ += count;
    return block;
  }
  next = used_.size();
  ensure((used_.size() + 1) * 64);
  return allocate(count);
}

// The first run of at least `min` free blocks in [from, to).
std::optional<FreeBlocks::Run> FreeBlocks::find_run(std::uint64_t from, std::uint64_t to,
                                                    std::uint32_t min, std::uint32_t max) const {
  std::uint64_t begin = from;
  std::uint64_t at = from;
  while (at < to && at - begin < max) {
    const std::uint64_t word = used_[at / 64] >> (at % 64);
    if ((word & 1) == 0) {
      at += word == 0 ? 64 - at % 64 : static_cast<std::uint64_t>(std::countr_zero(word));
      continue;
    }
    if (at - begin >= min) break;
    at += static_cast<std::uint64_t>(std::countr_one(word));
    begin = at;
  }
  const std::uint64_t end = std::min({at, to, begin + max});
  if (begin >= to || end - begin < min) return std::nullopt;
  return Run{.block = begin, .count = static_cast<std::uint32_t>(end - begin)};
}

FreeBlocks::Run FreeBlocks::allocate_run(std::uint32_t min, std::uint32_t max) {
  constexpr std::uint32_t kWorthAWrite = 16;  // blocks
  NACRE_CHECK(min >= 1 && min <= max, "a run has at least one block");
  const std::uint64_t end = this->end();
  const bool much_is_free = end - used_count_ > end / 4;
  const std::uint32_t wanted = much_is_free ? min : std::max(min, std::min(max, kWorthAWrite));
  const std::uint64_t from = std::clamp(next_run_, floor_, end);
  std::optional<Run> run = find_run(from, end, wanted, max);
  if (!run.has_value()) run = find_run(floor_, end, wanted, max);
  if (!run.has_value()) {
    ensure(end + max);
    run = Run{.block = end, .count = max};
  }
  set(used_, run->block, run->count, true);
  used_count_ += run->count;
  next_run_ = run->block + run->count;
  return *run;
}

std::optional<std::uint64_t> FreeBlocks::allocate_below(std::uint32_t count, std::uint64_t end) {
  if (count <= 2) {
    const std::uint64_t block = allocate(count);
    if (block + count <= end) return block;
    set(used_, block, count, false);
    used_count_ -= count;
    return std::nullopt;
  }
  end = std::min(end, this->end());
  const std::uint64_t from = std::clamp(next_run_, floor_, std::max(floor_, end));
  std::optional<Run> run = find_run(from, end, count, count);
  if (!run.has_value()) run = find_run(floor_, end, count, count);
  if (!run.has_value()) return std::nullopt;
  set(used_, run->block, count, true);
  used_count_ += count;
  next_run_ = run->block + count;
  return run->block;
}

bool FreeBlocks::is_durable(std::uint64_t block) const {
  return (durable_[block / 64] >> (block % 64) & 1) != 0;
}

void FreeBlocks::release(std::uint64_t block, std::uint32_t count) {
  NACRE_CHECK(!is_durable(block) || NACRE_PLANTED(block_reused_before_superblock),
              "PAGE-5: a durable checkpoint still refers to this block");
  for (std::uint64_t i = block; i < block + count; ++i) {
    NACRE_CHECK((used_[i / 64] >> (i % 64) & 1) != 0, "a block is released once");
  }
  set(used_, block, count, false);
  used_count_ -= count;
  // Low blocks first, so that the file stays short.
  const auto word = static_cast<std::size_t>(block / 64);
  next_word_ = std::min(next_word_, word);
  next_single_word_ = std::min(next_single_word_, word);
}

void FreeBlocks::checkpoint_done(const std::vector<Place>& obsolete,
                                 const std::vector<Place>& later) {
  for (const Place& place : obsolete) {
    set(durable_, place.block, place.blocks, false);
    release(place.block, place.blocks);
  }
  durable_ = used_;
  for (const Place& place : later) set(durable_, place.block, place.blocks, false);
}

std::uint64_t FreeBlocks::end_without(const std::vector<Place>& places) const {
  std::vector<Place> above = places;
  std::ranges::sort(above, std::ranges::greater(), &Place::block);
  auto next_above = above.begin();
  for (std::size_t i = used_.size(); i > 0; --i) {
    std::uint64_t word = used_[i - 1];
    while (word != 0) {
      const std::uint64_t last = i * 64 - 1 - static_cast<std::uint64_t>(std::countl_zero(word));
      while (next_above != above.end() && next_above->block > last) ++next_above;
      const bool is_above =
          next_above != above.end() && last < next_above->block + next_above->blocks;
      if (!is_above) return std::max(last + 1, floor_);
      word &= ~(std::uint64_t{1} << (last % 64));
    }
  }
  return floor_;
}

}  // namespace nacre::page
