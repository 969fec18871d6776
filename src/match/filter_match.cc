#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "bson/compare.h"
#include "bson/container.h"
#include "match/filter_internal.h"
#include "match/types_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Reached;
using bson::Type;
using bson::View;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

bool is_nan(const Element& value) {
  if (!value.is(Type::kDouble) && !value.is(Type::kDecimal128)) return false;
  return std::isnan(*value.as_double());
}

// Ranges look only at values of the operand's rank; MinKey and MaxKey alone reach beyond theirs.
bool in_range(Kind kind, const Element& value, const Element& operand,
              const text::Collator* collator) {
  const bool or_equal = kind == Kind::kLessEqual || kind == Kind::kGreaterEqual;
  const bool less = kind == Kind::kLess || kind == Kind::kLessEqual;
  if (operand.is(Type::kNull)) return or_equal && (!value || value.is(Type::kNull));
  if (bson::rank(value.type()) != bson::rank(operand.type())) {
    return operand.is(less ? Type::kMaxKey : Type::kMinKey);
  }
  if (is_nan(value) || is_nan(operand)) return or_equal && is_nan(value) && is_nan(operand);
  const auto order = compare(value, operand, collator);
  if (order == 0) return or_equal;
  return less == (order < 0);
}

// A tree is asked of a document or of one value. What fails, as a regular expression that takes too
// long, leaves its error here and counts as not matching until the walk is back at the top.
class Matcher {
 public:
  Matcher(const MatchContext& context, const View& document)
      : context_(context), walk_(context.trie, document) {}

  bool document(const Node& node, const View& document) {
    switch (node.kind) {
      case Kind::kAlways:
        return true;
      case Kind::kNever:
        return false;
      case Kind::kAnd:
        return std::ranges::all_of(
            node.children, [&](const Node& child) { return this->document(child, document); });
      case Kind::kOr:
        return std::ranges::any_of(
            node.children, [&](const Node& child) { return this->document(child, document); });
      case Kind::kNor:
        return std::ranges::none_of(
            node.children, [&](const Node& child) { return this->document(child, document); });
      case Kind::kNot:
        return !this->document(node.children.front(), document);
      case Kind::kExpression:
        return expression(node, document);
      case Kind::kSchema:
        return taken(node.schema->matches(document));
      case Kind::kText:
        return true;
      case Kind::kSampleRate:
        return sampled(node.rate);
      case Kind::kNear:
        return near(*node.near, node.path, document);
      default:
        return path_condition(node, document);
    }
  }

  // The same; `at` is set to the position of the element that made a condition match.
  bool find_position(const Node& node, const View& document, std::optional<std::size_t>& at) {
    switch (node.kind) {
      case Kind::kAnd:
        return std::ranges::all_of(
            node.children, [&](const Node& child) { return find_position(child, document, at); });
      // Which branch of an $or matched is nobody's business: another might have too.
      case Kind::kOr:
      case Kind::kAlways:
      case Kind::kNever:
      case Kind::kNor:
      case Kind::kNot:
      case Kind::kExpression:
      case Kind::kSchema:
      case Kind::kText:
      case Kind::kSampleRate:
      case Kind::kNear:
        return this->document(node, document);
      default:
        return find_element(node, document, at);
    }
  }

  std::optional<Error> failure;

 private:
  // The first element, of the first array on the path, by which the condition holds.
  bool find_element(const Node& node, const View& document, std::optional<std::size_t>& at) {
    std::span<const bson::PathStep> steps = node.path.steps();
    Element found = document.find(steps.front().name);
    steps = steps.subspan(1);
    while (!steps.empty() && found.is(Type::kDocument)) {
      found = found.document().find(steps.front().name);
      steps = steps.subspan(1);
    }
    if (!found.is(Type::kArray)) return this->document(node, document);
    const auto visit = [&](const Element& value, bson::Reached reached) {
      return reached != Reached::kNothing && condition(node, value, reached);
    };
    const bool about_elements =
        steps.empty() && (node.kind == Kind::kElementDocument || node.kind == Kind::kElementValue);
    std::size_t position = 0;
    for (const Element& element : found.array()) {
      const bool matches = about_elements  ? element_matches(node, element)
                           : steps.empty() ? condition(node, element, Reached::kArrayElement)
                                           : bson::visit_element(element, position, steps, visit);
      if (matches) {
        at = position;
        return true;
      }
      ++position;
    }
    return this->document(node, document);
  }

