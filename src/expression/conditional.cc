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

struct Branch {
  std::string_view name;
  std::int32_t missing_number;
};
constexpr std::array<Branch, 3> kBranches = {{{.name = "if", .missing_number = 17080},
                                              {.name = "then", .missing_number = 17081},
                                              {.name = "else", .missing_number = 17082}}};

Result<std::vector<NodePtr>> parse_branches(const bson::View& object, Parser& parser) {
  std::vector<NodePtr> parts(kBranches.size());
  for (const bson::Element& field : object) {
    std::size_t i = 0;
    while (i < kBranches.size() && kBranches[i].name != field.name()) ++i;
    if (i == kBranches.size()) {
      return invalid(17083, format("Unrecognized parameter to $cond: {}", field.name()));
    }
    parts[i] = NACRE_TRY(parser.parse(field));
  }
  for (std::size_t i = 0; i < kBranches.size(); ++i) {
    if (parts[i] == nullptr) {
      return invalid(kBranches[i].missing_number,
                     format("Missing '{}' parameter to $cond", kBranches[i].name));
    }
  }
  return parts;
}

Result<NodePtr> parse_conditional(const Operator& row, const bson::Element& argument,
                                  Parser& parser) {
  std::vector<NodePtr> parts;
  if (argument.is(bson::Type::kDocument)) {
    parts = NACRE_TRY(parse_branches(argument.document(), parser));
  } else {
    parts = NACRE_TRY(parser.parse_list(argument));
    if (parts.size() != kBranches.size()) {
      return invalid(16020, format("Expression {} takes exactly 3 arguments. {} were passed in.",
                                   row.name, parts.size()));
    }
  }
  if (const bson::Element* condition = parts[0]->constant()) {
    return std::move(parts[condition->truthy() ? 1 : 2]);
  }
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

Result<> parse_case(const bson::Element& branch, Parser& parser, std::vector<NodePtr>& to) {
  if (!branch.is(bson::Type::kDocument)) {
    return invalid(40062, format("$switch requires each branch to be an object, found: {}",
                                 bson::name(branch.type())));
  }
  NodePtr condition;
  NodePtr result;
  for (const bson::Element& field : branch.document()) {
    if (field.name() == "case") {
      condition = NACRE_TRY(parser.parse(field));
    } else if (field.name() == "then") {
      result = NACRE_TRY(parser.parse(field));
    } else {
      return invalid(40063,
                     format("$switch found an unknown argument to a branch: {}", field.name()));
    }
  }
  if (condition == nullptr) {
    return invalid(40064, "$switch requires each branch have a 'case' expression");
  }
  if (result == nullptr) {
    return invalid(40065, "$switch requires each branch have a 'then' expression.");
  }
  to.push_back(std::move(condition));
  to.push_back(std::move(result));
  return {};
}

// Branches whose case is constant and false are never taken.
void drop_settled(std::vector<NodePtr>& parts) {
  std::vector<NodePtr> left;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const bson::Element* condition = parts[i]->constant();
    if (condition != nullptr && !condition->truthy()) continue;
    left.push_back(std::move(parts[i]));
    left.push_back(std::move(parts[i + 1]));
  }
  parts = std::move(left);
}

Result<NodePtr> parse_switch(const Operator&, const bson::Element& argument, Parser& parser) {
  if (!argument.is(bson::Type::kDocument)) {
    return invalid(40060, format("$switch requires an object as an argument, found: {}",
                                 bson::name(argument.type())));
  }
  std::vector<NodePtr> parts;
  NodePtr otherwise;
  for (const bson::Element& field : argument.document()) {
    if (field.name() == "branches") {
      if (!field.is(bson::Type::kArray)) {
        return invalid(40061, format("$switch expected an array for 'branches', found: {}",
                                     bson::name(field.type())));
      }
      for (const bson::Element& branch : field.array()) {
        NACRE_TRY(parse_case(branch, parser, parts));
      }
    } else if (field.name() == "default") {
      otherwise = NACRE_TRY(parser.parse(field));
    } else {
      return invalid(40067, format("$switch found an unknown argument: {}", field.name()));
    }
  }
  if (parts.empty()) return invalid(40068, "$switch requires at least one branch.");
  drop_settled(parts);
  if (parts.empty() && otherwise == nullptr) {
    return invalid(
        40069,
        "Cannot execute a switch statement where all the cases evaluate to false without "
        "a default.");
  }
  if (otherwise != nullptr) parts.push_back(std::move(otherwise));
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
