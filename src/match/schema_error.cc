// $jsonSchema once more, slowly: each rule that a value breaks is written down.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "bson/compare.h"
#include "match/filter.h"
#include "match/validation_error_internal.h"
#include "text/pattern.h"

namespace nacre::match {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;

bool holds(const View& schema, const Element& value) {
  return broken_rules(schema, value).view().empty();
}

// One condition of a filter, asked of the value alone.
bool meets(std::string_view op, const Element& operand, const Element& value) {
  const bson::Document filter = Builder().begin_document("v").append(op, operand).end().finish();
  const auto parsed = Filter::parse(filter);
  if (!parsed.has_value()) return true;
  return parsed->matches(Builder().append("v", value).finish()).value_or(true);
}

bool is_of_json_type(std::string_view type, const Element& value) {
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is(Type::kBool);
  return bson::name(value.type()) == type;
}

bool has_type(const Element& types, const Element& value) {
  if (types.is(Type::kString))
    return is_of_json_type(types.string() == "bool" ? "boolean" : types.string(), value);
  if (!types.is(Type::kArray)) return true;
  return std::ranges::any_of(types.array(),
                             [&](const Element& each) { return has_type(each, value); });
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  const auto compiled = text::Pattern::compile(pattern, "");
  return compiled.has_value() && compiled->matches(text).value_or(false);
}

std::int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; });
}

class Rules {
 public:
  Rules(const View& schema, const Element& value) : schema_(schema), value_(value) {}

  bson::Document run() {
    types();
    if (value_.is_number()) numbers();
    if (value_.is(Type::kString)) strings();
    if (value_.is(Type::kArray)) arrays();
    if (value_.is(Type::kDocument)) objects();
    combinations();
    return broken_.finish();
  }

 private:
  // Opens an explanation; close it with end().
  Builder& begin(std::string_view rule) {
    return broken_.push_begin_document().append("operatorName", rule);
  }
  void specified(std::initializer_list<std::string_view> rules) {
    broken_.begin_document("specifiedAs");
    for (const std::string_view rule : rules) {
      if (const Element given = schema_.find(rule)) broken_.append(given);
    }
    broken_.end();
  }
  void fail(std::string_view rule, std::string_view reason) {
    begin(rule);
    specified({rule});
    broken_.append("reason", reason).append("consideredValue", value_).end();
  }

  void types() {
    for (const std::string_view rule : {"bsonType", "type"}) {
      const Element types = schema_.find(rule);
      if (!types || has_type(types, value_)) continue;
      begin(rule);
      specified({rule});
      broken_.append("reason", "type did not match").append("consideredValue", value_);
      broken_.append("consideredType", bson::name(value_.type())).end();
    }
    const Element choices = schema_.find("enum");
    if (!choices.is(Type::kArray)) return;
    const bool found = std::ranges::any_of(
        choices.array(), [&](const Element& choice) { return equal(choice, value_); });
    if (!found) fail("enum", "value was not found in enum");
  }

  void bound(std::string_view rule, std::string_view exclusive, bool is_least) {
    const Element limit = schema_.find(rule);
    if (!limit.is_number()) return;
    const bool strict = schema_.find(exclusive).truthy();
    const std::string_view op = is_least ? (strict ? "$gt" : "$gte") : (strict ? "$lt" : "$lte");
    if (meets(op, limit, value_)) return;
    begin(rule);
    specified({rule, exclusive});
    broken_.append("reason", "comparison failed").append("consideredValue", value_).end();
  }

  void numbers() {
    bound("minimum", "exclusiveMinimum", true);
    bound("maximum", "exclusiveMaximum", false);
    const Element step = schema_.find("multipleOf");
    if (!step.is_number()) return;
    const double remainder = std::fmod(*value_.as_double(), *step.as_double());
    if (remainder == 0) return;
    fail("multipleOf", "considered value is not a multiple of the specified value");
  }

  // Whether the rule is there and `count` on the wrong side of it.
  [[nodiscard]] bool breaks_count(std::string_view rule, std::int64_t count) const {
    const std::optional<std::int64_t> limit = schema_.find(rule).as_int64();
    if (!limit.has_value()) return false;
    return rule.starts_with("min") ? count < *limit : count > *limit;
  }

  void strings() {
    for (const std::string_view rule : {"minLength", "maxLength"}) {
      if (breaks_count(rule, characters(value_.string()))) {
        fail(rule, "specified string length was not satisfied");
      }
    }
    const Element pattern = schema_.find("pattern");
    if (pattern.is(Type::kString) && !matches_pattern(pattern.string(), value_.string())) {
      fail("pattern", "regular expression did not match");
    }
  }

