// JsonSchema: what {$jsonSchema: ...} asks of a document, draft 4 as MongoDB has it.
//
// Known: bsonType type required properties patternProperties additionalProperties minProperties
// maxProperties dependencies items additionalItems minItems maxItems uniqueItems minimum maximum
// exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern enum allOf anyOf oneOf
// not title description. A keyword asks nothing of values of other types. Names of properties are
// names, not paths. Objects in enum and uniqueItems are equal whatever the order of their fields.
// Errors:  parse: kInvalid with MongoDB's number: 14 for values of a wrong type, 9 for unknown
//          keywords, for lengths that are none, and lists and combinations that make no sense, 2
//          for unknown types and bad patterns of names, 51091 for a bad pattern. matches: 51246
//          when a regular expression takes more steps than are allowed.
// Threads: immutable once parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bson/value.h"
#include "text/pattern.h"

namespace nacre::match {

struct JsonSchema;

// What is left for items and properties that nothing else speaks of.
struct AdditionalValues {
  bool allowed = true;
  std::unique_ptr<const JsonSchema> schema;  // when they must match one
};

// One schema, with what was not given left out. The list of keywords is public: who explains why a
// document does not match walks it. Elements look into the source, which outlives the schema.
struct JsonSchema {
  struct Property {
    std::string name;
    std::unique_ptr<const JsonSchema> schema;
  };
  struct PatternProperty {
    text::Pattern pattern;
    std::unique_ptr<const JsonSchema> schema;
  };
  struct Dependency {
    std::string name;
    std::vector<std::string> required;         // or
    std::unique_ptr<const JsonSchema> schema;  // not null
  };
  struct Pattern {
    text::Pattern pattern;
  };

  bson::View source;
  std::optional<std::uint32_t> types;  // bits as type_bit gives them
  std::vector<std::string> required;
  std::vector<Property> properties;
  std::vector<PatternProperty> pattern_properties;
  std::optional<AdditionalValues> additional_properties;
  std::optional<std::int64_t> min_properties, max_properties;
  std::vector<Dependency> dependencies;

  std::unique_ptr<const JsonSchema> items;                       // of each element, or
  std::vector<std::unique_ptr<const JsonSchema>> items_in_turn;  // of the first, second, ...
  bool has_items_in_turn = false;
  std::optional<AdditionalValues> additional_items;
  std::optional<std::int64_t> min_items, max_items;
  bool unique_items = false;

  bson::Element minimum, maximum, multiple_of;
  bool exclusive_minimum = false;
  bool exclusive_maximum = false;

  std::optional<std::int64_t> min_length, max_length;  // characters
  std::optional<Pattern> pattern;

  std::vector<bson::Element> enumeration;  // empty: anything
  std::vector<std::unique_ptr<const JsonSchema>> all_of, any_of, one_of;
  std::unique_ptr<const JsonSchema> negated;

  [[nodiscard]] static Result<std::unique_ptr<const JsonSchema>> parse(const bson::View& source);

  [[nodiscard]] Result<bool> matches(const bson::View& document) const;
  [[nodiscard]] Result<bool> matches(const bson::Element& value) const;
};

// Equal, whatever the order of fields in objects.
[[nodiscard]] bool equal_unordered(const bson::Element& a, const bson::Element& b);

}  // namespace nacre::match
