// Call: an operator that gets all of its arguments evaluated.
#pragma once

#include "expression/node_internal.h"

namespace nacre::expression {

class Call final : public Node {
 public:
  Call(const Operator& row, std::vector<NodePtr> parts) : Node(std::move(parts)), row_(row) {}
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override;
  void add_dependencies(Dependencies& to) const override {
    Node::add_dependencies(to);
    to.varies = to.varies || row_.varies;
  }

 private:
  [[nodiscard]] Result<bson::Element> apply(Evaluation& at, std::span<bson::Element> values) const;

  const Operator& row_;
};

}  // namespace nacre::expression
