#include "server/usage.h"

#include <atomic>
#include <utility>

#include "base/text.h"

namespace nacre::server {
namespace {

void add_to(Usage::Spent& spent, const Usage::Spent& more) {
  spent.time += more.time;
  spent.count += more.count;
}

void add_to(Usage::Row& row, Usage::Kind kind, bool writes, std::chrono::nanoseconds took) {
  const Usage::Spent more{.time = took, .count = 1};
  add_to(writes ? row.writing : row.reading, more);
  add_to(row.by_kind[static_cast<std::size_t>(kind)], more);
}

}  // namespace

Usage::Share& Usage::own_share() const {
  static std::atomic<std::size_t> threads = 0;
  thread_local const std::size_t own = threads.fetch_add(1, std::memory_order_relaxed);
  return shares_[own % kShares];
}

void Usage::add(std::string_view database, std::string_view collection, Kind kind, bool writes,
                std::chrono::nanoseconds took) {
  Share& share = own_share();
  {
    const MutexLock lock(share.mutex);
    share.name.assign(database).append(".").append(collection);
    if (const auto found = share.rows.find(share.name); found != share.rows.end()) {
      add_to(found->second, kind, writes, took);
      return;
    }
  }
  std::string name = format("{}.{}", database, collection);
  const MutexLock lock_of_all(mutex_);
  if (names_.size() == kNamespacesMax && !names_.contains(name)) return;
  names_.insert(name);
  const MutexLock lock(share.mutex);
  add_to(share.rows[std::move(name)], kind, writes, took);
}

void Usage::forget(const std::string& name) {
  const MutexLock lock_of_all(mutex_);
  names_.erase(name);
  for (Share& share : shares_) {
    const MutexLock lock(share.mutex);
    share.rows.erase(name);
  }
}

std::map<std::string, Usage::Row, std::less<>> Usage::rows() const {
  std::map<std::string, Row, std::less<>> all;
  for (Share& share : shares_) {
    const MutexLock lock(share.mutex);
    for (const auto& [name, row] : share.rows) {
      Row& sum = all[name];
      add_to(sum.reading, row.reading);
      add_to(sum.writing, row.writing);
      for (std::size_t i = 0; i < kKinds; ++i) add_to(sum.by_kind[i], row.by_kind[i]);
    }
  }
  return all;
}

}  // namespace nacre::server
