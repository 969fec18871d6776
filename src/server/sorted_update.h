// An update of the first document of an order: what `sort` in update statements asks for.
//
// Errors:  kInvalid 9 (FailedToParse) with multi; those of query::find and query::update.
// Threads: any number at once on one database.
#pragma once

#include "base/result.h"
#include "bson/value.h"
#include "query/operations.h"

namespace nacre::server {

// With an empty `sort` the same as query::update; else find and update in one transaction.
[[nodiscard]] Result<query::UpdateResult> update_sorted(const query::Scope& scope,
                                                        const query::UpdateRequest& request,
                                                        bson::View sort);

}  // namespace nacre::server
