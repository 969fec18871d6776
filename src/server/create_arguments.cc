#include "server/create_arguments.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "document/collection_options.h"
#include "document/index_spec.h"
#include "server/structure.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using error_codes::kInvalidIndexSpecificationOption;
using error_codes::kOptionNotSupportedOnView;

constexpr auto kOptions =
    std::to_array<FieldRule>({{.name = "capped", .takes = Takes::kFlag},
                              {.name = "autoIndexId", .takes = Takes::kFlag},
                              {.name = "idIndex", .takes = Takes::kObject},
                              {.name = "size", .takes = Takes::kNumber},
                              {.name = "max", .takes = Takes::kNumber},
                              {.name = "storageEngine", .takes = Takes::kObject},
                              {.name = "validator", .takes = Takes::kObject},
                              {.name = "validationLevel", .takes = Takes::kString},
                              {.name = "validationAction", .takes = Takes::kString},
                              {.name = "indexOptionDefaults", .takes = Takes::kObject},
                              {.name = "viewOn", .takes = Takes::kString},
                              {.name = "pipeline", .takes = Takes::kArray},
                              {.name = "collation", .takes = Takes::kObject},
                              {.name = "changeStreamPreAndPostImages", .takes = Takes::kObject},
                              {.name = "timeseries", .takes = Takes::kObject},
                              {.name = "expireAfterSeconds", .takes = Takes::kNumber},
                              {.name = "clusteredIndex", .takes = Takes::kFlagOrObject},
                              {.name = "encryptedFields", .takes = Takes::kObject},
                              {.name = "temp", .takes = Takes::kFlag},
                              {.name = "flags", .takes = Takes::kNumber}});

constexpr auto kImages =
    std::to_array<FieldRule>({{.name = "enabled", .takes = Takes::kFlag, .required = true}});
constexpr auto kIndexDefaults =
    std::to_array<FieldRule>({{.name = "storageEngine", .takes = Takes::kObject}});
constexpr auto kClustered =
    std::to_array<FieldRule>({{.name = "v", .takes = Takes::kNumber},
                              {.name = "key", .takes = Takes::kObject, .required = true},
                              {.name = "name", .takes = Takes::kString},
                              {.name = "unique", .takes = Takes::kFlag, .required = true}});
constexpr auto kTimeSeries =
    std::to_array<FieldRule>({{.name = "timeField", .takes = Takes::kString, .required = true},
                              {.name = "metaField", .takes = Takes::kString},
                              {.name = "granularity", .takes = Takes::kString},
                              {.name = "bucketMaxSpanSeconds", .takes = Takes::kNumber},
                              {.name = "bucketRoundingSeconds", .takes = Takes::kNumber}});

std::unexpected<Error> invalid(std::int32_t number, std::string text) {
  return fail(Code::kInvalid, number, std::move(text));
}
std::unexpected<Error> senseless(std::string text) {
  return invalid(wire_code::kInvalidOptions, std::move(text));
}

Result<> check_images(const bson::View& options) {
  const bson::Element images = options.find("changeStreamPreAndPostImages");
  if (!images) return {};
  return check_structure("create.changeStreamPreAndPostImages", images.document(), kImages);
}

// {wiredTiger: {configString: "..."}}: nothing of it is used.
Result<> check_storage_engine(const bson::Element& engines) {
  if (!engines) return {};
  for (const bson::Element& engine : engines.document()) {
    if (!engine.is(bson::Type::kDocument)) {
      return invalid(wire_code::kBadValue,
                     format("'storageEngine.{}' has to be an embedded document.", engine.name()));
    }
    if (engine.name() != "wiredTiger") {
      return senseless(
          format("{} is not a registered storage engine for this server", engine.name()));
    }
    for (const bson::Element& option : engine.document()) {
      if (option.name() != "configString") {
        return senseless(format("'{}' is not a supported option in wiredTiger", option.name()));
      }
      if (!option.is(bson::Type::kString)) {
        return invalid(wire_code::kTypeMismatch, "'configString' must be a string");
      }
    }
  }
  return {};
}

