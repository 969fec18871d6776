// MemoryBudget: how much memory the databases of a process may take together, and who gets it.
//
// Each has an account. It takes memory while there is some; when there is none, whoever is in need
//   claims: the member in the least need is asked to give some of its memory back. So memory flows
//   to where misses are, an idle member shrinks to its floor, and nobody grows above its cap.
// Need is what a member had to push out of its memory lately, by what it holds. To keep two equals
//   from taking each other's memory in turns, a claim wants twice the need of whom it takes from.
// Invariants (docs/invariants.md):
//   PAGE-6  the members together hold no more than bytes(), or the sum of their floors if that is
//           more; charges count, but leave them at least half
// Determinism: no clock and no chance in here; need fades with the number of misses.
// Threads: internally locked, a lock taken last (docs/locks.md). claim() is called without locks
//   that giving back needs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace nacre {

class MemoryBudget {
 public:
  // Who takes memory.
  class Member {
   public:
    // Gives up to `bytes` back through its account, down to its floor, by the thread of somebody
    // else; returns how many. It may take its time, as when something has to be written first.
    virtual std::size_t give_back(std::size_t bytes) = 0;

   protected:
    ~Member() = default;
  };

  struct Limits {
    std::size_t floor = 0;  // may always be taken
    std::size_t cap = SIZE_MAX;
  };

  // One member's share.
  class Account {
   public:
    Account(MemoryBudget& budget, Member& member, const Limits& limits);
    // What is still held counts as given. Waits until nobody asks the member any more; to be called
    // before the member ceases to be able to give_back(). Later calls take nothing.
    void close();
    ~Account();
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    // False, with nothing taken, when the cap or the budget does not allow it.
    [[nodiscard]] bool take(std::size_t bytes);
    // Up to the floor even when the budget is used up; for when nobody had anything to give.
    [[nodiscard]] bool take_from_floor(std::size_t bytes);
    void give(std::size_t bytes);
    // `bytes` had to be pushed out for something else.
    void note_need(std::size_t bytes);
    // Asks others for `bytes`. Returns what they gave; it is there for the next who takes.
    [[nodiscard]] std::size_t claim(std::size_t bytes);

    [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }
    [[nodiscard]] const Limits& limits() const { return limits_; }
    // What it holds and could take now without asking anybody.
    [[nodiscard]] std::size_t capacity() const;
    // Whether the budget is overdrawn, so that what becomes free here had better be given.
    [[nodiscard]] bool should_shrink() const;

   private:
    friend class MemoryBudget;
    void add(std::size_t bytes);  // with the budget's lock

    MemoryBudget& budget_;
    Member& member_;
    const Limits limits_;
    std::atomic<std::size_t> held_ = 0;  // stored with the budget's lock
    std::atomic<std::size_t> need_ = 0;
    // With the budget's lock.
    int asked_ = 0;  // threads in give_back()
    bool is_open_ = true;
  };

  explicit MemoryBudget(std::size_t bytes) : bytes_(bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t charged() const { return charged_.load(std::memory_order_relaxed); }

  // Memory that is needed for as long as it is needed: tables, buffers, private writes. It makes
  // the members' share smaller, by half at most.
  void charge(std::size_t bytes) { charged_.fetch_add(bytes, std::memory_order_relaxed); }
  void discharge(std::size_t bytes) { charged_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::size_t available() const;
  // The member in the least need that has something to give to `account`, marked as asked; null
  // when there is none.
  [[nodiscard]] Account* choose(const Account& account, const std::vector<Account*>& barren)
      NACRE_REQUIRES(mutex_);

  const std::size_t bytes_;
  std::atomic<std::size_t> held_ = 0;  // of all; stored with mutex_
  std::atomic<std::size_t> charged_ = 0;
  Mutex mutex_{"MemoryBudget", 90};
  Condition answered_;
  std::vector<Account*> accounts_ NACRE_GUARDED_BY(mutex_);
  std::size_t need_since_fading_ NACRE_GUARDED_BY(mutex_) = 0;
};

// A charge that can grow and is taken back with its owner.
class MemoryCharge {
 public:
  MemoryCharge() = default;  // of no budget: counts nothing
  explicit MemoryCharge(MemoryBudget& budget) : budget_(&budget) {}
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryCharge() { set(0); }

  void set(std::size_t bytes) {
    if (budget_ == nullptr || bytes == bytes_) return;
    if (bytes > bytes_) budget_->charge(bytes - bytes_);
    if (bytes < bytes_) budget_->discharge(bytes_ - bytes);
    bytes_ = bytes;
  }

 private:
  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace nacre
