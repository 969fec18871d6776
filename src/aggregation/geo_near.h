// GeoNearStage: $geoNear, the documents of a collection by their distance from a point.
//
// The plan finds them (query/geo_near.h), the stage tells each how far it is.
// Errors:  parse: kInvalid 10065 (no object), 5860400 to 5860402 (near), 7555701 and 7555702 (a
//          distance that is not constant), 16606, 16607, 14, 2, 5729100, 40227, 50856 to 50858,
//          40603 (not the first stage). near_query: 26 (no collection), 27 (no geo index, or
//          several), 2.
// Threads: immutable once parsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aggregation/operand.h"
#include "aggregation/stage_spec.h"
#include "bson/builder.h"
#include "expression/scope.h"
#include "match/filter.h"

namespace nacre::aggregation {

struct GeoNearSpec {
  std::optional<Operand> near;  // always, once parsed
  std::optional<Operand> min_distance;
  std::optional<Operand> max_distance;
  std::vector<std::string> distance_field;  // empty: none
  std::vector<std::string> point_field;     // includeLocs; empty: none
  std::string key;                          // empty: that of the only geo index
  bson::Document query;
  double multiplier = 1;
  bool spherical = false;
};

class GeoNearStage final : public StageSpec {
 public:
  GeoNearStage(GeoNearSpec spec, expression::Scope variables)
      : spec_(std::move(spec)), variables_(std::move(variables)) {}
  [[nodiscard]] std::string_view name() const override { return "$geoNear"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;

  [[nodiscard]] bson::View filter() const { return spec_.query; }
  [[nodiscard]] const expression::Scope& variables() const { return variables_; }
  // What is looked for in that collection, with the variables as they are now.
  [[nodiscard]] Result<match::NearQuery> near_query(std::string_view collection,
                                                    Context& context) const;

 private:
  GeoNearSpec spec_;
  expression::Scope variables_;
};

// Error 40603.
[[nodiscard]] std::unexpected<Error> geo_near_is_not_first();

}  // namespace nacre::aggregation
