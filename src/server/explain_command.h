// explain_into: what explain and aggregate's own `explain` answer.
//
// Errors:  59 for a command that cannot be explained; those of the explained command.
// Threads: as the request.
#pragma once

#include "base/result.h"
#include "bson/builder.h"
#include "query/operations.h"
#include "server/command.h"

namespace nacre::server {

[[nodiscard]] Result<> explain_into(const Request& request, const Fields& inner,
                                    query::Verbosity verbosity, bson::Builder& reply);

}  // namespace nacre::server
