// $$NOW and $$CLUSTER_TIME.
#pragma once

#include "expression/node_internal.h"

namespace nacre::expression {

class Now final : public Node {
 public:
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    return at.environment.now();
  }
};

class ClusterTime final : public Node {
 public:
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element time = at.environment.cluster_time();
    if (!time) return invalid(10071200, "Builtin variable '$$CLUSTER_TIME' is not available");
    return time;
  }
};

}  // namespace nacre::expression
