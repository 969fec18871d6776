// An explanation in MongoDB's shape, as one line for people.
//
// Threads: pure function.
#pragma once

#include <string>

#include "bson/builder.h"

namespace nacre::cli {

// "FETCH <- IXSCAN country_1": the stages of queryPlanner.winningPlan, outermost first.
[[nodiscard]] std::string winning_plan(const bson::Document& explanation);

}  // namespace nacre::cli
