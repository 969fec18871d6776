#include <algorithm>

#include "api/state_internal.h"
#include "nacre/build.hpp"

namespace nacre {

using detail::Access;

Schema Schema::array_of(const Schema& element) {
  Schema schema = array();
  schema.rule("items", element.json_schema());
  return schema;
}

Schema& Schema::rule(std::string_view name, Value value) {
  const auto there = std::ranges::find(
      rules_, name, [](const auto& each) -> std::string_view { return each.first; });
  if (there == rules_.end()) {
    rules_.emplace_back(name, std::move(value));
  } else {
    there->second = std::move(value);
  }
  return *this;
}

Schema& Schema::nullable() {
  if (!types_.empty()) types_.emplace_back("null");
  return *this;
}
Schema& Schema::one_of(const std::vector<Value>& values) { return rule("enum", values); }
Schema& Schema::description(std::string_view text) { return rule("description", text); }

Schema& Schema::required(std::string_view field, const Schema& schema) {
  required_.emplace_back(field);
  return optional(field, schema);
}
Schema& Schema::optional(std::string_view field, const Schema& schema) {
  properties_.emplace_back(field, schema.json_schema());
  return *this;
}
Schema& Schema::no_other_fields() { return rule("additionalProperties", false); }

Schema& Schema::min_length(std::int64_t characters) { return rule("minLength", characters); }
Schema& Schema::max_length(std::int64_t characters) { return rule("maxLength", characters); }
Schema& Schema::pattern(std::string_view pattern) { return rule("pattern", pattern); }
Schema& Schema::minimum(const Value& number) { return rule("minimum", number); }
Schema& Schema::maximum(const Value& number) { return rule("maximum", number); }
Schema& Schema::min_items(std::int64_t elements) { return rule("minItems", elements); }
Schema& Schema::max_items(std::int64_t elements) { return rule("maxItems", elements); }
Schema& Schema::unique_items() { return rule("uniqueItems", true); }

Document Schema::json_schema() const {
  bson::Builder schema;
  if (types_.size() == 1) {
    schema.append("bsonType", types_.front());
  } else if (!types_.empty()) {
    schema.begin_array("bsonType");
    for (const std::string& type : types_) schema.push(type);
    schema.end();
  }
  if (!required_.empty()) {
    schema.begin_array("required");
    for (const std::string& field : required_) schema.push(field);
    schema.end();
  }
  if (!properties_.empty()) {
    schema.begin_document("properties");
    for (const auto& [field, rules] : properties_) schema.append(field, Access::view(rules));
    schema.end();
  }
  for (const auto& [name, value] : rules_) schema.append(name, Access::element(value));
  return Access::document(schema.finish().release());
}

Document Schema::validator() const { return Document::of({{"$jsonSchema", json_schema()}}); }

}  // namespace nacre
