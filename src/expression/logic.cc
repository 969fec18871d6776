// $and $or $not, and $literal ($const is its old name).
#include <array>

#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

// Evaluates no more of its arguments than it needs.
class Junction final : public Node {
 public:
  Junction(bool decisive, std::vector<NodePtr> parts)
      : Node(std::move(parts)), decisive_(decisive) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    for (const NodePtr& condition : parts()) {
      const bson::Element value = NACRE_TRY(condition->evaluate(at));
      if (value.truthy() == decisive_) return at.scratch.boolean(decisive_);
    }
    return at.scratch.boolean(!decisive_);
  }

 private:
  bool decisive_;  // the truth of an argument that settles it
};

template <bool decisive>
Result<NodePtr> parse_junction(const Operator&, const bson::Element& argument, Parser& parser) {
  std::vector<NodePtr> parts = NACRE_TRY(parser.parse_list(argument));
  // One constant may settle it whatever the others are.
  for (const NodePtr& part : parts) {
    const bson::Element* value = part->constant();
    if (value != nullptr && value->truthy() == decisive) {
      return std::make_unique<Constant>(bson::Value(decisive));
    }
  }
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Junction>(decisive, std::move(parts)), constant);
}

Result<bson::Element> negation(const Arguments& arguments, Evaluation& at) {
  return at.scratch.boolean(!arguments[0].truthy());
}

Result<NodePtr> parse_literal(const Operator&, const bson::Element& argument, Parser&) {
  return std::make_unique<Constant>(bson::Value(argument));
}

constexpr std::array kOperators = {
    Operator{.name = "$and", .arity_max = kAnyNumber, .parse = parse_junction<false>},
    Operator{.name = "$const", .arity_min = 1, .arity_max = 1, .parse = parse_literal},
    Operator{.name = "$literal", .arity_min = 1, .arity_max = 1, .parse = parse_literal},
    Operator{.name = "$not", .arity_min = 1, .arity_max = 1, .function = negation},
    Operator{.name = "$or", .arity_max = kAnyNumber, .parse = parse_junction<true>},
};

}  // namespace

std::span<const Operator> logic_operators() { return kOperators; }

}  // namespace nacre::expression