Result<> check_index_defaults(const bson::View& options) {
  const bson::Element defaults = options.find("indexOptionDefaults");
  if (!defaults) return {};
  NACRE_TRY(check_structure("create.indexOptionDefaults", defaults.document(), kIndexDefaults));
  return check_storage_engine(defaults.document().find("storageEngine"));
}

Result<> check_clustered(const bson::View& options) {
  const bson::Element clustered = options.find("clusteredIndex");
  if (!clustered) return {};
  if (options.find("capped").truthy() || options.find("size")) {
    return invalid(6049200, "'capped' and 'size' are not allowed on clustered collections");
  }
  if (options.find("max")) {
    return invalid(6049204, "'max' is not allowed on clustered collections");
  }
  if (options.find("viewOn")) {
    return invalid(6026500, "The 'clusteredIndex' option is not supported with views");
  }
  if (clustered.is(bson::Type::kBool)) {
    return invalid(5979703, "'clusteredIndex' must say its key, and that it is unique");
  }
  const bson::View index = clustered.document();
  NACRE_TRY(check_structure("create.clusteredIndex", index, kClustered));
  if (!index.find("unique").truthy()) {
    return invalid(5979700, "The clusteredIndex option requires unique: true to be specified");
  }
  const bson::View key = index.find("key").document();
  if (key.count() != 1 || key.find("_id").as_int64() != 1) {
    return invalid(kInvalidIndexSpecificationOption,
                   "The clusteredIndex option is only supported for key: {_id: 1}");
  }
  const bson::Element version = index.find("v");
  if (version && !version.is_null_like() && version.as_int64() != 2) {
    return invalid(5979704, "The only version of a clusteredIndex that is supported is 2");
  }
  return {};
}

Result<> check_life(const bson::Element& seconds) {
  const double life = seconds.as_double().value_or(-1);
  if (life >= 0 && life <= static_cast<double>(document::kExpireAfterSecondsMax)) return {};
  return senseless(
      format("'expireAfterSeconds' must be within 0 and {}", document::kExpireAfterSecondsMax));
}

Result<> check_expiry(const bson::View& options) {
  const bson::Element seconds = options.find("expireAfterSeconds");
  if (!seconds) return {};
  if (!options.find("timeseries") && !options.find("clusteredIndex")) {
    return senseless(
        "'expireAfterSeconds' is only supported on time-series collections or when the "
        "'clusteredIndex' option is specified");
  }
  return check_life(seconds);
}

// The whole of it, what stands beside it included: its errors come before theirs.
Result<> check_time_series(const bson::View& options) {
  const bson::Element series = options.find("timeseries");
  if (!series || options.find("encryptedFields")) return {};
  NACRE_TRY(check_structure("create.timeseries", series.document(), kTimeSeries));
  NACRE_TRY(check_expiry(options));
  static_cast<void>(NACRE_TRY(document::CollectionOptions::parse(options)));
  return {};
}

Result<> check_id_index(const bson::View& options) {
  const bson::Element index = options.find("idIndex");
  if (!index) return {};
  for (const std::string_view other : {"viewOn", "autoIndexId"}) {
    if (options.find(other)) return senseless(format("'idIndex' is not allowed with '{}'", other));
  }
  const bson::View asked = index.document();
  static_cast<void>(NACRE_TRY(document::parse_index_spec(asked)));
  if (!asked.find("name")) {
    return invalid(wire_code::kFailedToParse,
                   "The 'name' field is a required property of an index specification");
  }
  const bson::View key = asked.find("key").document();
  if (key.count() != 1 || key.find("_id").as_int64() != 1) {
    return invalid(wire_code::kBadValue, "The field 'key' for an _id index must be {_id: 1}");
  }
  constexpr auto kAllowed =
      std::to_array<std::string_view>({"collation", "key", "name", "ns", "v"});
  for (const bson::Element& option : asked) {
    if (std::ranges::find(kAllowed, option.name()) != kAllowed.end()) continue;
    return invalid(
        kInvalidIndexSpecificationOption,
        format("The field '{}' is not valid for an _id index specification", option.name()));
  }
  return {};
}

