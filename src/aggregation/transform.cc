// $project, $addFields ($set), $unset, $replaceRoot ($replaceWith): rows made of rows, one by one.
#include "query/transform.h"

#include <algorithm>
#include <array>
#include <utility>

#include "aggregation/row_map.h"
#include "aggregation/stages.h"
#include "base/check.h"

namespace nacre::aggregation {
namespace {

class TransformStage final : public StageSpec {
 public:
  TransformStage(std::string_view name, const bson::Element& stage, query::Transform transform)
      : name_(name), effect_(effect_of(stage, transform)), transform_(std::move(transform)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return map_rows(
        std::move(input), operator_name(), context,
        [this, &context](const bson::View& row) -> Result<std::optional<bson::Document>> {
          return NACRE_TRY(transform_.apply(row, context.environment));
        });
  }
  [[nodiscard]] Effect effect() const override { return effect_; }

 private:
  [[nodiscard]] std::string_view operator_name() const {
    return transform_.projection() != nullptr ? "PROJECTION_DEFAULT" : "TRANSFORM";
  }

  // Of what is known to leave other paths alone; of the rest nothing.
  static Effect effect_of(const bson::Element& stage, const query::Transform& transform) {
    Effect effect;
    if (const query::Projection* projection = transform.projection()) {
      const bool shows_paths = projection->is_inclusion() && projection->is_plain();
      if (!shows_paths) return effect;
      effect.row_by_row = true;
      effect.only = projection->included_paths();
    } else if (stage.name() == "$addFields" || stage.name() == "$set") {
      effect.row_by_row = true;
      for (const bson::Element& field : stage.document()) effect.written.emplace_back(field.name());
    }
    return effect;
  }

  std::string_view name_;
  Effect effect_;
  query::Transform transform_;
};

}  // namespace

Result<StagePtr> parse_transform(const bson::Element& stage, ParseContext& context) {
  query::Transform transform = NACRE_TRY(query::Transform::parse(stage, context.variables));
  constexpr auto kNames = std::to_array<std::string_view>(
      {"$project", "$addFields", "$set", "$unset", "$replaceRoot", "$replaceWith"});
  const auto name = std::ranges::find(kNames, stage.name());
  NACRE_CHECK(name != kNames.end(), "the table of stages sends only these here");
  return std::make_unique<TransformStage>(*name, stage, std::move(transform));
}

}  // namespace nacre::aggregation
