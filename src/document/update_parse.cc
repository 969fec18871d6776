#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "bson/validate.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Node = Update::Node;
using Operator = Update::Node::Operator;

constexpr std::int32_t kBadValue = 2;
constexpr std::int32_t kFailedToParse = 9;
constexpr std::int32_t kTypeMismatch = 14;
constexpr std::int32_t kOverflow = 15;
constexpr std::int32_t kConflict = 40;
constexpr std::int32_t kDollarPrefixed = 52;
constexpr std::int32_t kEmptyField = 56;
constexpr std::int32_t kNotImplemented = 238;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, kBadValue, std::move(what));
}

bool comes_before(std::string_view a, std::string_view b) {
  const auto left = bson::array_index(a);
  const auto right = bson::array_index(b);
  if (left.has_value() && right.has_value()) return *left < *right;
  return a < b;
}

int depth_of(const View& document) {
  int deepest = 0;
  for (const Element& element : document) {
    if (element.is(Type::kDocument) || element.is(Type::kArray)) {
      deepest = std::max(deepest, depth_of(element.document()));
    }
  }
  return deepest + 1;
}

// A path may go no deeper than documents may nest, with what it sets inside.
Result<> check_depth(std::string_view path, const Element& value) {
  const bool nests = value.is(Type::kDocument) || value.is(Type::kArray);
  const auto steps = std::ranges::count(path, '.') + 1;
  // One more for the array that $push and $addToSet put the value into.
  if (steps + 1 + (nests ? depth_of(value.document()) : 0) <= bson::kDepthMax) return {};
  return fail(Code::kInvalid, kOverflow,
              format("update of {}...: documents nested deeper than {}", path.substr(0, 40),
                     bson::kDepthMax));
}

Result<> check_path(std::string_view path) {
  if (path.empty()) return fail(Code::kInvalid, kEmptyField, "An empty update path is not valid.");
  const bson::Path parsed(path);
  for (const bson::PathStep& step : parsed.steps()) {
    if (step.name.empty()) {
      return fail(
          Code::kInvalid, kEmptyField,
          format("The update path '{}' contains an empty field name, which is not allowed.", path));
    }
    if (step.name == "$" || step.name.starts_with("$[")) {
      return fail(Code::kUnsupported, kNotImplemented,
                  format("the positional update path '{}' is not implemented", path));
    }
    const bool reference = step.name == "$id" || step.name == "$ref" || step.name == "$db";
    if (step.name.front() == '$' && !reference) {
      return fail(Code::kInvalid, kDollarPrefixed,
                  format("The dollar ($) prefixed field '{}' in '{}' is not allowed in the context "
                         "of an update's replacement document. Consider using an aggregation "
                         "pipeline with $replaceWith.",
                         step.name, path));
    }
  }
  return {};
}

Result<std::int64_t> push_integer(const Element& value) {
  const std::optional<std::int64_t> number = value.as_int64();
  if (number.has_value()) return *number;
  return bad(format("The value for {} must be an integer value but was given type: {}",
                    value.name(), bson::name(value.type())));
}

Result<bool> is_descending(const Element& direction) {
  const std::optional<std::int64_t> number = direction.as_int64();
  if (number == 1) return false;
  if (number == -1) return true;
  return bad("The $sort element value must be either 1 or -1");
}

Result<> parse_push_sort(const Element& sort, PushOptions& options) {
  if (sort.is_number()) {
    options.sort.push_back({.path = "", .descending = NACRE_TRY(is_descending(sort))});
    return {};
  }
  if (!sort.is(Type::kDocument)) {
    return bad(
        "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort "
        "embedded fields");
  }
  if (sort.document().empty())
    return bad("The $sort pattern is empty when it should be a set of fields.");
  for (const Element& field : sort.document()) {
    NACRE_TRY(check_path(field.name()));
    options.sort.push_back(
        {.path = std::string(field.name()), .descending = NACRE_TRY(is_descending(field))});
  }
  return {};
}

Result<> parse_push(const Element& operand, Node& node) {
  const bool has_clauses = operand.is(Type::kDocument) && operand.document().find("$each");
  if (!has_clauses) {
    node.each.push_back(operand);
    return {};
  }
  for (const Element& clause : operand.document()) {
    if (clause.name() == "$each") {
      if (!clause.is(Type::kArray)) {
        return bad(format("The argument to $each in $push must be an array but it was of type: {}",
                          bson::name(clause.type())));
      }
      for (const Element& element : clause.array()) node.each.push_back(element);
    } else if (clause.name() == "$position") {
      node.push.position = NACRE_TRY(push_integer(clause));
    } else if (clause.name() == "$slice") {
      node.push.slice = NACRE_TRY(push_integer(clause));
    } else if (clause.name() == "$sort") {
      NACRE_TRY(parse_push_sort(clause, node.push));
    } else {
      return bad(format("Unrecognized clause in $push: {}", clause.name()));
    }
  }
  return {};
}

