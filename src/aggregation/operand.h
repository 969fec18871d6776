// Operand: an expression of a stage, with short ways for what is most common.
//
// Why: most groups and windows read plain fields. Those are found in the row without asking the
//   expression, and FieldReader finds all that a stage needs in one walk over the row.
// Errors:  those of expression::Expression.
// Threads: immutable once parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregation/context.h"
#include "base/result.h"
#include "bson/value.h"
#include "expression/expression.h"

namespace nacre::aggregation {

class Operand {
 public:
  [[nodiscard]] static Result<Operand> parse(const bson::Element& element,
                                             const ParseContext& context);

  // Missing when there is nothing. Valid until the row goes or the scratch of the context is
  // rewound.
  [[nodiscard]] Result<bson::Element> evaluate(const bson::View& row, Context& context) const;
  // The same with the field of the row at hand that first_field() names.
  [[nodiscard]] Result<bson::Element> evaluate(const bson::Element& first, const bson::View& row,
                                               Context& context) const;

  [[nodiscard]] bool is_constant() const { return expression_.is_constant(); }
  // Of a plain path ("$a.b"): its first field; nothing for every other expression.
  [[nodiscard]] std::optional<std::string_view> first_field() const;
  // Of a plain path: all of it.
  [[nodiscard]] std::optional<std::string> path() const;
  [[nodiscard]] const expression::Expression& expression() const { return expression_; }

 private:
  explicit Operand(expression::Expression expression) : expression_(std::move(expression)) {}

  expression::Expression expression_;
  std::vector<std::string> steps_;  // of a plain path; else empty
};

// Finds several fields of a row in one walk.
class FieldReader {
 public:
  // The number of the place where the field's value will be.
  std::size_t add(std::string_view field);
  void read(const bson::View& row);
  [[nodiscard]] const bson::Element& operator[](std::size_t place) const { return found_[place]; }

 private:
  std::vector<std::string> names_;
  std::vector<bson::Element> found_;
};

}  // namespace nacre::aggregation
