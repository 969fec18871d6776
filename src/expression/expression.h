// Expressions of a pipeline, as far as this version has them: constants, "$path", and documents of
// both.
//
// A path that goes through an array gives the array of what its elements have there, without those
// that have nothing.
// Errors:  parse: kUnsupported 168 (InvalidPipelineOperator) for operators, 17276 for variables.
// Threads: immutable once parsed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"

namespace nacre::expression {

class Expression {
 public:
  [[nodiscard]] static Result<Expression> parse(const bson::Element& element);

  // Missing when the path leads nowhere.
  [[nodiscard]] bson::Value evaluate(const bson::View& document) const;
  [[nodiscard]] bool is_constant() const;

 private:
  enum class Kind : std::uint8_t { kConstant, kPath, kDocument };

  void append_to(bson::Builder& builder, std::string_view name, const bson::View& document) const;

  Kind kind_ = Kind::kConstant;
  bson::Value constant_;
  std::string path_;
  std::vector<std::string> names_;  // of a document, with
  std::vector<Expression> parts_;   // their expressions
};

}  // namespace nacre::expression
