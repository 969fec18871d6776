// The Stable API, version 1: what a client that says `apiStrict: true` may ask for.
//
// Errors:  kInvalid 322 (APIVersionError) for another version, 323 (APIStrictError) for a command,
// or
//          a field or stage of aggregate, that is no part of version 1.
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "server/fields.h"

namespace nacre::server {

[[nodiscard]] Result<> check_stable_api(const Fields& fields);

}  // namespace nacre::server