  void arrays() {
    const View array = value_.array();
    for (const std::string_view rule : {"minItems", "maxItems"}) {
      if (breaks_count(rule, static_cast<std::int64_t>(array.count()))) {
        fail(rule, "array did not match specified length");
      }
    }
    if (schema_.find("uniqueItems").truthy()) unique_items(array);
    items(array);
  }

  void unique_items(const View& array) {
    std::vector<Element> sorted;
    for (const Element& element : array) sorted.push_back(element);
    std::ranges::sort(sorted, [](const Element& a, const Element& b) { return compare(a, b) < 0; });
    const auto twice = std::ranges::adjacent_find(
        sorted, [](const Element& a, const Element& b) { return equal(a, b); });
    if (twice == sorted.end()) return;
    begin("uniqueItems");
    specified({"uniqueItems"});
    broken_.append("reason", "found a duplicate item").append("consideredValue", value_);
    broken_.append("duplicatedValue", *twice).end();
  }

  void items(const View& array) {
    const Element rule = schema_.find("items");
    const Element additional = schema_.find("additionalItems");
    std::int64_t index = 0;
    for (const Element& element : array) {
      const std::int64_t at = index++;
      Element schema = rule;
      if (rule.is(Type::kArray)) {
        schema = rule.array().at(static_cast<std::size_t>(at));
        if (!schema) schema = additional;
      }
      const std::string_view name =
          rule.is(Type::kArray) && !rule.array().at(static_cast<std::size_t>(at))
              ? "additionalItems"
              : "items";
      if (schema.is(Type::kBool) && !schema.boolean()) {
        begin(name).append("reason", "found additional items");
        broken_.append("consideredValue", value_).end();
        return;
      }
      if (!schema.is(Type::kDocument)) continue;
      const bson::Document details = broken_rules(schema.document(), element);
      if (details.view().empty()) continue;
      begin(name).append("reason", "At least one item did not match the sub-schema");
      broken_.append_number("itemIndex", at).append_array("details", details).end();
      return;
    }
  }

  void objects() {
    const View document = value_.document();
    for (const std::string_view rule : {"minProperties", "maxProperties"}) {
      const auto count = static_cast<std::int64_t>(document.count());
      if (!breaks_count(rule, count)) continue;
      begin(rule);
      specified({rule});
      broken_.append("reason", "specified number of properties was not satisfied");
      broken_.append_number("numberOfProperties", count).end();
    }
    properties(document);
    pattern_properties(document);
    additional_properties(document);
    required(document);
    dependencies(document);
  }

  void required(const View& document) {
    const Element names = schema_.find("required");
    if (!names.is(Type::kArray)) return;
    Builder missing = Builder::array();
    bool any = false;
    for (const Element& name : names.array()) {
      if (!name.is(Type::kString) || document.find(name.string())) continue;
      missing.push(name);
      any = true;
    }
    if (!any) return;
    begin("required");
    specified({"required"});
    broken_.append_array("missingProperties", missing.finish()).end();
  }

  void properties(const View& document) {
    const Element rules = schema_.find("properties");
    if (!rules.is(Type::kDocument)) return;
    Builder failed = Builder::array();
    bool any = false;
    for (const Element& rule : rules.document()) {
      const Element value = document.find(rule.name());
      if (!value || !rule.is(Type::kDocument)) continue;
      const bson::Document details = broken_rules(rule.document(), value);
      if (details.view().empty()) continue;
      any = true;
      failed.push_begin_document().append("propertyName", rule.name());
      append_annotations(failed, rule.document());
      failed.append_array("details", details).end();
    }
    if (any) begin("properties").append_array("propertiesNotSatisfied", failed.finish()).end();
  }

  void pattern_properties(const View& document) {
    const Element rules = schema_.find("patternProperties");
    if (!rules.is(Type::kDocument)) return;
    Builder failed = Builder::array();
    bool any = false;
    for (const Element& value : document) {
      for (const Element& rule : rules.document()) {
        if (!rule.is(Type::kDocument) || !matches_pattern(rule.name(), value.name())) continue;
        const bson::Document details = broken_rules(rule.document(), value);
        if (details.view().empty()) continue;
        any = true;
        failed.push_begin_document().append("propertyName", value.name());
        failed.append("regexMatched", rule.name()).append_array("details", details).end();
      }
    }
    if (any) begin("patternProperties").append_array("details", failed.finish()).end();
  }

