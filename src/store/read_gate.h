// ReadGate: lets readers look at the newest pages where they lie, while nobody changes them there.
//
// Why: a snapshot holds a generation, which costs two locks and makes the next change of a page
//   copy it. Who wants one row of the newest state needs neither, as long as no page is changed in
//   place under its eyes. So readers announce themselves, and whoever is about to change pages in
//   place shuts the gate and waits until they are out, which takes less than a microsecond.
// Rule:    what a reader does inside is brief: no waiting, no I/O, under a page::Pin. Inside it may
//   read everything that is visible at generation(), which no page changes before it is out.
// Invariants: STORE-7 pages change in place only while the gate is shut and nobody is inside
// Cost:    a reader two atomic additions to a line of its own; whoever shuts the gate one store and
//   a look at each line in use. A store that nobody reads in this way pays nothing.
// Threads: Reading: any thread. The rest: one thread at a time (the store's apply lock).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nacre::store {

class ReadGate {
 private:
  // 128 bytes apart because CPUs fetch lines in pairs.
  struct alignas(128) Line {
    std::atomic<std::uint32_t> readers{0};
    std::atomic<bool> is_in_use{false};
  };

 public:
  static constexpr std::uint64_t kShut = 0;

  class Reading {
   public:
    Reading(ReadGate& gate, std::size_t line) : line_(gate.lines_[line]) {
      // seq_cst, with shut() and the loads of both sides: either we find the gate shut, or whoever
      // shuts it finds us inside.
      line_.readers.fetch_add(1, std::memory_order_seq_cst);
      generation_ = gate.generation_.load(std::memory_order_seq_cst);
    }
    ~Reading() {
      // release: pairs with the acquire in wait_for_readers(); our reads are done
      line_.readers.fetch_sub(1, std::memory_order_release);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    // The pages to look at; kShut: none, go away.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

   private:
    Line& line_;
    std::uint64_t generation_;
  };

  // The line of the calling thread, which it shares with some others.
  [[nodiscard]] static std::size_t my_line() {
    if (my_number_ == 0) [[unlikely]]
      my_number_ = count_threads_.fetch_add(1, std::memory_order_relaxed) + 1;
    return my_number_ % kLines;
  }
  // Whether a Reading may be made on `line`. When not, admit() it, once.
  [[nodiscard]] bool knows(std::size_t line) const {
    return lines_[line].is_in_use.load(std::memory_order_acquire);
  }
  void admit(std::size_t line) {
    lines_[line].is_in_use.store(true, std::memory_order_release);
    is_used_ = true;
  }

  [[nodiscard]] bool is_open() const {
    return generation_.load(std::memory_order_acquire) != kShut;
  }
  void open(std::uint64_t generation) {
    // seq_cst, as the readers' loads; also a release of what was changed while it was shut
    generation_.store(generation, std::memory_order_seq_cst);
  }
  // Nobody new gets in.
  void shut() { generation_.store(kShut, std::memory_order_seq_cst); }
  // After shut(): waits until all are out; false when one takes too long.
  [[nodiscard]] bool wait_for_readers(std::uint64_t patience) const;
  static constexpr std::uint64_t kForEver = UINT64_MAX;

 private:
  static constexpr std::size_t kLines = 16;

  // Members of the class, named as such.
  // NOLINTBEGIN(readability-identifier-naming)
  inline static std::atomic<std::size_t> count_threads_{0};
  constinit inline static thread_local std::size_t my_number_ = 0;  // 0: none yet
  // NOLINTEND(readability-identifier-naming)

  std::array<Line, kLines> lines_;
  alignas(128) std::atomic<std::uint64_t> generation_{kShut};
  bool is_used_ = false;
};

}  // namespace nacre::store
