// The stages of a pipeline as a client wrote it, before anybody has parsed them.
//
// Threads: pure functions.
#pragma once

#include <functional>

#include "base/result.h"
#include "bson/value.h"

namespace nacre::server {

// Calls `visit` with each stage ({$match: ...} is one of the name "$match"), those of the pipelines
// inside of others too, until it fails. What is no stage is passed over.
[[nodiscard]] Result<> each_stage(const bson::View& pipeline,
                                  const std::function<Result<>(const bson::Element&)>& visit);

}  // namespace nacre::server
