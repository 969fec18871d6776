#include "server/scope.h"

#include <tuple>

namespace nacre::server {

Result<std::optional<Databases::Lease>> find_database(const Request& request) {
  if (request.transaction != nullptr) return request.transaction->lease.again();
  return request.services.databases.find(request.database);
}

Result<Databases::Lease> open_database(const Request& request) {
  if (request.transaction != nullptr) return request.transaction->lease.again();
  return request.services.databases.open_or_create(request.database);
}

query::Scope scope_of(const Request& request, document::Database& database) {
  return {
      .database = database,
      .transaction = request.transaction == nullptr ? nullptr : &request.transaction->transaction,
      .max_time_ms = request.max_time_ms};
}

Result<> in_transaction(const query::Scope& scope,
                        const std::function<Result<>(const query::Scope& inside)>& body) {
  if (scope.transaction != nullptr) return body(scope);
  const auto run = [&](document::Transaction& transaction) -> Result<> {
    query::Scope inside = scope;
    inside.transaction = &transaction;
    return body(inside);
  };
  std::ignore = NACRE_TRY(scope.database.transact(run));
  return {};
}

}  // namespace nacre::server
