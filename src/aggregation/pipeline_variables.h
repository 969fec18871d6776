// Variables of pipelines: `let` of a command and of stages, and the moment that $$NOW shows.
//
// Threads: as the context they are given.
#pragma once

#include <memory>
#include <vector>

#include "aggregation/context.h"
#include "aggregation/operand.h"
#include "base/result.h"
#include "text/collator.h"

namespace nacre::aggregation {

// By the engine's clock.
[[nodiscard]] bson::Date now_of(const query::Scope& scope);

[[nodiscard]] Result<std::shared_ptr<const text::Collator>> parse_collation(
    const bson::View& collation);

// Defines the variables of a command's let, and sets them: their values are constant expressions.
[[nodiscard]] Result<> define_let(const bson::View& let, ParseContext& parse, Context& context);

// The let of a stage: each variable's value is an expression over the row.
struct RowVariables {
  struct Variable {
    expression::VariableId id;
    Operand value;
  };
  std::vector<Variable> variables;

  // Values are parsed in `outside`; the names are defined in `inside`, a copy of it.
  [[nodiscard]] static Result<RowVariables> parse(const bson::View& let,
                                                  const ParseContext& outside,
                                                  ParseContext& inside);
  // Sets them in `inside` for a row of the pipeline outside. `values` holds them and outlives that
  // row.
  [[nodiscard]] Result<> set(const bson::View& row, Context& outside, Context& inside,
                             std::vector<bson::Value>& values) const;
};

}  // namespace nacre::aggregation
