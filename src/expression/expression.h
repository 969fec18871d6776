// Expression: MongoDB's aggregation expressions, parsed once and evaluated on many documents.
//
// A field path that goes through an array gives the array of what its documents have there, without
// those that have nothing. What is constant is computed once, while parsing; when that fails so
// does the parsing, but for branches that a constant condition drops.
// Errors:     parse: kInvalid with MongoDB's number: 168 for an unknown operator, 15983 for an
//             object with an operator and more, 16020 and 28667 for a wrong number of arguments,
//             17276 for an unknown variable, 16872 15998 16410 40353 for bad paths. kUnsupported
//             31264 for JavaScript. evaluate: what the operators define; 146 beyond the
//             environment's memory.
// Cost:       a plain path or a constant does not allocate in evaluate_view; nothing compares names
//             of operators or variables while it runs.
// Threads:    immutable once parsed; an Environment belongs to one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "expression/environment.h"
#include "expression/scope.h"

namespace nacre::expression {

inline constexpr int kExpressionDepthMax = 200;

class Node;

// What an expression looks at.
struct Dependencies {
  std::set<std::string, std::less<>> paths;  // dotted, from the root of the document
  bool whole_document = false;               // $$ROOT itself
  bool metadata = false;                     // $meta
  bool varies = false;                       // $rand: another value each time
  std::set<VariableId> variables;            // those of the scope, and its own ($map's this)
};

class Expression {
 public:
  Expression();  // the constant null

  [[nodiscard]] static Result<Expression> parse(const bson::Element& element,
                                                const Scope& scope = {});

  // Missing when a path leads nowhere, or for $$REMOVE.
  [[nodiscard]] Result<bson::Value> evaluate(const bson::View& document,
                                             Environment& environment) const;

  // The same without a copy: valid as long as the document, this expression and the variables, and
  // until the environment's memory is released, which is the caller's to do after each document.
  [[nodiscard]] Result<bson::Element> evaluate_view(const bson::View& document,
                                                    Environment& environment) const;

  [[nodiscard]] bool is_constant() const;
  // Of a constant; missing when it is $$REMOVE.
  [[nodiscard]] bson::Element constant() const;
  // "a.b" for "$a.b" and nothing for all else.
  [[nodiscard]] std::optional<std::string> field_path() const;
  [[nodiscard]] Dependencies dependencies() const;

  // The expression as it was given, for explain.
  [[nodiscard]] const bson::Value& source() const { return source_; }

 private:
  std::shared_ptr<const Node> root_;
  bson::Value source_;
};

}  // namespace nacre::expression