Result<> check_encryption(const bson::View& options) {
  if (!options.find("encryptedFields")) return {};
  if (options.find("capped").truthy()) {
    return invalid(6367301, "Encrypted fields cannot be used with capped collections");
  }
  if (options.find("viewOn") || options.find("timeseries")) {
    return invalid(6346401, "Encrypted fields cannot be used with views or time-series");
  }
  if (options.find("encryptedFields").document().find("fields")) return {};
  return invalid(wire_code::kIDLFailedToParse,
                 "BSON field 'create.encryptedFields.fields' is missing but a required field");
}

// What a validator cannot ask: it looks at one document, with no index and no script.
// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
Result<> check_validator(const bson::View& filter) {
  constexpr auto kBanned =
      std::to_array<std::string_view>({"$text", "$where", "$near", "$nearSphere", "$geoNear"});
  for (const bson::Element& part : filter) {
    if (std::ranges::find(kBanned, part.name()) != kBanned.end()) {
      return invalid(wire_code::kBadValue,
                     format("{} is not allowed in this context", part.name()));
    }
    if (part.name() == "$expr" || part.name() == "$jsonSchema") continue;
    if (bson::is_container(part)) {
      NACRE_TRY(check_validator(part.document()));
    }
  }
  return {};
}

// Only whether an index could be unique can be asked without doing it.
Result<> check_dry_run(const bson::View& changes) {
  if (!changes.find("dryRun").truthy()) return {};
  const bson::Element index = changes.find("index");
  bool makes_unique = false;
  for (const bson::Element& change : changes) {
    if (change.name() != "index" && change.name() != "dryRun") {
      return senseless("collMod: 'dryRun' goes with 'index: {unique: true}' alone");
    }
  }
  if (index.is(bson::Type::kDocument)) {
    makes_unique = index.document().find("unique").truthy() && index.document().count() == 2;
  }
  if (makes_unique) return {};
  return senseless("collMod: 'dryRun' goes with 'index: {unique: true}' alone");
}

Result<> check_capped_changes(const bson::View& changes) {
  const bson::Element size = changes.find("cappedSize");
  if (size.is_number() && !(size.as_double() >= 1 && size.as_double() <= 0x1p50)) {
    return invalid(wire_code::kBadValue, "'cappedSize' must be from 1 to 2^50");
  }
  const bson::Element most = changes.find("cappedMax");
  if (most.is_number() && !(most.as_double() < 0x1p31)) {
    return invalid(wire_code::kBadValue, "'cappedMax' must be below 2^31");
  }
  return {};
}

Result<> check_series_changes(const bson::View& changes) {
  constexpr auto kSeriesChanges =
      std::to_array<FieldRule>({{.name = "granularity", .takes = Takes::kString},
                                {.name = "bucketMaxSpanSeconds", .takes = Takes::kNumber},
                                {.name = "bucketRoundingSeconds", .takes = Takes::kNumber}});
  if (const bson::Element series = changes.find("timeseries"); series.is(bson::Type::kDocument)) {
    NACRE_TRY(check_structure("collMod.timeseries", series.document(), kSeriesChanges));
  }
  const bson::Element life = changes.find("expireAfterSeconds");
  return life.is_number() ? check_life(life) : Result<>();
}

}  // namespace

bson::Document create_options(const Fields& fields) {
  bson::Builder options;
  for (const bson::Element& element : fields.body()) {
    const bool known =
        std::ranges::find(kOptions, element.name(), &FieldRule::name) != kOptions.end();
    if (known && !element.is_null_like()) options.append(element);
  }
  return options.finish();
}

