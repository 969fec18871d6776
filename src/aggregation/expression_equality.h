// What a $match says of paths by way of $expr, said as a plan understands it.
//
// {$expr: {$eq: ["$a", X]}} compares with what stands at `a`, and no array there is equal to a
// plain
//   value; so it implies {a: {$eq: X}}, which an index serves. X is a constant or a variable whose
//   value is known when the pipeline is opened, as those of a $lookup's `let` are for each row.
// Threads: pure functions.
#pragma once

#include "bson/builder.h"
#include "expression/environment.h"
#include "expression/scope.h"

namespace nacre::aggregation {

// {$and: [filter, {a: {$eq: X}}, ...]}; the filter itself when nothing follows from it.
[[nodiscard]] bson::Document with_implied_equalities(const bson::View& filter,
                                                     const expression::Scope& variables,
                                                     const expression::Environment& environment);

}  // namespace nacre::aggregation
