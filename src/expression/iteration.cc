// $filter $let $map $reduce: expressions with variables of their own.
#include <array>

#include "base/error_codes.h"
#include "base/text.h"
#include "expression/arrays_internal.h"
#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

using error_codes::kFailedToParse;

Result<std::string_view> name_of_variable(const bson::Element& as) {
  if (!as) return "this";
  if (!as.is(bson::Type::kString)) {
    return invalid(kFailedToParse,
                   format("'as' must be a string, found {}", bson::name(as.type())));
  }
  NACRE_TRY(check_variable_name(as.string()));
  return as.string();
}

// Finds fields by name, each with an error number when there is none; others are unknown.
struct Wanted {
  std::string_view name;
  bson::Element& to;
  std::int32_t missing_number = 0;
};

struct Numbers {
  std::int32_t not_object;
  std::int32_t unknown;
};

Result<> read_fields(const Operator& row, const bson::Element& argument, Numbers numbers,
                     std::span<const Wanted> wanted) {
  if (!argument.is(bson::Type::kDocument)) {
    return invalid(numbers.not_object, format("{} only supports an object as its argument, not {}",
                                              row.name, bson::name(argument.type())));
  }
  for (const bson::Element& field : argument.document()) {
    const auto place = std::ranges::find(wanted, field.name(), &Wanted::name);
    if (place == wanted.end()) {
      return invalid(numbers.unknown,
                     format("Unrecognized parameter to {}: {}", row.name, field.name()));
    }
    place->to = field;
  }
  for (const Wanted& field : wanted) {
    if (!field.to && field.missing_number != 0) {
      return invalid(field.missing_number,
                     format("Missing '{}' parameter to {}", field.name, row.name));
    }
  }
  return {};
}

// input, then what is evaluated for each of its elements.
class Map final : public Node {
 public:
  Map(VariableId variable, std::vector<NodePtr> parts)
      : Node(std::move(parts)), variable_(variable) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element input = NACRE_TRY(part(0).evaluate(at));
    if (is_nullish(input)) return at.scratch.null();
    if (!input.is(bson::Type::kArray)) {
      return invalid(16883,
                     format("input to $map must be an array not {}", bson::name(input.type())));
    }
    ArrayResult result;
    for (const bson::Element& item : input.array()) {
      const Scratch::Mark mark = at.scratch.mark();
      at.environment.set_view(variable_, item);
      result.push(NACRE_TRY(part(1).evaluate(at)));
      at.scratch.rewind(mark);
      NACRE_TRY(check_memory(at, result.size()));
    }
    return result.finish(at);
  }

 private:
  VariableId variable_;
};

Result<NodePtr> parse_map(const Operator& row, const bson::Element& argument, Parser& parser) {
  bson::Element input;
  bson::Element as;
  bson::Element in;
  const std::array<Wanted, 3> wanted = {{{.name = "input", .to = input, .missing_number = 16880},
                                         {.name = "as", .to = as},
                                         {.name = "in", .to = in, .missing_number = 16882}}};
  NACRE_TRY(read_fields(row, argument, {.not_object = 16878, .unknown = 16879}, wanted));
  const std::string_view name = NACRE_TRY(name_of_variable(as));
  Scope inner = parser.scope();
  const VariableId variable = inner.define(name);
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(input)));
  parts.push_back(NACRE_TRY(parser.parse_within(std::move(inner), in)));
  return std::make_unique<Map>(variable, std::move(parts));
}

// input, condition, and the limit when there is one.
class Filter final : public Node {
 public:
  Filter(VariableId variable, std::vector<NodePtr> parts)
      : Node(std::move(parts)), variable_(variable) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element input = NACRE_TRY(part(0).evaluate(at));
    if (is_nullish(input)) return at.scratch.null();
    if (!input.is(bson::Type::kArray)) {
      return invalid(28651,
                     format("input to $filter must be an array not {}", bson::name(input.type())));
    }
    const std::optional<std::int32_t> limit = NACRE_TRY(limit_of(at));
    ArrayResult result;
    std::int32_t taken = 0;
    for (const bson::Element& item : input.array()) {
      const Scratch::Mark mark = at.scratch.mark();
      at.environment.set_view(variable_, item);
      const bson::Element condition = NACRE_TRY(part(1).evaluate(at));
      const bool is_wanted = condition.truthy();
      at.scratch.rewind(mark);
      if (!is_wanted) continue;
      result.push(item);
      if (limit && ++taken >= *limit) break;
    }
    return result.finish(at);
  }

 private:
  [[nodiscard]] Result<std::optional<std::int32_t>> limit_of(Evaluation& at) const {
    if (parts().size() < 3) return std::nullopt;
    const bson::Element value = NACRE_TRY(part(2).evaluate(at));
    if (is_nullish(value)) return std::nullopt;
    const auto limit = whole32(value);
    if (!limit) {
      return invalid(327391,
                     format("$filter: limit must be represented as a 32-bit integral value, "
                            "found {}",
                            bson::name(value.type())));
    }
    if (*limit <= 0) {
      return invalid(327392, format("$filter: limit must be greater than 0: {}", *limit));
    }
    return limit;
  }

  VariableId variable_;
};

