#include "document/collection_options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/collation.h"
#include "document/index_spec.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;
using bson::View;

using error_codes::kBadValue;
using error_codes::kCommandNotSupported;
using error_codes::kInvalidOptions;
using error_codes::kTypeMismatch;
constexpr std::int64_t kCappedBytesMax = std::int64_t{1} << 50;
constexpr std::int64_t kCappedDocumentsMax = std::int64_t{1} << 31;

// Options that change nothing here.
constexpr auto kWithoutEffect =
    std::to_array<std::string_view>({"comment", "writeConcern", "autoIndexId", "storageEngine",
                                     "indexOptionDefaults", "idIndex", "temp", "flags"});
// Those read below.
constexpr auto kKnown = std::to_array<std::string_view>(
    {"capped", "size", "max", "validator", "validationLevel", "validationAction", "viewOn",
     "pipeline", "clusteredIndex", "collation", "changeStreamPreAndPostImages", "timeseries",
     "expireAfterSeconds"});
// Those that a time series may have beside its own.
constexpr auto kOfSeries = std::to_array<std::string_view>(
    {"timeseries", "expireAfterSeconds", "collation", "storageEngine", "indexOptionDefaults",
     "comment", "writeConcern"});

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> invalid(std::string what) {
  return fail(Code::kInvalid, kInvalidOptions, std::move(what));
}

Result<std::int64_t> whole_number(const View& options, std::string_view name, std::int64_t most) {
  const Element value = options.find(name);
  if (!value) return 0;
  if (!value.is_number()) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'create.{}' is the wrong type '{}', expected a number", name,
                       bson::name(value.type())));
  }
  const double number = value.as_double().value_or(0);
  if (name == "size" && !(number >= 1 && number <= static_cast<double>(most))) {
    return fail(Code::kInvalid, kBadValue,
                format("BSON field 'create.size' value must be >= 1 and <= {}, actual value '{}'",
                       most, number));
  }
  if (!(number < static_cast<double>(most))) {
    return fail(Code::kInvalid, kBadValue,
                "max in a capped collection has to be < 2^31 or not set");
  }
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(number));
}

Result<std::optional<CappedLimits>> read_capped(const View& options) {
  const bool capped = options.find("capped").truthy();
  const bool has_limits = options.find("size") || options.find("max");
  if (!capped && has_limits) {
    return invalid(
        "the 'capped' field needs to be true when either the 'size' or 'max' fields are present");
  }
  if (!capped) return std::nullopt;
  if (!options.find("size")) return invalid("the 'size' field is required when 'capped' is true");
  CappedLimits limits;
  limits.bytes = NACRE_TRY(whole_number(options, "size", kCappedBytesMax));
  limits.documents = NACRE_TRY(whole_number(options, "max", kCappedDocumentsMax));
  return limits;
}

Result<> check_clustered(const Element& clustered) {
  if (clustered.is(Type::kBool)) {
    return invalid("clusteredIndex must be a document with key and unique");
  }
  if (!clustered.is(Type::kDocument)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'create.clusteredIndex' is the wrong type '{}', expected types "
                       "'[bool, object]'",
                       bson::name(clustered.type())));
  }
  const View index = clustered.document();
  const Element key = index.find("key");
  const bool on_id = key.is(Type::kDocument) && key.document().count() == 1 &&
                     key.document().find("_id").as_int64() == 1;
  if (!on_id) {
    return invalid("The clusteredIndex option is only supported for key: {_id: 1}");
  }
  if (!index.find("unique").truthy()) {
    return invalid("The clusteredIndex option requires unique: true to be specified");
  }
  return {};
}

Result<std::optional<TimeSeries>> read_series(const View& options) {
  const Element series = options.find("timeseries");
  if (!series || series.is_null_like()) return std::nullopt;
  for (const Element& option : options) {
    const bool is_no_cap = option.name() == "capped" && !option.truthy();
    if (is_one_of(option.name(), kOfSeries) || option.is_null_like() || is_no_cap) continue;
    return invalid(format("'timeseries' is not allowed with '{}'", option.name()));
  }
  return TimeSeries::parse(series);
}

Result<std::optional<std::int64_t>> read_life(const View& options,
                                              const CollectionOptions& parsed) {
  const Element seconds = options.find("expireAfterSeconds");
  if (!seconds || seconds.is_null_like()) return std::nullopt;
  if (!seconds.is_number()) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'create.expireAfterSeconds' is the wrong type '{}', expected a "
                       "number",
                       bson::name(seconds.type())));
  }
  if (!parsed.series && !parsed.is_clustered) {
    return invalid(
        "'expireAfterSeconds' is only supported on time-series collections or when the "
        "'clusteredIndex' option is specified");
  }
  const double life = seconds.as_double().value_or(-1);
  if (life >= 0 && life <= static_cast<double>(kExpireAfterSecondsMax)) {
    return static_cast<std::int64_t>(life);
  }
  return invalid(format("'expireAfterSeconds' must be within 0 and {}", kExpireAfterSecondsMax));
}

