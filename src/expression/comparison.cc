// $cmp $eq $ne $gt $gte $lt $lte: MongoDB's order of all values.
#include <array>

#include "bson/compare.h"
#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

std::weak_ordering order(const Arguments& arguments, const Evaluation& at) {
  return bson::compare(arguments[0], arguments[1], at.environment.collator());
}

Result<bson::Element> cmp(const Arguments& arguments, Evaluation& at) {
  const auto result = order(arguments, at);
  return at.scratch.int32(result < 0 ? -1 : result > 0 ? 1 : 0);
}

template <auto holds>
Result<bson::Element> relation(const Arguments& arguments, Evaluation& at) {
  return at.scratch.boolean(holds(order(arguments, at)));
}

constexpr std::array kOperators = {
    Operator{.name = "$cmp", .arity_min = 2, .arity_max = 2, .function = cmp},
    Operator{.name = "$eq", .arity_min = 2, .arity_max = 2, .function = relation<std::is_eq>},
    Operator{.name = "$gt", .arity_min = 2, .arity_max = 2, .function = relation<std::is_gt>},
    Operator{.name = "$gte", .arity_min = 2, .arity_max = 2, .function = relation<std::is_gteq>},
    Operator{.name = "$lt", .arity_min = 2, .arity_max = 2, .function = relation<std::is_lt>},
    Operator{.name = "$lte", .arity_min = 2, .arity_max = 2, .function = relation<std::is_lteq>},
    Operator{.name = "$ne", .arity_min = 2, .arity_max = 2, .function = relation<std::is_neq>},
};

}  // namespace

std::span<const Operator> comparison_operators() { return kOperators; }

}  // namespace nacre::expression
