#include "match/json_schema.h"

#include <algorithm>
#include <cmath>

#include "bson/builder.h"
#include "bson/compare.h"
#include "bson/decimal.h"
#include "match/types_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using SchemaPtr = std::unique_ptr<const JsonSchema>;

bool within(std::int64_t count, const std::optional<std::int64_t>& least,
            const std::optional<std::int64_t>& most) {
  return (!least || count >= *least) && (!most || count <= *most);
}

std::int64_t count_characters(std::string_view text) {
  return std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned>(byte) & 0xc0U) != 0x80U; });
}

// A double counts with the 15 digits it is sure of: 0.3 is a multiple of 0.1.
bool is_multiple(const Element& value, const Element& of) {
  const auto rest = bson::decimal::remainder(bson::decimal::from(value), bson::decimal::from(of));
  return bson::decimal::is_zero(rest);
}

bool numbers_hold(const JsonSchema& schema, const Element& value) {
  const auto is_nan = [](const Element& number) { return std::isnan(*number.as_double()); };
  if (schema.minimum) {
    if (is_nan(value) != is_nan(schema.minimum)) return false;
    const auto order = compare(value, schema.minimum);
    if (order < 0 || (order == 0 && schema.exclusive_minimum)) return false;
  }
  if (schema.maximum) {
    if (is_nan(value) != is_nan(schema.maximum)) return false;
    const auto order = compare(value, schema.maximum);
    if (order > 0 || (order == 0 && schema.exclusive_maximum)) return false;
  }
  return !schema.multiple_of || is_multiple(value, schema.multiple_of);
}

bool all_unique(const View& array) {
  std::vector<Element> seen;
  for (const Element& each : array) {
    if (std::ranges::any_of(seen, [&](const Element& one) { return equal_unordered(one, each); })) {
      return false;
    }
    seen.push_back(each);
  }
  return true;
}

Result<bool> additional_hold(const std::optional<AdditionalValues>& additional,
                             const Element& value) {
  if (!additional) return true;
  if (additional->schema != nullptr) return additional->schema->matches(value);
  return additional->allowed;
}

Result<bool> items_hold(const JsonSchema& schema, const View& array) {
  if (schema.min_items || schema.max_items) {
    const auto count = static_cast<std::int64_t>(array.count());
    if (!within(count, schema.min_items, schema.max_items)) return false;
  }
  if (schema.unique_items && !all_unique(array)) return false;
  if (schema.items == nullptr && !schema.has_items_in_turn) return true;
  std::size_t position = 0;
  for (const Element& each : array) {
    bool holds = true;
    if (schema.items != nullptr) {
      holds = NACRE_TRY(schema.items->matches(each));
    } else if (position < schema.items_in_turn.size()) {
      holds = NACRE_TRY(schema.items_in_turn[position]->matches(each));
    } else {
      holds = NACRE_TRY(additional_hold(schema.additional_items, each));
    }
    if (!holds) return false;
    ++position;
  }
  return true;
}

// One field by all that speaks of it.
Result<bool> property_holds(const JsonSchema& schema, const Element& field) {
  bool named = false;
  for (const JsonSchema::Property& property : schema.properties) {
    if (property.name != field.name()) continue;
    named = true;
    const bool holds = NACRE_TRY(property.schema->matches(field));
    if (!holds) return false;
  }
  for (const JsonSchema::PatternProperty& property : schema.pattern_properties) {
    const bool meant = NACRE_TRY(property.pattern.matches(field.name()));
    if (!meant) continue;
    named = true;
    const bool holds = NACRE_TRY(property.schema->matches(field));
    if (!holds) return false;
  }
  if (named) return true;
  return additional_hold(schema.additional_properties, field);
}

bool has_all(const View& object, const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [&](const std::string& name) { return !!object.find(name); });
}

