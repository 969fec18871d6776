// The shape of a command: what stays when its values are taken away; and a name for it.
//
// The name is the same wherever the shape is, 64 digits like MongoDB's but not the same as its.
// Threads: pure functions.
#pragma once

#include <string>

#include "bson/value.h"

namespace nacre::server {

[[nodiscard]] std::string query_shape_hash(const bson::View& command);

}  // namespace nacre::server