Result<> parse_add_to_set(const Element& operand, Node& node) {
  const bool has_each = operand.is(Type::kDocument) && !operand.document().empty() &&
                        operand.document().begin()->name() == "$each";
  if (!has_each) {
    node.each.push_back(operand);
    return {};
  }
  const Element each = *operand.document().begin();
  if (!each.is(Type::kArray)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("The argument to $each in $addToSet must be an array but it was of type {}",
                       bson::name(each.type())));
  }
  if (operand.document().count() > 1) {
    return bad(
        format("Found unexpected fields after $each in $addToSet: {}", bson::to_json(operand)));
  }
  for (const Element& element : each.array()) node.each.push_back(element);
  return {};
}

Result<> parse_current_date(const Element& operand, Node& node) {
  if (operand.is(Type::kBool)) return {};
  if (operand.is(Type::kDocument)) {
    for (const Element& field : operand.document()) {
      if (field.name() != "$type") {
        return bad(format("Unrecognized $currentDate option: {}", field.name()));
      }
      const std::string_view type = field.is(Type::kString) ? field.string() : "";
      if (type == "date") continue;
      if (type != "timestamp") {
        return bad(
            "The '$type' string field is required to be 'date' or 'timestamp': "
            "{$currentDate: {field : {$type: 'date'}}}");
      }
      node.op = Operator::kCurrentTimestamp;
    }
    return {};
  }
  return bad(
      format("{} is not valid type for $currentDate. Please use a boolean ('true') or a "
             "$type expression ({{$type: 'timestamp/date'}}).",
             bson::name(operand.type())));
}

Result<> parse_bit(const Element& operand) {
  if (!operand.is(Type::kDocument) || operand.document().empty()) {
    return bad("The $bit modifier is not compatible with this value: it takes {and|or|xor: int}");
  }
  for (const Element& field : operand.document()) {
    if (field.name() != "and" && field.name() != "or" && field.name() != "xor") {
      return bad(
          format("The $bit modifier only supports 'and', 'or', and 'xor', not '{}'", field.name()));
    }
    if (!field.is(Type::kInt32) && !field.is(Type::kInt64)) {
      return bad(
          format("The $bit modifier field must be an Integer(32/64 bit); a '{}' is not "
                 "supported here",
                 bson::name(field.type())));
    }
  }
  return {};
}

class Parser {
 public:
  explicit Parser(const ElementTestParser& pull_conditions) : pull_conditions_(pull_conditions) {}

  Result<Node> run(const View& update) {
    for (const Element& modifier : update) {
      const std::optional<Operator> op = operator_of(modifier.name());
      if (!op.has_value()) {
        return fail(Code::kInvalid, kFailedToParse,
                    format("Unknown modifier: {}. Expected a valid update modifier or "
                           "pipeline-style update specified as an array",
                           modifier.name()));
      }
      if (!modifier.is(Type::kDocument)) {
        return fail(Code::kInvalid, kFailedToParse,
                    format("Modifiers operate on fields but we found type {} instead. For "
                           "example: {{$mod: {{<field>: ...}}}} not {{{}: {}}}",
                           bson::name(modifier.type()), modifier.name(), bson::to_json(modifier)));
      }
      for (const Element& operand : modifier.document()) NACRE_TRY(field(*op, operand));
    }
    return std::move(root_);
  }

