// The options of an index specification, one by one and together.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/text.h"
#include "bson/collation.h"
#include "document/index_spec_internal.h"
#include "text/words.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kUniqueHashed = 16764;
constexpr std::int32_t kWeightMax = 1'000'000'000;

// Options that change nothing here; those of text indexes are read with the key.
constexpr std::array<std::string_view, 6> kOtherOptions = {
    "background", "ns", "comment", "weights", "default_language", "language_override"};
constexpr std::array<std::string_view, 3> kTextOptions = {"weights", "default_language",
                                                          "language_override"};
// Taking these silently would lie.
constexpr std::array<std::string_view, 2> kRefusedOptions = {"clustered", "bucketSize"};

std::unexpected<Error> refused(std::string text) {
  return fail(Code::kInvalid, kCannotCreateIndex, std::move(text));
}

std::unexpected<Error> wrong_type(const bson::Element& element, std::string_view wanted) {
  return fail(Code::kInvalid, kTypeMismatch,
              format("The field '{}' must be {}, but got {}", element.name(), wanted,
                     bson::name(element.type())));
}

Result<bool> parse_flag(const bson::Element& element) {
  if (element.is(bson::Type::kBool) || element.is_number()) return element.truthy();
  return wrong_type(element, "a bool");
}

Result<bson::View> parse_object(const bson::Element& element) {
  if (!element.is(bson::Type::kDocument)) return wrong_type(element, "an object");
  return element.document();
}

Result<std::string> parse_name(const bson::Element& element) {
  if (!element.is(bson::Type::kString)) return wrong_type(element, "a string");
  std::string name(element.string());
  // A "*" would mean all of them where indexes are dropped.
  if (name == "*") {
    return fail(Code::kInvalid, kBadValue, "The index name '*' is not valid.");
  }
  if (name.empty() || name.contains('\0')) {
    return refused(format("The index name '{}' is not valid", name));
  }
  return name;
}

Result<> check_version(const bson::Element& element) {
  if (!element.is_number()) return wrong_type(element, "a number");
  const auto version = element.as_int64();
  if (version == 1 || version == 2) return {};
  if (!version) {
    return fail(Code::kInvalid, kBadValue,
                "Index version must be representable as a 32-bit integer");
  }
  return refused("Invalid index specification: the index version must be 1 or 2");
}

// Of WiredTiger's there is none here, and its options change nothing.
Result<> check_storage_engine(const bson::Element& element) {
  const bson::View engines = NACRE_TRY(parse_object(element));
  for (const bson::Element& engine : engines) {
    if (!engine.is(bson::Type::kDocument)) {
      return fail(Code::kInvalid, kBadValue,
                  format("'storageEngine.{}' has to be an embedded document", engine.name()));
    }
  }
  return {};
}

Result<> check_text_version(const bson::Element& element) {
  if (!element.is_number()) return wrong_type(element, "a number");
  if (element.as_int64() == 3) return {};
  return refused(format("textIndexVersion must be 3, not {}", element.as_double().value_or(0)));
}

Result<std::int64_t> parse_expiry(const bson::Element& element) {
  if (!element.is_number()) return wrong_type(element, "numeric");
  const double seconds = element.as_double().value_or(-1);
  if (!(seconds >= 0 && seconds <= static_cast<double>(kExpireAfterSecondsMax))) {
    return refused(
        format("TTL index 'expireAfterSeconds' option must be within an acceptable range, from 0 "
               "to {}",
               kExpireAfterSecondsMax));
  }
  return static_cast<std::int64_t>(seconds);
}

bool is_allowed_operator(std::string_view name) {
  constexpr std::array<std::string_view, 8> kAllowed = {"$eq", "$in",  "$gt",     "$gte",
                                                        "$lt", "$lte", "$exists", "$type"};
  return std::ranges::find(kAllowed, name) != kAllowed.end();
}

