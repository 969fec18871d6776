#include "document/index_spec.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "bson/collation.h"
#include "document/index_spec_internal.h"
#include "document/wildcard_internal.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kTooManyFields = 13103;
constexpr std::int32_t kTwoHashedFields = 31303;
constexpr std::int32_t kTwoGridFields = 16800;
constexpr std::int32_t kGridNotFirst = 16801;
constexpr std::size_t kKeyPatternBytesMax = 2048;
constexpr std::string_view kTextRest = "_ftsx";  // beside "_fts" in a kept key pattern

std::unexpected<Error> refused(std::string text) {
  return fail(Code::kInvalid, kCannotCreateIndex, std::move(text));
}

Result<> check_path(std::string_view path) {
  if (path.empty() || path.starts_with('.') || path.ends_with('.') || path.contains("..")) {
    return refused(format("Index keys cannot contain an empty field: '{}'", path));
  }
  if (is_wildcard_path(path)) path = root_of_wildcard(path);
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    const std::string_view step = path.substr(at, dot - at);
    const bool reference = at > 0 && (step == "$id" || step == "$ref" || step == "$db");
    if (step.starts_with('$') && !reference) {
      return refused(
          format("Index key contains an illegal field name: field name starts with '$': {}", path));
    }
    at = dot + 1;
  }
  return {};
}

Result<IndexField> parse_kind(const std::string& path, std::string_view kind) {
  if (kind == "text") return IndexField{.path = path, .kind = FieldKind::kText};
  if (kind == "hashed" && !is_wildcard_path(path)) {
    return IndexField{.path = path, .kind = FieldKind::kHashed};
  }
  if (kind == "2dsphere" && !is_wildcard_path(path)) {
    return IndexField{.path = path, .kind = FieldKind::kSphere};
  }
  if (kind == "2d" && !is_wildcard_path(path)) {
    return IndexField{.path = path, .kind = FieldKind::kGrid};
  }
  if (kind == "geoHaystack") {
    return refused("GeoHaystack indexes are no more: use a 2d index beside other fields");
  }
  return refused(format("Unknown index plugin '{}'", kind));
}

Result<IndexField> parse_field(const bson::Element& element) {
  const std::string path(element.name());
  NACRE_TRY(check_path(path));
  if (element.is(bson::Type::kString)) return parse_kind(path, element.string());
  const double direction = element.as_double().value_or(0);
  if (direction == 0 || std::isnan(direction)) {
    return refused(format(
        "Values in the index key pattern must be numbers other than 0 or names of index kinds, "
        "field '{}' is not",
        path));
  }
  if (is_wildcard_path(path)) {
    return IndexField{.path = path, .descending = direction < 0, .kind = FieldKind::kWildcard};
  }
  return IndexField{.path = path, .descending = direction < 0};
}

std::string default_name(bson::View key) {
  std::string name;
  for (const bson::Element& field : key) {
    if (!name.empty()) name.push_back('_');
    name.append(field.name()).push_back('_');
    if (field.is(bson::Type::kString)) {
      name.append(field.string());
    } else if (const auto whole = field.as_int64()) {
      name.append(std::to_string(*whole));
    } else {
      name.append(format("{}", field.as_double().value_or(0)));
    }
  }
  return name;
}

// Of 2dsphere fields there may be several, of 2d fields one, in front of all others.
Result<> check_geo_field(const IndexField& field, const IndexSpec& spec) {
  if (field.kind != FieldKind::kGrid || spec.fields.empty()) return {};
  const bool has_one = spec.fields.front().kind == FieldKind::kGrid;
  if (has_one) return fail(Code::kInvalid, kTwoGridFields, "can't have 2 geo fields");
  return fail(Code::kInvalid, kGridNotFirst, "2d has to be first in index");
}

// All text fields make one component; in between them there can be no other.
Result<> add_field(IndexField field, IndexSpec& spec) {
  const bool repeated = std::ranges::any_of(spec.fields, [&](const IndexField& other) {
    return other.path == field.path && other.kind != FieldKind::kText;
  });
  if (repeated) {
    return fail(
        Code::kInvalid, kBadValue,
        format("The field '{}' appears multiple times in the index key pattern", field.path));
  }
  if (field.kind == FieldKind::kText) {
    if (!spec.fields.empty() && spec.fields.back().kind == FieldKind::kText) return {};
    field.path = kTextPath;
  }
  NACRE_TRY(check_geo_field(field, spec));
  const bool second = field.kind != FieldKind::kOrdered && field.kind != FieldKind::kSphere &&
                      std::ranges::any_of(spec.fields, [&](const IndexField& other) {
                        return other.kind == field.kind;
                      });
  if (second && field.kind == FieldKind::kHashed) {
    return fail(Code::kInvalid, kTwoHashedFields,
                "A maximum of one index field is allowed to be hashed");
  }
  if (second)
    return refused("text fields of an index must stand side by side, and be its only ones");
  spec.fields.push_back(std::move(field));
  return {};
}

Result<> check_kinds(const IndexSpec& spec) {
  const auto count = [&](FieldKind kind) {
    return std::ranges::count_if(spec.fields, [&](const IndexField& f) { return f.kind == kind; });
  };
  int kinds = 0;
  for (const FieldKind kind :
       {FieldKind::kText, FieldKind::kHashed, FieldKind::kSphere, FieldKind::kGrid}) {
    if (count(kind) > 0) ++kinds;
  }
  if (kinds > 1) return refused("Can't use more than one index plugin for a single index");
  return {};
}

