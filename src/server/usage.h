// Usage: how many commands each collection has answered since the server began, and how long they
// took. What `top` tells.
//
// Each thread counts in one of kShares, which it shares with others only where there are more
//   threads than that; rows() adds them up.
// Limits:  kNamespacesMax collections; those beyond are not counted until others are forgotten.
// Cost:    a lock that hardly anybody else wants and a look-up by hash for each command; the first
//          of a collection in a share, and all of those beyond the limit, go to a lock of all.
// Threads: any number at once; rows() may miss what is added meanwhile.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/mutex.h"

namespace nacre::server {

class Usage {
 public:
  static constexpr std::size_t kNamespacesMax = 10'000;

  enum class Kind : std::uint8_t { kQuery, kGetMore, kInsert, kUpdate, kRemove, kOther };
  static constexpr std::size_t kKinds = 6;

  struct Spent {
    std::chrono::nanoseconds time{};
    std::int64_t count = 0;
  };
  struct Row {
    Spent reading;
    Spent writing;
    std::array<Spent, kKinds> by_kind;
  };

  void add(std::string_view database, std::string_view collection, Kind kind, bool writes,
           std::chrono::nanoseconds took);
  void forget(const std::string& name);

  // By "database.collection", ascending.
  [[nodiscard]] std::map<std::string, Row, std::less<>> rows() const;

 private:
  static constexpr std::size_t kShares = 8;

  // On cache lines of its own.
  struct alignas(64) Share {
    Mutex mutex{"server usage share", 6};
    std::string name NACRE_GUARDED_BY(mutex);  // that is looked up; keeps its memory
    std::unordered_map<std::string, Row> rows NACRE_GUARDED_BY(mutex);
  };

  [[nodiscard]] Share& own_share() const;

  Mutex mutex_{"server usage", 5};
  // Of the rows of all shares.
  std::unordered_set<std::string> names_ NACRE_GUARDED_BY(mutex_);
  mutable std::array<Share, kShares> shares_;
};

}  // namespace nacre::server
