// MappingTable: page id to mapping word, the first step of every page access.
//
// Why two levels: a directory of chunks of 2^18 words; a lookup is two loads, of which the first is
//   always in the cache, and a small database touches a few 4 KB pages of its first chunk only.
// Threads: word(): any thread. Stores and grow(): under the pager's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "page/mapping_word.h"
#include "page/memory.h"
#include "page/types.h"

namespace nacre::page {

class MappingTable {
 public:
  [[nodiscard]] Result<> init();
  // Makes ids below `id_count` usable; their words are kFree.
  [[nodiscard]] Result<> grow(std::uint32_t id_count);

  [[nodiscard]] MappingWord word(PageId id) const {
    const std::atomic<std::uint64_t>* entry = find(id);
    // acquire: pairs with the release in set(); what the word points to is complete
    return entry == nullptr ? MappingWord() : MappingWord(entry->load(std::memory_order_acquire));
  }
  // Requires an id below the count given to grow().
  void set(PageId id, MappingWord word) { find(id)->store(word.bits(), std::memory_order_release); }
  void prefetch(PageId id) const { __builtin_prefetch(find(id)); }

 private:
  static constexpr std::uint32_t kChunkBits = 18;
  static constexpr std::uint32_t kChunkSize = 1U << kChunkBits;  // words
  static constexpr std::uint32_t kChunkCount = 1U << (32 - kChunkBits);
  using Entry = std::atomic<std::uint64_t>;

  [[nodiscard]] Entry* find(PageId id) const {
    // acquire: pairs with the release in grow()
    Entry* chunk = directory()[number(id) >> kChunkBits].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : chunk + (number(id) & (kChunkSize - 1));
  }
  [[nodiscard]] std::atomic<Entry*>* directory() const { return directory_; }

  Reservation directory_memory_;
  std::atomic<Entry*>* directory_ = nullptr;  // kChunkCount pointers
  std::vector<Reservation> chunks_;
  std::uint32_t huge_chunks_ = 0;  // of them, in huge pages
};

}  // namespace nacre::page
