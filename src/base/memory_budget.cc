#include "base/memory_budget.h"

#include <algorithm>

#include "base/check.h"

namespace nacre {

MemoryBudget::Account::Account(MemoryBudget& budget, Member& member, const Limits& limits)
    : budget_(budget), member_(member), limits_(limits) {
  NACRE_CHECK(limits.floor <= limits.cap, "a floor is not above its cap");
  const MutexLock lock(budget_.mutex_);
  budget_.accounts_.push_back(this);
}

MemoryBudget::Account::~Account() { close(); }

void MemoryBudget::Account::close() {
  const MutexLock lock(budget_.mutex_);
  if (!is_open_) return;
  is_open_ = false;
  std::erase(budget_.accounts_, this);
  while (asked_ > 0) budget_.answered_.wait(budget_.mutex_);
  budget_.held_.fetch_sub(held(), std::memory_order_relaxed);
  held_.store(0, std::memory_order_relaxed);
}

bool MemoryBudget::Account::take(std::size_t bytes) {
  const MutexLock lock(budget_.mutex_);
  if (!is_open_ || held() + bytes > limits_.cap) return false;
  if (budget_.held() + bytes > budget_.available()) return false;
  add(bytes);
  return true;
}

bool MemoryBudget::Account::take_from_floor(std::size_t bytes) {
  const MutexLock lock(budget_.mutex_);
  if (!is_open_ || held() + bytes > limits_.floor) return false;
  add(bytes);
  return true;
}

void MemoryBudget::Account::add(std::size_t bytes) {
  held_.store(held() + bytes, std::memory_order_relaxed);
  budget_.held_.fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::Account::give(std::size_t bytes) {
  const MutexLock lock(budget_.mutex_);
  if (!is_open_) return;
  NACRE_CHECK(bytes <= held(), "no more is given than was taken");
  held_.store(held() - bytes, std::memory_order_relaxed);
  budget_.held_.fetch_sub(bytes, std::memory_order_relaxed);
}

void MemoryBudget::Account::note_need(std::size_t bytes) {
  const MutexLock lock(budget_.mutex_);
  need_.fetch_add(bytes, std::memory_order_relaxed);
  budget_.need_since_fading_ += bytes;
  if (budget_.need_since_fading_ < budget_.bytes_ / 4) return;
  budget_.need_since_fading_ = 0;
  for (Account* account : budget_.accounts_) {
    account->need_.store(account->need_.load(std::memory_order_relaxed) / 2,
                         std::memory_order_relaxed);
  }
}

std::size_t MemoryBudget::Account::claim(std::size_t bytes) {
  if (held() + bytes > limits_.cap) return 0;
  std::vector<Account*> barren;  // asked already
  MutexLock lock(budget_.mutex_);
  while (Account* other = budget_.choose(*this, barren)) {
    ++other->asked_;
    lock.unlock();
    const std::size_t given = other->member_.give_back(bytes);
    lock.lock();
    --other->asked_;
    budget_.answered_.notify_all();
    if (given > 0) return given;
    barren.push_back(other);
  }
  return 0;
}

std::size_t MemoryBudget::Account::capacity() const {
  const std::size_t used = budget_.held();
  const std::size_t available = budget_.available();
  const std::size_t could = held() + (available > used ? available - used : 0);
  return std::clamp(could, limits_.floor, limits_.cap);
}

bool MemoryBudget::Account::should_shrink() const {
  return held() > limits_.floor && budget_.held() > budget_.available();
}

std::size_t MemoryBudget::available() const { return bytes_ - std::min(charged(), bytes_ / 2); }

MemoryBudget::Account* MemoryBudget::choose(const Account& account,
                                            const std::vector<Account*>& barren) {
  const auto need_of = [](const Account& one) {
    return static_cast<double>(one.need_.load(std::memory_order_relaxed)) /
           static_cast<double>(std::max<std::size_t>(one.held(), 1));
  };
  const bool is_entitled = account.held() < account.limits_.floor;
  Account* best = nullptr;
  for (Account* other : accounts_) {
    if (other == &account || other->held() <= other->limits_.floor) continue;
    if (!is_entitled && 2 * need_of(*other) > need_of(account)) continue;
    if (std::ranges::find(barren, other) != barren.end()) continue;
    if (best == nullptr || need_of(*other) < need_of(*best)) best = other;
  }
  return best;
}

}  // namespace nacre
