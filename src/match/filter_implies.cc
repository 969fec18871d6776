// Whether one filter takes only documents that another takes: what a partial index asks of a query.
//
// Sound, not complete: a yes is always right. Each part of the weaker filter must follow from one
//   part of the stronger one on the same path; that holds across arrays too, where two parts may be
//   met by two elements.
#include <algorithm>
#include <cmath>
#include <span>

#include "bson/compare.h"
#include "match/filter_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

bool is_comparison(Kind kind) {
  return kind == Kind::kLess || kind == Kind::kLessEqual || kind == Kind::kGreater ||
         kind == Kind::kGreaterEqual;
}

// Values whose place in the order says all: not arrays, which are looked into, nor null and NaN.
bool is_plain(const Element& value) {
  if (value.is(Type::kArray) || value.is_null_like() || value.is(Type::kMinKey) ||
      value.is(Type::kMaxKey)) {
    return false;
  }
  const auto number = value.as_double();
  return !number || !std::isnan(*number);
}

bool satisfies(const Element& value, const Node& comparison) {
  const Element& edge = comparison.operand;
  if (!is_plain(value) || !is_plain(edge) || bson::rank(value.type()) != bson::rank(edge.type())) {
    return false;
  }
  const auto order = bson::compare(value, edge);
  switch (comparison.kind) {
    case Kind::kLess:
      return order < 0;
    case Kind::kLessEqual:
      return order <= 0;
    case Kind::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

// All values of the comparison `a` satisfy `b`.
bool is_within(const Node& a, const Node& b) {
  const bool up = a.kind == Kind::kGreater || a.kind == Kind::kGreaterEqual;
  const bool b_up = b.kind == Kind::kGreater || b.kind == Kind::kGreaterEqual;
  if (up != b_up || !is_plain(a.operand) || !is_plain(b.operand)) return false;
  if (satisfies(a.operand, b)) return true;
  const bool a_open = a.kind == Kind::kLess || a.kind == Kind::kGreater;
  return a_open && bson::rank(a.operand.type()) == bson::rank(b.operand.type()) &&
         bson::equal(a.operand, b.operand);
}

// Every document that meets `a` has a value at the path.
bool needs_value(const Node& a) {
  switch (a.kind) {
    case Kind::kEqual:
      return !a.operand.is_null_like();
    case Kind::kIn:
      return std::ranges::none_of(a.values, [](const Element& v) { return v.is_null_like(); });
    case Kind::kLess:
    case Kind::kLessEqual:
    case Kind::kGreater:
    case Kind::kGreaterEqual:
      return is_plain(a.operand);
    case Kind::kExists:
    case Kind::kType:
    case Kind::kSize:
    case Kind::kMod:
    case Kind::kRegex:
    case Kind::kRegion:
    case Kind::kNear:
      return true;
    default:
      return false;
  }
}

// One condition against another, both on one path.
bool condition_implies(const Node& a, const Node& b) {
  if (b.kind == Kind::kExists) return needs_value(a);
  const auto equals_one_of = [&](const Element& value) {
    if (b.kind == Kind::kEqual) return bson::equal(value, b.operand);
    return b.kind == Kind::kIn &&
           std::ranges::any_of(b.values, [&](const Element& v) { return bson::equal(value, v); });
  };
  const auto value_implies = [&](const Element& value) {
    return is_comparison(b.kind) ? satisfies(value, b) : equals_one_of(value);
  };
  switch (a.kind) {
    case Kind::kEqual:
      return value_implies(a.operand);
    case Kind::kIn:
      return a.patterns.empty() && !a.values.empty() &&
             std::ranges::all_of(a.values, value_implies);
    case Kind::kLess:
    case Kind::kLessEqual:
    case Kind::kGreater:
    case Kind::kGreaterEqual:
      return is_comparison(b.kind) && is_within(a, b);
    case Kind::kType:
      return b.kind == Kind::kType && a.types != 0 && (a.types & ~b.types) == 0;
    default:
      return false;
  }
}

bool is_condition(const Node& node) {
  return node.kind >= Kind::kEqual && node.kind != Kind::kElementDocument &&
         node.kind != Kind::kElementValue;
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than the two filters
bool implies(const Node& a, const Node& b) {
  if (b.kind == Kind::kAlways || a.kind == Kind::kNever) return true;
  if (b.kind == Kind::kAnd) {
    return std::ranges::all_of(b.children, [&](const Node& part) { return implies(a, part); });
  }
  if (a.kind == Kind::kAnd &&
      std::ranges::any_of(a.children, [&](const Node& part) { return implies(part, b); })) {
    return true;
  }
  if (b.kind == Kind::kOr &&
      std::ranges::any_of(b.children, [&](const Node& part) { return implies(a, part); })) {
    return true;
  }
  if (a.kind == Kind::kOr) {
    return std::ranges::all_of(a.children, [&](const Node& part) { return implies(part, b); });
  }
  return is_condition(a) && is_condition(b) && a.path.text() == b.path.text() &&
         condition_implies(a, b);
}

}  // namespace

bool Filter::implies(const Filter& other) const {
  return match::implies(parsed_->root, other.parsed_->root);
}

}  // namespace nacre::match
