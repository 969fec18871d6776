// What the dotted paths of specifications may be: those of projections, sorts and stages.
//
// Threads: a pure function.
#pragma once

#include <string_view>

#include "base/result.h"

namespace nacre::query {

// kInvalid: 40352 for an empty path, 40353 for a dot at the end, 15 for more than 200 steps; 15998
// for an empty step, 16410 for one with '$' in front, 16411 for a null byte.
[[nodiscard]] Result<> check_field_path(std::string_view path);

}  // namespace nacre::query
