// Objects and arrays that are written as such in an expression.
#pragma once

#include <string>
#include <vector>

#include "expression/node_internal.h"

namespace nacre::expression {

// Fields whose expressions are missing are left out.
class ObjectLiteral final : public Node {
 public:
  ObjectLiteral(std::vector<std::string> names, std::vector<NodePtr> parts)
      : Node(std::move(parts)), names_(std::move(names)) {}
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override;

 private:
  std::vector<std::string> names_;
};

// What is missing becomes null.
class ArrayLiteral final : public Node {
 public:
  using Node::Node;
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override;
};

}  // namespace nacre::expression
