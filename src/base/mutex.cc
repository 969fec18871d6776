#include "base/mutex.h"

#ifndef NDEBUG

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "base/check.h"

namespace nacre {
namespace {

// The mutexes this thread holds, in the order it took them.
struct Held {
  std::array<const Mutex*, 16> mutexes;
  std::array<int, 16> ranks;
  std::size_t count = 0;
};

Held& held() {
  static thread_local Held held;
  return held;
}

}  // namespace

void Mutex::check_order() const {
  const Held& mine = held();
  for (const int rank : std::span(mine.ranks).first(mine.count)) {
    if (rank >= rank_) {
      const std::string why = std::string("mutex ") + name_ + " of rank " + std::to_string(rank_) +
                              " is taken under rank " + std::to_string(rank);
      NACRE_CHECK(rank < rank_, why.c_str());
    }
  }
}

void Mutex::note_taken() const {
  Held& mine = held();
  NACRE_CHECK(mine.count < mine.mutexes.size(), "no thread holds more than 16 mutexes");
  mine.mutexes[mine.count] = this;
  mine.ranks[mine.count] = rank_;
  ++mine.count;
}

void Mutex::note_given() const {
  Held& mine = held();
  const auto end = mine.mutexes.begin() + static_cast<std::ptrdiff_t>(mine.count);
  const auto found = std::find(mine.mutexes.begin(), end, this);
  NACRE_CHECK(found != end, "a mutex is given back by the thread that took it");
  const auto at = found - mine.mutexes.begin();
  std::copy(found + 1, end, found);
  std::copy(mine.ranks.begin() + at + 1,
            mine.ranks.begin() + static_cast<std::ptrdiff_t>(mine.count), mine.ranks.begin() + at);
  --mine.count;
}

}  // namespace nacre

#endif