  bool path_condition(const Node& node, const View& document) {
    const auto visit = [&](const Element& value, bson::Reached reached) {
      return reached != Reached::kNothing && condition(node, value, reached);
    };
    if (node.places.empty()) return visit_path(document, node.path, visit);
    // The way through documents is the trie's; what is left begins at an array, or not at all.
    const std::span<const bson::PathStep> steps = node.path.steps();
    std::size_t at = 0;
    Element found = walk_.at(node.places[at++]);
    while (at < node.places.size() && found.is(Type::kDocument)) {
      found = walk_.at(node.places[at++]);
    }
    return bson::visit_rest(found, steps.subspan(at), visit);
  }

  // A document is as near as the nearest of its places.
  static bool near(const NearQuery& query, const bson::Path& path, const View& document) {
    std::optional<double> nearest;
    visit_path(document, path, [&](const Element& value, Reached) {
      const std::optional<double> distance = query.near.distance(value);
      if (distance.has_value() && (!nearest.has_value() || *distance < *nearest))
        nearest = distance;
      return false;
    });
    return nearest.has_value() && *nearest >= query.near.min_distance() &&
           *nearest <= query.near.max_distance();
  }

  bool taken(Result<bool> result) {
    if (result.has_value()) return *result;
    if (!failure.has_value()) failure = std::move(result).error();
    return false;
  }

  bool expression(const Node& node, const View& document) {
    if (failure.has_value()) return false;
    if (context_.environment == nullptr) {
      expression::Environment environment;
      return expression_holds(node, document, environment);
    }
    const auto mark = context_.environment->scratch().mark();
    const bool holds = expression_holds(node, document, *context_.environment);
    context_.environment->scratch().rewind(mark);
    return holds;
  }

  bool expression_holds(const Node& node, const View& document,
                        expression::Environment& environment) {
    auto value = node.expression.evaluate_view(document, environment);
    if (value.has_value()) return value->truthy();
    failure = std::move(value).error();
    return false;
  }

