#include <algorithm>
#include <utility>

#include "api/state_internal.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "io/memory_file_system.h"
#include "io/posix_file_system.h"
#include "query/collection_change.h"

namespace nacre {

using detail::Access;

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

Result<query::Scope> Access::reading(const Collection& collection) {
  DatabaseState& state = *collection.database_;
  query::Scope scope{.database = *state.database, .durability = state.durability};
  if (collection.past_ != nullptr) scope.at = &collection.past_->snapshot;
  if (collection.transaction_ == nullptr) return scope;
  if (collection.transaction_->current == nullptr) {
    return fail(Code::kClosed, "the transaction is over");
  }
  scope.transaction = collection.transaction_->current;
  return scope;
}

Result<query::Scope> Access::writing(const Collection& collection) {
  if (collection.past_ == nullptr) return reading(collection);
  return fail(Code::kInvalid,
              format("collection {} as of position {} can only be read", collection.name(),
                     number(collection.past_->snapshot.position())));
}

Result<> detail::in_transaction(const Collection& collection,
                                const std::function<Result<>(const query::Scope&)>& body,
                                std::size_t hot_key) {
  query::Scope scope = NACRE_TRY(Access::writing(collection));
  if (scope.transaction != nullptr) return body(scope);
  const auto run = [&](document::Transaction& transaction) {
    scope.transaction = &transaction;
    return body(scope);
  };
  NACRE_TRY(scope.database.transact(run, scope.durability, hot_key));
  return {};
}

Transaction::Transaction(std::unique_ptr<detail::TransactionState> state)
    : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Collection Transaction::collection(std::string_view name) {
  return Collection(state_->database, state_.get(), nullptr, name);
}

Result<std::uint64_t> Transaction::commit() {
  if (state_->current == nullptr) return fail(Code::kClosed, "the transaction is over");
  if (!state_->own) return fail(Code::kInvalid, "transact commits what its body did");
  state_->current = nullptr;
  return number(NACRE_TRY(state_->own->commit(state_->database->durability)));
}

Result<Database> Database::open(std::string_view path, Options options) {
  auto state = std::make_unique<detail::DatabaseState>();
  state->files = options.in_memory ? io::make_memory_file_system() : io::make_posix_file_system();
  state->durability = durability_of(options.durability);
  const auto history_age = std::max<std::int64_t>(options.history_age.count(), 0);
  const document::Options opening{
      .engine = {.file_system = state->files.get(),
                 .create_if_missing = options.create_if_missing || options.in_memory,
                 .cache_bytes = options.cache_bytes,
                 .history_age_us = static_cast<std::uint64_t>(history_age),
                 .history_bytes = options.history_bytes},
      .name = {}};
  state->database = NACRE_TRY(document::Database::open(path, opening));
  return Database(std::move(state));
}

Database::Database(std::unique_ptr<detail::DatabaseState> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Collection Database::collection(std::string_view name) {
  return Collection(state_.get(), nullptr, nullptr, name);
}

Result<Collection> Database::existing_collection(std::string_view name) {
  using error_codes::kNamespaceNotFound;
  const document::Snapshot snapshot = NACRE_TRY(state_->database->snapshot());
  if (snapshot.catalog().find(name) != nullptr) return collection(name);
  return std::unexpected(detail::unknown_name(
      Code::kNotFound, kNamespaceNotFound, format("there is no collection '{}'", name),
      std::string(name), name, snapshot.catalog().collection_names()));
}

Result<Collection> Database::create_collection(std::string_view name, DocumentInput options) {
  const bson::Document wanted = NACRE_TRY(Access::read(options));
  Collection made = collection(name);
  NACRE_TRY(detail::explained(query::create_collection(*state_->database, name, wanted), made));
  return made;
}

Result<Collection> Database::create_collection(std::string_view name, const Schema& schema) {
  return create_collection(name, Document::of({{"validator", schema.validator()}}));
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

Result<std::uint64_t> Database::transact(const std::function<Result<>(Transaction&)>& body) {
  const auto run = [&](document::Transaction& inside) -> Result<> {
    auto state = std::make_unique<detail::TransactionState>();
    state->database = state_.get();
    state->current = &inside;
    Transaction transaction(std::move(state));
    return body(transaction);
  };
  return number(NACRE_TRY(state_->database->transact(run, state_->durability)));
}

Result<VerifyReport> Database::verify() {
  auto report = NACRE_TRY(state_->database->verify());
  return VerifyReport{.pages = report.engine.pages_checked,
                      .documents = report.documents_checked,
                      .index_entries = report.index_entries_checked,
                      .problems = std::move(report.problems)};
}

Result<CompactReport> Database::compact(const CompactOptions& options) {
  txn::CompactOptions how{.bytes_per_second = options.bytes_per_second, .progress = {}};
  if (options.progress) {
    how.progress = [&](const txn::CompactProgress& now) {
      return options.progress({.file_bytes = now.file_bytes,
                               .used_bytes = now.used_bytes,
                               .bytes_moved = now.bytes_moved});
    };
  }
  const txn::CompactReport report = NACRE_TRY(state_->database->compact(how));
  return CompactReport{.file_bytes_before = report.file_bytes_before,
                       .file_bytes = report.file_bytes,
                       .damaged = report.damaged,
                       .is_cancelled = report.is_cancelled};
}

Result<> Database::sync() { return state_->database->sync(); }
Result<> Database::close() { return state_->database->close(); }

}  // namespace nacre
