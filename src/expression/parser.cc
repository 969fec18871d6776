#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "expression/call_internal.h"
#include "expression/field_path_internal.h"
#include "expression/literals_internal.h"
#include "expression/node_internal.h"
#include "expression/system_variables_internal.h"

namespace nacre::expression {
namespace {

using error_codes::kInvalidPipelineOperator;
constexpr std::int32_t kSeveralFields = 15983;
constexpr std::int32_t kWrongArity = 16020;
constexpr std::int32_t kArityOutOfRange = 28667;
constexpr std::int32_t kUndefinedVariable = 17276;
using error_codes::kOverflow;

Result<> check_arity(const Operator& row, std::size_t given) {
  const bool enough = given >= row.arity_min;
  const bool too_many = row.arity_max != kAnyNumber && given > row.arity_max;
  if (enough && !too_many) return {};
  if (row.arity_min == row.arity_max) {
    return invalid(kWrongArity, format("Expression {} takes exactly {} arguments. {} were passed "
                                       "in.",
                                       row.name, row.arity_min, given));
  }
  return invalid(kArityOutOfRange,
                 format("Expression {} takes at least {} arguments, and at most {}, but {} were "
                        "passed in.",
                        row.name, row.arity_min, row.arity_max, given));
}

}  // namespace

bool all_constant(std::span<const NodePtr> nodes) {
  return std::ranges::all_of(
      nodes, [](const NodePtr& node) { return node == nullptr || node->constant() != nullptr; });
}

NodePtr Parser::folded(NodePtr node, bool constant) {
  if (!constant) return node;
  Environment environment;
  environment.set_collator(scope_.collator());
  Evaluation at{.root = {}, .environment = environment, .scratch = environment.scratch()};
  auto value = node->evaluate(at);
  if (!value.has_value()) {
    add_failure(std::move(value).error());
    return node;
  }
  return std::make_unique<Constant>(bson::Value(*value));
}

Result<Branch> parse_branch(const bson::Element& element, Parser& parser) {
  std::optional<Error> outside = parser.exchange_failure(std::nullopt);
  auto node = parser.parse(element);
  Branch branch;
  branch.failure = parser.exchange_failure(std::move(outside));
  if (!node.has_value()) return std::unexpected(std::move(node).error());
  branch.node = *std::move(node);
  return branch;
}

// NOLINTNEXTLINE(misc-no-recursion): depth_ is bounded
Result<NodePtr> Parser::parse(const bson::Element& element) {
  if (depth_ >= kExpressionDepthMax) {
    return invalid(kOverflow,
                   format("the expression is nested more than {} levels", kExpressionDepthMax));
  }
  ++depth_;
  auto node = parse_at_depth(element);
  --depth_;
  return node;
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<NodePtr> Parser::parse_at_depth(const bson::Element& element) {
  switch (element.type()) {
    case bson::Type::kString:
      return parse_string(element);
    case bson::Type::kDocument:
      return parse_document(element);
    case bson::Type::kArray:
      return parse_array(element);
    default:
      return std::make_unique<Constant>(bson::Value(element));
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<NodePtr> Parser::parse_within(Scope scope, const bson::Element& element) {
  std::swap(scope_, scope);
  auto node = parse(element);
  std::swap(scope_, scope);
  return node;
}

Result<NodePtr> Parser::parse_string(const bson::Element& element) {
  const std::string_view text = element.string();
  if (!text.starts_with('$')) return std::make_unique<Constant>(bson::Value(element));
  if (text.contains('\0')) {
    return invalid(16419, "field path must not contain embedded null characters");
  }
  if (text.size() == 1) return invalid(16872, "'$' by itself is not a valid FieldPath");
  if (text.starts_with("$$")) return parse_variable(text.substr(2));
  std::vector<std::string> steps = NACRE_TRY(parse_path(text.substr(1)));
  return std::make_unique<FieldPath>(scope_.find("CURRENT"), std::move(steps));
}

namespace {

// A letter first, then also digits and '_'; what is not ASCII may be anywhere.
bool is_readable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & '\x80') != 0;
  };
  return is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

// A variable and what is behind its first dot.
Result<NodePtr> Parser::parse_variable(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view name = text.substr(0, dot);
  if (name.empty()) return invalid(9, "empty variable names are not allowed");
  if (!is_readable_name(name)) {
    return invalid(9, format("'{}' is no name that a variable can have", name));
  }
  if (text.ends_with('.')) {
    return invalid(40353, format("FieldPath must not end with a '.': '{}'", text));
  }
  std::vector<std::string> steps;
  if (dot != std::string_view::npos) steps = NACRE_TRY(parse_path(text.substr(dot + 1)));
  if (const auto variable = scope_.find(name)) {
    return std::make_unique<FieldPath>(variable, std::move(steps));
  }
  if (name == "ROOT" || name == "CURRENT") {
    return std::make_unique<FieldPath>(std::nullopt, std::move(steps));
  }
  // A path into what is not there, or into a date, leads nowhere.
  if (name == "REMOVE" || (name == "NOW" && !steps.empty())) {
    return std::make_unique<Constant>(bson::Value());
  }
  if (name == "NOW") return std::make_unique<Now>();
  if (name == "CLUSTER_TIME") return std::make_unique<ClusterTime>();
  return invalid(kUndefinedVariable, format("Use of undefined variable: {}", name));
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<NodePtr> Parser::parse_document(const bson::Element& element) {
  const bson::View document = element.document();
  std::vector<std::string> names;
  std::vector<NodePtr> parts;
  std::unordered_set<std::string_view> seen;
  for (const bson::Element& field : document) {
    if (names.empty() && field.name().starts_with('$')) {
      if (document.count() == 1) return parse_operator(field);
      return invalid(kSeveralFields,
                     format("an object representing an expression must have exactly one field, "
                            "the one with {} has {}",
                            field.name(), document.count()));
    }
    NACRE_TRY(check_field_name(field.name()));
    if (!seen.insert(field.name()).second) {
      return invalid(16406,
                     format("duplicate field name specified in object literal: {}", field.name()));
    }
    names.emplace_back(field.name());
    parts.push_back(NACRE_TRY(parse(field)));
  }
  const bool constant = all_constant(parts);
  return folded(std::make_unique<ObjectLiteral>(std::move(names), std::move(parts)), constant);
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<NodePtr> Parser::parse_array(const bson::Element& element) {
  std::vector<NodePtr> parts = NACRE_TRY(parse_list(element));
  const bool constant = all_constant(parts);
  return folded(std::make_unique<ArrayLiteral>(std::move(parts)), constant);
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<std::vector<NodePtr>> Parser::parse_list(const bson::Element& element) {
  std::vector<NodePtr> parts;
  if (!element.is(bson::Type::kArray)) {
    parts.push_back(NACRE_TRY(parse(element)));
    return parts;
  }
  for (const bson::Element& item : element.array()) parts.push_back(NACRE_TRY(parse(item)));
  return parts;
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<NodePtr> Parser::parse_operator(const bson::Element& call) {
  const Operator* row = find_operator(call.name());
  if (row == nullptr) {
    return invalid(kInvalidPipelineOperator, format("Unrecognized expression '{}'", call.name()));
  }
  return row->parse != nullptr ? row->parse(*row, call, *this) : parse_call(*row, call);
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<std::vector<NodePtr>> Parser::parse_named(const Operator& row, const bson::Element& call) {
  const Signature& signature = *row.signature;
  if (!call.is(bson::Type::kDocument)) {
    return invalid(signature.not_object_number,
                   format("{} only supports an object as its argument, found {}", row.name,
                          bson::name(call.type())));
  }
  std::vector<NodePtr> parts(signature.parameters.size());
  for (const bson::Element& field : call.document()) {
    const auto parameter = std::ranges::find(signature.parameters, field.name(), &Parameter::name);
    if (parameter == signature.parameters.end()) {
      return invalid(signature.unknown_number,
                     format("Unrecognized argument to {}: {}", row.name, field.name()));
    }
    const auto index = static_cast<std::size_t>(parameter - signature.parameters.begin());
    parts[index] = NACRE_TRY(parse(field));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Parameter& parameter = signature.parameters[i];
    if (parts[i] == nullptr && parameter.missing_number != 0) {
      return invalid(parameter.missing_number,
                     format("{} requires '{}' to be specified", row.name, parameter.name));
    }
  }
  return parts;
}

// NOLINTNEXTLINE(misc-no-recursion)
Result<NodePtr> Parser::parse_call(const Operator& row, const bson::Element& call) {
  std::vector<NodePtr> parts;
  if (row.signature != nullptr) {
    parts = NACRE_TRY(parse_named(row, call));
  } else if (row.whole_argument) {
    parts.push_back(NACRE_TRY(parse(call)));
  } else {
    parts = NACRE_TRY(parse_list(call));
    NACRE_TRY(check_arity(row, parts.size()));
  }
  const bool constant = all_constant(parts) && !row.varies;
  return folded(std::make_unique<Call>(row, std::move(parts)), constant);
}

}  // namespace nacre::expression
