// LimitStage: $limit, which the optimiser tells sorts about.
//
// Threads: immutable once parsed.
#pragma once

#include <cstdint>

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

class LimitStage final : public StageSpec {
 public:
  explicit LimitStage(std::int64_t count) : count_(count) {}
  [[nodiscard]] std::string_view name() const override { return "$limit"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;
  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  std::int64_t count_;
};

}  // namespace nacre::aggregation