  // Named by neither properties nor patternProperties.
  [[nodiscard]] bool is_additional(std::string_view name) const {
    const Element named = schema_.find("properties");
    if (named.is(Type::kDocument) && named.document().find(name)) return false;
    const Element patterns = schema_.find("patternProperties");
    if (!patterns.is(Type::kDocument)) return true;
    return std::ranges::none_of(patterns.document(), [&](const Element& pattern) {
      return matches_pattern(pattern.name(), name);
    });
  }

  void additional_properties(const View& document) {
    const Element rule = schema_.find("additionalProperties");
    if (rule.is(Type::kDocument)) return additional_schema(rule.document(), document);
    if (!rule.is(Type::kBool) || rule.boolean()) return;
    Builder extra = Builder::array();
    bool any = false;
    for (const Element& value : document) {
      if (!is_additional(value.name())) continue;
      extra.push(value.name());
      any = true;
    }
    if (!any) return;
    begin("additionalProperties");
    specified({"additionalProperties"});
    broken_.append_array("additionalProperties", extra.finish()).end();
  }

  void additional_schema(const View& schema, const View& document) {
    for (const Element& value : document) {
      if (!is_additional(value.name())) continue;
      const bson::Document details = broken_rules(schema, value);
      if (details.view().empty()) continue;
      begin("additionalProperties");
      broken_.append("reason", "at least one additional property did not match the subschema");
      broken_.append("failingProperty", value.name()).append_array("details", details).end();
      return;
    }
  }

  void dependencies(const View& document) {
    const Element rules = schema_.find("dependencies");
    if (!rules.is(Type::kDocument)) return;
    Builder failed = Builder::array();
    bool any = false;
    for (const Element& rule : rules.document()) {
      if (!document.find(rule.name())) continue;
      if (rule.is(Type::kDocument)) {
        const bson::Document details = broken_rules(rule.document(), value_);
        if (details.view().empty()) continue;
        failed.push_begin_document().append("conditionalProperty", rule.name());
        failed.append_array("details", details).end();
        any = true;
        continue;
      }
      if (!rule.is(Type::kArray)) continue;
      Builder missing = Builder::array();
      bool some = false;
      for (const Element& name : rule.array()) {
        if (!name.is(Type::kString) || document.find(name.string())) continue;
        missing.push(name);
        some = true;
      }
      if (!some) continue;
      failed.push_begin_document().append("conditionalProperty", rule.name());
      failed.append_array("missingProperties", missing.finish()).end();
      any = true;
    }
    if (any) begin("dependencies").append_array("failingDependencies", failed.finish()).end();
  }

  void combinations() {
    for (const std::string_view rule : {"allOf", "anyOf", "oneOf"}) {
      const Element schemas = schema_.find(rule);
      if (schemas.is(Type::kArray)) combination(rule, schemas.array());
    }
    const Element negated = schema_.find("not");
    if (negated.is(Type::kDocument) && holds(negated.document(), value_)) {
      begin("not").append("reason", "child expression matched").end();
    }
  }

  void combination(std::string_view rule, const View& schemas) {
    Builder failed = Builder::array();
    Builder met = Builder::array();
    std::int64_t count = 0;
    std::int64_t met_count = 0;
    for (const Element& schema : schemas) {
      const std::int64_t index = count++;
      if (!schema.is(Type::kDocument)) continue;
      const bson::Document details = broken_rules(schema.document(), value_);
      if (details.view().empty()) {
        met.push(static_cast<std::int32_t>(index));
        ++met_count;
        continue;
      }
      failed.push_begin_document().append_number("index", index);
      append_annotations(failed, schema.document());
      failed.append_array("details", details).end();
    }
    const bool satisfied = rule == "allOf"   ? met_count == count
                           : rule == "anyOf" ? met_count > 0
                                             : met_count == 1;
    if (satisfied) return;
    begin(rule);
    if (rule == "oneOf" && met_count > 1) {
      broken_.append("reason", "more than one subschema matched");
      broken_.append_array("matchingSchemaIndexes", met.finish());
    } else {
      broken_.append_array("schemasNotSatisfied", failed.finish());
    }
    broken_.end();
  }

  View schema_;
  Element value_;
  Builder broken_ = Builder::array();
};

}  // namespace

bson::Document broken_rules(const View& schema, const Element& value) {
  return Rules(schema, value).run();
}

void append_annotations(Builder& to, const View& schema) {
  for (const std::string_view field : {"title", "description"}) {
    if (const Element given = schema.find(field)) to.append(given);
  }
}

}  // namespace nacre::match
