// The fields of an aggregate command.
//
// Errors:  kInvalid 2 (an `aggregate` that is neither a name nor 1, a negative batch size), 9 (no
//          cursor), 14, 40414, 40415.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "aggregation/aggregate.h"
#include "base/result.h"
#include "server/fields.h"

namespace nacre::server {

struct AggregateCommand {
  aggregation::AggregateRequest request;
  std::optional<std::int64_t> batch_size;
  bool explain = false;
};

// The views look into the command.
[[nodiscard]] Result<AggregateCommand> parse_aggregate(const Fields& fields);

}  // namespace nacre::server