Result<bool> object_holds(const JsonSchema& schema, const View& object) {
  if (!has_all(object, schema.required)) return false;
  if (schema.min_properties || schema.max_properties) {
    const auto count = static_cast<std::int64_t>(object.count());
    if (!within(count, schema.min_properties, schema.max_properties)) return false;
  }
  for (const JsonSchema::Dependency& dependency : schema.dependencies) {
    if (!object.find(dependency.name)) continue;
    bool holds = has_all(object, dependency.required);
    if (dependency.schema != nullptr) holds = NACRE_TRY(dependency.schema->matches(object));
    if (!holds) return false;
  }
  if (schema.properties.empty() && schema.pattern_properties.empty() &&
      !schema.additional_properties) {
    return true;
  }
  for (const Element& field : object) {
    const bool holds = NACRE_TRY(property_holds(schema, field));
    if (!holds) return false;
  }
  return true;
}

Result<std::size_t> count_matching(const std::vector<SchemaPtr>& branches, const Element& value) {
  std::size_t count = 0;
  for (const SchemaPtr& branch : branches) {
    const bool matches = NACRE_TRY(branch->matches(value));
    if (matches) ++count;
  }
  return count;
}

Result<bool> branches_hold(const JsonSchema& schema, const Element& value) {
  const std::size_t all = NACRE_TRY(count_matching(schema.all_of, value));
  if (all != schema.all_of.size()) return false;
  if (!schema.any_of.empty()) {
    const std::size_t any = NACRE_TRY(count_matching(schema.any_of, value));
    if (any == 0) return false;
  }
  if (!schema.one_of.empty()) {
    const std::size_t one = NACRE_TRY(count_matching(schema.one_of, value));
    if (one != 1) return false;
  }
  if (schema.negated == nullptr) return true;
  const bool negated = NACRE_TRY(schema.negated->matches(value));
  return !negated;
}

// What is asked of values of the value's own type.
Result<bool> value_holds(const JsonSchema& schema, const Element& value) {
  if (value.is(Type::kDocument)) return object_holds(schema, value.document());
  if (value.is(Type::kArray)) return items_hold(schema, value.array());
  if (value.is_number()) return numbers_hold(schema, value);
  if (!value.is(Type::kString)) return true;
  if (schema.min_length || schema.max_length) {
    const std::int64_t length = count_characters(value.string());
    if (!within(length, schema.min_length, schema.max_length)) return false;
  }
  if (!schema.pattern) return true;
  return schema.pattern->pattern.matches(value.string());
}

}  // namespace

Result<bool> JsonSchema::matches(const Element& value) const {
  if (types && (*types & type_bit(value.type())) == 0) return false;
  if (!enumeration.empty() && std::ranges::none_of(enumeration, [&](const Element& each) {
        return equal_unordered(each, value);
      })) {
    return false;
  }
  const bool holds = NACRE_TRY(value_holds(*this, value));
  if (!holds) return false;
  return branches_hold(*this, value);
}

Result<bool> JsonSchema::matches(const View& document) const {
  const bool is_simple = enumeration.empty() && all_of.empty() && any_of.empty() &&
                         one_of.empty() && negated == nullptr;
  if (is_simple) {
    if (types && (*types & type_bit(Type::kDocument)) == 0) return false;
    return object_holds(*this, document);
  }
  // Keywords about values of any kind want the document as one.
  const bson::Value whole(document);
  return matches(whole.element());
}

bool equal_unordered(const Element& a, const Element& b) {
  if (a.type() == Type::kArray && b.type() == Type::kArray) {
    auto left = a.array().begin();
    auto right = b.array().begin();
    for (; *left && *right; ++left, ++right) {
      if (!equal_unordered(*left, *right)) return false;
    }
    return !*left && !*right;
  }
  if (a.type() != Type::kDocument || b.type() != Type::kDocument) return equal(a, b);
  std::size_t count = 0;
  for (const Element& each : a.document()) {
    const Element other = b.document().find(each.name());
    if (!other || !equal_unordered(each, other)) return false;
    ++count;
  }
  return count == b.document().count();
}

}  // namespace nacre::match
