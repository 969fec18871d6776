#include "server/transactions.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr std::size_t kEndedMax = 10'000;  // sessions whose last outcome is remembered

std::unexpected<Error> no_such(const TransactionId& id, std::string_view why) {
  return fail(Code::kNotFound, wire_code::kNoSuchTransaction,
              format("Transaction {} has been aborted or never started: {}", id.number, why));
}

// Cursors are marked with session and number: a later transaction's are not
// those of an earlier.
std::string tag_of(std::string_view session, std::int64_t number) {
  return format("{}:{}", session, number);
}

}  // namespace

Transactions::Use::Use(Transactions* owner, const TransactionId& id,
                       std::unique_ptr<document::Transaction> transaction)
    : owner_(owner),
      session_(id.session),
      tag_(tag_of(id.session, id.number)),
      transaction_(std::move(transaction)) {}

Transactions::Use::Use(Use&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      session_(std::move(other.session_)),
      tag_(std::move(other.tag_)),
      transaction_(std::move(other.transaction_)),
      kept_(other.kept_) {}

Transactions::Use::~Use() {
  if (owner_ == nullptr) return;
  if (!kept_) owner_->discard({.tag = tag_, .transaction = std::move(transaction_)});
  const MutexLock lock(owner_->mutex_);
  // The entry is as we left it: while it is in use nobody aborts or forgets it.
  Entry& entry = owner_->entries_.find(session_)->second;
  entry.last_used = std::chrono::steady_clock::now();
  if (kept_) {
    entry.transaction = std::move(transaction_);
    entry.state = State::kOpen;
  } else {
    entry.state = State::kAborted;
    --owner_->open_;
  }
}

void Transactions::discard(Ended ended) {
  cursors_.kill_all_of_transaction(ended.tag);
  ended.transaction.reset();
}

Transactions::Ended Transactions::end(const std::string& session, Entry& entry) {
  entry.state = State::kAborted;
  --open_;
  return {.tag = tag_of(session, entry.number), .transaction = std::move(entry.transaction)};
}

void Transactions::forget_ended() {
  if (entries_.size() < kEndedMax) return;
  std::erase_if(entries_, [](const auto& item) {
    return item.second.state == State::kCommitted || item.second.state == State::kAborted;
  });
}

Result<Transactions::Use> Transactions::start(const TransactionId& id, document::Database& database,
                                              std::string_view name) {
  auto begun = NACRE_TRY(database.begin());
  auto transaction = std::make_unique<document::Transaction>(std::move(begun));
  std::optional<Ended> older;
  {
    const MutexLock lock(mutex_);
    forget_ended();
    const std::string session(id.session);
    Entry& entry = entries_[session];
    if (id.number < entry.number) {
      return fail(Code::kInvalid, wire_code::kTransactionTooOld,
                  format("Cannot start transaction {} because a newer "
                         "transaction {} has already "
                         "started on this session",
                         id.number, entry.number));
    }
    if (id.number == entry.number || entry.state == State::kInUse) {
      return fail(Code::kConflict, wire_code::kConflictingOperationInProgress,
                  format("transaction {} of this session is already started", entry.number));
    }
    if (open_ >= kTransactionsMax && entry.state != State::kOpen) {
      return fail(Code::kFull, wire_code::kOperationNotSupportedInTransaction,
                  format("{} transactions are open, which is the limit", kTransactionsMax));
    }
    if (entry.state == State::kOpen) older = end(session, entry);
    entry.number = id.number;
    entry.state = State::kInUse;
    entry.database = name;
    ++open_;
  }
  if (older) discard(*std::move(older));
  return Use(this, id, std::move(transaction));
}

Result<Transactions::Entry*> Transactions::require(const TransactionId& id) {
  const auto found = entries_.find(std::string(id.session));
  if (found == entries_.end()) return no_such(id, "the session has none");
  Entry& entry = found->second;
  if (id.number < entry.number) {
    return fail(
        Code::kInvalid, wire_code::kTransactionTooOld,
        format("Transaction {} is older than the session's newest, {}", id.number, entry.number));
  }
  if (id.number > entry.number) return no_such(id, "it was not started");
  if (entry.state == State::kAborted) return no_such(id, "it was aborted");
  if (entry.state == State::kInUse) {
    return fail(Code::kConflict, wire_code::kConflictingOperationInProgress,
                format("transaction {} is in use by another command", id.number));
  }
  return &entry;
}

Result<Transactions::Use> Transactions::use(const TransactionId& id, std::string_view database) {
  const MutexLock lock(mutex_);
  Entry* entry = NACRE_TRY(require(id));
  if (entry->state == State::kCommitted) {
    return fail(Code::kInvalid, wire_code::kTransactionCommitted,
                format("Transaction {} has been committed.", id.number));
  }
  if (entry->database != database) {
    return fail(Code::kUnsupported, wire_code::kOperationNotSupportedInTransaction,
                format("a transaction stays in one database: this one is in {}, not in {}",
                       entry->database, database));
  }
  entry->state = State::kInUse;
  return Use(this, id, std::move(entry->transaction));
}

Result<std::optional<std::string>> Transactions::database_to_commit(const TransactionId& id) {
  const MutexLock lock(mutex_);
  const Entry* entry = NACRE_TRY(require(id));
  if (entry->state == State::kCommitted) return std::nullopt;
  return entry->database;
}

Result<> Transactions::commit(const TransactionId& id) {
  std::unique_ptr<document::Transaction> transaction;
  {
    const MutexLock lock(mutex_);
    Entry* entry = NACRE_TRY(require(id));
    if (entry->state == State::kCommitted) return {};
    transaction = std::move(entry->transaction);
    entry->state = State::kInUse;
  }
  cursors_.kill_all_of_transaction(tag_of(id.session, id.number));
  auto committed = transaction->commit();  // waits for the log, so without the lock
  const MutexLock lock(mutex_);
  entries_.find(std::string(id.session))->second.state =
      committed.has_value() ? State::kCommitted : State::kAborted;
  --open_;
  if (!committed.has_value()) return std::unexpected(std::move(committed).error());
  return {};
}

Result<> Transactions::abort(const TransactionId& id) {
  Ended ended;
  {
    const MutexLock lock(mutex_);
    Entry* entry = NACRE_TRY(require(id));
    if (entry->state == State::kCommitted) {
      return fail(Code::kInvalid, wire_code::kTransactionCommitted,
                  format("Transaction {} has been committed.", id.number));
    }
    ended = end(std::string(id.session), *entry);
  }
  discard(std::move(ended));
  return {};
}

std::size_t Transactions::abort_where(
    const std::function<bool(const std::string&, const Entry&)>& condition) {
  std::vector<Ended> aborted;
  {
    const MutexLock lock(mutex_);
    for (auto& [session, entry] : entries_) {
      if (entry.state == State::kOpen && condition(session, entry)) {
        aborted.push_back(end(session, entry));
      }
    }
  }
  for (Ended& ended : aborted) discard(std::move(ended));
  return aborted.size();
}

void Transactions::abort_all() {
  abort_where([](const std::string&, const Entry&) { return true; });
}

void Transactions::abort_all_of(std::string_view database) {
  abort_where([&](const std::string&, const Entry& entry) { return entry.database == database; });
}

void Transactions::abort_session(std::string_view session) {
  abort_where([&](const std::string& name, const Entry&) { return name == session; });
}

std::size_t Transactions::abort_idle(std::chrono::steady_clock::time_point now) {
  return abort_where([&](const std::string&, const Entry& entry) {
    return now - entry.last_used > kTransactionIdleMax;
  });
}

std::size_t Transactions::open_count() {
  const MutexLock lock(mutex_);
  return open_;
}

}  // namespace nacre::server
