#include "store/read_gate.h"

#include <algorithm>
#include <thread>

#include "base/planted.h"

namespace nacre::store {

bool ReadGate::wait_for_readers(std::uint64_t patience) const {
  if (!is_used_ || NACRE_PLANTED(readers_not_waited_for)) return true;
  constexpr std::uint64_t kSpins = 64;  // then it is likely that a reader lost its processor
  for (std::uint64_t turn = 0; turn < patience; ++turn) {
    const bool is_empty = std::ranges::all_of(lines_, [](const Line& line) {
      // A line that comes into use later is of somebody who finds the gate shut. seq_cst: see
      // Reading.
      return !line.is_in_use.load(std::memory_order_acquire) ||
             line.readers.load(std::memory_order_seq_cst) == 0;
    });
    if (is_empty) return true;
    if (turn >= kSpins) std::this_thread::yield();
  }
  return false;
}

}  // namespace nacre::store
