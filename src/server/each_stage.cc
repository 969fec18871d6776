#include "server/each_stage.h"

namespace nacre::server {

// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
Result<> each_stage(const bson::View& pipeline,
                    const std::function<Result<>(const bson::Element&)>& visit) {
  for (const bson::Element& element : pipeline) {
    if (!element.is(bson::Type::kDocument) || element.document().empty()) continue;
    const bson::Element stage = *element.document().begin();
    NACRE_TRY(visit(stage));
    if (!stage.is(bson::Type::kDocument)) continue;
    for (const bson::Element& option : stage.document()) {
      const bool holds_stages = option.name() == "pipeline" || stage.name() == "$facet";
      if (holds_stages && option.is(bson::Type::kArray)) {
        NACRE_TRY(each_stage(option.array(), visit));
      }
    }
  }
  return {};
}

}  // namespace nacre::server
