#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "bson/json.h"
#include "bson/path.h"
#include "bson/validate.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Node = Update::Node;
using Operator = Update::Node::Operator;

using error_codes::kBadValue;
using error_codes::kFailedToParse;
using error_codes::kOverflow;
using error_codes::kTypeMismatch;
constexpr std::int32_t kNullByte = 9867600;
using error_codes::kNotImplemented;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, kBadValue, std::move(what));
}

int depth_of(const View& document) {
  int deepest = 0;
  for (const Element& element : document) {
    if (bson::is_container(element)) {
      deepest = std::max(deepest, depth_of(element.document()));
    }
  }
  return deepest + 1;
}

// A path may go no deeper than documents may nest, with what it sets inside.
Result<> check_depth(std::string_view path, const Element& value) {
  const bool nests = bson::is_container(value);
  const auto steps = std::ranges::count(path, '.') + 1;
  // One more for the array that $push and $addToSet put the value into.
  if (steps + 1 + (nests ? depth_of(value.document()) : 0) <= bson::kDepthMax) return {};
  return fail(Code::kInvalid, kOverflow,
              format("update of {}...: documents nested deeper than {}", path.substr(0, 40),
                     bson::kDepthMax));
}

bool has_step(std::string_view path, std::string_view name) {
  const bson::Path parsed(path);
  return std::ranges::find(parsed.steps(), name, &bson::PathStep::name) != parsed.steps().end();
}

// Means elements of arrays that only a document can tell.
bool is_dynamic(std::string_view path) {
  return has_step(path, "$") || path.find("$[") != std::string_view::npos;
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
  Parser(const ElementTestParser& pull_conditions, std::span<const ArrayFilter> filters)
      : pull_conditions_(pull_conditions), filters_(filters) {}

  Result<UpdateTree> run(const View& update) {
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
    return std::move(tree_);
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
    // What is wrong with the operand comes before what is wrong with the path.
    Node parsed;
    NACRE_TRY(value(op, operand, parsed));
    Node* node = NACRE_TRY(add_node(tree_.root, operand.name(), filters_));
    tree_.has_matched = tree_.has_matched || has_step(operand.name(), "$");
    node->op = parsed.op;
    node->operand = operand;
    node->each = std::move(parsed.each);
    node->push = std::move(parsed.push);
    node->pull = std::move(parsed.pull);
    return {};
  }

  Result<> value(Operator op, const Element& operand, Node& node) {
    node.op = op;
    switch (op) {
      case Operator::kIncrement:
      case Operator::kMultiply:
        if (operand.is_number()) return {};
        return fail(Code::kInvalid, kTypeMismatch,
                    format("Cannot {} with non-numeric argument: {{{}: {}}}",
                           op == Operator::kIncrement ? "increment" : "multiply", operand.name(),
                           bson::to_json(operand)));
      case Operator::kCurrentDate:
        return parse_current_date(operand, node);
      case Operator::kBit:
        return parse_bit(operand);
      case Operator::kPush:
        return parse_push(operand, node);
      case Operator::kAddToSet:
        return parse_add_to_set(operand, node);
      case Operator::kPop:
        return pop(operand);
      case Operator::kPull:
        return pull(operand, node);
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
    if (target.find('\0') != std::string_view::npos) {
      return fail(Code::kInvalid, kNullByte,
                  "The 'to' field for $rename cannot contain an embedded null byte");
    }
    NACRE_TRY(check_path(target));
    if (target == operand.name()) {
      return bad(format("The source and target field for $rename must differ: {}: \"{}\"", target,
                        target));
    }
    if (is_dynamic(operand.name())) {
      return bad(format("The source field for $rename may not be dynamic: {}", operand.name()));
    }
    if (is_dynamic(target)) {
      return bad(format("The destination field for $rename may not be dynamic: {}", target));
    }
    tree_.has_renames = true;
    add_rename(NACRE_TRY(add_node(tree_.root, operand.name())), Operator::kRenameFrom, operand);
    add_rename(NACRE_TRY(add_node(tree_.root, target)), Operator::kRenameTo, operand);
    return {};
  }

  static void add_rename(Node* node, Operator op, const Element& operand) {
    node->op = op;
    node->operand = operand;
  }

  const ElementTestParser& pull_conditions_;
  std::span<const ArrayFilter> filters_;
  UpdateTree tree_;
};

bool uses(const Node& node, std::string_view name) {
  return node.name == name ||
         std::ranges::any_of(node.children, [&](const Node& child) { return uses(child, name); });
}

Result<> check_filters_used(const Node& root, std::span<const ArrayFilter> filters,
                            const View& update) {
  for (const ArrayFilter& filter : filters) {
    if (uses(root, format("$[{}]", filter.identifier))) continue;
    return fail(Code::kInvalid, kFailedToParse,
                format("The array filter for identifier '{}' was not used in the update {}",
                       filter.identifier, bson::to_json(update)));
  }
  return {};
}

}  // namespace

Result<UpdateTree> parse_operators(const View& update, const ElementTestParser& pull_conditions,
                                   std::span<const ArrayFilter> filters) {
  UpdateTree tree = NACRE_TRY(Parser(pull_conditions, filters).run(update));
  NACRE_TRY(check_filters_used(tree.root, filters, update));
  return tree;
}

}  // namespace nacre::document
