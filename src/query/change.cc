#include <utility>
#include <vector>

#include "base/error_codes.h"
#include "query/array_filters.h"
#include "query/change_internal.h"
#include "query/pull.h"

namespace nacre::query {
namespace {

using error_codes::kFailedToParse;
constexpr std::int32_t kConstantsNeedPipeline = 51198;

}  // namespace

Result<Change> Change::parse(const UpdateRequest& request, bson::Date now,
                             std::shared_ptr<const text::Collator> collator) {
  Change change(now, std::move(collator));
  if (request.is_pipeline) {
    if (!request.array_filters.empty()) {
      return fail(Code::kInvalid, kFailedToParse,
                  "arrayFilters may not be specified for pipeline-style updates");
    }
    change.pipeline_ = NACRE_TRY(PipelineUpdate::parse(request, now, change.collator()));
    return change;
  }
  if (!request.constants.empty()) {
    return fail(Code::kInvalid, kConstantsNeedPipeline,
                "Constant values may only be specified for pipeline updates");
  }
  const std::vector<document::ArrayFilter> filters =
      NACRE_TRY(parse_array_filters(request.array_filters, change.collator_));
  change.update_ = NACRE_TRY(document::Update::parse(
      request.update, pull_conditions(change.collator_), filters, change.collator_));
  if (request.multi && change.is_replacement()) {
    return fail(Code::kInvalid, kFailedToParse,
                "multi update is not supported for replacement-style update");
  }
  return change;
}

Result<std::optional<bson::Document>> Change::apply(const bson::View& document,
                                                    std::optional<std::size_t> position) {
  if (pipeline_) return pipeline_->apply(document);
  return update_->apply(document, now_, position);
}

Result<bson::Document> Change::insert(std::span<const bson::PathValue> equalities) {
  if (pipeline_) return pipeline_->insert(equalities);
  return update_->insert(equalities, now_);
}

}  // namespace nacre::query