Result<> read_view(const View& options, CollectionOptions& to) {
  const Element on = options.find("viewOn");
  const Element pipeline = options.find("pipeline");
  if (!on) {
    if (pipeline) return invalid("'pipeline' requires 'viewOn' to also be specified");
    return {};
  }
  if (!on.is(Type::kString)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'create.viewOn' is the wrong type '{}', expected type 'string'",
                       bson::name(on.type())));
  }
  if (on.string().empty()) return fail(Code::kInvalid, kBadValue, "'viewOn' cannot be empty");
  if (pipeline && !pipeline.is(Type::kArray)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'create.pipeline' is the wrong type '{}', expected type 'array'",
                       bson::name(pipeline.type())));
  }
  for (const std::string_view other : {"capped", "size", "max", "validator", "validationLevel",
                                       "validationAction", "clusteredIndex"}) {
    if (!options.find(other)) continue;
    if (options.find(other).is(Type::kBool) && !options.find(other).boolean()) continue;
    return invalid(format("{} is not allowed on a view: it is an option of collections", other));
  }
  to.is_view = true;
  to.view_on = on.string();
  return {};
}

Result<std::shared_ptr<const text::Collator>> read_collation(const View& options) {
  const Element collation = options.find("collation");
  if (!collation || collation.is_null_like()) return nullptr;
  if (collation.is(Type::kDocument)) return bson::parse_collation(collation.document());
  return fail(Code::kInvalid, kTypeMismatch,
              format("BSON field 'create.collation' is the wrong type '{}', expected type 'object'",
                     bson::name(collation.type())));
}

// As it is kept and shown: with its defaults written out, or not at all when it is that of bytes.
void append_collation(bson::Builder& to, const Element& option) {
  if (!option.is(Type::kDocument)) return;
  const auto collator = bson::parse_collation(option.document());
  if (collator && *collator != nullptr) {
    to.append("collation", bson::describe_collation(collator->get()));
  }
}

bool says_nothing(const Element& option) {
  if (option.is(Type::kBool)) return !option.boolean();
  return option.is_null_like() || (option.is(Type::kDocument) && option.document().empty());
}

}  // namespace

Result<CollectionOptions> CollectionOptions::parse(const View& options) {
  for (const Element& option : options) {
    const std::string_view name = option.name();
    const bool known = is_one_of(name, kKnown) || is_one_of(name, kWithoutEffect);
    if (known || says_nothing(option)) continue;
    return fail(Code::kUnsupported, kCommandNotSupported,
                format("create: the option '{}' is not carried out by this version", name));
  }
  CollectionOptions parsed;
  parsed.series = NACRE_TRY(read_series(options));
  NACRE_TRY(read_view(options, parsed));
  parsed.capped = NACRE_TRY(read_capped(options));
  parsed.collator = NACRE_TRY(read_collation(options));
  parsed.validator = NACRE_TRY(Validator::parse(options, parsed.collator));
  if (const Element clustered = options.find("clusteredIndex"); clustered) {
    NACRE_TRY(check_clustered(clustered));
    if (parsed.capped) {
      return fail(Code::kInvalid, 6049200,
                  "The 'capped' option is not supported with the 'clusteredIndex' option");
    }
    parsed.is_clustered = true;
  }
  parsed.expire_after_seconds = NACRE_TRY(read_life(options, parsed));
  return parsed;
}

bson::Document normal_options(const View& options) {
  bson::Builder kept;
  for (const Element& option : options) {
    if (is_one_of(option.name(), kWithoutEffect)) continue;
    if (option.is_null_like()) continue;
    if (option.name() == "capped" && says_nothing(option)) continue;
    if (option.name() == "changeStreamPreAndPostImages" && option.is(Type::kDocument) &&
        !option.document().find("enabled").truthy()) {
      continue;
    }
    if (option.name() == "collation") {
      append_collation(kept, option);
      continue;
    }
    if (option.name() == "clusteredIndex" && option.is(Type::kDocument)) {
      const Element name = option.document().find("name");
      kept.begin_document("clusteredIndex").append("v", 2);
      kept.begin_document("key").append("_id", 1).end();
      kept.append("name", name.is(Type::kString) ? name.string() : "_id_");
      kept.append("unique", true).end();
      continue;
    }
    if (option.name() == "timeseries") {
      const auto series = TimeSeries::parse(option);
      if (series) kept.append("timeseries", series->describe());
      continue;
    }
    if (option.name() == "expireAfterSeconds") {
      kept.append("expireAfterSeconds", static_cast<std::int64_t>(option.as_double().value_or(0)));
      continue;
    }
    if (option.name() == "size" && option.is_number()) {
      kept.append_number("size", option.as_int64().value_or(0));
      continue;
    }
    kept.append(option);
  }
  // As MongoDB shows it: a validator with its level and action.
  if (options.find("validator")) {
    if (!options.find("validationLevel")) kept.append("validationLevel", "strict");
    if (!options.find("validationAction")) kept.append("validationAction", "error");
  }
  return kept.finish();
}

}  // namespace nacre::document
