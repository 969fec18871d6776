#include "aggregation/geo_near.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "aggregation/path_edit.h"
#include "aggregation/stages.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "geo/near.h"

namespace nacre::aggregation {
namespace {

using document::FieldKind;
using error_codes::kBadValue;
using error_codes::kIndexNotFound;
using error_codes::kTypeMismatch;

constexpr std::int32_t kNotAnObject = 10065;
constexpr std::int32_t kDistanceFieldType = 16606;
constexpr std::int32_t kIncludeLocsType = 16607;
constexpr std::int32_t kKeyTooDeep = 5729100;
constexpr std::int32_t kNoNear = 5860400;
constexpr std::int32_t kNearType = 5860401;
constexpr std::int32_t kNearVaries = 5860402;
constexpr std::int32_t kMinDistanceVaries = 7555701;
constexpr std::int32_t kMaxDistanceVaries = 7555702;
constexpr std::ptrdiff_t kKeyDepthMax = 200;

std::unexpected<Error> invalid(std::int32_t number, std::string text) {
  return fail(Code::kInvalid, number, std::move(text));
}

// The rows of a search by distance, with the fields that tell how far each is.
class DistanceRows final : public query::Stage {
 public:
  DistanceRows(OperatorPtr input, const GeoNearSpec& spec)
      : query::Stage(std::move(input)), spec_(spec) {}

  Result<std::optional<query::Row>> next() override {
    auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) return std::nullopt;
    ++counters_.returned;
    query::Row given{.key = {}, .document = row->document};
    if (row->place == nullptr) return given;
    given.place = row->place;  // whose distance stays as it is
    if (!spec_.distance_field.empty()) {
      const bson::Value distance(row->place->distance * spec_.multiplier);
      with_distance_ = with(given.document, spec_.distance_field, distance.element());
      given.document = with_distance_;
    }
    if (!spec_.point_field.empty()) {
      with_point_ = with(given.document, spec_.point_field, row->place->point);
      given.document = with_point_;
    }
    return given;
  }
  [[nodiscard]] std::string_view stage() const override { return "GEO_NEAR"; }
  [[nodiscard]] bool is_hidden() const override { return true; }

 private:
  static bson::Document with(const bson::View& row, const std::vector<std::string>& path,
                             const bson::Element& value) {
    bson::Builder builder;
    set_path(builder, row, path, value);
    return builder.finish();
  }

