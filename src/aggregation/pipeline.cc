#include <algorithm>
#include <array>
#include <utility>

#include "aggregation/cut_stages.h"
#include "aggregation/expression_equality.h"
#include "aggregation/geo_near.h"
#include "aggregation/match_stage.h"
#include "aggregation/no_rows.h"
#include "aggregation/parallel_group.h"
#include "aggregation/path_edit.h"
#include "aggregation/sort_stage.h"
#include "aggregation/stage_spec.h"
#include "aggregation/stage_table.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "query/text_query.h"

namespace nacre::aggregation {
namespace {

constexpr std::int32_t kUnrecognizedStage = 40324;

Result<> check_place(const StageRow& row, std::size_t at, std::size_t count,
                     const ParseContext& context) {
  if (context.place == Place::kFacet && (row.rules & kNotInFacet) != 0) {
    return fail(Code::kInvalid, 40600,
                format("{} is not allowed to be used within a $facet stage", row.name));
  }
  if (context.place == Place::kLookup && (row.rules & kNotInLookup) != 0) {
    return fail(Code::kInvalid, 51047,
                format("{} is not allowed within a $lookup's sub-pipeline", row.name));
  }
  if (context.place == Place::kUnion && (row.rules & kNotInUnion) != 0) {
    return fail(Code::kInvalid, 31441,
                format("{} is not allowed within a $unionWith's sub-pipeline", row.name));
  }
  if (at > 0 && (row.rules & kFirst) != 0) {
    return fail(Code::kInvalid, 40602,
                format("{} is only valid as the first stage in a pipeline", row.name));
  }
  if (at + 1 < count && (row.rules & kLast) != 0) {
    return fail(Code::kInvalid, 40601,
                format("{} can only be the final stage in the pipeline", row.name));
  }
  if (context.in_transaction && (row.rules & kNotInTransaction) != 0) {
    return fail(
        Code::kInvalid, 263,
        format("Operation not permitted in transaction :: caused by :: Aggregation stage {} "
               "cannot run within a multi-document transaction",
               row.name));
  }
  return {};
}

Result<StagePtr> parse_stage(const bson::Element& stage, ParseContext& context) {
  const StageRow* row = find_stage(stage.name());
  if (row == nullptr) {
    return fail(Code::kInvalid, kUnrecognizedStage,
                format("Unrecognized pipeline stage name: '{}'", stage.name()));
  }
  if (row->parse == nullptr) {
    return fail(Code::kUnsupported, row->refusal_number, format("{}: {}", row->name, row->refusal));
  }
  StagePtr parsed = NACRE_TRY(row->parse(stage, context));
  parsed->set_source(stage);
  return parsed;
}

Result<> check_text(const Pipeline& pipeline) {
  for (std::size_t i = 1; i < pipeline.stages.size(); ++i) {
    const auto* filter = dynamic_cast<const MatchStage*>(pipeline.stages[i].get());
    if (filter != nullptr && filter->has_text()) return text_is_not_first();
  }
  return {};
}

// Whether an expression somewhere in it asks for {$meta: what}.
// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
bool asks_for(const bson::View& spec, std::string_view what) {
  return std::ranges::any_of(spec, [&](const bson::Element& field) {
    if (field.name() == "$meta" && field.is(bson::Type::kString)) return field.string() == what;
    if (field.name() == "$literal" || field.name() == "$const") return false;
    const bool has_more = bson::is_container(field);
    return has_more && asks_for(field.document(), what);
  });
}

// Of a stage that computes with its own rows, and not with those of a pipeline inside.
bool asks_for(const StageSpec& stage, std::string_view what) {
  constexpr auto kOwn = std::to_array<std::string_view>(
      {"$project", "$addFields", "$set", "$group", "$replaceRoot", "$replaceWith", "$bucket",
       "$bucketAuto", "$sortByCount", "$redact", "$setWindowFields"});
  const bson::Element source = stage.source();
  return source.is(bson::Type::kDocument) && std::ranges::find(kOwn, source.name()) != kOwn.end() &&
         asks_for(source.document(), what);
}

// The score of a text query is there behind one, a distance behind $geoNear.
Result<> check_scores(const Pipeline& pipeline, const ParseContext& context) {
  if (pipeline.empty() || context.place == Place::kFacet) return {};
  const StageSpec* first = pipeline.stages.front().get();
  const auto* filter = dynamic_cast<const MatchStage*>(first);
  const bool has_score = filter != nullptr && bool{query::text_condition(filter->filter())};
  const bool has_distance = dynamic_cast<const GeoNearStage*>(first) != nullptr;
  for (const StagePtr& stage : pipeline.stages) {
    const auto* sort = dynamic_cast<const SortStage*>(stage.get());
    const bool wants_score =
        (sort != nullptr && sort->pattern().needs_text_score()) || asks_for(*stage, "textScore");
    const bool wants_distance = (sort != nullptr && sort->pattern().needs_distance()) ||
                                asks_for(*stage, "geoNearDistance") ||
                                asks_for(*stage, "geoNearPoint");
    const bool lacks_score = wants_score && !has_score;
    if (!lacks_score && (!wants_distance || has_distance)) continue;
    return fail(Code::kInvalid, 40218,
                format("query requires {} metadata, but it is not available",
                       lacks_score ? "text score" : "geoNear distance"));
  }
  return {};
}

Result<> check_geo_near(const Pipeline& pipeline) {
  for (std::size_t i = 1; i < pipeline.stages.size(); ++i) {
    if (pipeline.stages[i]->name() == "$geoNear") return geo_near_is_not_first();
  }
  return {};
}

}  // namespace

Result<Pipeline> Pipeline::parse(const bson::View& stages, ParseContext& context) {
  if (context.nesting > kNestingMax) {
    return fail(
        Code::kInvalid, 232,
        format("Maximum number of nested sub-pipelines exceeded. Limit is {}", kNestingMax));
  }
  const std::size_t count = stages.count();
  if (count > kStagesMax) {
    return fail(Code::kInvalid, 7749501,
                format("Pipeline length must be no longer than {} stages", kStagesMax));
  }
  Pipeline pipeline;
  for (const bson::Element& stage : stages) {
    if (!stage.is(bson::Type::kDocument)) {
      return fail(Code::kInvalid, error_codes::kTypeMismatch,
                  "Each element of the 'pipeline' array must be an object");
    }
    if (stage.document().count() != 1) {
      return fail(Code::kInvalid, 40323,
                  "A pipeline stage specification object must contain exactly one field.");
    }
    pipeline.stages.push_back(NACRE_TRY(parse_stage(*stage.document().begin(), context)));
  }
  // What a stage says is wrong with itself comes before where it stands.
  for (std::size_t i = 0; i < pipeline.stages.size(); ++i) {
    const StageRow* row = find_stage(pipeline.stages[i]->source().name());
    NACRE_TRY(check_place(*row, i, count, context));
  }
  NACRE_TRY(check_geo_near(pipeline));
  NACRE_TRY(check_text(pipeline));
  NACRE_TRY(check_scores(pipeline, context));
  return pipeline;
}

Result<OperatorPtr> Pipeline::open(OperatorPtr input, std::size_t first, Context& context) const {
  for (std::size_t i = first; i < stages.size(); ++i) {
    input = NACRE_TRY(stages[i]->open(std::move(input), context));
  }
  return input;
}

namespace {

// The leading part of a pipeline that its plan takes over.
struct Access {
  query::AccessRequest request;
  bson::Document filter;
  std::unique_ptr<const match::NearQuery> near{};  // of a $geoNear, which says the rest itself
  std::size_t stages = 0;                          // taken over
  const SortStage* sort = nullptr;  // behind them; taken over when the plan gives that order
};

// The stage stays: it tells the rows how far they are.
Result<Access> plan_near(const GeoNearStage& stage, Access access, Context& context) {
  access.near = std::make_unique<const match::NearQuery>(
      NACRE_TRY(stage.near_query(access.request.collection, context)));
  access.filter = with_implied_equalities(stage.filter(), stage.variables(), context.environment);
  access.request.variables = &stage.variables();
  access.request.near = access.near.get();
  return access;
}

Result<Access> plan_access(const Pipeline& pipeline, std::string_view collection,
                           const bson::Element& hint, Context& context, Optimise optimise) {
  Access access;
  access.request = {.collection = collection, .filter = {}, .hint = hint};
  const std::vector<StagePtr>& stages = pipeline.stages;
  if (!stages.empty()) {
    if (const auto* near = dynamic_cast<const GeoNearStage*>(stages.front().get())) {
      return plan_near(*near, std::move(access), context);
    }
  }
  if (optimise == Optimise::kNo) return access;
  if (!stages.empty()) {
    const auto* match = dynamic_cast<const MatchStage*>(stages.front().get());
    if (match != nullptr) {
      access.filter =
          with_implied_equalities(match->filter(), match->variables(), context.environment);
      access.request.variables = &match->variables();
      access.stages = 1;
    }
  }
  if (access.stages == stages.size()) return access;
  const StageSpec* behind = stages[access.stages].get();
  access.sort = dynamic_cast<const SortStage*>(behind);
  if (access.sort != nullptr) {
    access.request.sort = NACRE_TRY(query::sort_fields(access.sort->specification()));
  }
  if (behind->only_counts()) access.request.need = query::Need::kCount;
  return access;
}

}  // namespace

Result<Source> open_pipeline(const Pipeline& pipeline, std::string_view collection,
                             const bson::Element& hint, Context& context, Optimise optimise) {
  Source source;
  if (pipeline.has_source()) {
    source.root = NACRE_TRY(pipeline.open(no_rows(), 0, context));
    return source;
  }
  Access access = NACRE_TRY(plan_access(pipeline, collection, hint, context, optimise));
  access.request.filter = access.filter;
  access.request.collator = context.collator;
  access.request.environment = &context.environment;
  query::OpenedAccess opened = NACRE_TRY(query::open_access(context.execution, access.request));
  source.filter = std::move(opened.filter);
  source.near = std::move(access.near);
  std::size_t first = access.stages;
  OperatorPtr root = std::move(opened.root);
  if (access.sort != nullptr && opened.sorted) {
    ++first;
    if (access.sort->limit() != 0) {
      const LimitStage limit(static_cast<std::int64_t>(access.sort->limit()));
      root = NACRE_TRY(limit.open(std::move(root), context));
    }
  }
  if (optimise == Optimise::kYes && access.sort == nullptr && source.near == nullptr) {
    auto group = NACRE_TRY(open_parallel_group({.pipeline = pipeline,
                                                .first = first,
                                                .request = access.request,
                                                .rows = *root,
                                                .filter = source.filter.get()},
                                               context, first));
    if (group != nullptr) root = std::move(group);
  }
  source.root = NACRE_TRY(pipeline.open(std::move(root), first, context));
  return source;
}

}  // namespace nacre::aggregation
