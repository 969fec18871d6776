// Transform: a stage that makes one document of one document and looks at nothing else.
//
// $project, $addFields and its other name $set, $unset, $replaceRoot and its shorter form
// $replaceWith: as stages of a pipeline, and as the stages that an update may have.
// Errors:  parse: those of Projection; 15969 and 51272 ($project), 40272 40176 40181
//          40183 ($addFields), 40229 40414 40415 ($replaceRoot). apply: those of expressions; 40228
//          when a new root is no document.
// Cost:    apply builds one new document.
// Threads: immutable once parsed; an environment belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "expression/expression.h"
#include "query/projection.h"

namespace nacre::query {

class Transform {
 public:
  [[nodiscard]] static bool is_transform(std::string_view stage);  // "$set"

  // Of a stage whose name is_transform: the element {$set: {...}} holds.
  [[nodiscard]] static Result<Transform> parse(const bson::Element& stage,
                                               const expression::Scope& scope = {});

  [[nodiscard]] Result<bson::Document> apply(const bson::View& document,
                                             expression::Environment& environment) const;

  // Of $project and $unset; else null.
  [[nodiscard]] const Projection* projection() const {
    return projection_.has_value() ? &*projection_ : nullptr;
  }

 private:
  Transform() = default;

  std::optional<Projection> projection_;         // or
  std::shared_ptr<const ProjectionNode> added_;  // of $addFields, shared by copies; or
  std::optional<expression::Expression> new_root_;
};

}  // namespace nacre::query
