// Reads of collections and views alike: a read of a view is a pipeline over the collection behind
// it, the view's own and then what is asked.
//
// aggregate() and its explain look through views by themselves; find, count and distinct do here.
// Errors:  those of query/operations.h and of the pipelines; of a view 167
// (OptionNotSupportedOnView)
//          for another collation than its own, 168 (InvalidPipelineOperator) for what a pipeline
//          cannot say: min, max, returnKey, showRecordId, tailable.
// Threads: as query/operations.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aggregation/aggregate.h"
#include "base/result.h"
#include "bson/builder.h"
#include "query/operations.h"

namespace nacre::aggregation {

[[nodiscard]] Result<query::Cursor> find(const query::Scope& scope,
                                         const query::FindRequest& request);
[[nodiscard]] Result<std::int64_t> count(const query::Scope& scope,
                                         const query::CountRequest& request);
// As query::distinct.
[[nodiscard]] Result<bson::Document> distinct(const query::Scope& scope,
                                              const query::DistinctRequest& request);

// As query::explain; of a view, what explain of the aggregate says that it is.
[[nodiscard]] Result<bson::Document> explain(const query::Scope& scope,
                                             const query::FindRequest& request,
                                             query::Verbosity verbosity);

// A read of a view as the aggregate that it is.
struct ViewRead {
  std::string collection;    // behind the view
  bson::Document pipeline;   // an array of stages
  bson::Document collation;  // the view's
  bson::Document options{};  // {hint: ..., let: ...}, those there are

  // `like`, which may have more to say, for this collection and pipeline; valid as long as both.
  [[nodiscard]] AggregateRequest request(AggregateRequest like = {}) const;
  // {aggregate: ..., pipeline: [...], cursor: {}, ...}: what explain shows.
  [[nodiscard]] bson::Document command() const;
};

// Nothing when the request's collection is no view of the catalog's.
[[nodiscard]] Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                                           const query::FindRequest& request);
[[nodiscard]] Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                                           const query::CountRequest& request);
[[nodiscard]] Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                                           const query::DistinctRequest& request);
[[nodiscard]] Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                                           const AggregateRequest& request);

}  // namespace nacre::aggregation
