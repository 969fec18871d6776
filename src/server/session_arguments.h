// The fields of a command that name its session: lsid, txnNumber, autocommit, startTransaction.
//
// Errors:  kInvalid 14 for a value of another type, 40414 and 40415 for an lsid without its id or
//          with a field of its own, 207 and 12 for an id or a user digest of another size.
// Threads: pure functions.
#pragma once

#include <string_view>

#include "base/result.h"
#include "bson/value.h"
#include "server/fields.h"

namespace nacre::server {

// Of every command.
[[nodiscard]] Result<> check_session_fields(const Fields& fields);
// Of commands whose first field is a list of sessions.
[[nodiscard]] Result<> check_sessions(const Fields& fields);
[[nodiscard]] Result<> check_session_id(std::string_view path, const bson::Element& session);

}  // namespace nacre::server
