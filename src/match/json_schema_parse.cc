#include <algorithm>
#include <array>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/json.h"
#include "match/json_schema.h"
#include "match/types_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using SchemaPtr = std::unique_ptr<const JsonSchema>;

using error_codes::kBadValue;
using error_codes::kFailedToParse;
using error_codes::kTypeMismatch;

std::unexpected<Error> wrong_type(const Element& keyword, std::string_view expected) {
  return fail(Code::kInvalid, kTypeMismatch,
              format("$jsonSchema keyword '{}' must be {}, found {}", keyword.name(), expected,
                     bson::name(keyword.type())));
}

std::unexpected<Error> senseless(const Element& keyword, std::string_view rule) {
  return fail(Code::kInvalid, kFailedToParse,
              format("$jsonSchema keyword '{}' {}", keyword.name(), rule));
}

Result<std::int64_t> parse_size(const Element& keyword) {
  const std::optional<std::int64_t> size = keyword.as_int64();
  if (!size || *size < 0) return senseless(keyword, "must be a whole number that is not negative");
  return *size;
}

Result<bool> parse_boolean(const Element& keyword) {
  if (!keyword.is(Type::kBool)) return wrong_type(keyword, "a boolean");
  return keyword.boolean();
}

Result<Element> parse_number(const Element& keyword) {
  if (!keyword.is_number()) return wrong_type(keyword, "a number");
  return keyword;
}

Result<SchemaPtr> parse_inside(const Element& keyword) {
  if (!keyword.is(Type::kDocument)) return wrong_type(keyword, "an object");
  return JsonSchema::parse(keyword.document());
}

Result<std::vector<std::string>> parse_names(const Element& keyword) {
  if (!keyword.is(Type::kArray)) return wrong_type(keyword, "an array of strings");
  if (keyword.array().empty()) return senseless(keyword, "cannot be an empty array");
  std::vector<std::string> names;
  for (const Element& each : keyword.array()) {
    if (!each.is(Type::kString)) return wrong_type(keyword, "an array of strings only");
    if (std::ranges::find(names, each.string()) != names.end()) {
      return senseless(keyword, format("names '{}' twice", each.string()));
    }
    names.emplace_back(each.string());
  }
  return names;
}

Result<std::vector<SchemaPtr>> parse_branches(const Element& keyword) {
  if (!keyword.is(Type::kArray)) return wrong_type(keyword, "an array");
  if (keyword.array().empty()) {
    return fail(Code::kInvalid, kBadValue,
                format("$jsonSchema keyword '{}' must be a non-empty array", keyword.name()));
  }
  std::vector<SchemaPtr> branches;
  for (const Element& each : keyword.array()) {
    if (!each.is(Type::kDocument)) return wrong_type(keyword, "an array of objects only");
    branches.push_back(NACRE_TRY(JsonSchema::parse(each.document())));
  }
  return branches;
}

Result<std::uint32_t> parse_type(const Element& keyword, const Element& name) {
  if (!name.is(Type::kString)) return wrong_type(keyword, "a string or an array of strings");
  if (name.string() == "integer") {
    return fail(Code::kInvalid, kFailedToParse,
                "$jsonSchema type 'integer' is not currently supported.");
  }
  if (keyword.name() == "type") {
    constexpr auto kJsonTypes =
        std::to_array<std::string_view>({"object", "array", "number", "boolean", "string", "null"});
    if (std::ranges::find(kJsonTypes, name.string()) == kJsonTypes.end()) {
      return fail(Code::kInvalid, kBadValue, format("Unknown type name alias: {}", name.string()));
    }
    if (name.string() == "boolean") return type_bit(Type::kBool);
  }
  return types_of_name(name.string());
}

Result<std::uint32_t> parse_types(const Element& keyword) {
  if (!keyword.is(Type::kArray)) return parse_type(keyword, keyword);
  if (keyword.array().empty()) return senseless(keyword, "must name at least one type");
  std::uint32_t types = 0;
  for (const Element& each : keyword.array()) {
    const std::uint32_t type = NACRE_TRY(parse_type(keyword, each));
    if ((types & type) == type) {
      return senseless(keyword, format("names {} twice", bson::to_json(each)));
    }
    types |= type;
  }
  return types;
}

