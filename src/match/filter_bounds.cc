#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "bson/compare.h"
#include "match/filter_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

Interval point(const Element& value) {
  Interval interval;
  interval.lower = {.rank = bson::rank(value.type()), .value = value};
  interval.upper = interval.lower;
  return interval;
}

bool is_nan(const Element& value) {
  const std::optional<double> number = value.as_double();
  return number.has_value() && std::isnan(*number);
}

// The keys of documents that satisfy "equals value". An array is found by its first element (an
// empty one by undefined, which is its key), or as an element of an array around it.
void add_points(const Element& value, PathBounds& bounds) {
  bounds.intervals.push_back(point(value));
  if (value.is(Type::kNull)) bounds.exact = false;  // the key of much that is not null
  if (!value.is(Type::kArray)) return;
  bounds.exact = false;
  const bson::View array = value.array();
  static const bson::Value kUndefined{bson::Undefined{}};
  bounds.intervals.push_back(point(array.empty() ? kUndefined.element() : array.at(0)));
}

std::strong_ordering as_strong(std::weak_ordering order) {
  return order < 0   ? std::strong_ordering::less
         : order > 0 ? std::strong_ordering::greater
                     : std::strong_ordering::equal;
}

// Of two lower ends, which starts first.
std::strong_ordering compare_lower(const Bound& a, const Bound& b) {
  if (a.rank != b.rank) return a.rank <=> b.rank;
  const Element left = a.value;
  const Element right = b.value;
  if (!left || !right) return static_cast<bool>(left) <=> static_cast<bool>(right);
  if (const auto order = compare(left, right); order != 0) return as_strong(order);
  return b.inclusive <=> a.inclusive;
}

// Of two upper ends, which ends first.
std::strong_ordering compare_upper(const Bound& a, const Bound& b) {
  if (a.rank != b.rank) return a.rank <=> b.rank;
  const Element left = a.value;
  const Element right = b.value;
  if (!left || !right) return static_cast<bool>(right) <=> static_cast<bool>(left);
  if (const auto order = compare(left, right); order != 0) return as_strong(order);
  return a.inclusive <=> b.inclusive;
}

bool is_empty(const Interval& interval) {
  const Bound& lower = interval.lower;
  const Bound& upper = interval.upper;
  if (lower.rank != upper.rank) return lower.rank > upper.rank;
  const Element from = lower.value;
  const Element to = upper.value;
  if (!from || !to) return false;
  const auto order = compare(from, to);
  return order > 0 || (order == 0 && !(lower.inclusive && upper.inclusive));
}

void sort_intervals(std::vector<Interval>& intervals) {
  if (intervals.size() < 2) return;
  std::ranges::sort(intervals, [](const Interval& a, const Interval& b) {
    return compare_lower(a.lower, b.lower) < 0;
  });
  const auto repeated = std::ranges::unique(intervals, [](const Interval& a, const Interval& b) {
    return compare_lower(a.lower, b.lower) == 0 && compare_upper(a.upper, b.upper) == 0;
  });
  intervals.erase(repeated.begin(), repeated.end());
}

std::vector<Interval> intersection(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  std::vector<Interval> both;
  for (const Interval& left : a) {
    for (const Interval& right : b) {
      // No range holds NaN, although it sorts below the other numbers.
      if (is_nan(left.lower.value) != is_nan(right.lower.value)) continue;
      Interval common{
          .lower = compare_lower(left.lower, right.lower) < 0 ? right.lower : left.lower,
          .upper = compare_upper(left.upper, right.upper) < 0 ? left.upper : right.upper};
      if (!is_empty(common)) both.push_back(std::move(common));
    }
  }
  sort_intervals(both);
  return both;
}

std::optional<PathBounds> range_bounds(const Node& node) {
  const Element& operand = node.operand;
  const bool or_equal = node.kind == Kind::kLessEqual || node.kind == Kind::kGreaterEqual;
  PathBounds bounds{.intervals = {}, .exact = true};
  if (operand.is(Type::kNull) || is_nan(operand)) {
    if (or_equal) add_points(operand, bounds);
    return bounds;
  }
  // The keys of an array are its elements', so no range of keys holds the arrays of a range.
  if (operand.is(Type::kArray) || operand.is(Type::kMinKey) || operand.is(Type::kMaxKey)) {
    return std::nullopt;
  }
  const std::uint8_t rank = bson::rank(operand.type());
  const bool less = node.kind == Kind::kLess || node.kind == Kind::kLessEqual;
  Interval& interval = bounds.intervals.emplace_back();
  Bound& edge = less ? interval.upper : interval.lower;
  Bound& open = less ? interval.lower : interval.upper;
  edge = {.rank = rank, .value = operand, .inclusive = or_equal};
  open.rank = rank;
  return bounds;
}

