// The variables that a command gives its expressions: its field `let`.
//
// Errors:  kInvalid with MongoDB's number: 9 for a name that no variable may have, 4738901 for one
//          of the system, 4890500 for a value that looks at a document, those of expressions.
// Threads: one thread.
#pragma once

#include "base/result.h"
#include "bson/value.h"
#include "expression/environment.h"
#include "expression/scope.h"

namespace nacre::query {

// Defines each variable and sets it to what its expression gives, which may name those before it.
[[nodiscard]] Result<> define_variables(const bson::View& let, expression::Scope& scope,
                                        expression::Environment& environment);

// The same for values that stand for themselves: the constants of an update by a pipeline.
[[nodiscard]] Result<> define_constants(const bson::View& constants, expression::Scope& scope,
                                        expression::Environment& environment);

}  // namespace nacre::query
