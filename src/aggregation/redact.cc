// $redact: which documents inside a document are shown.
//
// The expression is asked of the row and, where it says $$DESCEND, of each document inside it.
#include <utility>

#include "aggregation/operand.h"
#include "aggregation/row_map.h"
#include "aggregation/stages.h"

namespace nacre::aggregation {
namespace {

// What the variables DESCEND, PRUNE and KEEP hold: no value of a user is one of these.
constexpr std::string_view kDescend = "descend";
constexpr std::string_view kPrune = "prune";
constexpr std::string_view kKeep = "keep";

class RedactStage final : public StageSpec {
 public:
  struct Variables {
    expression::VariableId descend;
    expression::VariableId prune;
    expression::VariableId keep;
  };
  RedactStage(Operand condition, Variables variables)
      : condition_(std::move(condition)), variables_(variables) {}
  [[nodiscard]] std::string_view name() const override { return "$redact"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return map_rows(std::move(input), "REDACT", context,
                    [this, &context](const bson::View& row) { return redact(row, context); });
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
  [[nodiscard]] Result<std::optional<bson::Document>> redact(const bson::View& document,
                                                             Context& context) const {
    const ScratchFrame frame(context);
    // Set anew each time: another expression may use the same numbers for variables of its own.
    context.environment.set_view(variables_.descend, descend_.element());
    context.environment.set_view(variables_.prune, prune_.element());
    context.environment.set_view(variables_.keep, keep_.element());
    const bson::Element verdict = NACRE_TRY(condition_.evaluate(document, context));
    const std::string_view word = verdict.is(bson::Type::kString) ? verdict.string() : "";
    if (word == kKeep) return bson::Document(document);
    if (word == kPrune) return std::nullopt;
    if (word != kDescend) {
      return fail(Code::kInvalid, 17053,
                  "$redact's expression should not return anything aside from the variables "
                  "$$KEEP, $$DESCEND, and $$PRUNE");
    }
    bson::Builder kept;
    for (const bson::Element& field : document) {
      if (field.is(bson::Type::kDocument)) {
        const auto inside = NACRE_TRY(redact(field.document(), context));
        if (inside) kept.append(field.name(), inside->view());
      } else if (field.is(bson::Type::kArray)) {
        const bson::Document inside = NACRE_TRY(redact_array(field.array(), context));
        kept.append_array(field.name(), inside);
      } else {
        kept.append(field);
      }
    }
    return kept.finish();
  }

  // NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
  [[nodiscard]] Result<bson::Document> redact_array(const bson::View& array,
                                                    Context& context) const {
    bson::Builder kept = bson::Builder::array();
    for (const bson::Element& element : array) {
      if (element.is(bson::Type::kDocument)) {
        const auto inside = NACRE_TRY(redact(element.document(), context));
        if (inside) kept.push(inside->view());
      } else if (element.is(bson::Type::kArray)) {
        const bson::Document inside = NACRE_TRY(redact_array(element.array(), context));
        kept.push_array(inside);
      } else {
        kept.push(element);
      }
    }
    return kept.finish();
  }

  Operand condition_;
  Variables variables_;
  bson::Value descend_{kDescend};
  bson::Value prune_{kPrune};
  bson::Value keep_{kKeep};
};

}  // namespace

Result<StagePtr> parse_redact(const bson::Element& stage, ParseContext& context) {
  const expression::Scope outside = context.variables;
  const RedactStage::Variables variables{.descend = context.variables.define("DESCEND"),
                                         .prune = context.variables.define("PRUNE"),
                                         .keep = context.variables.define("KEEP")};
  auto condition = Operand::parse(stage, context);
  context.variables = outside;
  if (!condition) return std::unexpected(std::move(condition).error());
  return std::make_unique<RedactStage>(*std::move(condition), variables);
}

}  // namespace nacre::aggregation
