// RowsStage: a stage that is one operator over its input and looks into what was parsed, with
// nothing that the optimiser could know of it.
//
// Threads: as StageSpec.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

// Opens Rows(input, parsed, context); the operator outlives neither of the two it looks into.
template <class Rows, class Parsed>
class RowsStage final : public StageSpec {
 public:
  RowsStage(std::string_view name, Parsed parsed) : name_(name), parsed_(std::move(parsed)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return std::make_unique<Rows>(std::move(input), parsed_, context);
  }

 private:
  std::string_view name_;  // of static storage
  Parsed parsed_;
};

template <class Rows, class Parsed>
[[nodiscard]] StagePtr rows_stage(std::string_view name, Parsed parsed) {
  return std::make_unique<RowsStage<Rows, Parsed>>(name, std::move(parsed));
}

}  // namespace nacre::aggregation
