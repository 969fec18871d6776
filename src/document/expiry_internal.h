// Documents whose time is over: what TTL indexes are for.
//
// A document has outlived a TTL index when the earliest date on the index's path lies
//   expireAfterSeconds back; other values mean nothing. The pass runs beside readers and writers,
//   in small commits of its own: a document that a writer changes at the same time is read again,
//   and stays when its life was extended.
// Errors:  of reading and writing; a pass that fails is logged and taken again at the next
// interval. Threads: any.
#pragma once

#include <cstdint>

#include "base/position.h"
#include "base/result.h"
#include "document/database.h"

namespace nacre::document {

// How many documents went.
[[nodiscard]] Result<std::uint64_t> expire(Database& database, Time now);

}  // namespace nacre::document
