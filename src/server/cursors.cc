#include "server/cursors.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

std::int64_t random_id() {
  static thread_local std::random_device device;
  const std::uint64_t high = device();
  const std::uint64_t low = device();
  // Never 0, which means "no cursor", and never negative, which shells print badly.
  return static_cast<std::int64_t>(((high << 32 | low) & ((std::uint64_t{1} << 62) - 1)) |
                                   1U << 31);
}

std::unexpected<Error> not_found(std::int64_t id) {
  return fail(Code::kNotFound, wire_code::kCursorNotFound, format("cursor id {} not found", id));
}

}  // namespace

Result<std::optional<bson::View>> Rows::peek() {
  if (peeked_ == Peeked::kEnd) return std::nullopt;
  if (peeked_ == Peeked::kView) return view_;
  if (peeked_ == Peeked::kKept) return kept_.view();
  std::optional<bson::View> row;
  if (cursor_) {
    row = NACRE_TRY(cursor_->next());
  } else if (tail_) {
    row = NACRE_TRY(tail_->next());
  } else if (next_ < documents_.size()) {
    row = documents_[next_++].view();
  }
  peeked_ = row ? Peeked::kView : Peeked::kEnd;
  if (row) view_ = *row;
  return row;
}

void Rows::pause() {
  if (peeked_ == Peeked::kView) {
    kept_ = bson::Document(view_);
    peeked_ = Peeked::kKept;
  }
  if (cursor_) cursor_->pause();
  if (tail_) tail_->pause();
}

Result<> Rows::go_on(const query::Scope& scope) {
  if (peeked_ == Peeked::kEnd) peeked_ = Peeked::kNo;
  return tail_->go_on(scope);
}

void Rows::set_time_limit(std::int64_t milliseconds) {
  if (cursor_) cursor_->set_time_limit(milliseconds);
  if (tail_) tail_->set_time_limit(milliseconds);
}

Result<std::int64_t> Cursors::add(std::unique_ptr<StoredCursor> cursor) {
  const MutexLock lock(mutex_);
  if (entries_.size() >= kCursorsMax) {
    return fail(Code::kFull, wire_code::kExceededMemoryLimit,
                format("{} cursors are open, which is the limit", kCursorsMax));
  }
  std::int64_t id = random_id();
  while (entries_.contains(id)) id = random_id();
  Entry entry{.cursor = nullptr,
              .ended = {},
              .database = cursor->database,
              .collection = cursor->collection,
              .transaction = cursor->transaction,
              .last_used = std::chrono::steady_clock::now()};
  entry.cursor = std::move(cursor);
  entries_.emplace(id, std::move(entry));
  return id;
}

Result<std::unique_ptr<StoredCursor>> Cursors::take(std::int64_t id, std::string_view database,
                                                    std::string_view collection,
                                                    std::string_view transaction) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return not_found(id);
  Entry& entry = found->second;
  if (entry.transaction != transaction) {
    return fail(Code::kInvalid, wire_code::kCursorOfOtherTransaction,
                format("Cannot run getMore on cursor {}: it belongs to another "
                       "transaction, or to "
                       "none",
                       id));
  }
  if (entry.database != database || entry.collection != collection) {
    return fail(Code::kInvalid, wire_code::kUnauthorized,
                format("Requested getMore on namespace '{}.{}', but cursor belongs to a different "
                       "namespace {}.{}",
                       database, collection, entry.database, entry.collection));
  }
  if (!entry.ended.empty()) {
    const std::string reason = std::move(entry.ended);
    entries_.erase(found);
    return fail(Code::kNotFound, wire_code::kQueryPlanKilled, reason);
  }
  if (entry.cursor == nullptr) {
    return fail(Code::kConflict, wire_code::kCursorInUse,
                format("cursor id {} is already in use", id));
  }
  return std::move(entry.cursor);
}

void Cursors::give_back(std::int64_t id, std::unique_ptr<StoredCursor> cursor) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  const bool is_over = found == entries_.end() || !found->second.ended.empty();
  if (is_over) return;  // killed or ended meanwhile
  found->second.cursor = std::move(cursor);
  found->second.last_used = std::chrono::steady_clock::now();
}

void Cursors::remove(std::int64_t id) {
  const MutexLock lock(mutex_);
  entries_.erase(id);
}

bool Cursors::knows(std::int64_t id) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.ended.empty();
}

bool Cursors::kill(std::int64_t id, std::string_view database, std::string_view collection) {
  Entry killed;  // destroyed after the lock is given back
  const MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  if (found->second.database != database || found->second.collection != collection) return false;
  killed = std::move(found->second);
  entries_.erase(found);
  return true;
}

void Cursors::kill_where(const std::function<bool(const Entry&)>& condition) {
  std::vector<Entry> killed;  // destroyed after the lock is given back
  const MutexLock lock(mutex_);
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (condition(at->second)) {
      killed.push_back(std::move(at->second));
      at = entries_.erase(at);
    } else {
      ++at;
    }
  }
}

void Cursors::kill_all() {
  kill_where([](const Entry&) { return true; });
}

void Cursors::end_where(const std::function<bool(const Entry&)>& condition,
                        std::string_view reason) {
  std::vector<std::unique_ptr<StoredCursor>> ended;  // destroyed after the lock is given back
  const MutexLock lock(mutex_);
  for (auto& [id, entry] : entries_) {
    if (!entry.ended.empty() || !condition(entry)) continue;
    entry.ended = reason;
    entry.last_used = std::chrono::steady_clock::now();
    ended.push_back(std::move(entry.cursor));
  }
}

void Cursors::end_all_of(std::string_view database, std::string_view reason) {
  end_where([&](const Entry& entry) { return entry.database == database; }, reason);
}

void Cursors::end_all_of(std::string_view database, std::string_view collection,
                         std::string_view reason) {
  end_where(
      [&](const Entry& entry) {
        return entry.database == database && entry.collection == collection;
      },
      reason);
}

void Cursors::kill_all_of_transaction(std::string_view tag) {
  kill_where([&](const Entry& entry) { return entry.transaction == tag; });
}

std::size_t Cursors::kill_idle(std::chrono::steady_clock::time_point now) {
  std::size_t count = 0;
  kill_where([&](const Entry& entry) {
    const bool may_end =
        !entry.ended.empty() || (entry.cursor != nullptr && entry.cursor->times_out);
    const bool idle = may_end && now - entry.last_used > kCursorIdleMax;
    if (idle) ++count;
    return idle;
  });
  const MutexLock lock(mutex_);
  timed_out_ += count;
  return count;
}

std::size_t Cursors::open_count() {
  const MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& each) { return each.second.ended.empty(); }));
}

std::uint64_t Cursors::timed_out_count() {
  const MutexLock lock(mutex_);
  return timed_out_;
}

}  // namespace nacre::server
