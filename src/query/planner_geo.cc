// Ways by geo indexes: through the cells of a region, and in rings around a point.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "query/planner_internal.h"

namespace nacre::query {
namespace {

using document::FieldKind;
using document::IndexField;
using document::IndexInfo;

std::unexpected<Error> no_geo_index() {
  return fail(Code::kInvalid, error_codes::kNoQueryExecutionPlans,
              "error processing query: unable to find index for $geoNear query");
}

// A grid knows no GeoJSON, a sphere no distances on the plane.
bool knows(const IndexField& field, const match::NearQuery& query) {
  if (field.path != query.path) return false;
  if (field.kind == FieldKind::kSphere) return query.near.is_on_sphere();
  return field.kind == FieldKind::kGrid && !query.near.is_geojson();
}

std::optional<Access> near_by(const PlanRequest& request, const IndexInfo& index,
                              const match::NearQuery& query) {
  const auto field = std::ranges::find_if(
      index.fields, [&](const IndexField& candidate) { return knows(candidate, query); });
  if (field == index.fields.end()) return std::nullopt;
  Access access{.kind = AccessKind::kNear, .collection = request.collection, .index = &index};
  access.near = &query;
  access.near_field = static_cast<std::size_t>(field - index.fields.begin());
  access.bounds = index_bounds(*request.filter, index,
                               {.collator = request.collator, .fields = access.near_field});
  const bson::View filter = request.filter->source();
  const bool is_alone = &query == request.filter->near() && filter.count() == 1 &&
                        filter.begin()->name() == query.path;
  access.covers_filter = is_alone || request.filter->matches_everything();
  return access;
}

// Greater is better: all fields in front of the place given, more of them, fewer fields.
auto rank_of_near(const Access& access) {
  return std::tuple(access.bounds.point_fields == access.near_field, access.bounds.point_fields,
                    -static_cast<std::int64_t>(access.index->fields.size()));
}

Result<std::optional<Access>> hinted_near(const PlanRequest& request,
                                          const match::NearQuery& query) {
  const bool is_natural =
      request.hint.is(bson::Type::kDocument) && request.hint.document().find("$natural");
  if (is_natural) {
    return fail(Code::kInvalid, error_codes::kBadValue,
                "geoNear expression not allowed with $natural hint or sort order");
  }
  const IndexInfo* index = NACRE_TRY(named_index(request));
  if (index == nullptr) return no_geo_index();
  auto access = near_by(request, *index, query);
  if (!access) return no_geo_index();
  return access;
}

}  // namespace

Result<std::optional<Access>> by_near(const PlanRequest& request) {
  const match::NearQuery* query = request.near != nullptr ? request.near : request.filter->near();
  if (query == nullptr) return std::nullopt;
  if (request.text) {
    return fail(Code::kInvalid, error_codes::kBadValue,
                "text and geoNear not allowed in same query");
  }
  if (!request.min.empty() || !request.max.empty()) return no_geo_index();
  if (request.hint) return hinted_near(request, *query);
  std::optional<Access> best;
  for (const IndexInfo& index : request.collection->indexes) {
    if (!index.is_usable() || !is_inside_partial(request, index)) continue;
    auto access = near_by(request, index, *query);
    if (!access) continue;
    if (!best || rank_of_near(*access) > rank_of_near(*best)) best = std::move(access);
  }
  if (!best) return no_geo_index();
  return best;
}

void add_by_places(const PlanRequest& request, const IndexInfo& index, bool forced,
                   std::vector<Access>& to) {
  // Only documents with a place are in it.
  bool asks_for_place = false;
  for (std::size_t i = 0; i < index.fields.size() && !asks_for_place; ++i) {
    asks_for_place = region_of(*request.filter, index, i) != nullptr;
  }
  if (!asks_for_place || (!forced && !is_inside_partial(request, index))) return;
  Access access = access_by(request, index, {});
  if (access.bounds.bounded() || access.sorted || forced) to.push_back(std::move(access));
}

}  // namespace nacre::query
