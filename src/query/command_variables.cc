#include "query/command_variables.h"

#include <utility>

#include "expression/expression.h"

namespace nacre::query {
namespace {

constexpr std::int32_t kLooksAtDocument = 4890500;

}  // namespace

Result<> define_let(const bson::View& let, expression::Scope& scope,
                    expression::Environment& environment) {
  for (const bson::Element& variable : let) {
    NACRE_TRY(expression::check_variable_name(variable.name()));
    const auto value = NACRE_TRY(expression::Expression::parse(variable, scope));
    const expression::Dependencies needs = value.dependencies();
    if (!needs.paths.empty() || needs.whole_document) {
      return fail(Code::kInvalid, kLooksAtDocument,
                  "Command let Expression tried to access a field, but this is not allowed because "
                  "command let expressions run before the query examines any documents.");
    }
    bson::Value computed = NACRE_TRY(value.evaluate(bson::View(), environment));
    environment.set(scope.define(variable.name()), std::move(computed));
  }
  return {};
}

Result<> define_constants(const bson::View& constants, expression::Scope& scope,
                          expression::Environment& environment) {
  for (const bson::Element& constant : constants) {
    NACRE_TRY(expression::check_variable_name(constant.name()));
    environment.set(scope.define(constant.name()), bson::Value(constant));
  }
  return {};
}

}  // namespace nacre::query
