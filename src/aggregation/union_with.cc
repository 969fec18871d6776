// $unionWith: the rows, and behind them those of another pipeline.
#include <utility>

#include "aggregation/rows_stage.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

class UnionRows final : public query::Stage {
 public:
  UnionRows(OperatorPtr input, const SubPipeline& other, Context& context)
      : query::Stage(std::move(input)), other_(other), inside_(context.fork()) {}

  Result<std::optional<query::Row>> next() override {
    if (!behind_) {
      auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (row) {
        ++counters_.returned;
        return row;
      }
      behind_ = NACRE_TRY(other_.open(inside_));
    }
    auto row = NACRE_TRY(behind_->root->next());
    ++counters_.works;
    if (row) ++counters_.returned;
    return row;
  }
  void pause() override {
    input_->pause();
    if (behind_) behind_->root->pause();
  }
  [[nodiscard]] std::string_view stage() const override { return "UNION_WITH"; }

 private:
  const SubPipeline& other_;
  Context inside_;
  std::optional<Source> behind_;
};

}  // namespace

Result<StagePtr> parse_union_with(const bson::Element& stage, ParseContext& context) {
  std::string_view collection;
  bson::View pipeline;
  if (stage.is(bson::Type::kString)) {
    collection = stage.string();
  } else if (stage.is(bson::Type::kDocument)) {
    for (const bson::Element& field : stage.document()) {
      if (field.name() == "coll") {
        if (!field.is(bson::Type::kString)) return wrong_type("$unionWith", field, "string");
        collection = field.string();
      } else if (field.name() == "pipeline") {
        if (!field.is(bson::Type::kArray)) return wrong_type("$unionWith", field, "array");
        pipeline = field.array();
      } else {
        return unknown_field("$unionWith", field);
      }
    }
    const bool has_pipeline = stage.document().find("pipeline").is(bson::Type::kArray);
    if (collection.empty() && !has_pipeline) return missing_field("$unionWith", "coll");
  } else {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                format("the $unionWith stage specification must be an object or string, but found "
                       "{}",
                       bson::name(stage.type())));
  }
  ParseContext inside = context;
  inside.place = Place::kUnion;
  SubPipeline other = NACRE_TRY(SubPipeline::parse(collection, pipeline, std::move(inside)));
  if (collection.empty() && !other.pipeline().has_source()) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "$unionWith stage without explicit collection must have a pipeline with $documents "
                "as first stage");
  }
  return rows_stage<UnionRows>("$unionWith", std::move(other));
}

}  // namespace nacre::aggregation
