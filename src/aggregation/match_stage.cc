// $match: the rows a filter takes.
#include "aggregation/match_stage.h"

#include <utility>

#include "aggregation/stages.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {

namespace {

class MatchRows final : public query::Stage {
 public:
  MatchRows(OperatorPtr input, match::Filter filter, Context& context)
      : query::Stage(std::move(input)), filter_(std::move(filter)), context_(context) {}

  Result<std::optional<query::Row>> next() override {
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) return std::nullopt;
      const ScratchFrame frame(context_);
      const bool taken = NACRE_TRY(filter_.matches(row->document, &context_.environment));
      if (!taken) continue;
      ++counters_.returned;
      return row;
    }
  }
  [[nodiscard]] std::string_view stage() const override { return "MATCH"; }
  void describe(bson::Builder& to) const override { to.append("filter", filter_.source()); }

 private:
  match::Filter filter_;
  Context& context_;
};

}  // namespace

std::unexpected<Error> text_is_not_first() {
  return fail(Code::kInvalid, 17313,
              "$match with $text is only allowed as the first pipeline stage");
}

Result<OperatorPtr> MatchStage::open(OperatorPtr input, Context& context) const {
  match::Filter filter = NACRE_TRY(match::Filter::parse(
      filter_, {.scope = &variables_, .collator = borrowed(context.collator)}));
  // A plan takes the first stage of a pipeline over, and its text query with it.
  if (filter.has_text()) return text_is_not_first();
  return std::make_unique<MatchRows>(std::move(input), std::move(filter), context);
}

namespace {

// What a find may ask for and a $match may not.
// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
Result<> check_operators(const bson::View& filter) {
  for (const bson::Element& part : filter) {
    const std::string_view name = part.name();
    if (name == "$where") {
      return fail(Code::kInvalid, error_codes::kBadValue,
                  "$where is not allowed inside of a $match aggregation expression");
    }
    if (name == "$near" || name == "$nearSphere" || name == "$geoNear") {
      return fail(Code::kInvalid, 5626500,
                  format("{} is not allowed inside of a $match: it sorts", name));
    }
    if (part.is(bson::Type::kDocument) && name != "$expr") {
      NACRE_TRY(check_operators(part.document()));
    } else if (name == "$and" || name == "$or" || name == "$nor") {
      if (part.is(bson::Type::kArray)) NACRE_TRY(check_operators(part.array()));
    }
  }
  return {};
}

}  // namespace

Result<StagePtr> parse_match(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 15959, "the match filter must be an expression in an object");
  }
  NACRE_TRY(check_operators(stage.document()));
  const match::Filter filter =
      NACRE_TRY(match::Filter::parse(stage.document(), {.scope = &context.variables}));
  return std::make_unique<MatchStage>(stage.document(), context.variables, filter.has_text());
}

}  // namespace nacre::aggregation
