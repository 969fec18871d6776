// $cond $ifNull $switch: they evaluate the branch they take and no other.
#include <array>

#include "base/text.h"
#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

class Conditional final : public Node {
 public:
  using Node::Node;  // if, then, else
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element condition = NACRE_TRY(part(0).evaluate(at));
    return part(condition.truthy() ? 1 : 2).evaluate(at);
  }
};

constexpr std::array<Parameter, 3> kBranches = {{{.name = "if", .missing_number = 17080},
                                                 {.name = "then", .missing_number = 17081},
                                                 {.name = "else", .missing_number = 17082}}};

Result<std::vector<bson::Element>> branches_of(const Operator& row, const bson::Element& argument) {
  std::vector<bson::Element> found;
  if (!argument.is(bson::Type::kDocument)) {
    found.push_back(argument);
    if (argument.is(bson::Type::kArray)) {
      found.clear();
      for (const bson::Element& item : argument.array()) found.push_back(item);
    }
    if (found.size() == kBranches.size()) return found;
    return invalid(16020, format("Expression {} takes exactly 3 arguments. {} were passed in.",
                                 row.name, found.size()));
  }
  found.resize(kBranches.size());
  for (const bson::Element& field : argument.document()) {
    const auto branch = std::ranges::find(kBranches, field.name(), &Parameter::name);
    if (branch == kBranches.end()) {
      return invalid(17083, format("Unrecognized parameter to $cond: {}", field.name()));
    }
    found[static_cast<std::size_t>(branch - kBranches.begin())] = field;
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) {
      return invalid(kBranches[i].missing_number,
                     format("Missing '{}' parameter to $cond", kBranches[i].name));
    }
  }
  return found;
}

Result<NodePtr> parse_conditional(const Operator& row, const bson::Element& argument,
                                  Parser& parser) {
  const std::vector<bson::Element> branches = NACRE_TRY(branches_of(row, argument));
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(branches[0])));
  Branch then = NACRE_TRY(parse_branch(branches[1], parser));
  Branch otherwise = NACRE_TRY(parse_branch(branches[2], parser));
  if (const bson::Element* condition = parts[0]->constant()) {
    Branch& taken = condition->truthy() ? then : otherwise;
    parser.add_failure(std::move(taken.failure));
    return std::move(taken.node);
  }
  parser.add_failure(std::move(then.failure));
  parser.add_failure(std::move(otherwise.failure));
  parts.push_back(std::move(then.node));
  parts.push_back(std::move(otherwise.node));
  return std::make_unique<Conditional>(std::move(parts));
}

// The first that is not null, or else the last.
class IfNull final : public Node {
 public:
  using Node::Node;
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    for (std::size_t i = 0; i + 1 < parts().size(); ++i) {
      const bson::Element value = NACRE_TRY(part(i).evaluate(at));
      if (!is_nullish(value)) return value;
    }
    return part(parts().size() - 1).evaluate(at);
  }
};

Result<NodePtr> parse_if_null(const Operator&, const bson::Element& argument, Parser& parser) {
  std::vector<NodePtr> parts = NACRE_TRY(parser.parse_list(argument));
  if (parts.size() < 2) {
    return invalid(1257300, format("$ifNull needs at least two arguments, had: {}", parts.size()));
  }
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<IfNull>(std::move(parts)), constant);
}

// case, then, case, then, ...; the default last when there is one.
class Switch final : public Node {
 public:
  using Node::Node;
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    std::size_t i = 0;
    for (; i + 1 < parts().size(); i += 2) {
      const bson::Element condition = NACRE_TRY(part(i).evaluate(at));
      if (condition.truthy()) return part(i + 1).evaluate(at);
    }
    if (i < parts().size()) return part(i).evaluate(at);
    return invalid(40066,
                   "$switch could not find a matching branch for an input, and no default was "
                   "specified.");
  }
};

struct Case {
  Branch condition;
  Branch result;
};

Result<Case> parse_case(const bson::Element& branch, Parser& parser) {
  if (!branch.is(bson::Type::kDocument)) {
    return invalid(40062, format("$switch requires each branch to be an object, found: {}",
                                 bson::name(branch.type())));
  }
  Case found;
  for (const bson::Element& field : branch.document()) {
    if (field.name() == "case") {
      found.condition = NACRE_TRY(parse_branch(field, parser));
    } else if (field.name() == "then") {
      found.result = NACRE_TRY(parse_branch(field, parser));
    } else {
      return invalid(40063,
                     format("$switch found an unknown argument to a branch: {}", field.name()));
    }
  }
  if (found.condition.node == nullptr) {
    return invalid(40064, "$switch requires each branch have a 'case' expression");
  }
  if (found.result.node == nullptr) {
    return invalid(40065, "$switch requires each branch have a 'then' expression.");
  }
  return found;
}

struct SwitchFields {
  std::vector<Case> cases;
  NodePtr otherwise;
};

Result<SwitchFields> parse_switch_fields(const bson::Element& argument, Parser& parser) {
  if (!argument.is(bson::Type::kDocument)) {
    return invalid(40060, format("$switch requires an object as an argument, found: {}",
                                 bson::name(argument.type())));
  }
  SwitchFields fields;
  for (const bson::Element& field : argument.document()) {
    if (field.name() == "default") {
      fields.otherwise = NACRE_TRY(parser.parse(field));
    } else if (field.name() != "branches") {
      return invalid(40067, format("$switch found an unknown argument: {}", field.name()));
    } else if (!field.is(bson::Type::kArray)) {
      return invalid(40061, format("$switch expected an array for 'branches', found: {}",
                                   bson::name(field.type())));
    } else {
      for (const bson::Element& branch : field.array()) {
        fields.cases.push_back(NACRE_TRY(parse_case(branch, parser)));
      }
    }
  }
  if (fields.cases.empty()) return invalid(40068, "$switch requires at least one branch.");
  return fields;
}

// Cases that are constant and false are never taken; what comes behind one that is true neither.
Result<NodePtr> parse_switch(const Operator&, const bson::Element& argument, Parser& parser) {
  SwitchFields fields = NACRE_TRY(parse_switch_fields(argument, parser));
  std::vector<NodePtr> parts;
  for (Case& each : fields.cases) {
    const bson::Element* condition = each.condition.node->constant();
    parser.add_failure(std::move(each.condition.failure));
    if (condition != nullptr && !condition->truthy()) continue;
    parser.add_failure(std::move(each.result.failure));
    if (condition != nullptr) {
      fields.otherwise = std::move(each.result.node);
      break;
    }
    parts.push_back(std::move(each.condition.node));
    parts.push_back(std::move(each.result.node));
  }
  if (parts.empty() && fields.otherwise == nullptr) {
    return invalid(
        40069,
        "Cannot execute a switch statement where all the cases evaluate to false without "
        "a default.");
  }
  if (fields.otherwise != nullptr) parts.push_back(std::move(fields.otherwise));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Switch>(std::move(parts)), constant);
}

constexpr std::array kOperators = {
    Operator{.name = "$cond", .arity_min = 3, .arity_max = 3, .parse = parse_conditional},
    Operator{.name = "$ifNull", .arity_min = 2, .arity_max = kAnyNumber, .parse = parse_if_null},
    Operator{.name = "$switch", .arity_min = 1, .arity_max = 1, .parse = parse_switch},
};

}  // namespace

std::span<const Operator> conditional_operators() { return kOperators; }

}  // namespace nacre::expression
