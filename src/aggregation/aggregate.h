// Aggregation: a pipeline of stages over the documents of a collection.
//
// A view stands for its pipeline over the collection behind it (aggregation/view_reads.h).
// Leading $match and $sort stages become the plan of the collection's documents, so that indexes
//   serve them; what follows is a chain of operators (query/operator.h), one for each stage.
// Errors:  Error::number() is MongoDB's code; 40324 for a stage this version does not carry out.
// Threads: as query/operations.h.
#pragma once

#include <string_view>

#include "aggregation/stage_spec.h"
#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "query/cursor.h"
#include "query/operations.h"

namespace nacre::aggregation {

struct AggregateRequest {
  std::string_view collection;  // empty: of the database (aggregate: 1)
  bson::View pipeline;          // an array of stages
  bson::Element hint = {};
  bson::View let = {};        // {name: constant expression}
  bson::View collation = {};  // empty: by bytes
  bool allow_disk_use = true;
  bool bypass_validation = false;
  DatabaseOpener open_database{};  // for $out and $merge
  bson::View session = {};         // {id: UUID}; {}: none
  // Of one stage; tests make it small.
  std::size_t stage_bytes_max = query::kStageBytesMax;
  Optimise optimise = Optimise::kYes;
};

[[nodiscard]] Result<query::Cursor> aggregate(const query::Scope& scope,
                                              const AggregateRequest& request);

// Whether it ends in $out or $merge: then its one batch is empty.
[[nodiscard]] bool writes(const bson::View& pipeline);

// As query::explain.
[[nodiscard]] Result<bson::Document> explain(const query::Scope& scope,
                                             const AggregateRequest& request,
                                             query::Verbosity verbosity);

}  // namespace nacre::aggregation