 private:
  static std::optional<Operator> operator_of(std::string_view name) {
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"$set", Operator::kSet},
        {"$setOnInsert", Operator::kSetOnInsert},
        {"$unset", Operator::kUnset},
        {"$inc", Operator::kIncrement},
        {"$mul", Operator::kMultiply},
        {"$min", Operator::kMin},
        {"$max", Operator::kMax},
        {"$rename", Operator::kRenameFrom},
        {"$currentDate", Operator::kCurrentDate},
        {"$bit", Operator::kBit},
        {"$push", Operator::kPush},
        {"$addToSet", Operator::kAddToSet},
        {"$pop", Operator::kPop},
        {"$pull", Operator::kPull},
        {"$pullAll", Operator::kPullAll}};
    for (const auto& [known, op] : kOperators) {
      if (known == name) return op;
    }
    return std::nullopt;
  }

  Result<> field(Operator op, const Element& operand) {
    NACRE_TRY(check_path(operand.name()));
    NACRE_TRY(check_depth(operand.name(), operand));
    if (op == Operator::kRenameFrom) return rename(operand);
    Node* node = NACRE_TRY(add_node(root_, operand.name()));
    node->op = op;
    node->operand = operand;
    switch (op) {
      case Operator::kIncrement:
      case Operator::kMultiply:
        if (operand.is_number()) return {};
        return fail(Code::kInvalid, kTypeMismatch,
                    format("Cannot {} with non-numeric argument: {{{}: {}}}",
                           op == Operator::kIncrement ? "increment" : "multiply", operand.name(),
                           bson::to_json(operand)));
      case Operator::kCurrentDate:
        return parse_current_date(operand, *node);
      case Operator::kBit:
        return parse_bit(operand);
      case Operator::kPush:
        return parse_push(operand, *node);
      case Operator::kAddToSet:
        return parse_add_to_set(operand, *node);
      case Operator::kPop:
        return pop(operand);
      case Operator::kPull:
        return pull(operand, *node);
      case Operator::kPullAll:
        if (operand.is(Type::kArray)) return {};
        return bad(format("$pullAll requires an array argument but was given a {}",
                          bson::name(operand.type())));
      default:
        return {};
    }
  }

  static Result<> pop(const Element& operand) {
    if (!operand.is_number()) {
      return fail(Code::kInvalid, kFailedToParse,
                  format("Expected a number in: {}: {}", operand.name(), bson::to_json(operand)));
    }
    const std::optional<std::int64_t> end = operand.as_int64();
    if (end == 1 || end == -1) return {};
    return fail(Code::kInvalid, kFailedToParse,
                format("$pop expects 1 or -1, found: {}", bson::to_json(operand)));
  }

  Result<> pull(const Element& operand, Node& node) {
    if (!operand.is(Type::kDocument) && !operand.is(Type::kRegex)) return {};
    if (!pull_conditions_) {
      return fail(Code::kUnsupported, kNotImplemented, "$pull by a condition is not implemented");
    }
    node.pull = NACRE_TRY(pull_conditions_(operand));
    return {};
  }

  Result<> rename(const Element& operand) {
    if (!operand.is(Type::kString)) {
      return bad(format("The 'to' field for $rename must be a string: {}: {}", operand.name(),
                        bson::to_json(operand)));
    }
    const std::string_view target = operand.string();
    NACRE_TRY(check_path(target));
    if (target == operand.name()) {
      return bad(format("The source and target field for $rename must differ: {}: \"{}\"", target,
                        target));
    }
    if (target.find('\0') != std::string_view::npos) {
      return bad("The 'to' field for $rename cannot contain an embedded null byte");
    }
    add_rename(NACRE_TRY(add_node(root_, operand.name())), Operator::kRenameFrom, operand);
    add_rename(NACRE_TRY(add_node(root_, target)), Operator::kRenameTo, operand);
    return {};
  }

  static void add_rename(Node* node, Operator op, const Element& operand) {
    node->op = op;
    node->operand = operand;
  }

  const ElementTestParser& pull_conditions_;
  Node root_;
};

}  // namespace

Result<Node*> add_node(Node& root, std::string_view path) {
  const auto conflict = [&](std::string_view at) {
    return fail(Code::kInvalid, kConflict,
                format("Updating the path '{}' would create a conflict at '{}'", path, at));
  };
  Node* at = &root;
  const bson::Path parsed(path);
  std::size_t end = 0;
  bool fresh = false;
  for (const bson::PathStep& step : parsed.steps()) {
    if (!fresh && at->op != Node::Operator::kNone) return conflict(path.substr(0, end - 1));
    end += step.name.size() + 1;
    auto found = std::ranges::lower_bound(at->children, step.name, comes_before, &Node::name);
    fresh = found == at->children.end() || found->name != step.name;
    if (fresh) {
      Node child;
      child.name = step.name;
      child.index = step.index;
      found = at->children.insert(found, std::move(child));
    }
    at = &*found;
  }
  if (!fresh) return conflict(path);
  at->path = path;
  return at;
}

Result<Node> parse_operators(const View& update, const ElementTestParser& pull_conditions) {
  return Parser(pull_conditions).run(update);
}

}  // namespace nacre::document
