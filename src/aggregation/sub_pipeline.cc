#include "aggregation/sub_pipeline.h"

#include <algorithm>
#include <utility>

#include "aggregation/match_stage.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "query/view.h"

namespace nacre::aggregation {
namespace {

using error_codes::kGraphContainsCycle;

}  // namespace

Result<SubPipeline> SubPipeline::parse(std::string_view collection, const bson::View& stages,
                                       ParseContext context) {
  const query::ResolvedView view = NACRE_TRY(query::resolve_view(context.catalog, collection));
  if (!view.is_view) return parse_behind(collection, stages, std::move(context));
  if (std::ranges::find(context.views, collection) != context.views.end()) {
    return fail(Code::kInvalid, kGraphContainsCycle,
                format("View cycle detected: the pipeline of {} comes back to it", collection));
  }
  context.views.emplace_back(collection);
  bson::Builder all = bson::Builder::array();
  for (const bson::Element& stage : view.pipeline.view()) all.push(stage);
  for (const bson::Element& stage : stages) all.push(stage);
  return parse_behind(view.collection, all.finish(), std::move(context));
}

Result<SubPipeline> SubPipeline::parse_behind(std::string_view collection, const bson::View& stages,
                                              ParseContext context) {
  SubPipeline made;
  made.collection_ = collection;
  context.collection = made.collection_;
  ++context.nesting;
  made.pipeline_ = NACRE_TRY(Pipeline::parse(stages, context));
  optimise(made.pipeline_);
  return made;
}

Result<Source> SubPipeline::open(Context& context) const {
  return open_pipeline(pipeline_, collection_, {}, context);
}

Result<Foreign> Foreign::parse(std::string_view collection, const ParseContext& context) {
  Foreign made;
  made.documents_ = NACRE_TRY(SubPipeline::parse(collection, {}, context));
  return made;
}

Result<Source> Foreign::find(const bson::View& filter, Context& context) const {
  if (is_view()) {
    Source source = NACRE_TRY(documents_.open(context));
    if (filter.empty()) return source;
    source.root = NACRE_TRY(MatchStage(filter).open(std::move(source.root), context));
    return source;
  }
  const query::AccessRequest request{.collection = collection(),
                                     .filter = filter,
                                     .collator = context.collator,
                                     .environment = &context.environment};
  query::OpenedAccess access = NACRE_TRY(query::open_access(context.execution, request));
  return Source{.filter = std::move(access.filter), .root = std::move(access.root)};
}

std::unexpected<Error> wrong_type(std::string_view stage, const bson::Element& field,
                                  std::string_view expected) {
  return fail(Code::kInvalid, error_codes::kTypeMismatch,
              format("BSON field '{}.{}' is the wrong type '{}', expected type '{}'", stage,
                     field.name(), bson::name(field.type()), expected));
}

std::unexpected<Error> unknown_field(std::string_view stage, const bson::Element& field) {
  return fail(Code::kInvalid, error_codes::kIDLUnknownField,
              format("BSON field '{}.{}' is an unknown field.", stage, field.name()));
}

std::unexpected<Error> missing_field(std::string_view stage, std::string_view field) {
  return fail(Code::kInvalid, error_codes::kIDLFailedToParse,
              format("BSON field '{}.{}' is missing but a required field", stage, field));
}

}  // namespace nacre::aggregation
