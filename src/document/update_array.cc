#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;
using Node = Update::Node;
using Operator = Update::Node::Operator;
using Elements = std::vector<Element>;

using error_codes::kBadValue;
using error_codes::kTypeMismatch;

std::unexpected<Error> not_an_array(const Node& node, const Element& existing,
                                    const View& document) {
  const std::string_view type = bson::name(existing.type());
  switch (node.op) {
    case Operator::kPush:
      return fail(Code::kInvalid, kBadValue,
                  format("The field '{}' must be an array but is of type {} in document {}",
                         node.path, type, id_text(document)));
    case Operator::kAddToSet:
      return fail(
          Code::kInvalid, kBadValue,
          format("Cannot apply $addToSet to non-array field. Field named '{}' has non-array "
                 "type {}",
                 node.name, type));
    case Operator::kPop:
      return fail(Code::kInvalid, kTypeMismatch,
                  format("Path '{}' contains an element of non-array type '{}'", node.path, type));
    default:
      return fail(Code::kInvalid, kBadValue, "Cannot apply $pull to a non-array value");
  }
}

// What a clause of $sort sees of an element: a field of a document, or nothing.
Element sort_value(const Element& element, const PushOptions::SortStep& step) {
  if (step.path.empty()) return element;
  return element.is(Type::kDocument) ? element.document().get(step.path) : Element();
}

bool sorts_before(const Element& a, const Element& b, const PushOptions& options,
                  const text::Collator* collator) {
  for (const PushOptions::SortStep& step : options.sort) {
    const auto order = compare(sort_value(a, step), sort_value(b, step), collator);
    if (order != 0) return (order < 0) != step.descending;
  }
  return false;
}

// Stable, and by hand because std::stable_sort's buffer is deprecated where clang looks.
void sort_elements(Elements& elements, const PushOptions& options, const text::Collator* collator) {
  std::vector<std::pair<Element, std::size_t>> numbered;
  numbered.reserve(elements.size());
  for (const Element& element : elements) numbered.emplace_back(element, numbered.size());
  std::ranges::sort(numbered, [&](const auto& a, const auto& b) {
    if (sorts_before(a.first, b.first, options, collator)) return true;
    if (sorts_before(b.first, a.first, options, collator)) return false;
    return a.second < b.second;
  });
  std::ranges::transform(numbered, elements.begin(), [](const auto& each) { return each.first; });
}

void push(Elements& elements, const Node& node, const text::Collator* collator) {
  const auto size = static_cast<std::int64_t>(elements.size());
  std::int64_t position = node.push.position.value_or(size);
  if (position < 0) position = std::max<std::int64_t>(0, size + position);
  position = std::min(position, size);
  elements.insert(elements.begin() + position, node.each.begin(), node.each.end());

  if (!node.push.sort.empty()) sort_elements(elements, node.push, collator);

  if (!node.push.slice.has_value()) return;
  const auto all = static_cast<std::int64_t>(elements.size());
  if (*node.push.slice >= 0) {
    elements.resize(static_cast<std::size_t>(std::min(all, *node.push.slice)));
  } else {
    const std::int64_t dropped = std::max<std::int64_t>(0, all + std::max(*node.push.slice, -all));
    elements.erase(elements.begin(), elements.begin() + dropped);
  }
}

void add_to_set(Elements& elements, const Node& node, const text::Collator* collator) {
  for (const Element& value : node.each) {
    const bool there = std::ranges::any_of(
        elements, [&](const Element& element) { return equal(element, value, collator); });
    if (!there) elements.push_back(value);
  }
}

Result<> pull(Elements& elements, const Node& node, const text::Collator* collator) {
  Elements kept;
  for (const Element& element : elements) {
    bool goes = false;
    if (node.op == Operator::kPullAll) {
      for (const Element& value : node.operand.array()) {
        goes = goes || equal(element, value, collator);
      }
    } else if (node.pull) {
      goes = NACRE_TRY(node.pull(element));
    } else {
      goes = equal(element, node.operand, collator);
    }
    if (!goes) kept.push_back(element);
  }
  elements = std::move(kept);
  return {};
}

}  // namespace

Result<> apply_array_operator(Builder& to, std::string_view name, const Node& node,
                              const Element& existing, const View& document,
                              const text::Collator* collator) {
  const bool creates = node.op == Operator::kPush || node.op == Operator::kAddToSet;
  if (!existing && !creates) return {};
  if (existing && !existing.is(Type::kArray)) return not_an_array(node, existing, document);

  Elements elements;
  if (existing) {
    for (const Element& element : existing.array()) elements.push_back(element);
  }
  switch (node.op) {
    case Operator::kPush:
      push(elements, node, collator);
      break;
    case Operator::kAddToSet:
      add_to_set(elements, node, collator);
      break;
    case Operator::kPop:
      if (elements.empty()) break;
      elements.erase(node.operand.as_int64() == 1 ? elements.end() - 1 : elements.begin());
      break;
    default:
      NACRE_TRY(pull(elements, node, collator));
  }
  to.begin_array(name);
  for (const Element& element : elements) to.push(element);
  to.end();
  return {};
}

}  // namespace nacre::document
