// Result<T> and Error are part of the public API; the rooms name them by this header.
#pragma once

#include "nacre/result.hpp"  // IWYU pragma: export
