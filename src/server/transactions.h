// Multi-document transactions of sessions: from the command that starts one to its commit or abort.
//
// A transaction lives in one database; it reads the snapshot of its first command and its own
//   writes. Two that write one document are told apart at commit: the second gets 112
//   (WriteConflict), which drivers answer by running the whole transaction again.
// A command that fails ends its transaction, as MongoDB does. One left alone for
//   kTransactionIdleMax is aborted. A commit may be repeated: its outcome is remembered until the
//   session's next one.
// Like cursors, transactions hold no lease between commands; whoever drops or closes a database
//   ends its transactions first.
// Errors:  kNotFound 251 (NoSuchTransaction); kInvalid 225 (TransactionTooOld), 256
//          (TransactionCommitted), 263 (another database; too many); kConflict 117
//          (ConflictingOperationInProgress): started twice, or used by two commands at once.
// Threads: internally locked. A Use belongs to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"
#include "document/database.h"
#include "server/cursors.h"

namespace nacre::server {

inline constexpr std::chrono::seconds kTransactionIdleMax{60};
inline constexpr std::size_t kTransactionsMax = 1000;  // that are open at once

// Names a transaction: the bytes of the session's id, and txnNumber.
struct TransactionId {
  std::string_view session;
  std::int64_t number = 0;
};

class Transactions {
 public:
  // `cursors` outlives it: the cursors that read a transaction end before it
  // does.
  explicit Transactions(Cursors& cursors) : cursors_(cursors) {}

  // A transaction in the hands of one command. Destroyed without keep(), it is
  // aborted.
  class Use {
   public:
    Use(Use&& other) noexcept;
    Use& operator=(Use&&) = delete;
    ~Use();

    [[nodiscard]] document::Transaction& transaction() const { return *transaction_; }
    // What its cursors are marked with.
    [[nodiscard]] const std::string& tag() const { return tag_; }
    void keep() { kept_ = true; }

   private:
    friend class Transactions;
    Use(Transactions* owner, const TransactionId& id,
        std::unique_ptr<document::Transaction> transaction);
    Transactions* owner_;  // null after being moved from
    std::string session_;
    std::string tag_;
    std::unique_ptr<document::Transaction> transaction_;
    bool kept_ = false;
  };

  // The first command. An older transaction of the session that is still open
  // is aborted.
  [[nodiscard]] Result<Use> start(const TransactionId& id, document::Database& database,
                                  std::string_view name);
  // A later command.
  [[nodiscard]] Result<Use> use(const TransactionId& id, std::string_view database);

  // The database in which the transaction to be committed lives; nothing when
  // it was committed before. Errors as use().
  [[nodiscard]] Result<std::optional<std::string>> database_to_commit(const TransactionId& id);
  // Requires a lease on that database.
  [[nodiscard]] Result<> commit(const TransactionId& id);
  [[nodiscard]] Result<> abort(const TransactionId& id);

  void abort_all();
  void abort_all_of(std::string_view database);
  void abort_session(std::string_view session);
  // Those idle for longer than kTransactionIdleMax; how many.
  std::size_t abort_idle(std::chrono::steady_clock::time_point now);
  [[nodiscard]] std::size_t open_count();

 private:
  enum class State : std::uint8_t { kOpen, kInUse, kCommitted, kAborted };
  struct Entry {
    std::int64_t number = -1;
    State state = State::kAborted;
    std::string database;
    std::unique_ptr<document::Transaction> transaction;  // set when kOpen
    std::chrono::steady_clock::time_point last_used;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  [[nodiscard]] Result<Entry*> require(const TransactionId& id) NACRE_REQUIRES(mutex_);
  // One that nobody uses any more; its cursors have to end before it. Destroyed
  // without the lock.
  struct Ended {
    std::string tag;
    std::unique_ptr<document::Transaction> transaction;
  };
  void discard(Ended ended);
  // Takes an open one out of its entry.
  [[nodiscard]] Ended end(const std::string& session, Entry& entry) NACRE_REQUIRES(mutex_);
  std::size_t abort_where(const std::function<bool(const std::string&, const Entry&)>& condition);
  void forget_ended() NACRE_REQUIRES(mutex_);

  Cursors& cursors_;
  Mutex mutex_{"server transactions", 1};
  Entries entries_ NACRE_GUARDED_BY(mutex_);  // by session
  std::size_t open_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::server