Result<> check_view_pipeline(const bson::Element& pipeline) {
  if (!pipeline.is(bson::Type::kArray)) return {};
  for (const bson::Element& stage : pipeline.array()) {
    NACRE_TRY(check_value("pipeline", stage, Takes::kObject));
    if (stage.document().empty()) continue;
    const std::string_view name = stage.document().begin()->name();
    if (name != "$out" && name != "$merge" && name != "$changeStream") continue;
    return invalid(kOptionNotSupportedOnView,
                   format("The aggregation stage {} cannot be used in a view definition", name));
  }
  return {};
}

Result<> check_create_options(const bson::View& options) {
  NACRE_TRY(check_structure("create", options, kOptions));
  NACRE_TRY(check_storage_engine(options.find("storageEngine")));
  NACRE_TRY(check_index_defaults(options));
  NACRE_TRY(check_time_series(options));
  NACRE_TRY(check_images(options));
  NACRE_TRY(check_clustered(options));
  if (options.find("temp")) return senseless("the 'temp' field is an invalid option");
  if (options.find("pipeline") && !options.find("viewOn")) {
    return senseless("'pipeline' requires 'viewOn' to also be specified");
  }
  const bson::Element collation = options.find("collation");
  if (collation && collation.document().empty()) {
    return invalid(wire_code::kIDLFailedToParse,
                   "BSON field 'create.collation.locale' is missing but a required field");
  }
  NACRE_TRY(check_encryption(options));
  NACRE_TRY(check_expiry(options));
  NACRE_TRY(check_id_index(options));
  if (const bson::Element filter = options.find("validator")) {
    NACRE_TRY(check_validator(filter.document()));
  }
  return check_view_pipeline(options.find("pipeline"));
}

Result<> check_collection_changes(const Fields& fields) {
  constexpr auto kChanges =
      std::to_array<FieldRule>({{.name = "index", .takes = Takes::kObject},
                                {.name = "validator", .takes = Takes::kObject},
                                {.name = "validationLevel", .takes = Takes::kString},
                                {.name = "validationAction", .takes = Takes::kString},
                                {.name = "viewOn", .takes = Takes::kString},
                                {.name = "pipeline", .takes = Takes::kArray},
                                {.name = "changeStreamPreAndPostImages", .takes = Takes::kObject},
                                {.name = "cappedSize", .takes = Takes::kNumber},
                                {.name = "cappedMax", .takes = Takes::kNumber},
                                {.name = "expireAfterSeconds", .takes = Takes::kStringOrNumber},
                                {.name = "timeseries", .takes = Takes::kObject},
                                {.name = "dryRun", .takes = Takes::kFlag}});
  constexpr auto kIndex =
      std::to_array<FieldRule>({{.name = "name", .takes = Takes::kString},
                                {.name = "keyPattern", .takes = Takes::kObject},
                                {.name = "hidden", .takes = Takes::kFlag},
                                {.name = "expireAfterSeconds", .takes = Takes::kNumber},
                                {.name = "unique", .takes = Takes::kFlag},
                                {.name = "prepareUnique", .takes = Takes::kFlag}});
  bson::Builder known;
  for (const FieldRule& rule : kChanges) {
    if (const bson::Element change = fields.get(rule.name)) known.append(change);
  }
  const bson::Document changes = known.finish();
  NACRE_TRY(check_structure("collMod", changes, kChanges));
  if (const bson::Element index = changes.find("index"); index.is(bson::Type::kDocument)) {
    NACRE_TRY(check_structure("collMod.index", index.document(), kIndex));
  }
  if (const bson::Element images = changes.find("changeStreamPreAndPostImages");
      images.is(bson::Type::kDocument)) {
    NACRE_TRY(check_structure("collMod.changeStreamPreAndPostImages", images.document(), kImages));
  }
  if (const bson::Element filter = changes.find("validator"); filter.is(bson::Type::kDocument)) {
    NACRE_TRY(check_validator(filter.document()));
  }
  NACRE_TRY(check_capped_changes(changes));
  NACRE_TRY(check_series_changes(changes));
  NACRE_TRY(check_dry_run(changes));
  return check_view_pipeline(changes.find("pipeline"));
}

}  // namespace nacre::server
