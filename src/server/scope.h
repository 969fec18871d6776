// Where a command's work runs: its database, and its transaction when it is
// part of one.
//
// Threads: as the request.
#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "query/operations.h"
#include "server/command.h"

namespace nacre::server {

// The request's database; nothing when it does not exist.
[[nodiscard]] Result<std::optional<Databases::Lease>> find_database(const Request& request);
// The same, made when it does not exist.
[[nodiscard]] Result<Databases::Lease> open_database(const Request& request);

// In the request's transaction, or with each operation in one of its own.
[[nodiscard]] query::Scope scope_of(const Request& request, document::Database& database);

// Runs `body` in the scope's transaction, or else in a new one that is
// committed, and begun again when another one won: `body` must set its results
// anew each time.
[[nodiscard]] Result<> in_transaction(
    const query::Scope& scope, const std::function<Result<>(const query::Scope& inside)>& body);

}  // namespace nacre::server
