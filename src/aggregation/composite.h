// CompositeStage: one stage that is short for several.
//
// Threads: immutable once parsed.
#pragma once

#include <utility>
#include <vector>

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

class CompositeStage final : public StageSpec {
 public:
  CompositeStage(std::string_view name, Pipeline parts) : name_(name), parts_(std::move(parts)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return parts_.open(std::move(input), 0, context);
  }
  [[nodiscard]] std::optional<std::vector<std::string>> needs() const override {
    return parts_.stages.front()->needs();
  }

 private:
  std::string_view name_;
  Pipeline parts_;
};

}  // namespace nacre::aggregation
