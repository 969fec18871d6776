// The options of 2dsphere and 2d indexes.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "base/text.h"
#include "document/index_spec_internal.h"

namespace nacre::document {
namespace {

using error_codes::kInvalidOptions;

constexpr std::int32_t kCoarsestBelowZero = 16747;
constexpr std::int32_t kFinestTooFine = 16748;
constexpr std::int32_t kLevelsOutOfOrder = 16749;
constexpr std::int64_t kLevelMax = 30;
constexpr std::int32_t kSphereVersion = 3;  // the newest

constexpr std::array<std::string_view, 3> kGridOptions = {"bits", "min", "max"};
constexpr std::array<std::string_view, 3> kSphereOptions = {
    "2dsphereIndexVersion", "finestIndexedLevel", "coarsestIndexedLevel"};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::unexpected<Error> invalid(std::int32_t number, std::string text) {
  return fail(Code::kInvalid, number, std::move(text));
}

// A number, or missing.
Result<bson::Element> number_of(bson::View specification, std::string_view name) {
  const bson::Element given = specification.find(name);
  if (!given || given.is_number()) return given;
  return invalid(kTypeMismatch, format("The field '{}' must be a number, but got {}", name,
                                       bson::name(given.type())));
}

Result<geo::Grid> parse_grid(bson::View specification) {
  geo::Grid grid;
  const bson::Element bits = NACRE_TRY(number_of(specification, "bits"));
  const bson::Element min = NACRE_TRY(number_of(specification, "min"));
  const bson::Element max = NACRE_TRY(number_of(specification, "max"));
  if (bits) {
    const double count = bits.as_double().value_or(0);
    if (!(count >= 1 && count < 33)) {
      return invalid(
          kInvalidOptions,
          format("bits for hash must be > 0 and <= 32, but {} bits were specified", count));
    }
    grid.bits = static_cast<int>(count);
  }
  if (min) grid.min = min.as_double().value_or(0);
  if (max) grid.max = max.as_double().value_or(0);
  const bool is_area = grid.min < grid.max && std::isfinite(grid.max - grid.min);
  if (is_area) return grid;
  return invalid(kInvalidOptions,
                 format("region for hash must be valid and have positive area, but [{}, {}] was "
                        "specified",
                        grid.min, grid.max));
}

Result<std::int32_t> parse_version(bson::View specification) {
  const bson::Element given = NACRE_TRY(number_of(specification, "2dsphereIndexVersion"));
  if (!given) return kSphereVersion;
  const std::int64_t version = given.as_int64().value_or(0);
  if (version >= 1 && version <= kSphereVersion) return static_cast<std::int32_t>(version);
  return invalid(kCannotCreateIndex,
                 format("unsupported geo index version {{ 2dsphereIndexVersion : {} }}, only "
                        "support versions: [1,2,3]",
                        given.as_double().value_or(0)));
}

// They only tell how finely lines and areas are covered, which is the same here for all indexes.
Result<> check_levels(bson::View specification) {
  const bson::Element finest = NACRE_TRY(number_of(specification, "finestIndexedLevel"));
  const bson::Element coarsest = NACRE_TRY(number_of(specification, "coarsestIndexedLevel"));
  const double least = coarsest.as_double().value_or(0);
  const double most = finest.as_double().value_or(static_cast<double>(kLevelMax));
  if (!(least >= 0)) return invalid(kCoarsestBelowZero, "coarsestIndexedLevel must be >= 0");
  if (!(most <= static_cast<double>(kLevelMax))) {
    return invalid(kFinestTooFine, "finestIndexedLevel must be <= 30");
  }
  if (most >= least) return {};
  return invalid(kLevelsOutOfOrder, "finestIndexedLevel must be >= coarsestIndexedLevel");
}

}  // namespace

bool is_geo_option(std::string_view name) {
  return is_among(name, kGridOptions) || is_among(name, kSphereOptions);
}

Result<GeoOptions> parse_geo_options(bson::View specification, const IndexSpec& spec) {
  GeoOptions options;
  bson::Builder shown;
  const bool is_grid = spec.fields.front().kind == FieldKind::kGrid;
  for (const bson::Element& element : specification) {
    if (!is_geo_option(element.name())) continue;
    if (is_among(element.name(), kGridOptions) != is_grid) {
      return invalid(kCannotCreateIndex, format("The index option '{}' belongs to a {} index",
                                                element.name(), is_grid ? "2dsphere" : "2d"));
    }
    shown.append(element);
  }
  if (is_grid) {
    options.grid = NACRE_TRY(parse_grid(specification));
  } else {
    options.version = NACRE_TRY(parse_version(specification));
    NACRE_TRY(check_levels(specification));
    if (!specification.find("2dsphereIndexVersion")) {
      shown.append("2dsphereIndexVersion", kSphereVersion);
    }
  }
  options.shown = shown.finish();
  return options;
}

}  // namespace nacre::document