bool same_document(const bson::Document& a, const bson::Document& b) {
  return a.bytes() == b.bytes();
}

}  // namespace

std::vector<std::string_view> text_fields(bson::View key) {
  std::vector<std::string_view> fields;
  for (const bson::Element& field : key) {
    const bool is_text = field.is(bson::Type::kString) && field.string() == "text";
    if (is_text && field.name() != kTextPath) fields.push_back(field.name());
  }
  return fields;
}

Result<IndexSpec> parse_key_pattern(bson::View key) {
  if (key.bytes().size() > kKeyPatternBytesMax) return refused("Index key pattern too large");
  NACRE_TRY(check_wildcard_key(key));
  IndexSpec spec;
  bson::Builder kept;
  for (const bson::Element& element : key) {
    if (element.name() == kTextRest) continue;
    const std::size_t before = spec.fields.size();
    IndexField field = NACRE_TRY(parse_field(element));
    NACRE_TRY(add_field(std::move(field), spec));
    if (spec.fields.size() == before) continue;
    if (spec.fields.back().kind == FieldKind::kText) {
      kept.append(kTextPath, "text").append(kTextRest, 1);
    } else {
      kept.append(element);
    }
  }
  if (spec.fields.empty()) return refused("Index keys cannot be empty");
  if (spec.fields.size() > kIndexFieldsMax) {
    return fail(Code::kInvalid, kTooManyFields,
                format("too many compound keys: an index has {} at most", kIndexFieldsMax));
  }
  NACRE_TRY(check_kinds(spec));
  spec.name = default_name(key);
  spec.key = kept.finish();
  return spec;
}

Result<IndexSpec> parse_index_spec(bson::View specification) {
  const bson::Element key = specification.find("key");
  if (!key) {
    return fail(Code::kInvalid, kFailedToParse,
                "The 'key' field is a required property of an index specification");
  }
  if (!key.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("The field 'key' must be an object, but got {}", bson::name(key.type())));
  }
  IndexSpec spec = NACRE_TRY(parse_key_pattern(key.document()));
  const bool is_text = std::ranges::any_of(
      spec.fields, [](const IndexField& field) { return field.kind == FieldKind::kText; });
  if (is_text) {
    spec.options.text = std::make_shared<const TextOptions>(
        NACRE_TRY(parse_text_options(specification, text_fields(key.document()))));
  }
  const bool is_geo = std::ranges::any_of(spec.fields, [](const IndexField& field) {
    return field.kind == FieldKind::kSphere || field.kind == FieldKind::kGrid;
  });
  if (is_geo) {
    spec.options.geo =
        std::make_shared<const GeoOptions>(NACRE_TRY(parse_geo_options(specification, spec)));
  }
  for (const bson::Element& element : specification) {
    if (element.name() != "key") NACRE_TRY(parse_index_option(element, spec));
  }
  NACRE_TRY(check_index_options(spec, specification));
  if (spec.unique) spec.options.prepares_unique = false;  // it is prepared
  return spec;
}

bson::Document describe(const IndexSpec& spec) {
  bson::Builder builder;
  builder.append("v", 2).append("key", spec.key).append("name", spec.name);
  if (spec.unique) builder.append("unique", true);
  if (spec.sparse) builder.append("sparse", true);
  const IndexOptions& options = spec.options;
  if (options.hidden) builder.append("hidden", true);
  if (options.prepares_unique) builder.append("prepareUnique", true);
  if (options.partial) builder.append("partialFilterExpression", spec.partial_filter);
  if (options.expire_after_seconds) {
    builder.append_number("expireAfterSeconds", *options.expire_after_seconds);
  }
  if (!options.wildcard_projection.view().empty()) {
    builder.append("wildcardProjection", options.wildcard_projection);
  }
  if (options.text) {
    builder.begin_document("weights");
    for (const auto& weight : options.text->weights) builder.append(weight.path, weight.weight);
    builder.end().append("default_language", options.text->default_language);
    builder.append("language_override", options.text->language_override);
    builder.append("textIndexVersion", 3);
  }
  if (options.geo) builder.append_all(options.geo->shown);
  if (options.collator) {
    builder.append("collation", bson::describe_collation(options.collator.get()));
  }
  return builder.finish();
}

bool same_index(const IndexSpec& a, const IndexSpec& b) {
  return a.fields == b.fields && a.unique == b.unique && a.sparse == b.sparse &&
         same_collation(a.options.collator.get(), b.options.collator.get()) &&
         same_document(a.partial_filter, b.partial_filter) &&
         same_document(a.options.wildcard_projection, b.options.wildcard_projection);
}

bool same_options(const IndexSpec& a, const IndexSpec& b) {
  const TextOptions* left = a.options.text.get();
  const TextOptions* right = b.options.text.get();
  const bool same_text =
      (left == nullptr) == (right == nullptr) && (left == nullptr || *left == *right);
  const GeoOptions* left_geo = a.options.geo.get();
  const GeoOptions* right_geo = b.options.geo.get();
  const bool same_geo = (left_geo == nullptr) == (right_geo == nullptr) &&
                        (left_geo == nullptr || *left_geo == *right_geo);
  return same_text && same_geo && a.options.expire_after_seconds == b.options.expire_after_seconds;
}

}  // namespace nacre::document
