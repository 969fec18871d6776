// Aggregation: a pipeline of stages over the documents of a collection.
//
// Leading $match and $sort stages become the plan of the collection's documents, so that indexes
//   serve them; what follows is a chain of operators (query/operator.h), one for each stage.
// Errors:  Error::number() is MongoDB's code; 40324 for a stage this version does not carry out.
// Threads: as query/operations.h.
#pragma once

#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "query/cursor.h"
#include "query/operations.h"

namespace nacre::aggregation {

struct AggregateRequest {
  std::string_view collection;
  bson::View pipeline;  // an array of stages
  bson::Element hint = {};
};

[[nodiscard]] Result<query::Cursor> aggregate(const query::Scope& scope,
                                              const AggregateRequest& request);

// As query::explain.
[[nodiscard]] Result<bson::Document> explain(const query::Scope& scope,
                                             const AggregateRequest& request,
                                             query::Verbosity verbosity);

}  // namespace nacre::aggregation
