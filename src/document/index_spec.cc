#include "document/index_spec.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kCannotCreateIndex = 67;
constexpr std::int32_t kTypeMismatch = 14;
constexpr std::int32_t kUnknownOption = 197;
constexpr std::int32_t kBadValue = 2;

// Options of MongoDB that would change what the index holds; taking them silently would lie.
constexpr std::array<std::string_view, 8> kRefusedOptions = {"partialFilterExpression",
                                                             "expireAfterSeconds",
                                                             "collation",
                                                             "wildcardProjection",
                                                             "weights",
                                                             "textIndexVersion",
                                                             "clustered",
                                                             "2dsphereIndexVersion"};
// Options that change nothing here.
constexpr std::array<std::string_view, 5> kIgnoredOptions = {"v", "background", "ns", "comment",
                                                             "prepareUnique"};

bool holds(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Result<IndexField> parse_field(const bson::Element& element) {
  const std::string path(element.name());
  if (path.empty() || path.starts_with('.') || path.ends_with('.') || path.contains("..")) {
    return fail(Code::kInvalid, kCannotCreateIndex,
                format("Index keys cannot contain an empty field: '{}'", path));
  }
  if (element.is(bson::Type::kString)) {
    return fail(Code::kUnsupported, kCannotCreateIndex,
                format("Index kind '{}' is not carried out by this version", element.string()));
  }
  if (path.contains("$**")) {
    return fail(Code::kUnsupported, kCannotCreateIndex,
                "Wildcard indexes are not carried out by this version");
  }
  if (path.starts_with('$') || path.contains(".$")) {
    return fail(
        Code::kInvalid, kCannotCreateIndex,
        format("Index key contains an illegal field name: field name starts with '$': {}", path));
  }
  const auto direction = element.as_double();
  if (!direction || *direction == 0 || *direction != *direction) {
    return fail(
        Code::kInvalid, kCannotCreateIndex,
        format("Values in the index key pattern must be numbers other than 0, field '{}' is "
               "not",
               path));
  }
  return IndexField{.path = path, .descending = *direction < 0};
}

std::string default_name(const std::vector<IndexField>& fields) {
  std::string name;
  for (const IndexField& field : fields) {
    if (!name.empty()) name.push_back('_');
    name.append(field.path).append(field.descending ? "_-1" : "_1");
  }
  return name;
}

Result<bool> parse_flag(const bson::Element& element) {
  if (element.is(bson::Type::kBool) || element.is_number()) return element.truthy();
  return fail(Code::kInvalid, kTypeMismatch,
              format("The field '{}' has value of wrong type, expected bool", element.name()));
}

Result<> parse_option(const bson::Element& element, IndexSpec& spec) {
  const std::string_view name = element.name();
  if (name == "name") {
    if (!element.is(bson::Type::kString)) {
      return fail(Code::kInvalid, kTypeMismatch, "The field 'name' must be a string");
    }
    spec.name = element.string();
    if (spec.name.empty() || spec.name == "*") {
      return fail(Code::kInvalid, kCannotCreateIndex,
                  format("The index name '{}' is not valid", spec.name));
    }
  } else if (name == "unique") {
    spec.unique = NACRE_TRY(parse_flag(element));
  } else if (name == "sparse") {
    spec.sparse = NACRE_TRY(parse_flag(element));
  } else if (name == "hidden") {
    const bool hidden = NACRE_TRY(parse_flag(element));
    if (hidden) {
      return fail(Code::kUnsupported, kCannotCreateIndex,
                  "Hidden indexes are not carried out by this version");
    }
  } else if (holds(kRefusedOptions, name)) {
    return fail(Code::kUnsupported, kCannotCreateIndex,
                format("The index option '{}' is not carried out by this version", name));
  } else if (!holds(kIgnoredOptions, name)) {
    return fail(Code::kInvalid, kUnknownOption,
                format("The field '{}' is not valid for an index specification", name));
  }
  return {};
}

}  // namespace

Result<IndexSpec> parse_key_pattern(bson::View key) {
  IndexSpec spec;
  for (const bson::Element& element : key) {
    IndexField field = NACRE_TRY(parse_field(element));
    const bool repeated = std::ranges::any_of(
        spec.fields, [&](const IndexField& other) { return other.path == field.path; });
    if (repeated) {
      return fail(
          Code::kInvalid, kBadValue,
          format("The field '{}' appears multiple times in the index key pattern", field.path));
    }
    spec.fields.push_back(std::move(field));
  }
  if (spec.fields.empty() || spec.fields.size() > kIndexFieldsMax) {
    return fail(
        Code::kInvalid, kCannotCreateIndex,
        format("Index keys have {} fields, expected 1 to {}", spec.fields.size(), kIndexFieldsMax));
  }
  spec.name = default_name(spec.fields);
  return spec;
}

Result<IndexSpec> parse_index_spec(bson::View specification) {
  const bson::Element key = specification.find("key");
  if (!key.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 9,
                "The 'key' field is a required property of an index specification");
  }
  IndexSpec spec = NACRE_TRY(parse_key_pattern(key.document()));
  for (const bson::Element& element : specification) {
    if (element.name() != "key") NACRE_TRY(parse_option(element, spec));
  }
  return spec;
}

bson::Document describe(const IndexSpec& spec) {
  bson::Builder builder;
  builder.append("v", 2).begin_document("key");
  for (const IndexField& field : spec.fields) builder.append(field.path, field.descending ? -1 : 1);
  builder.end().append("name", spec.name);
  if (spec.unique) builder.append("unique", true);
  if (spec.sparse) builder.append("sparse", true);
  return builder.finish();
}

}  // namespace nacre::document
