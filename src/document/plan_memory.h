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
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "bson/builder.h"

namespace nacre::document {

class PlanMemory {
 public:
  struct Plan {
    std::string name;        // of the plan among those of the query
    std::int64_t works = 0;  // that it took to give its first rows
  };
  // What people are told of it (query/plan_cache.h).
  struct Story {
    bson::Document query;  // {query, sort, projection, ...} it was found for; {} where too long
    bson::Document plan;   // as explain shows it
    std::int64_t made_at_ms = 0;
  };
  struct Entry {
    std::uint64_t version = 0;  // of the catalog
    Plan plan;
    Story story;
  };

  [[nodiscard]] std::optional<Plan> find(const std::string& shape, std::uint64_t catalog_version) {
    const MutexLock lock(mutex_);
    const auto found = plans_.find(shape);
    if (found == plans_.end() || found->second.version != catalog_version) return std::nullopt;
    return found->second.plan;
  }
  void remember(const std::string& shape, std::uint64_t catalog_version, Plan plan, Story story) {
    const MutexLock lock(mutex_);
    if (plans_.size() >= kShapesMax) plans_.clear();
    plans_.insert_or_assign(
        shape,
        Entry{.version = catalog_version, .plan = std::move(plan), .story = std::move(story)});
  }
  // Those whose shape begins so.
  [[nodiscard]] std::vector<std::pair<std::string, Entry>> list(const std::string& prefix) {
    std::vector<std::pair<std::string, Entry>> found;
    const MutexLock lock(mutex_);
    for (const auto& each : plans_) {
      if (each.first.starts_with(prefix)) found.emplace_back(each);
    }
    return found;
  }
  void forget_all(const std::string& prefix) {
    const MutexLock lock(mutex_);
    std::erase_if(plans_, [&](const auto& each) { return each.first.starts_with(prefix); });
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

  Mutex mutex_{"document::PlanMemory", 4};
  std::unordered_map<std::string, Entry> plans_ NACRE_GUARDED_BY(mutex_);
};

}  // namespace nacre::document