// Of one path: a value, or operators that an index can hold against a query.
bool is_allowed_condition(const bson::Element& condition) {
  if (condition.is(bson::Type::kRegex)) return false;
  if (!condition.is(bson::Type::kDocument) || condition.document().empty()) return true;
  if (!condition.document().begin()->name().starts_with('$')) return true;
  return std::ranges::all_of(condition.document(), [](const bson::Element& one) {
    if (!is_allowed_operator(one.name())) return false;
    return one.name() != "$exists" || one.truthy();
  });
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than the document
bool is_allowed_filter(bson::View filter) {
  return std::ranges::all_of(filter, [](const bson::Element& condition) {
    const std::string_view name = condition.name();
    if (!name.starts_with('$')) return is_allowed_condition(condition);
    if ((name != "$and" && name != "$or") || !condition.is(bson::Type::kArray)) return false;
    return std::ranges::all_of(condition.array(), [](const bson::Element& part) {
      return part.is(bson::Type::kDocument) && is_allowed_filter(part.document());
    });
  });
}

Result<> parse_partial(const bson::Element& element, IndexSpec& spec) {
  const bson::View filter = NACRE_TRY(parse_object(element));
  auto parsed = match::Filter::parse(filter);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  if (!is_allowed_filter(filter)) {
    return refused(
        "Expression not supported in partial index: only $and, $or, $eq, $in, $gt, $gte, "
        "$lt, $lte, $type and $exists: true");
  }
  spec.options.partial = std::make_shared<const match::Filter>(*std::move(parsed));
  spec.partial_filter = bson::Document(filter);
  return {};
}

Result<> parse_index_collation(const bson::Element& element, IndexSpec& spec) {
  const bson::View collation = NACRE_TRY(parse_object(element));
  if (collation.empty()) {
    return fail(Code::kInvalid, kBadValue, "The field 'collation' cannot be an empty object");
  }
  spec.options.collator = NACRE_TRY(bson::parse_collation(collation));
  spec.names_collation = true;
  return {};
}

Result<std::string> text_word(bson::View specification, std::string_view option,
                              std::string_view otherwise) {
  const bson::Element given = specification.find(option);
  if (!given) return std::string(otherwise);
  if (!given.is(bson::Type::kString)) return wrong_type(given, "a string");
  if (given.string().empty()) return refused(format("{} must not be empty", option));
  return std::string(given.string());
}

}  // namespace

Result<TextOptions> parse_text_options(bson::View specification,
                                       const std::vector<std::string_view>& fields) {
  TextOptions options;
  std::map<std::string, std::int32_t, std::less<>> weights;
  for (const std::string_view field : fields) weights.try_emplace(std::string(field), 1);
  if (const bson::Element given = specification.find("weights")) {
    const bson::View view = NACRE_TRY(parse_object(given));
    for (const bson::Element& weight : view) {
      const auto value = weight.as_double();
      if (!value || !(*value >= 1 && *value < kWeightMax)) {
        return refused(
            format("text index weight must be in the exclusive interval (0,{}), but "
                   "that of '{}' is not",
                   kWeightMax, weight.name()));
      }
      weights[std::string(weight.name())] = static_cast<std::int32_t>(*value);
    }
  }
  if (weights.empty()) return refused("a text index needs a field");
  for (auto& [path, weight] : weights) options.weights.push_back({.path = path, .weight = weight});
  options.default_language = NACRE_TRY(text_word(specification, "default_language", "english"));
  options.language_override = NACRE_TRY(text_word(specification, "language_override", "language"));
  if (!text::Language::find(options.default_language)) {
    return refused(format("default_language '{}' is not supported", options.default_language));
  }
  return options;
}

