// The variables that `let` of a command defines for all expressions in it.
//
// Errors:  kInvalid 9 for a name that is none; 4890500 for a value that looks at a document; those
//          of the value's expression.
// Threads: one thread at a time.
#pragma once

#include "base/result.h"
#include "bson/value.h"
#include "expression/environment.h"
#include "expression/scope.h"

namespace nacre::query {

// Defines each variable in `scope` and sets it in `environment`.
[[nodiscard]] Result<> define_let(const bson::View& let, expression::Scope& scope,
                                  expression::Environment& environment);

// The same for values that stand for themselves: the constants of an update by a pipeline.
[[nodiscard]] Result<> define_constants(const bson::View& constants, expression::Scope& scope,
                                        expression::Environment& environment);

}  // namespace nacre::query
