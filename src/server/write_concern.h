// What a command says of how durable its writes have to be: read, checked, and answered.
//
// Every write here is durable on the one node there is; what asks for more gets an error beside its
// answer, and the write stands.
// Errors:  check_write_concern: kInvalid 14 for a field of the wrong type, 9 for a `w` or
// `wtimeout`
//          that cannot be, 2 for a `w` of null, 40415 for an unknown field.
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "bson/builder.h"
#include "server/fields.h"

namespace nacre::server {

[[nodiscard]] Result<> check_write_concern(const Fields& fields);

// {w: 2} can never be satisfied by one node, and modes have no names here.
void append_write_concern_error(const Fields& fields, bson::Builder& reply);

}  // namespace nacre::server
