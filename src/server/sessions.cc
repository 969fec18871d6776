#include "server/sessions.h"

#include <tuple>
#include <utility>

#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {

Sessions::Ticket::Ticket(Ticket&& other) noexcept
    : sessions_(std::exchange(other.sessions_, nullptr)),
      session_(std::move(other.session_)),
      recorded_(std::move(other.recorded_)) {}

Sessions::Ticket::~Ticket() {
  if (sessions_ == nullptr) return;
  const MutexLock lock(sessions_->mutex_);
  const auto found = sessions_->sessions_.find(session_);
  if (found != sessions_->sessions_.end()) found->second.running = false;
  sessions_->ended_.notify_all();
}

void Sessions::Ticket::record(std::string answer) {
  const MutexLock lock(sessions_->mutex_);
  const auto found = sessions_->sessions_.find(session_);
  if (found == sessions_->sessions_.end()) return;  // forgotten meanwhile
  sessions_->set_answer(found->second, std::move(answer));
  // This one is still running and therefore stays.
  while (sessions_->recorded_bytes_ > kRecordedBytesMax && sessions_->forget_oldest()) {
  }
}

void Sessions::set_answer(Session& session, std::optional<std::string> answer) {
  if (session.answer) recorded_bytes_ -= session.answer->size();
  session.answer = std::move(answer);
  if (session.answer) recorded_bytes_ += session.answer->size();
}

Sessions::Session& Sessions::use(std::string_view session) {
  std::string key(session);
  const auto found = sessions_.find(key);
  if (found != sessions_.end()) {
    by_use_.splice(by_use_.begin(), by_use_, found->second.place);
    return found->second;
  }
  if (sessions_.size() >= kSessionsMax) std::ignore = forget_oldest();
  by_use_.push_front(key);
  Session& made = sessions_[std::move(key)];
  made.place = by_use_.begin();
  return made;
}

bool Sessions::forget_oldest() {
  // One that is running keeps its place: its second attempt must find it.
  for (auto at = by_use_.rbegin(); at != by_use_.rend(); ++at) {
    const auto found = sessions_.find(*at);
    if (found->second.running) continue;
    set_answer(found->second, std::nullopt);
    by_use_.erase(found->second.place);
    sessions_.erase(found);
    return true;
  }
  return false;
}

Result<Sessions::Ticket> Sessions::begin_write(std::string_view session, std::int64_t number) {
  const MutexLock lock(mutex_);
  while (true) {
    Session& state = use(session);
    if (number < state.number) {
      return fail(Code::kInvalid, wire_code::kTransactionTooOld,
                  format("Cannot start transaction with txnNumber {} because a newer one with "
                         "txnNumber {} has already started on this session",
                         number, state.number));
    }
    if (state.running) {
      ended_.wait(mutex_);
      continue;
    }
    if (number == state.number && state.answer) {
      return Ticket(nullptr, std::string(session), state.answer);
    }
    state.number = number;
    state.running = true;
    set_answer(state, std::nullopt);
    return Ticket(this, std::string(session), std::nullopt);
  }
}

void Sessions::forget(std::string_view session) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(std::string(session));
  if (found == sessions_.end() || found->second.running) return;
  set_answer(found->second, std::nullopt);
  by_use_.erase(found->second.place);
  sessions_.erase(found);
}

void Sessions::forget_all() {
  const MutexLock lock(mutex_);
  while (forget_oldest()) {
  }
}

std::size_t Sessions::count() {
  const MutexLock lock(mutex_);
  return sessions_.size();
}

}  // namespace nacre::server
