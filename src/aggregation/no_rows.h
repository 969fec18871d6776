// An operator without rows: the input of what has none, as a pipeline with a source of its own.
//
// Threads: as query::Operator.
#pragma once

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

[[nodiscard]] OperatorPtr no_rows();

}  // namespace nacre::aggregation
