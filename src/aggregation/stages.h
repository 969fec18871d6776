// The parsers of all stages; stage_table.cc says what each is called and where it may stand.
//
// Each file of this room that is named after a stage holds its spec and its operator.
// Errors:  parse: kInvalid with MongoDB's number.
#pragma once

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

using StageParser = Result<StagePtr> (*)(const bson::Element& stage, ParseContext& context);

[[nodiscard]] Result<StagePtr> parse_match(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_sort(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_limit(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_skip(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_transform(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_group(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_count(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_sort_by_count(const bson::Element& stage,
                                                   ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_bucket(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_bucket_auto(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_unwind(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_lookup(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_geo_near(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_graph_lookup(const bson::Element& stage,
                                                  ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_facet(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_union_with(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_redact(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_sample(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_out(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_merge(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_set_window_fields(const bson::Element& stage,
                                                       ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_densify(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_fill(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_documents(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_coll_stats(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_index_stats(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_plan_cache_stats(const bson::Element& stage,
                                                      ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_current_op(const bson::Element& stage, ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_list_sessions(const bson::Element& stage,
                                                   ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_list_cluster_catalog(const bson::Element& stage,
                                                          ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_query_settings(const bson::Element& stage,
                                                    ParseContext& context);
[[nodiscard]] Result<StagePtr> parse_query_stats(const bson::Element& stage, ParseContext& context);

}  // namespace nacre::aggregation
