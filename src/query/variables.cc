#include "query/variables.h"

#include <utility>

#include "base/text.h"
#include "expression/expression.h"

namespace nacre::query {
namespace {

Result<> check_name(std::string_view name) {
  for (const std::string_view system : {"ROOT", "CURRENT", "REMOVE", "DESCEND", "PRUNE", "KEEP",
                                        "NOW", "CLUSTER_TIME", "SEARCH_META", "USER_ROLES"}) {
    if (name == system) {
      return fail(Code::kInvalid, 4738901,
                  format("Attempt to set internal constant: $${}", system));
    }
  }
  return expression::check_variable_name(name);
}

}  // namespace

Result<> define_variables(const bson::View& let, expression::Scope& scope,
                          expression::Environment& environment) {
  for (const bson::Element& element : let) {
    NACRE_TRY(check_name(element.name()));
    const expression::Expression value = NACRE_TRY(expression::Expression::parse(element, scope));
    const expression::Dependencies needed = value.dependencies();
    if (!needed.paths.empty() || needed.whole_document) {
      return fail(Code::kInvalid, 4890500,
                  "Command let Expression tried to access a field, but this is not allowed because "
                  "command let expressions run before the query examines any documents.");
    }
    bson::Value held = NACRE_TRY(value.evaluate(bson::View(), environment));
    environment.set(scope.define(element.name()), std::move(held));
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