Result<> parse_index_option(const bson::Element& element, IndexSpec& spec) {
  const std::string_view name = element.name();
  const auto among = [&](const auto& names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (name == "name") {
    spec.name = NACRE_TRY(parse_name(element));
  } else if (name == "v") {
    return check_version(element);
  } else if (name == "unique") {
    spec.unique = NACRE_TRY(parse_flag(element));
  } else if (name == "prepareUnique") {
    spec.options.prepares_unique = NACRE_TRY(parse_flag(element));
  } else if (name == "sparse") {
    spec.sparse = NACRE_TRY(parse_flag(element));
  } else if (name == "hidden") {
    spec.options.hidden = NACRE_TRY(parse_flag(element));
  } else if (name == "expireAfterSeconds") {
    spec.options.expire_after_seconds = NACRE_TRY(parse_expiry(element));
  } else if (name == "partialFilterExpression") {
    return parse_partial(element, spec);
  } else if (name == "collation") {
    return parse_index_collation(element, spec);
  } else if (name == "wildcardProjection") {
    return parse_wildcard_projection(NACRE_TRY(parse_object(element)), spec);
  } else if (name == "storageEngine") {
    return check_storage_engine(element);
  } else if (name == "textIndexVersion") {
    return check_text_version(element);
  } else if (among(kTextOptions) && spec.options.text == nullptr) {
    return refused(format("The index option '{}' belongs to a text index", name));
  } else if (is_geo_option(name)) {
    if (spec.options.geo != nullptr) return {};  // read with the key
    return refused(format("The index option '{}' belongs to a 2dsphere or 2d index", name));
  } else if (among(kRefusedOptions)) {
    return fail(Code::kUnsupported, kCannotCreateIndex,
                format("The index option '{}' is not carried out by this version", name));
  } else if (!among(kOtherOptions)) {
    return fail(Code::kInvalid, kInvalidIndexSpecificationOption,
                format("The field '{}' is not valid for an index specification", name));
  }
  return {};
}

bool is_index_option(std::string_view name) {
  constexpr std::array<std::string_view, 13> kRead = {"key",
                                                      "name",
                                                      "v",
                                                      "unique",
                                                      "prepareUnique",
                                                      "sparse",
                                                      "hidden",
                                                      "expireAfterSeconds",
                                                      "partialFilterExpression",
                                                      "collation",
                                                      "wildcardProjection",
                                                      "storageEngine",
                                                      "textIndexVersion"};
  const auto among = [&](const auto& names) {
    return std::ranges::find(names, name) != names.end();
  };
  return is_geo_option(name) || among(kRead) || among(kTextOptions) || among(kOtherOptions) ||
         among(kRefusedOptions);
}

Result<> check_index_options(const IndexSpec& spec, bson::View specification) {
  const auto has = [&](FieldKind kind) {
    return std::ranges::any_of(spec.fields, [&](const IndexField& f) { return f.kind == kind; });
  };
  const IndexOptions& options = spec.options;
  if (spec.fields.size() == 1 && spec.fields.front().path == "_id" &&
      spec.fields.front().kind == FieldKind::kOrdered) {
    if (spec.fields.front().descending) {
      return fail(Code::kInvalid, kBadValue, "The field 'key' for an _id index must be {_id: 1}");
    }
    for (const std::string_view option :
         {"unique", "sparse", "hidden", "expireAfterSeconds", "partialFilterExpression"}) {
      if (!specification.find(option)) continue;
      return fail(Code::kInvalid, kInvalidIndexSpecificationOption,
                  format("The field '{}' is not valid for an _id index specification", option));
    }
  }
  if (spec.sparse && options.partial) {
    return refused("cannot mix \"partialFilterExpression\" and \"sparse\" options");
  }
  const bool wants_unique = spec.unique || options.prepares_unique;
  if (wants_unique && has(FieldKind::kHashed)) {
    return fail(Code::kInvalid, kUniqueHashed,
                "Currently hashed indexes cannot guarantee uniqueness. Use a regular index.");
  }
  const bool is_special = has(FieldKind::kWildcard) || has(FieldKind::kText);
  if (is_special && wants_unique) return refused("Index of this kind cannot be unique");
  if (has(FieldKind::kWildcard)) NACRE_TRY(check_wildcard(spec));
  if (options.expire_after_seconds && (spec.fields.size() != 1 || is_special)) {
    return refused(
        "TTL indexes are single-field indexes, compound indexes do not support TTL, nor do "
        "wildcard and text indexes");
  }
  if (options.collator && (has(FieldKind::kText) || has(FieldKind::kGrid))) {
    return refused(format("Index type '{}' does not support collation",
                          has(FieldKind::kText) ? "text" : "2d"));
  }
  return {};
}

}  // namespace nacre::document
