// Sessions: the recorded answers that make repeated writes harmless.
//
// A driver that lost its connection during a write sends the write again with the same session id
//   and txnNumber. It must not be carried out twice: the answer of the last write of each session
//   is kept and returned instead.
// Kept in memory, for the kSessionsMax sessions used last and kRecordedBytesMax of answers; a
//   restart of the server forgets them.
// Errors:  kInvalid 225 (TransactionTooOld): a number below the session's newest.
// Threads: internally locked. A Ticket belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"

namespace nacre::server {

inline constexpr std::size_t kSessionsMax = 10'000;
inline constexpr std::size_t kRecordedBytesMax = std::size_t{64} << 20;

class Sessions {
 public:
  // One retryable write being carried out. Destroyed without record(), the write may be repeated.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

    // The answer of the first time, when there was one: to be sent again, nothing to be done.
    [[nodiscard]] const std::optional<std::string>& recorded() const { return recorded_; }
    void record(std::string answer);

   private:
    friend class Sessions;
    Ticket(Sessions* sessions, std::string session, std::optional<std::string> recorded)
        : sessions_(sessions), session_(std::move(session)), recorded_(std::move(recorded)) {}
    Sessions* sessions_;  // null: nothing to be ended
    std::string session_;
    std::optional<std::string> recorded_;
  };

  // Begins the write `number` of `session` (its id's bytes); waits while the same session's
  // earlier attempt is still being carried out.
  [[nodiscard]] Result<Ticket> begin_write(std::string_view session, std::int64_t number);

  void forget(std::string_view session);
  void forget_all();
  [[nodiscard]] std::size_t count();

 private:
  struct Session {
    std::int64_t number = -1;
    bool running = false;
    std::optional<std::string> answer;  // of `number`
    std::list<std::string>::iterator place;
  };

  Session& use(std::string_view session) NACRE_REQUIRES(mutex_);
  bool forget_oldest() NACRE_REQUIRES(mutex_);  // false: all of them are running
  void set_answer(Session& session, std::optional<std::string> answer) NACRE_REQUIRES(mutex_);

  Mutex mutex_{"server sessions", 2};
  Condition ended_;
  std::unordered_map<std::string, Session> sessions_ NACRE_GUARDED_BY(mutex_);
  std::list<std::string> by_use_ NACRE_GUARDED_BY(mutex_);  // keys of sessions_, newest first
  std::size_t recorded_bytes_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::server
