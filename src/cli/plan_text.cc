#include "cli/plan_text.h"

#include <string>
#include <utility>

#include "cli/json_grammar.h"

namespace nacre::cli {
namespace {

[[nodiscard]] std::string_view text_of(const bson::Element& element) {
  return element.is(bson::Type::kString) ? element.string() : std::string_view();
}

[[nodiscard]] std::string stages(const bson::View& stage, std::size_t depth) {
  std::string text(text_of(stage.find("stage")));
  if (const auto index = text_of(stage.find("indexName")); !index.empty()) {
    text.append(" ").append(index);
  }
  if (depth == kJsonDepthMax) return text;
  if (const auto input = stage.find("inputStage"); input.is(bson::Type::kDocument)) {
    return text + " <- " + stages(input.document(), depth + 1);
  }
  if (const auto inputs = stage.find("inputStages"); inputs.is(bson::Type::kArray)) {
    std::string list;
    for (const auto& input : inputs.array()) {
      if (!input.is(bson::Type::kDocument)) continue;
      list += (list.empty() ? "" : "; ") + stages(input.document(), depth + 1);
    }
    return text + " <- (" + list + ")";
  }
  return text;
}

}  // namespace

std::string winning_plan(const bson::Document& explanation) {
  const auto plan = explanation.get("queryPlanner.winningPlan");
  if (plan.is(bson::Type::kDocument)) return stages(plan.document(), 0);
  const auto pipeline = explanation.find("stages");
  if (!pipeline.is(bson::Type::kArray)) return "unknown";
  // Of a view: the plan of its documents, and the stages behind it.
  std::string text;
  for (const bson::Element& stage : pipeline.array()) {
    if (!stage.is(bson::Type::kDocument) || stage.document().empty()) continue;
    const std::string name(stage.document().begin()->name());
    const auto source = stage.document().get("$cursor.queryPlanner.winningPlan");
    std::string stage_text = source.is(bson::Type::kDocument) ? stages(source.document(), 0) : name;
    if (!text.empty()) stage_text.append(" <- ").append(text);
    text = std::move(stage_text);
  }
  return text.empty() ? "unknown" : text;
}

}  // namespace nacre::cli
