// MatchStage: $match, which the optimiser moves about and joins with plans.
//
// Threads: immutable once parsed.
#pragma once

#include "aggregation/stage_spec.h"
#include "bson/builder.h"
#include "match/filter.h"

namespace nacre::aggregation {

class MatchStage final : public StageSpec {
 public:
  explicit MatchStage(const bson::View& filter) : filter_(filter) {}
  [[nodiscard]] std::string_view name() const override { return "$match"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;
  [[nodiscard]] Effect effect() const override { return {.row_by_row = true}; }
  [[nodiscard]] bson::View filter() const { return filter_; }

 private:
  bson::Document filter_;
};

// A filter with the variables and the collation of the context.
[[nodiscard]] Result<match::Filter> parse_filter(const bson::View& filter, Context& context);

// The paths a filter looks at; nothing when they are not known (it may look anywhere).
[[nodiscard]] std::optional<std::vector<std::string>> filter_paths(const bson::View& filter);

}  // namespace nacre::aggregation
