// Field paths of expressions: "$a.b", "$$this.b".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expression/node_internal.h"

namespace nacre::expression {

// A dotted path taken apart: kInvalid 40352, 40353, 15998, 16410, 16411 or 5984700 when it is none.
[[nodiscard]] Result<std::vector<std::string>> parse_path(std::string_view dotted);

// A name that a field of an object literal or of $setField may have: 15998, 16410, 16411, 16412.
[[nodiscard]] Result<> check_field_name(std::string_view name);

// From the document (no variable) or from what a variable holds.
class FieldPath final : public Node {
 public:
  FieldPath(std::optional<VariableId> variable, std::vector<std::string> steps)
      : variable_(variable), steps_(std::move(steps)) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override;
  [[nodiscard]] std::optional<std::string> field_path() const override;
  void add_dependencies(Dependencies& to) const override;

 private:
  [[nodiscard]] std::string dotted() const;

  std::optional<VariableId> variable_;
  std::vector<std::string> steps_;  // none: the document or value itself
};

}  // namespace nacre::expression