  static bool sampled(double rate) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return rate >= 1 || std::uniform_real_distribution<double>(0, 1)(random) < rate;
  }

  // One value by itself, as $elemMatch sees elements: arrays are not looked into.
  bool single(const Node& node, const Element& value) {
    switch (node.kind) {
      case Kind::kAlways:
        return true;
      case Kind::kNever:
        return false;
      case Kind::kAnd:
        return std::ranges::all_of(node.children,
                                   [&](const Node& child) { return single(child, value); });
      case Kind::kOr:
        return std::ranges::any_of(node.children,
                                   [&](const Node& child) { return single(child, value); });
      case Kind::kNor:
        return std::ranges::none_of(node.children,
                                    [&](const Node& child) { return single(child, value); });
      case Kind::kNot:
        return !single(node.children.front(), value);
      default:
        return condition(node, value, Reached::kValue);
    }
  }

  bool condition(const Node& node, const Element& value, bson::Reached reached) {
    switch (node.kind) {
      case Kind::kEqual:
        return value ? equal(value, node.operand, context_.collator) : node.operand.is(Type::kNull);
      case Kind::kLess:
      case Kind::kLessEqual:
      case Kind::kGreater:
      case Kind::kGreaterEqual:
        return in_range(node.kind, value, node.operand, context_.collator);
      case Kind::kIn:
        return in_list(node, value);
      case Kind::kExists:
        return static_cast<bool>(value);
      case Kind::kType:
        return value && (node.types & type_bit(value.type())) != 0;
      case Kind::kMod:
        return mod(node, value);
      case Kind::kBitsAllSet:
      case Kind::kBitsAllClear:
      case Kind::kBitsAnySet:
      case Kind::kBitsAnyClear:
        return bits(node, value);
      case Kind::kRegex:
        return regex(node.patterns.front(), value);
      case Kind::kRegion:
        return node.region->matches(value);
      default:
        // $size and $elemMatch are about the array itself, never about arrays inside it.
        return reached != Reached::kArrayElement && value.is(Type::kArray) &&
               array(node, value.array());
    }
  }

  bool array(const Node& node, const View& array) {
    if (node.kind == Kind::kSize) {
      return array.count() == static_cast<std::uint64_t>(node.remainder);
    }
    return std::ranges::any_of(
        array, [&](const Element& element) { return element_matches(node, element); });
  }

  // An element by the child of an $elemMatch.
  bool element_matches(const Node& node, const Element& element) {
    const Node& child = node.children.front();
    if (node.kind == Kind::kElementValue) return single(child, element);
    return bson::is_container(element) && document(child, element.document());
  }

  bool in_list(const Node& node, const Element& value) {
    const auto& values = node.values;
    const auto at = std::ranges::partition_point(values, [&](const Element& each) {
      // Missing counts as null here, unlike in the order of values.
      return value ? compare(each, value, context_.collator) < 0
                   : bson::rank(each.type()) < bson::rank(Type::kNull);
    });
    if (at != values.end() &&
        (value ? equal(*at, value, context_.collator) : at->is(Type::kNull))) {
      return true;
    }
    return std::ranges::any_of(node.patterns,
                               [&](const text::Pattern& pattern) { return regex(pattern, value); });
  }

  bool regex(const text::Pattern& pattern, const Element& value) {
    if (value.is(Type::kRegex)) {
      return value.regex().pattern == pattern.pattern() &&
             value.regex().options == pattern.options();
    }
    if (failure.has_value() || !(value.is(Type::kString) || value.is(Type::kSymbol))) return false;
    auto found = pattern.matches(value.string());
    if (!found.has_value()) {
      failure = std::move(found).error();
      return false;
    }
    return *found;
  }

  // Numbers are 64 bits in two's complement, their sign going on for ever; behind binary data are
  // zeros. What is neither, or no whole number of 64 bits, never matches.
  static bool bits(const Node& node, const Element& value) {
    const std::optional<std::int64_t> number = value.as_int64();
    if (!number.has_value() && !value.is(Type::kBinary)) return false;
    const Bytes bytes = number.has_value() ? Bytes() : value.binary().bytes;
    const auto is_set = [&](std::uint32_t bit) {
      if (number.has_value()) return (*number >> std::min<std::uint32_t>(bit, 63) & 1) != 0;
      return bit / 8 < bytes.size() && (bytes[bit / 8] >> (bit % 8) & std::byte{1}) != std::byte{0};
    };
    switch (node.kind) {
      case Kind::kBitsAllSet:
        return std::ranges::all_of(node.bits, is_set);
      case Kind::kBitsAllClear:
        return std::ranges::none_of(node.bits, is_set);
      case Kind::kBitsAnySet:
        return std::ranges::any_of(node.bits, is_set);
      default:
        return !std::ranges::all_of(node.bits, is_set);
    }
  }

  static bool mod(const Node& node, const Element& value) {
    std::int64_t number = 0;
    if (value.is(Type::kInt32)) {
      number = value.int32();
    } else if (value.is(Type::kInt64)) {
      number = value.int64();
    } else if (const auto whole = value.as_int64()) {
      number = *whole;
    } else {
      const std::optional<double> real = value.as_double();
      if (!real.has_value() || !(*real >= -0x1p63 && *real < 0x1p63)) return false;
      number = static_cast<std::int64_t>(*real);
    }
    if (node.divisor == -1) return node.remainder == 0;  // min % -1 would overflow
    return number % node.divisor == node.remainder;
  }

  const MatchContext& context_;
  TrieWalk walk_;  // over the whole document
};

}  // namespace

Result<bool> node_matches(const Node& node, const View& document, const MatchContext& context) {
  Matcher matcher(context, document);
  const bool matches = matcher.document(node, document);
  if (matcher.failure.has_value()) return std::unexpected(*std::move(matcher.failure));
  return matches;
}

Result<std::optional<std::size_t>> node_position(const Node& node, const View& document,
                                                 const MatchContext& context) {
  Matcher matcher(context, document);
  std::optional<std::size_t> at;
  const bool matches = matcher.find_position(node, document, at);
  if (matcher.failure.has_value()) return std::unexpected(*std::move(matcher.failure));
  if (!matches) at.reset();
  return at;
}

}  // namespace nacre::match