// Whether null is asked for at a path with a position in it: documents of an array that lack the
// number as a name match then, and have no key that tells.
bool asks_null_at_position(const Node& node) {
  const auto is_null = [](const Element& value) { return value.is(Type::kNull); };
  if (!is_null(node.operand) && std::ranges::none_of(node.values, is_null)) return false;
  return std::ranges::any_of(node.path.steps(),
                             [](const bson::PathStep& step) { return step.index.has_value(); });
}

bool may_hold_strings(const Element& value) {
  return value.is(Type::kString) || value.is(Type::kSymbol) || value.is(Type::kDocument) ||
         value.is(Type::kArray);
}

// Whether the order of strings matters to the condition.
bool involves_strings(const Node& node) {
  return may_hold_strings(node.operand) || std::ranges::any_of(node.values, may_hold_strings);
}

// The collations that a filter and the keys of an index have.
struct Orders {
  const text::Collator* filter;
  const text::Collator* keys;
  [[nodiscard]] bool differ() const { return !text::same_collation(filter, keys); }
};

std::optional<PathBounds> node_bounds(const Node& node, const Orders& orders) {
  if (asks_null_at_position(node)) return std::nullopt;
  if (involves_strings(node) && orders.differ()) return std::nullopt;
  PathBounds bounds{.intervals = {}, .exact = true};
  switch (node.kind) {
    case Kind::kEqual:
      add_points(node.operand, bounds);
      break;
    case Kind::kIn:
      if (!node.patterns.empty()) return std::nullopt;
      for (const Element& value : node.values) add_points(value, bounds);
      break;
    case Kind::kLess:
    case Kind::kLessEqual:
    case Kind::kGreater:
    case Kind::kGreaterEqual:
      return range_bounds(node);
    default:
      return std::nullopt;
  }
  sort_intervals(bounds.intervals);
  return bounds;
}

std::span<const Node> conjuncts(const Node& root) {
  if (root.kind == Kind::kAnd) return root.children;
  return {&root, 1};
}

// Whether `a` is the better of two sets of intervals of which only one can be used.
bool is_tighter(const std::vector<Interval>& a, const std::vector<Interval>& b) {
  const auto all_points = [](const std::vector<Interval>& intervals) {
    return std::ranges::all_of(intervals, &Interval::is_point);
  };
  if (all_points(a) != all_points(b)) return all_points(a);
  return all_points(a) && a.size() < b.size();
}

// Whether something in the tree looks at the path and its bounds do not tell.
bool mentions(const Node& node, std::string_view path) {
  if (node.children.empty() || node.kind == Kind::kElementDocument ||
      node.kind == Kind::kElementValue) {
    return node.path.text() == path;
  }
  return std::ranges::any_of(node.children,
                             [&](const Node& child) { return mentions(child, path); });
}

}  // namespace

bool Interval::is_point() const {
  return lower.value && upper.value && compare(lower.value, upper.value) == 0;
}

bool Filter::names(std::string_view path) const {
  return std::ranges::any_of(conjuncts(parsed_->root),
                             [&](const Node& node) { return node.path.text() == path; });
}

std::vector<std::string_view> Filter::bounded_paths() const {
  std::vector<std::string_view> paths;
  for (const Node& node : conjuncts(parsed_->root)) {
    const std::string_view path = node.path.text();
    const Orders same{.filter = nullptr, .keys = nullptr};
    if (std::ranges::find(paths, path) == paths.end() && node_bounds(node, same).has_value()) {
      paths.push_back(path);
    }
  }
  return paths;
}

std::optional<PathBounds> Filter::bounds(std::string_view path, bool multikey,
                                         const text::Collator* keys) const {
  const Orders orders{.filter = collator(), .keys = keys};
  std::optional<PathBounds> all;
  bool told = true;
  for (const Node& node : conjuncts(parsed_->root)) {
    std::optional<PathBounds> one;
    if (node.path.text() == path) one = node_bounds(node, orders);
    if (!one.has_value()) {
      told = told && !mentions(node, path);
      continue;
    }
    if (!all.has_value()) {
      all = std::move(one);
    } else if (multikey) {
      if (is_tighter(one->intervals, all->intervals)) all->intervals = std::move(one->intervals);
      all->exact = false;
    } else {
      all->intervals = intersection(all->intervals, one->intervals);
      all->exact = all->exact && one->exact;
    }
  }
  if (all.has_value()) all->exact = all->exact && told;
  return all;
}

}  // namespace nacre::match
