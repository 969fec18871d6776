#include "query/pipeline_update.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "document/update.h"
#include "query/variables.h"

namespace nacre::query {
namespace {

using error_codes::kInvalidOptions;
using error_codes::kTypeMismatch;
constexpr std::int32_t kOneFieldOnly = 40323;

Result<bson::Element> stage_of(const bson::Element& entry) {
  if (!entry.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, kTypeMismatch,
                "Each element of the 'pipeline' array must be an object");
  }
  if (entry.document().count() != 1) {
    return fail(Code::kInvalid, kOneFieldOnly,
                "A pipeline stage specification object must contain exactly one field.");
  }
  const bson::Element stage = *entry.document().begin();
  if (Transform::is_transform(stage.name())) return stage;
  return fail(Code::kInvalid, kInvalidOptions,
              format("{} is not allowed to be used within an update", stage.name()));
}

}  // namespace

Result<PipelineUpdate> PipelineUpdate::parse(const UpdateRequest& request, bson::Date now,
                                             const text::Collator* collator) {
  PipelineUpdate update(now);
  expression::Scope scope;
  scope.set_collator(collator);
  update.environment_.set_collator(collator);
  NACRE_TRY(define_variables(request.let, scope, update.environment_));
  NACRE_TRY(define_constants(request.constants, scope, update.environment_));
  for (const bson::Element& entry : request.update) {
    const bson::Element stage = NACRE_TRY(stage_of(entry));
    update.stages_.push_back(NACRE_TRY(Transform::parse(stage, scope)));
  }
  return update;
}

Result<bson::Document> PipelineUpdate::run(const bson::View& document) {
  bson::Document at(document);
  for (const Transform& stage : stages_) {
    bson::Document next = NACRE_TRY(stage.apply(at, environment_));
    environment_.release();
    at = std::move(next);
  }
  return at;
}

Result<std::optional<bson::Document>> PipelineUpdate::apply(const bson::View& document) {
  return document::finish_update(document, NACRE_TRY(run(document)));
}

Result<bson::Document> PipelineUpdate::insert(std::span<const bson::PathValue> equalities) {
  const bson::Document seed = NACRE_TRY(document::seed_of_upsert(equalities));
  const bson::Document made = NACRE_TRY(run(seed));
  return document::finish_upsert(seed, made);
}

}  // namespace nacre::query
