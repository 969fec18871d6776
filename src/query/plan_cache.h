// The plans that won races (document/plan_memory.h) as MongoDB's $planCacheStats shows them and
// planCacheClear forgets them.
//
// Errors:  forget_plans: those of the filter, sort and projection.
// Threads: any.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "document/catalog.h"
#include "document/plan_memory.h"
#include "query/operations.h"
#include "query/operator.h"
#include "query/planner.h"

namespace nacre::query {

// What a race tells of its winner.
[[nodiscard]] document::PlanMemory::Story story_of(const PlanRequest& request,
                                                   const Operator& winner, document::Database& in);

// One row for each plan that is remembered for the collection and of use under this catalog.
[[nodiscard]] std::vector<bson::Document> plan_cache_rows(document::Database& database,
                                                          const document::Catalog& catalog,
                                                          std::string_view collection);

// Those of one shape: of the request's filter, sort, projection and collation.
[[nodiscard]] Result<> forget_plans(document::Database& database, const FindRequest& request);
// All of the collection.
void forget_plans(document::Database& database, std::string_view collection);

}  // namespace nacre::query
