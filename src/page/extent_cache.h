// ExtentCache: the value chunks read or written last, by page id, up to a number of bytes.
//
// Why not frames: a chunk lies in one piece of memory, so that one read fills it. The pager sets
//   frames aside for what is in here (PAGE-6).
// Rule:    an entry is good only while the mapping table has the word it came with; the pager
//   erases what it frees.
// Cost:    find: one short lock, one hash look-up.
// Threads: internally locked; a lock of its own, taken last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

#include "base/mutex.h"
#include "page/extent.h"
#include "page/mapping_word.h"
#include "page/types.h"

namespace nacre::page {

class ExtentCache {
 public:
  [[nodiscard]] std::optional<ExtentRef> find(PageId id, MappingWord word);
  // Replaces what is there under `id`.
  void insert(PageId id, MappingWord word, ExtentRef extent);
  void erase(PageId id);
  // Gives up the least recently used; false when there is none.
  bool evict_one();
  [[nodiscard]] std::size_t bytes() const;  // whole blocks

 private:
  struct Entry {
    PageId id;
    MappingWord word;
    ExtentRef extent;
  };
  void erase_locked(PageId id) NACRE_REQUIRES(mutex_);
  [[nodiscard]] static std::size_t size_of(const Entry& entry) {
    return entry.word.place().blocks * kBlockSize;
  }

  mutable Mutex mutex_{"page extent cache", 64};    // docs/locks.md
  std::list<Entry> used_ NACRE_GUARDED_BY(mutex_);  // most recently used first
  std::unordered_map<std::uint32_t, std::list<Entry>::iterator> entries_ NACRE_GUARDED_BY(mutex_);
  std::size_t bytes_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::page
