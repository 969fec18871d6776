// Usage: how many commands each collection has answered since the server began, and how long they
// took. What `top` tells.
//
// Limits:  kNamespacesMax collections; those beyond are not counted until others are forgotten.
// Cost:    a lock and a look-up for each command.
// Threads: any number at once.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

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
  void forget(std::string_view name);

  // By "database.collection", ascending.
  [[nodiscard]] std::map<std::string, Row, std::less<>> rows() const;

 private:
  mutable Mutex mutex_{"server usage", 5};
  std::map<std::string, Row, std::less<>> rows_ NACRE_GUARDED_BY(mutex_);
};

}  // namespace nacre::server