Result<NodePtr> parse_filter(const Operator& row, const bson::Element& argument, Parser& parser) {
  bson::Element input;
  bson::Element as;
  bson::Element condition;
  bson::Element limit;
  const std::array<Wanted, 4> wanted = {{{.name = "input", .to = input, .missing_number = 28648},
                                         {.name = "as", .to = as},
                                         {.name = "cond", .to = condition, .missing_number = 28650},
                                         {.name = "limit", .to = limit}}};
  NACRE_TRY(read_fields(row, argument, {.not_object = 28646, .unknown = 28647}, wanted));
  const std::string_view name = NACRE_TRY(name_of_variable(as));
  Scope inner = parser.scope();
  const VariableId variable = inner.define(name);
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(input)));
  parts.push_back(NACRE_TRY(parser.parse_within(std::move(inner), condition)));
  if (limit) parts.push_back(NACRE_TRY(parser.parse(limit)));
  return std::make_unique<Filter>(variable, std::move(parts));
}

// input, initial value, and what combines.
class Reduce final : public Node {
 public:
  Reduce(VariableId item, VariableId value, std::vector<NodePtr> parts)
      : Node(std::move(parts)), item_(item), value_(value) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element input = NACRE_TRY(part(0).evaluate(at));
    if (is_nullish(input)) return at.scratch.null();
    if (!input.is(bson::Type::kArray)) {
      return invalid(40080, format("$reduce requires that 'input' be an array, found: {}",
                                   bson::name(input.type())));
    }
    const bson::Element initial = NACRE_TRY(part(1).evaluate(at));
    // Each step's result is copied out, so that what it took on the way is given back before the
    // next: the memory is that of two values, not of all.
    bson::Value value(initial);
    for (const bson::Element& item : input.array()) {
      const Scratch::Mark mark = at.scratch.mark();
      at.environment.set_view(item_, item);
      at.environment.set_view(value_, value.element());
      const bson::Element next = NACRE_TRY(part(2).evaluate(at));
      if (is_too_deep(next)) {
        return invalid(
            15, format("$reduce made a value nested more than {} levels", kExpressionDepthMax));
      }
      value = bson::Value(next);
      at.scratch.rewind(mark);
    }
    const bson::Element result = at.scratch.copy(value.element());
    NACRE_TRY(check_memory(at));
    return result;
  }

 private:
  VariableId item_;
  VariableId value_;
};

Result<NodePtr> parse_reduce(const Operator& row, const bson::Element& argument, Parser& parser) {
  bson::Element input;
  bson::Element initial;
  bson::Element in;
  const std::array<Wanted, 3> wanted = {
      {{.name = "input", .to = input, .missing_number = 40077},
       {.name = "initialValue", .to = initial, .missing_number = 40078},
       {.name = "in", .to = in, .missing_number = 40079}}};
  NACRE_TRY(read_fields(row, argument, {.not_object = 40075, .unknown = 40076}, wanted));
  Scope inner = parser.scope();
  const VariableId item = inner.define("this");
  const VariableId value = inner.define("value");
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(input)));
  parts.push_back(NACRE_TRY(parser.parse(initial)));
  parts.push_back(NACRE_TRY(parser.parse_within(std::move(inner), in)));
  return std::make_unique<Reduce>(item, value, std::move(parts));
}

// The values of the variables, then the expression they are for.
class Let final : public Node {
 public:
  Let(std::vector<VariableId> variables, std::vector<NodePtr> parts)
      : Node(std::move(parts)), variables_(std::move(variables)) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      at.environment.set_view(variables_[i], NACRE_TRY(part(i).evaluate(at)));
    }
    return part(variables_.size()).evaluate(at);
  }

 private:
  std::vector<VariableId> variables_;
};

Result<NodePtr> parse_let(const Operator& row, const bson::Element& argument, Parser& parser) {
  bson::Element vars;
  bson::Element in;
  const std::array<Wanted, 2> wanted = {{{.name = "vars", .to = vars, .missing_number = 16876},
                                         {.name = "in", .to = in, .missing_number = 16877}}};
  NACRE_TRY(read_fields(row, argument, {.not_object = 16874, .unknown = 16875}, wanted));
  if (!vars.is(bson::Type::kDocument)) {
    return invalid(10065, format("invalid parameter: expected an object (vars), found {}",
                                 bson::name(vars.type())));
  }
  // Values see the variables from outside, not one another; but they may use numbers of their own,
  // which therefore come behind those of the variables.
  Scope outer = parser.scope();
  Scope inner = parser.scope();
  std::vector<VariableId> variables;
  for (const bson::Element& variable : vars.document()) {
    NACRE_TRY(check_variable_name(variable.name()));
    variables.push_back(inner.define(variable.name()));
    outer.reserve();
  }
  std::vector<NodePtr> parts;
  for (const bson::Element& variable : vars.document()) {
    parts.push_back(NACRE_TRY(parser.parse_within(outer, variable)));
  }
  parts.push_back(NACRE_TRY(parser.parse_within(std::move(inner), in)));
  return std::make_unique<Let>(std::move(variables), std::move(parts));
}

constexpr std::array kOperators = {
    Operator{.name = "$filter", .arity_min = 1, .arity_max = 1, .parse = parse_filter},
    Operator{.name = "$let", .arity_min = 1, .arity_max = 1, .parse = parse_let},
    Operator{.name = "$map", .arity_min = 1, .arity_max = 1, .parse = parse_map},
    Operator{.name = "$reduce", .arity_min = 1, .arity_max = 1, .parse = parse_reduce},
};

}  // namespace

std::span<const Operator> iteration_operators() { return kOperators; }

}  // namespace nacre::expression
