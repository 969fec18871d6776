#include "aggregation/aggregate.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "aggregation/context.h"
#include "aggregation/pipeline_variables.h"
#include "aggregation/view_reads.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "query/run.h"
#include "text/collator.h"

namespace nacre::aggregation {
namespace {

// What the operators of an aggregate look into; the run keeps it.
struct Kept {
  std::shared_ptr<const text::Collator> collator;  // shared with what was parsed under it
  bson::Document session;
  Pipeline pipeline;
  std::unique_ptr<Context> context;
  std::unique_ptr<const match::Filter> filter;
  std::unique_ptr<const match::NearQuery> near;
};

Result<std::unique_ptr<query::Run>> open_on(query::Reader reader, const query::Scope& scope,
                                            const AggregateRequest& request) {
  auto run = std::make_unique<query::Run>(std::move(reader), scope);
  auto kept = std::make_shared<Kept>();
  run->kept = kept;
  kept->session = bson::Document(request.session);
  if (!request.collation.empty()) {
    kept->collator = NACRE_TRY(parse_collation(request.collation));
  } else {
    kept->collator =
        query::collator_for({}, run->execution.reader.catalog().find(request.collection));
  }
  kept->context =
      std::make_unique<Context>(Context{.scope = scope,
                                        .execution = run->execution,
                                        .environment = expression::Environment(now_of(scope)),
                                        .collator = kept->collator.get(),
                                        .allow_disk_use = request.allow_disk_use,
                                        .stage_bytes_max = request.stage_bytes_max,
                                        .session = kept->session});
  Context& context = *kept->context;
  context.environment.set_collator(kept->collator.get());
  ParseContext parse{.database = scope.database,
                     .catalog = run->execution.reader.catalog(),
                     .collection = request.collection,
                     .variables = {},
                     .collator = kept->collator.get(),
                     .in_transaction = scope.transaction != nullptr,
                     .bypass_validation = request.bypass_validation,
                     .open_database = request.open_database};
  NACRE_TRY(query::check_hint(request.hint));
  NACRE_TRY(define_let(request.let, parse, context));
  kept->pipeline = NACRE_TRY(Pipeline::parse(request.pipeline, parse));
  if (request.collection.empty() && !kept->pipeline.has_source()) {
    return fail(Code::kInvalid, error_codes::kInvalidNamespace,
                "{aggregate: 1} is not valid for a pipeline that does not begin with a stage that "
                "makes documents of its own");
  }
  if (request.optimise == Optimise::kYes) optimise(kept->pipeline);
  Source source = NACRE_TRY(
      open_pipeline(kept->pipeline, request.collection, request.hint, context, request.optimise));
  kept->filter = std::move(source.filter);
  kept->near = std::move(source.near);
  run->root = std::move(source.root);
  return run;
}

Result<std::unique_ptr<query::Run>> open_aggregate(const query::Scope& scope,
                                                   const AggregateRequest& request) {
  query::Reader reader = NACRE_TRY(query::open_reader(scope));
  const auto view = NACRE_TRY(read_of_view(reader.catalog(), request));
  if (!view) return open_on(std::move(reader), scope, request);
  return open_on(std::move(reader), scope, view->request(request));
}

}  // namespace

bool writes(const bson::View& pipeline) {
  for (const bson::Element& stage : pipeline) {
    if (!stage.is(bson::Type::kDocument)) continue;
    const bson::View inside = stage.document();
    if (inside.find("$out") || inside.find("$merge")) return true;
  }
  return false;
}

Result<query::Cursor> aggregate(const query::Scope& scope, const AggregateRequest& request) {
  auto run = NACRE_TRY(open_aggregate(scope, request));
  return query::Cursor(std::move(run));
}

namespace {

// Pipelines that are one plan are explained as a find is; others as the plan of their documents and
// the stages behind it.
bool is_one_plan(const Pipeline& pipeline) {
  constexpr auto kOfPlans =
      std::to_array<std::string_view>({"$match", "$sort", "$limit", "$skip", "$project"});
  return std::ranges::all_of(pipeline.stages, [&](const StagePtr& stage) {
    return std::ranges::find(kOfPlans, stage->source().name()) != kOfPlans.end();
  });
}

}  // namespace

Result<bson::Document> explain(const query::Scope& scope, const AggregateRequest& asked,
                               query::Verbosity verbosity) {
  const query::Reader reader = NACRE_TRY(query::open_reader(scope));
  const auto view = NACRE_TRY(read_of_view(reader.catalog(), asked));
  const AggregateRequest request = view ? view->request(asked) : asked;
  const auto whole = NACRE_TRY(open_aggregate(scope, request));
  const auto* kept = static_cast<const Kept*>(whole->kept.get());
  if (is_one_plan(kept->pipeline)) {
    const bson::View filter = kept->filter == nullptr ? bson::View() : kept->filter->source();
    return query::explain_run(scope, request.collection, filter, *whole, verbosity);
  }
  bson::Builder builder;
  builder.append("explainVersion", "1").begin_array("stages");
  std::size_t behind = 0;
  if (!kept->pipeline.has_source()) {
    // The part of the pipeline that finds documents, by itself: explaining writes nothing.
    bson::Builder leading = bson::Builder::array();
    std::string_view cursor = "$cursor";
    for (; behind < kept->pipeline.stages.size(); ++behind) {
      const bson::Element stage = kept->pipeline.stages[behind]->source();
      const bool is_near = stage.name() == "$geoNear";  // by itself
      if (is_near) cursor = "$geoNearCursor";
      const bool is_of_plan =
          is_near || (cursor == "$cursor" && (stage.name() == "$match" || stage.name() == "$sort"));
      if (!is_of_plan) break;
      leading.push(bson::Builder().append(stage).finish());
    }
    const bson::Document stages = leading.finish();
    AggregateRequest part = request;
    part.pipeline = stages;
    const auto plan = NACRE_TRY(open_aggregate(scope, part));
    const auto* looks_into = static_cast<const Kept*>(plan->kept.get());
    const bson::View filter =
        looks_into->filter == nullptr ? bson::View() : looks_into->filter->source();
    const bson::Document explained =
        NACRE_TRY(query::explain_run(scope, request.collection, filter, *plan, verbosity));
    builder.push_begin_document().append(cursor, explained).end();
  }
  for (std::size_t i = behind; i < kept->pipeline.stages.size(); ++i) {
    builder.push(bson::Builder().append(kept->pipeline.stages[i]->source()).finish());
  }
  return builder.end().finish();
}

}  // namespace nacre::aggregation