  const GeoNearSpec& spec_;
  bson::Document with_distance_;
  bson::Document with_point_;
};

// The path of the one geo field that may be meant: grids come before spheres.
Result<std::string> only_key(const document::CollectionInfo& collection) {
  for (const FieldKind kind : {FieldKind::kGrid, FieldKind::kSphere}) {
    const document::IndexInfo* only = nullptr;
    for (const document::IndexInfo& index : collection.indexes) {
      if (!index.is_usable() || !index.has(kind)) continue;
      if (only != nullptr) {
        return invalid(kIndexNotFound,
                       format("There is more than one {} index on {}; unsure which to use for "
                              "$geoNear",
                              kind == FieldKind::kGrid ? "2d" : "2dsphere", collection.name));
      }
      only = &index;
    }
    if (only == nullptr) continue;
    return std::ranges::find(only->fields, kind, &document::IndexField::kind)->path;
  }
  return invalid(kIndexNotFound, "$geoNear requires a 2d or 2dsphere index, but none were found");
}

// An expression that is the same for all documents.
Result<Operand> parse_constant(const bson::Element& element, std::int32_t number,
                               const ParseContext& context) {
  Operand operand = NACRE_TRY(Operand::parse(element, context));
  const expression::Dependencies needs = operand.expression().dependencies();
  const bool is_constant =
      needs.paths.empty() && !needs.whole_document && !needs.metadata && !needs.varies;
  if (is_constant) return operand;
  return invalid(number,
                 format("$geoNear requires '{}' to be a constant expression", element.name()));
}

Result<std::vector<std::string>> parse_path(const bson::Element& element, std::int32_t number) {
  if (!element.is(bson::Type::kString)) {
    return invalid(number,
                   format("$geoNear requires that the '{}' option is a String", element.name()));
  }
  NACRE_TRY(check_field_path(element.string()));
  return split_path(element.string());
}

Result<std::string> parse_key(const bson::Element& element) {
  if (!element.is(bson::Type::kString)) {
    return invalid(kTypeMismatch,
                   format("$geoNear parameter 'key' must be of type string but found type: {}",
                          bson::name(element.type())));
  }
  const std::string_view key = element.string();
  if (key.empty()) {
    return invalid(kBadValue, "$geoNear parameter 'key' cannot be the empty string");
  }
  if (std::ranges::count(key, '.') >= kKeyDepthMax) {
    return invalid(kKeyTooDeep, "$geoNear parameter 'key' has too many path components");
  }
  NACRE_TRY(check_field_path(key));
  return std::string(key);
}

Result<double> parse_multiplier(const bson::Element& element) {
  if (!element.is_number()) {
    return invalid(kTypeMismatch,
                   "$geoNear requires that the 'distanceMultiplier' option is a number");
  }
  const double multiplier = element.as_double().value_or(0);
  if (multiplier >= 0) return multiplier;
  return invalid(kBadValue, "$geoNear requires that 'distanceMultiplier' is nonnegative");
}

Result<> refuse_option(const bson::Element& element) {
  const std::string_view name = element.name();
  if (name == "uniqueDocs") return {};  // each document comes once anyway
  if (name == "collation") {
    return invalid(40227,
                   "$geoNear does not accept the 'collation' parameter. Instead, specify a "
                   "collation for the entire aggregation command.");
  }
  if (name == "limit" || name == "num") {
    return invalid(
        name == "limit" ? 50858 : 50857,
        format("$geoNear no longer supports the '{}' parameter. Use a $limit stage", name));
  }
  if (name == "start") {
    return invalid(50856, "$geoNear no longer supports the 'start' argument. Use a $skip stage");
  }
  return invalid(kBadValue, format("Unknown argument to $geoNear: {}", name));
}

Result<> parse_option(const bson::Element& element, const ParseContext& context,
                      GeoNearSpec& spec) {
  const std::string_view name = element.name();
  if (name == "near") {
    spec.near = NACRE_TRY(parse_constant(element, kNearVaries, context));
  } else if (name == "minDistance") {
    spec.min_distance = NACRE_TRY(parse_constant(element, kMinDistanceVaries, context));
  } else if (name == "maxDistance") {
    spec.max_distance = NACRE_TRY(parse_constant(element, kMaxDistanceVaries, context));
  } else if (name == "distanceField") {
    spec.distance_field = NACRE_TRY(parse_path(element, kDistanceFieldType));
  } else if (name == "includeLocs") {
    spec.point_field = NACRE_TRY(parse_path(element, kIncludeLocsType));
  } else if (name == "distanceMultiplier") {
    spec.multiplier = NACRE_TRY(parse_multiplier(element));
  } else if (name == "key") {
    spec.key = NACRE_TRY(parse_key(element));
  } else if (name == "spherical") {
    spec.spherical = element.truthy();
  } else if (name == "query") {
    if (!element.is(bson::Type::kDocument)) {
      return invalid(kTypeMismatch, "$geoNear requires that the 'query' option is an object");
    }
    NACRE_TRY(match::Filter::parse(element.document(), {.scope = &context.variables}));
    spec.query = bson::Document(element.document());
  } else {
    return refuse_option(element);
  }
  return {};
}

// Nothing when it was not given.
Result<std::optional<double>> distance_of(const std::optional<Operand>& operand,
                                          std::string_view name, Context& context) {
  if (!operand) return std::nullopt;
  const bson::Element value = NACRE_TRY(operand->evaluate(bson::View(), context));
  const std::optional<double> distance = value.as_double();
  if (!distance) {
    return invalid(kTypeMismatch, format("$geoNear requires that '{}' is a number", name));
  }
  if (*distance >= 0) return distance;
  return invalid(kBadValue, format("$geoNear requires that '{}' is nonnegative", name));
}

// What is known of it without running anything is wrong from the start.
Result<> check_constants(const GeoNearSpec& spec) {
  const auto check_number = [](const std::optional<Operand>& operand,
                               std::string_view name) -> Result<> {
    if (!operand || !operand->is_constant() || operand->expression().constant().is_number()) {
      return {};
    }
    return invalid(kTypeMismatch, format("$geoNear requires that '{}' is a number", name));
  };
  NACRE_TRY(check_number(spec.min_distance, "minDistance"));
  NACRE_TRY(check_number(spec.max_distance, "maxDistance"));
  return {};
}

Result<> check_is_point(const bson::Element& near) {
  if (bson::is_container(near)) return {};
  return invalid(kNearType, "$geoNear requires that the 'near' option is an object or an array");
}

}  // namespace

Result<OperatorPtr> GeoNearStage::open(OperatorPtr input, Context&) const {
  return std::make_unique<DistanceRows>(std::move(input), spec_);
}

Result<match::NearQuery> GeoNearStage::near_query(std::string_view collection,
                                                  Context& context) const {
  const document::CollectionInfo* info = context.execution.reader.catalog().find(collection);
  if (info == nullptr) {
    return fail(Code::kNotFound, error_codes::kNamespaceNotFound,
                format("$geoNear requires a geo index to run, but {} does not exist", collection));
  }
  const ScratchFrame frame(context);
  const bson::Element point = NACRE_TRY(spec_.near->evaluate(bson::View(), context));
  NACRE_TRY(check_is_point(point));
  geo::NearArguments arguments{.point = point, .spherical = spec_.spherical};
  if (const auto least = NACRE_TRY(distance_of(spec_.min_distance, "minDistance", context))) {
    arguments.min_distance = *least;
  }
  if (const auto most = NACRE_TRY(distance_of(spec_.max_distance, "maxDistance", context))) {
    arguments.max_distance = *most;
  }
  std::string key = spec_.key;
  if (key.empty()) key = NACRE_TRY(only_key(*info));
  return match::NearQuery{.path = std::move(key), .near = NACRE_TRY(geo::Near::from(arguments))};
}

std::unexpected<Error> geo_near_is_not_first() {
  return invalid(40603, "$geoNear was not the first stage in the pipeline");
}

Result<StagePtr> parse_geo_near(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return invalid(kNotAnObject, "invalid parameter: expected an object ($geoNear)");
  }
  GeoNearSpec spec;
  for (const bson::Element& element : stage.document()) {
    NACRE_TRY(parse_option(element, context, spec));
  }
  if (!spec.near) return invalid(kNoNear, "$geoNear requires a 'near' argument");
  if (spec.near->is_constant()) NACRE_TRY(check_is_point(spec.near->expression().constant()));
  NACRE_TRY(check_constants(spec));
  return std::make_unique<GeoNearStage>(std::move(spec), context.variables);
}

}  // namespace nacre::aggregation
