#include "aggregation/pipeline_variables.h"

#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/collation.h"

namespace nacre::aggregation {

bson::Date now_of(const query::Scope& scope) {
  return {.milliseconds = static_cast<std::int64_t>(number(scope.database.now()) / 1000)};
}

Result<std::shared_ptr<const text::Collator>> parse_collation(const bson::View& collation) {
  return bson::parse_collation(collation);
}

namespace {

bool names_variable(std::string_view text, std::string_view variable) {
  if (!text.starts_with("$$")) return false;
  const std::string_view name = text.substr(2);
  return name == variable || (name.starts_with(variable) && name.size() > variable.size() &&
                              name[variable.size()] == '.');
}

// NOW and CLUSTER_TIME are not known yet where a command's let is read.
// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
bool looks_at_the_clock(const bson::Element& value) {
  if (value.is(bson::Type::kString)) {
    return names_variable(value.string(), "NOW") || names_variable(value.string(), "CLUSTER_TIME");
  }
  if (!value.is(bson::Type::kDocument) && !value.is(bson::Type::kArray)) return false;
  const bson::View inside = value.document();
  if (!inside.empty() && inside.begin()->name() == "$literal") return false;
  return std::ranges::any_of(inside.begin(), inside.end(), looks_at_the_clock);
}

Result<> check_let_variable(const bson::Element& variable) {
  const std::string_view name = variable.name();
  if (name == "NOW" || name == "CLUSTER_TIME") {
    return fail(Code::kInvalid, 4738901,
                format("Cannot set the variable {}: it belongs to the system", name));
  }
  if (name.empty())
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "empty variable names are not allowed");
  NACRE_TRY(expression::check_variable_name(name));
  if (!looks_at_the_clock(variable)) return {};
  return fail(Code::kInvalid, 51144,
              format("let: the value of {} may not name NOW or CLUSTER_TIME", name));
}

}  // namespace

Result<> define_let(const bson::View& let, ParseContext& parse, Context& context) {
  for (const bson::Element& variable : let) {
    NACRE_TRY(check_let_variable(variable));
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
