// Reads of collections and views: find, count, distinct and aggregate, for either.
//
// A read of a view becomes an aggregate on the collection behind it: the view's pipeline, then what
//   the command asks. The cursor it opens is one on that collection.
// Errors:  those of the command, or of the pipelines it becomes; what a pipeline cannot say (a
//          positional projection, for instance) is refused as a stage would refuse it.
// Threads: as the request.
#pragma once

#include "base/result.h"
#include "bson/builder.h"
#include "server/command.h"

namespace nacre::server {

[[nodiscard]] Result<> find_anywhere(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> count_anywhere(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> distinct_anywhere(const Request& request, bson::Builder& reply);
[[nodiscard]] Result<> aggregate_anywhere(const Request& request, bson::Builder& reply);

}  // namespace nacre::server
