// MatchStage: $match, which the optimiser moves about and joins with plans.
//
// Threads: immutable once parsed.
#pragma once

#include <memory>
#include <utility>

#include "aggregation/stage_spec.h"
#include "bson/builder.h"
#include "expression/scope.h"
#include "match/filter.h"
#include "text/collator.h"

namespace nacre::aggregation {

class MatchStage final : public StageSpec {
 public:
  explicit MatchStage(const bson::View& filter, expression::Scope variables = {},
                      bool has_text = false)
      : filter_(filter), variables_(std::move(variables)), has_text_(has_text) {}
  [[nodiscard]] std::string_view name() const override { return "$match"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;
  [[nodiscard]] Effect effect() const override { return {.row_by_row = true}; }
  [[nodiscard]] bson::View filter() const { return filter_; }
  [[nodiscard]] const expression::Scope& variables() const { return variables_; }
  [[nodiscard]] bool has_text() const { return has_text_; }  // as it was written

 private:
  bson::Document filter_;
  expression::Scope variables_;
  bool has_text_;
};

// Error 17313.
[[nodiscard]] std::unexpected<Error> text_is_not_first();

// For those who keep a share of what the pipeline keeps anyway.
[[nodiscard]] inline std::shared_ptr<const text::Collator> borrowed(
    const text::Collator* collator) {
  return {std::shared_ptr<void>(), collator};
}

// The paths a filter looks at; nothing when they are not known (it may look anywhere).
[[nodiscard]] std::optional<std::vector<std::string>> filter_paths(const bson::View& filter);

}  // namespace nacre::aggregation
