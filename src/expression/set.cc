// $allElementsTrue $anyElementTrue $setDifference $setEquals $setIntersection $setIsSubset
// $setUnion: arrays as sets, whose order and repetitions do not count.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "bson/compare.h"
#include "expression/arrays_internal.h"
#include "expression/call_internal.h"

namespace nacre::expression {
namespace {

// In order and each once; of equal ones the first.
class Set {
 public:
  explicit Set(const text::Collator* collator) : collator_(collator) {}
  Set(const bson::Element& array, const text::Collator* collator) : Set(collator) { add(array); }

  void add(const bson::Element& array) {
    for (const bson::Element& item : array.array()) items_.push_back(item);
    std::ranges::stable_sort(items_, [this](const bson::Element& a, const bson::Element& b) {
      return bson::compare(a, b, collator_) < 0;
    });
    const auto rest = std::ranges::unique(
        items_, [this](const auto& a, const auto& b) { return bson::equal(a, b, collator_); });
    items_.erase(rest.begin(), rest.end());
  }

  [[nodiscard]] bool contains(const bson::Element& item) const {
    return std::ranges::binary_search(items_, item, [this](const auto& a, const auto& b) {
      return bson::compare(a, b, collator_) < 0;
    });
  }
  [[nodiscard]] bool contains_all(const Set& other) const {
    return std::ranges::all_of(other.items_, [this](const auto& item) { return contains(item); });
  }
  void keep_only(const Set& other) {
    std::erase_if(items_, [&](const bson::Element& item) { return !other.contains(item); });
  }
  [[nodiscard]] std::span<const bson::Element> items() const { return items_; }

 private:
  const text::Collator* collator_;
  std::vector<bson::Element> items_;
};

template <bool all, std::int32_t number>
Result<bson::Element> elements_true(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (!array.is(bson::Type::kArray)) {
    return invalid(number, format("{}'s argument must be an array, but is {}", arguments.name(),
                                  bson::name(array.type())));
  }
  for (const bson::Element& item : array.array()) {
    if (item.truthy() != all) return at.scratch.boolean(!all);
  }
  return at.scratch.boolean(all);
}

std::unexpected<Error> not_array(std::int32_t number, const Arguments& arguments,
                                 const bson::Element& value) {
  return invalid(number, format("All operands of {} must be arrays. One argument is of type: {}",
                                arguments.name(), bson::name(value.type())));
}

Result<bson::Element> difference(const Arguments& arguments, Evaluation& at) {
  const bson::Element& a = arguments[0];
  const bson::Element& b = arguments[1];
  if (is_nullish(a) || is_nullish(b)) return at.scratch.null();
  if (!a.is(bson::Type::kArray)) return not_array(17048, arguments, a);
  if (!b.is(bson::Type::kArray)) return not_array(17049, arguments, b);
  const text::Collator* collator = at.environment.collator();
  const Set taken_away(b, collator);
  std::vector<bson::Element> left;
  // What is left keeps its order; what comes again is dropped.
  const Set all(a, collator);
  std::vector<bool> seen(all.items().size(), false);
  for (const bson::Element& item : a.array()) {
    if (taken_away.contains(item)) continue;
    const auto place = std::ranges::lower_bound(
        all.items(), item,
        [&](const auto& x, const auto& y) { return bson::compare(x, y, collator) < 0; });
    const auto index = static_cast<std::size_t>(place - all.items().begin());
    if (seen[index]) continue;
    seen[index] = true;
    left.push_back(item);
  }
  return array_of(left, at);
}

Result<bson::Element> equals(const Arguments& arguments, Evaluation& at) {
  for (const bson::Element& array : arguments) {
    if (!array.is(bson::Type::kArray)) return not_array(17044, arguments, array);
  }
  const Set first(arguments[0], at.environment.collator());
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const Set other(arguments[i], at.environment.collator());
    if (first.items().size() != other.items().size() || !first.contains_all(other)) {
      return at.scratch.boolean(false);
    }
  }
  return at.scratch.boolean(true);
}

Result<bson::Element> intersection(const Arguments& arguments, Evaluation& at) {
  const text::Collator* collator = at.environment.collator();
  Set result(collator);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bson::Element& array = arguments[i];
    if (is_nullish(array)) return at.scratch.null();
    if (!array.is(bson::Type::kArray)) return not_array(17047, arguments, array);
    if (i == 0) {
      result.add(array);
    } else {
      result.keep_only(Set(array, collator));
    }
    if (result.items().empty()) break;
  }
  return array_of(result.items(), at);
}

Result<bson::Element> is_subset(const Arguments& arguments, Evaluation& at) {
  const bson::Element& a = arguments[0];
  const bson::Element& b = arguments[1];
  if (!a.is(bson::Type::kArray)) return not_array(17046, arguments, a);
  if (!b.is(bson::Type::kArray)) return not_array(17042, arguments, b);
  const Set inside(a, at.environment.collator());
  const Set outside(b, at.environment.collator());
  return at.scratch.boolean(outside.contains_all(inside));
}

Result<bson::Element> set_union(const Arguments& arguments, Evaluation& at) {
  Set result(at.environment.collator());
  for (const bson::Element& array : arguments) {
    if (is_nullish(array)) return at.scratch.null();
    if (!array.is(bson::Type::kArray)) return not_array(17043, arguments, array);
    result.add(array);
  }
  return array_of(result.items(), at);
}

constexpr Operator kEquals = {
    .name = "$setEquals", .arity_min = 2, .arity_max = kAnyNumber, .function = equals};

// Constants that are no arrays are an error even where the expression is never evaluated.
Result<NodePtr> parse_equals(const Operator&, const bson::Element& argument, Parser& parser) {
  std::vector<NodePtr> parts = NACRE_TRY(parser.parse_list(argument));
  if (parts.size() < 2) {
    return invalid(17045, format("$setEquals needs at least two arguments had: {}", parts.size()));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bson::Element* value = parts[i]->constant();
    if (value != nullptr && !value->is(bson::Type::kArray)) {
      return invalid(5887502, format("All operands of $setEquals must be arrays. {}-th argument is "
                                     "of type: {}",
                                     i + 1, bson::name(value->type())));
    }
  }
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Call>(kEquals, std::move(parts)), constant);
}

constexpr std::array kOperators = {
    Operator{.name = "$allElementsTrue",
             .arity_min = 1,
             .arity_max = 1,
             .function = elements_true<true, 17040>},
    Operator{.name = "$anyElementTrue",
             .arity_min = 1,
             .arity_max = 1,
             .function = elements_true<false, 17041>},
    Operator{.name = "$setDifference", .arity_min = 2, .arity_max = 2, .function = difference},
    Operator{.name = "$setEquals", .arity_min = 2, .arity_max = kAnyNumber, .parse = parse_equals},
    Operator{.name = "$setIntersection", .arity_max = kAnyNumber, .function = intersection},
    Operator{.name = "$setIsSubset", .arity_min = 2, .arity_max = 2, .function = is_subset},
    Operator{.name = "$setUnion", .arity_max = kAnyNumber, .function = set_union},
};

}  // namespace

std::span<const Operator> set_operators() { return kOperators; }

}  // namespace nacre::expression
