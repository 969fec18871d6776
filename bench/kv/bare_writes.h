// What the disk gives to whoever writes a block at a time and waits until it would survive a power
// cut: no durable commit of a lone writer can be faster.
#pragma once

#include <string>

#include "base/result.h"

namespace nacre::bench {

// 4 KB writes a second, one after another, O_DIRECT and O_DSYNC, into a file in `directory` whose
// blocks were written before.
[[nodiscard]] Result<double> bare_durable_writes(const std::string& directory, double seconds);

}  // namespace nacre::bench
