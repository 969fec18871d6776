#include "aggregation/stage_table.h"

#include <algorithm>
#include <array>

#include "base/error_codes.h"

namespace nacre::aggregation {
namespace {

constexpr std::uint32_t kSourceRules = kFirst | kNotInFacet | kMakesRows;
constexpr std::uint32_t kWriteRules =
    kLast | kNotInFacet | kNotInLookup | kNotInUnion | kNotInTransaction;
constexpr std::string_view kNoSearch = "there is no Atlas search here";
using error_codes::kSearchNotEnabled;

// Ascending by name.
constexpr auto kTable = std::to_array<StageRow>({
    {"$addFields", parse_transform, kAnywhere},
    {"$bucket", parse_bucket, kAnywhere},
    {"$bucketAuto", parse_bucket_auto, kAnywhere},
    {"$changeStream", nullptr, kFirst, "change streams are not carried out by this version", 40573},
    {"$collStats", parse_coll_stats, kFirst | kNotInFacet | kNotInTransaction},
    {"$count", parse_count, kAnywhere},
    {"$currentOp", parse_current_op, kSourceRules | kNotInTransaction},
    {"$densify", parse_densify, kAnywhere},
    {"$documents", parse_documents, kSourceRules},
    {"$facet", parse_facet, kNotInFacet},
    {"$fill", parse_fill, kAnywhere},
    {"$geoNear", parse_geo_near, kNotInFacet},  // pipeline.cc says that it comes first
    {"$graphLookup", parse_graph_lookup, kAnywhere},
    {"$group", parse_group, kAnywhere},
    {"$indexStats", parse_index_stats, kFirst | kNotInFacet | kNotInTransaction},
    {"$limit", parse_limit, kAnywhere},
    {"$listClusterCatalog", parse_list_cluster_catalog, kSourceRules | kNotInTransaction},
    {"$listLocalSessions", parse_list_sessions, kSourceRules | kNotInTransaction},
    {"$listSearchIndexes", nullptr, kFirst, kNoSearch, kSearchNotEnabled},
    {"$listSessions", parse_list_sessions, kSourceRules | kNotInTransaction},
    {"$lookup", parse_lookup, kAnywhere},
    {"$match", parse_match, kAnywhere},
    {"$merge", parse_merge, kWriteRules},
    {"$out", parse_out, kWriteRules},
    {"$planCacheStats", parse_plan_cache_stats, kFirst | kNotInFacet | kNotInTransaction},
    {"$project", parse_transform, kAnywhere},
    {"$querySettings", parse_query_settings, kSourceRules | kNotInTransaction},
    {"$queryStats", parse_query_stats, kSourceRules | kNotInTransaction},
    {"$redact", parse_redact, kAnywhere},
    {"$replaceRoot", parse_transform, kAnywhere},
    {"$replaceWith", parse_transform, kAnywhere},
    {"$sample", parse_sample, kAnywhere},
    {"$search", nullptr, kFirst, kNoSearch, kSearchNotEnabled},
    {"$searchMeta", nullptr, kFirst, kNoSearch, kSearchNotEnabled},
    {"$set", parse_transform, kAnywhere},
    {"$setWindowFields", parse_set_window_fields, kAnywhere},
    {"$skip", parse_skip, kAnywhere},
    {"$sort", parse_sort, kAnywhere},
    {"$sortByCount", parse_sort_by_count, kAnywhere},
    {"$unionWith", parse_union_with, kAnywhere},
    {"$unset", parse_transform, kAnywhere},
    {"$unwind", parse_unwind, kAnywhere},
    {"$vectorSearch", nullptr, kFirst, kNoSearch, kSearchNotEnabled},
});

}  // namespace

std::span<const StageRow> stage_rows() { return kTable; }

const StageRow* find_stage(std::string_view name) {
  const auto row = std::ranges::lower_bound(kTable, name, {}, &StageRow::name);
  return row == kTable.end() || row->name != name ? nullptr : &*row;
}

}  // namespace nacre::aggregation
