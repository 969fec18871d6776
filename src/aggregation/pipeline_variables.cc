#include "aggregation/pipeline_variables.h"

#include <utility>

#include "bson/collation.h"

namespace nacre::aggregation {

bson::Date now_of(const query::Scope& scope) {
  return {.milliseconds = static_cast<std::int64_t>(number(scope.database.now()) / 1000)};
}

Result<std::shared_ptr<const text::Collator>> parse_collation(const bson::View& collation) {
  return bson::parse_collation(collation);
}

Result<> define_let(const bson::View& let, ParseContext& parse, Context& context) {
  for (const bson::Element& variable : let) {
    NACRE_TRY(expression::check_variable_name(variable.name()));
    const Operand value = NACRE_TRY(Operand::parse(variable, parse));
    const expression::Dependencies needs = value.expression().dependencies();
    if (needs.whole_document || !needs.paths.empty()) {
      return fail(Code::kInvalid, 4890500,
                  "Command let Expression tried to access a field, but this is not allowed because "
                  "command let expressions run before the query examines any documents.");
    }
    const bson::Element result = NACRE_TRY(value.evaluate(bson::View(), context));
    const bson::Value kept = result ? bson::Value(result) : bson::Value();
    context.environment.set(parse.variables.define(variable.name()), kept);
  }
  return {};
}

Result<RowVariables> RowVariables::parse(const bson::View& let, const ParseContext& outside,
                                         ParseContext& inside) {
  RowVariables variables;
  for (const bson::Element& variable : let) {
    NACRE_TRY(expression::check_variable_name(variable.name()));
    Operand value = NACRE_TRY(Operand::parse(variable, outside));
    variables.variables.push_back(
        {.id = inside.variables.define(variable.name()), .value = std::move(value)});
  }
  return variables;
}

Result<> RowVariables::set(const bson::View& row, Context& outside, Context& inside,
                           std::vector<bson::Value>& values) const {
  values.clear();
  values.reserve(variables.size());
  for (const Variable& variable : variables) {
    const bson::Element value = NACRE_TRY(variable.value.evaluate(row, outside));
    values.push_back(value ? bson::Value(value) : bson::Value());
    inside.environment.set_view(variable.id, values.back().element());
  }
  return {};
}

}  // namespace nacre::aggregation
