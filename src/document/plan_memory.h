// Which plan won for queries of one shape, and how much work it took: so that the next of that
// shape need not race its plans again.
//
// Invariants: an entry is of one version of the catalog; any change of it forgets the entry.
// Cost:       a hash look-up under a lock; kShapesMax shapes at most, then all are forgotten.
// Threads:    internally locked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"

namespace nacre::document {

class PlanMemory {
 public:
  struct Plan {
    std::string name;        // of the plan among those of the query
    std::int64_t works = 0;  // that it took to give its first rows
  };

  [[nodiscard]] std::optional<Plan> find(const std::string& shape, std::uint64_t catalog_version) {
    const MutexLock lock(mutex_);
    const auto found = plans_.find(shape);
    if (found == plans_.end() || found->second.version != catalog_version) return std::nullopt;
    return found->second.plan;
  }
  void remember(const std::string& shape, std::uint64_t catalog_version, Plan plan) {
    const MutexLock lock(mutex_);
    if (plans_.size() >= kShapesMax) plans_.clear();
    plans_.insert_or_assign(shape, Entry{.version = catalog_version, .plan = std::move(plan)});
  }
  void forget(const std::string& shape) {
    const MutexLock lock(mutex_);
    plans_.erase(shape);
  }
  void clear() {
    const MutexLock lock(mutex_);
    plans_.clear();
  }

 private:
  static constexpr std::size_t kShapesMax = 1000;
  struct Entry {
    std::uint64_t version = 0;
    Plan plan;
  };

  Mutex mutex_{"document::PlanMemory", 4};
  std::unordered_map<std::string, Entry> plans_ NACRE_GUARDED_BY(mutex_);
};

}  // namespace nacre::document
