#include "server/usage.h"

namespace nacre::server {
namespace {

void add_to(Usage::Spent& spent, std::chrono::nanoseconds took) {
  spent.time += took;
  ++spent.count;
}

}  // namespace

void Usage::add(std::string_view database, std::string_view collection, Kind kind, bool writes,
                std::chrono::nanoseconds took) {
  std::string name;
  name.reserve(database.size() + 1 + collection.size());
  name.append(database).append(".").append(collection);
  const MutexLock lock(mutex_);
  auto found = rows_.find(name);
  if (found == rows_.end()) {
    if (rows_.size() == kNamespacesMax) return;
    found = rows_.try_emplace(std::move(name)).first;
  }
  Row& row = found->second;
  add_to(writes ? row.writing : row.reading, took);
  add_to(row.by_kind[static_cast<std::size_t>(kind)], took);
}

void Usage::forget(std::string_view name) {
  const MutexLock lock(mutex_);
  if (const auto found = rows_.find(name); found != rows_.end()) rows_.erase(found);
}

std::map<std::string, Usage::Row, std::less<>> Usage::rows() const {
  const MutexLock lock(mutex_);
  return rows_;
}

}  // namespace nacre::server