Result<std::vector<Element>> parse_enumeration(const Element& keyword) {
  if (!keyword.is(Type::kArray)) return wrong_type(keyword, "an array");
  if (keyword.array().empty()) return senseless(keyword, "cannot be an empty array");
  std::vector<Element> values;
  for (const Element& each : keyword.array()) {
    const bool repeated = std::ranges::any_of(
        values, [&](const Element& value) { return equal_unordered(value, each); });
    if (repeated) return senseless(keyword, "cannot have a value twice");
    values.push_back(each);
  }
  return values;
}

Result<AdditionalValues> parse_additional(const Element& keyword) {
  AdditionalValues values;
  if (keyword.is(Type::kBool)) {
    values.allowed = keyword.boolean();
  } else if (keyword.is(Type::kDocument)) {
    values.schema = NACRE_TRY(JsonSchema::parse(keyword.document()));
  } else {
    return wrong_type(keyword, "an object or a boolean");
  }
  return values;
}

Result<> check_text(const Element& keyword) {
  if (!keyword.is(Type::kString)) return wrong_type(keyword, "a string");
  return {};
}

// One function a keyword, in the order of the table below.
using Keyword = Result<> (*)(JsonSchema& schema, const Element& keyword);

Result<> parse_properties(JsonSchema& schema, const Element& keyword) {
  if (!keyword.is(Type::kDocument)) return wrong_type(keyword, "an object");
  for (const Element& each : keyword.document()) {
    schema.properties.push_back(
        {.name = std::string(each.name()), .schema = NACRE_TRY(parse_inside(each))});
  }
  return {};
}

Result<> parse_pattern_properties(JsonSchema& schema, const Element& keyword) {
  if (!keyword.is(Type::kDocument)) return wrong_type(keyword, "an object");
  for (const Element& each : keyword.document()) {
    if (!each.is(Type::kDocument)) return wrong_type(each, "an object");
    auto pattern = text::Pattern::compile(each.name(), "");
    if (!pattern) {
      return std::unexpected(std::move(pattern).error().with_number(kBadValue));
    }
    schema.pattern_properties.push_back(
        {.pattern = *std::move(pattern), .schema = NACRE_TRY(parse_inside(each))});
  }
  return {};
}

Result<> parse_dependencies(JsonSchema& schema, const Element& keyword) {
  if (!keyword.is(Type::kDocument)) return wrong_type(keyword, "an object");
  for (const Element& each : keyword.document()) {
    JsonSchema::Dependency dependency{
        .name = std::string(each.name()), .required = {}, .schema = nullptr};
    if (each.is(Type::kDocument)) {
      dependency.schema = NACRE_TRY(JsonSchema::parse(each.document()));
    } else {
      dependency.required = NACRE_TRY(parse_names(each));
    }
    schema.dependencies.push_back(std::move(dependency));
  }
  return {};
}

Result<> parse_items(JsonSchema& schema, const Element& keyword) {
  if (keyword.is(Type::kDocument)) {
    schema.items = NACRE_TRY(JsonSchema::parse(keyword.document()));
    return {};
  }
  if (!keyword.is(Type::kArray)) return wrong_type(keyword, "an object or an array");
  schema.has_items_in_turn = true;
  for (const Element& each : keyword.array()) {
    if (!each.is(Type::kDocument)) return wrong_type(keyword, "an array of objects only");
    schema.items_in_turn.push_back(NACRE_TRY(JsonSchema::parse(each.document())));
  }
  return {};
}

Result<> parse_pattern(JsonSchema& schema, const Element& keyword) {
  NACRE_TRY(check_text(keyword));
  schema.pattern = JsonSchema::Pattern{NACRE_TRY(text::Pattern::compile(keyword.string(), ""))};
  return {};
}

Result<> parse_multiple_of(JsonSchema& schema, const Element& keyword) {
  schema.multiple_of = NACRE_TRY(parse_number(keyword));
  const double number = keyword.as_double().value_or(0);
  if (!(number > 0)) return senseless(keyword, "must have a positive value");
  return {};
}

struct Row {
  std::string_view name;
  Keyword parse;
};

