#include "page/extent_cache.h"

#include <utility>

namespace nacre::page {

std::optional<ExtentRef> ExtentCache::find(PageId id, MappingWord word) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(number(id));
  if (found == entries_.end() || found->second->word != word) return std::nullopt;
  used_.splice(used_.begin(), used_, found->second);
  return found->second->extent;
}

void ExtentCache::insert(PageId id, MappingWord word, ExtentRef extent) {
  const MutexLock lock(mutex_);
  erase_locked(id);
  used_.push_front({.id = id, .word = word, .extent = std::move(extent)});
  entries_.emplace(number(id), used_.begin());
  bytes_ += size_of(used_.front());
}

void ExtentCache::erase(PageId id) {
  const MutexLock lock(mutex_);
  erase_locked(id);
}

void ExtentCache::erase_locked(PageId id) {
  const auto found = entries_.find(number(id));
  if (found == entries_.end()) return;
  bytes_ -= size_of(*found->second);
  used_.erase(found->second);
  entries_.erase(found);
}

bool ExtentCache::evict_one() {
  const MutexLock lock(mutex_);
  if (used_.empty()) return false;
  erase_locked(used_.back().id);
  return true;
}

std::size_t ExtentCache::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace nacre::page
