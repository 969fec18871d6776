// What an update of a time series may do: it changes the metaField of all documents that a filter
// on the metaField takes.
//
// Why: as in MongoDB, whose drivers and applications count on being told.
// Errors:  kInvalid 72 (InvalidOptions).
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "document/time_series.h"
#include "query/operations.h"

namespace nacre::query {

[[nodiscard]] Result<> check_series_update(const document::TimeSeries& series,
                                           const UpdateRequest& request);

}  // namespace nacre::query