// A short form for keywords whose value goes into one member as it is.
template <auto Member, auto Parse>
Result<> into(JsonSchema& schema, const Element& keyword) {
  schema.*Member = NACRE_TRY(Parse(keyword));
  return {};
}

Result<> ignore_text(JsonSchema&, const Element& keyword) { return check_text(keyword); }

constexpr auto kKeywords = std::to_array<Row>({
    {"additionalItems", into<&JsonSchema::additional_items, parse_additional>},
    {"additionalProperties", into<&JsonSchema::additional_properties, parse_additional>},
    {"allOf", into<&JsonSchema::all_of, parse_branches>},
    {"anyOf", into<&JsonSchema::any_of, parse_branches>},
    {"bsonType", into<&JsonSchema::types, parse_types>},
    {"dependencies", parse_dependencies},
    {"description", ignore_text},
    {"enum", into<&JsonSchema::enumeration, parse_enumeration>},
    {"exclusiveMaximum", into<&JsonSchema::exclusive_maximum, parse_boolean>},
    {"exclusiveMinimum", into<&JsonSchema::exclusive_minimum, parse_boolean>},
    {"items", parse_items},
    {"maxItems", into<&JsonSchema::max_items, parse_size>},
    {"maxLength", into<&JsonSchema::max_length, parse_size>},
    {"maxProperties", into<&JsonSchema::max_properties, parse_size>},
    {"maximum", into<&JsonSchema::maximum, parse_number>},
    {"minItems", into<&JsonSchema::min_items, parse_size>},
    {"minLength", into<&JsonSchema::min_length, parse_size>},
    {"minProperties", into<&JsonSchema::min_properties, parse_size>},
    {"minimum", into<&JsonSchema::minimum, parse_number>},
    {"multipleOf", parse_multiple_of},
    {"not", into<&JsonSchema::negated, parse_inside>},
    {"oneOf", into<&JsonSchema::one_of, parse_branches>},
    {"pattern", parse_pattern},
    {"patternProperties", parse_pattern_properties},
    {"properties", parse_properties},
    {"required", into<&JsonSchema::required, parse_names>},
    {"title", ignore_text},
    {"type", into<&JsonSchema::types, parse_types>},
    {"uniqueItems", into<&JsonSchema::unique_items, parse_boolean>},
});

Result<> parse_keyword(JsonSchema& schema, const Element& keyword) {
  const auto row = std::ranges::find(kKeywords, keyword.name(), &Row::name);
  if (row != kKeywords.end()) return row->parse(schema, keyword);
  for (const std::string_view known :
       {"$ref", "$schema", "default", "definitions", "format", "id"}) {
    if (keyword.name() == known) {
      return fail(Code::kInvalid, kFailedToParse,
                  format("$jsonSchema keyword '{}' is not currently supported", known));
    }
  }
  return fail(Code::kInvalid, kFailedToParse,
              format("Unknown $jsonSchema keyword: {}", keyword.name()));
}

Result<> check_together(const View& source) {
  if (source.find("type") && source.find("bsonType")) {
    return fail(Code::kInvalid, kFailedToParse,
                "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'");
  }
  for (const auto& [exclusive, limit] :
       {std::pair("exclusiveMinimum", "minimum"), std::pair("exclusiveMaximum", "maximum")}) {
    if (source.find(exclusive) && !source.find(limit)) {
      return fail(
          Code::kInvalid, kFailedToParse,
          format("$jsonSchema keyword '{}' must be a present if {} is present", limit, exclusive));
    }
  }
  return {};
}

}  // namespace

Result<SchemaPtr> JsonSchema::parse(const View& source) {
  auto schema = std::make_unique<JsonSchema>();
  schema->source = source;
  for (const Element& keyword : source) {
    if (source.find(keyword.name()).bytes().data() != keyword.bytes().data()) {
      return fail(Code::kInvalid, kFailedToParse,
                  format("Duplicate $jsonSchema keyword: {}", keyword.name()));
    }
    NACRE_TRY(parse_keyword(*schema, keyword));
  }
  NACRE_TRY(check_together(source));
  return SchemaPtr(std::move(schema));
}

}  // namespace nacre::match
