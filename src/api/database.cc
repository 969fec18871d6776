#include <utility>

#include "api/state_internal.h"
#include "io/posix_file_system.h"

namespace nacre {
namespace {

txn::Durability durability_of(Durability durability) {
  switch (durability) {
    case Durability::kSync:
      return txn::Durability::kSync;
    case Durability::kGroup:
      return txn::Durability::kGroup;
    case Durability::kAsync:
      return txn::Durability::kAsync;
  }
  return txn::Durability::kSync;
}

}  // namespace

Result<query::Scope> detail::scope_of(DatabaseState& database, TransactionState* transaction) {
  query::Scope scope{.database = *database.database, .durability = database.durability};
  if (transaction == nullptr) return scope;
  if (transaction->current == nullptr) return fail(Code::kClosed, "the transaction is over");
  scope.transaction = transaction->current;
  return scope;
}

Transaction::Transaction(std::unique_ptr<detail::TransactionState> state)
    : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Collection Transaction::collection(std::string_view name) {
  return Collection(state_->database, state_.get(), name);
}

Result<> Transaction::commit() {
  if (state_->current == nullptr) return fail(Code::kClosed, "the transaction is over");
  if (!state_->own) return fail(Code::kInvalid, "transact commits what its body did");
  state_->current = nullptr;
  NACRE_TRY(state_->own->commit(state_->database->durability));
  return {};
}

Result<Database> Database::open(std::string_view path, Options options) {
  auto state = std::make_unique<detail::DatabaseState>();
  state->files = io::make_posix_file_system();
  state->durability = durability_of(options.durability);
  const document::Options opening{.engine = {.file_system = state->files.get(),
                                             .create_if_missing = options.create_if_missing,
                                             .cache_bytes = options.cache_bytes},
                                  .name = {}};
  state->database = NACRE_TRY(document::Database::open(path, opening));
  return Database(std::move(state));
}

Database::Database(std::unique_ptr<detail::DatabaseState> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Collection Database::collection(std::string_view name) {
  return Collection(state_.get(), nullptr, name);
}

Result<std::vector<std::string>> Database::collection_names() {
  const document::Snapshot snapshot = NACRE_TRY(state_->database->snapshot());
  return snapshot.catalog().collection_names();
}

Result<Transaction> Database::begin() {
  auto transaction = std::make_unique<detail::TransactionState>();
  transaction->database = state_.get();
  transaction->own = NACRE_TRY(state_->database->begin());
  transaction->current = &*transaction->own;
  return Transaction(std::move(transaction));
}

Result<> Database::transact(const std::function<Result<>(Transaction&)>& body) {
  const auto run = [&](document::Transaction& inside) -> Result<> {
    auto state = std::make_unique<detail::TransactionState>();
    state->database = state_.get();
    state->current = &inside;
    Transaction transaction(std::move(state));
    return body(transaction);
  };
  NACRE_TRY(state_->database->transact(run, state_->durability));
  return {};
}

Result<VerifyReport> Database::verify() {
  auto report = NACRE_TRY(state_->database->verify());
  return VerifyReport{.pages = report.engine.pages_checked,
                      .documents = report.documents_checked,
                      .index_entries = report.index_entries_checked,
                      .problems = std::move(report.problems)};
}

Result<> Database::sync() { return state_->database->sync(); }
Result<> Database::close() { return state_->database->close(); }

}  // namespace nacre
