// Nodes: what an expression is made of once it is parsed, and the tables that operators stand in.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "expression/environment.h"
#include "expression/expression.h"
#include "expression/scope.h"

namespace nacre::expression {

// One evaluation of one expression on one document.
struct Evaluation {
  bson::View root;
  Environment& environment;
  Scratch& scratch;
};

class Node {
 public:
  Node() = default;
  explicit Node(std::vector<std::unique_ptr<Node>> parts) : parts_(std::move(parts)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  // Valid until the scratch is rewound to before this call.
  [[nodiscard]] virtual Result<bson::Element> evaluate(Evaluation& at) const = 0;

  // The value, of a constant.
  [[nodiscard]] virtual const bson::Element* constant() const { return nullptr; }
  [[nodiscard]] virtual std::optional<std::string> field_path() const { return std::nullopt; }
  virtual void add_dependencies(Dependencies& to) const {
    for (const auto& part : parts_) {
      if (part != nullptr) part->add_dependencies(to);
    }
  }

 protected:
  // nullptr stands for an optional argument that was not given.
  [[nodiscard]] std::span<const std::unique_ptr<Node>> parts() const { return parts_; }
  [[nodiscard]] const Node& part(std::size_t index) const { return *parts_[index]; }

 private:
  std::vector<std::unique_ptr<Node>> parts_;
};

using NodePtr = std::unique_ptr<Node>;

// A value that is known while parsing.
class Constant final : public Node {
 public:
  explicit Constant(bson::Value value) : value_(std::move(value)), element_(value_.element()) {}
  [[nodiscard]] Result<bson::Element> evaluate(Evaluation&) const override { return element_; }
  [[nodiscard]] const bson::Element* constant() const override { return &element_; }

 private:
  bson::Value value_;
  bson::Element element_;  // of value_, which stays where it is as long as this node
};

struct Operator;

// The evaluated arguments of an operator.
class Arguments {
 public:
  Arguments(const Operator& row, std::span<const bson::Element> values,
            std::span<const NodePtr> nodes)
      : row_(row), values_(values), nodes_(nodes) {}

  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] const bson::Element& operator[](std::size_t index) const { return values_[index]; }
  [[nodiscard]] auto begin() const { return values_.begin(); }
  [[nodiscard]] auto end() const { return values_.end(); }
  // Whether the argument was written down at all.
  [[nodiscard]] bool given(std::size_t index) const {
    return index < nodes_.size() && nodes_[index] != nullptr;
  }
  [[nodiscard]] std::string_view name() const;  // of the operator, with its dollar
  // Of a late parameter that was given.
  [[nodiscard]] Result<bson::Element> late(std::size_t index, Evaluation& at) const {
    return nodes_[index]->evaluate(at);
  }

 private:
  const Operator& row_;
  std::span<const bson::Element> values_;
  std::span<const NodePtr> nodes_;
};

class Parser;

using Function = Result<bson::Element> (*)(const Arguments& arguments, Evaluation& at);
using Parse = Result<NodePtr> (*)(const Operator& row, const bson::Element& argument,
                                  Parser& parser);

// An operator whose arguments have names.
struct Parameter {
  std::string_view name;
  std::int32_t missing_number = 0;  // 0: optional
  bool late = false;                // evaluated only when the function asks (Arguments::late)
};
struct Signature {
  std::int32_t not_object_number;
  std::int32_t unknown_number;
  std::span<const Parameter> parameters;
};

inline constexpr std::uint16_t kAnyNumber = 0xffff;

// A row of the table of operators. `function` gets evaluated arguments, `arity_min` to `arity_max`
// by position or, when there is a signature, by the order of its parameters; `parse` makes a node
// of its own where that is not enough.
struct Operator {
  std::string_view name;  // with its dollar
  std::uint16_t arity_min = 0;
  std::uint16_t arity_max = 0;
  Function function = nullptr;
  Parse parse = nullptr;
  const Signature* signature = nullptr;
  bool whole_argument = false;   // an array given is one argument, not a list of them
  bool varies = false;           // gives another value each time: never folded
  std::string_view remark = {};  // for docs/compatibility.md
};

// One table a family, each in a file of its own.
std::span<const Operator> analysis_operators();
std::span<const Operator> arithmetic_operators();
std::span<const Operator> array_operators();
std::span<const Operator> array_n_operators();
std::span<const Operator> array_object_operators();
std::span<const Operator> bit_operators();
std::span<const Operator> comparison_operators();
std::span<const Operator> conditional_operators();
std::span<const Operator> date_operators();
std::span<const Operator> date_arithmetic_operators();
std::span<const Operator> date_parts_operators();
std::span<const Operator> date_text_operators();
std::span<const Operator> iteration_operators();
std::span<const Operator> logic_operators();
std::span<const Operator> metadata_operators();
std::span<const Operator> object_operators();
std::span<const Operator> regex_operators();
std::span<const Operator> rounding_operators();
std::span<const Operator> set_operators();
std::span<const Operator> statistics_operators();
std::span<const Operator> string_operators();
std::span<const Operator> substring_operators();
std::span<const Operator> trigonometry_operators();
std::span<const Operator> type_operators();

// The row of that name, or nullptr.
[[nodiscard]] const Operator* find_operator(std::string_view name);

inline std::string_view Arguments::name() const { return row_.name; }

// Turns BSON into nodes. One for each expression.
class Parser {
 public:
  explicit Parser(Scope scope) : scope_(std::move(scope)) {}

  [[nodiscard]] Result<NodePtr> parse(const bson::Element& element);
  // An array gives one node an element, anything else one node.
  [[nodiscard]] Result<std::vector<NodePtr>> parse_list(const bson::Element& element);
  // With more variables than here; they are forgotten again.
  [[nodiscard]] Result<NodePtr> parse_within(Scope scope, const bson::Element& element);
  // The arguments of an operator with a signature, in its order; nullptr for one not given.
  [[nodiscard]] Result<std::vector<NodePtr>> parse_named(const Operator& row,
                                                         const bson::Element& call);
  // An operator whose arguments are all evaluated; `row` outlives the node.
  [[nodiscard]] Result<NodePtr> parse_call(const Operator& row, const bson::Element& call);
  [[nodiscard]] const Scope& scope() const { return scope_; }

  // `node` or, when nothing in it depends on anything, its value. `constant` says whether all of
  // its parts are constant. When the evaluation fails the node stays and the error is remembered.
  [[nodiscard]] NodePtr folded(NodePtr node, bool constant);

  // The first error of a constant: MongoDB reports it even where nothing is ever evaluated. Who
  // parses a branch that a constant condition then drops takes the error back with it.
  [[nodiscard]] std::optional<Error> exchange_failure(std::optional<Error> failure) {
    std::swap(failure_, failure);
    return failure;
  }
  void add_failure(std::optional<Error> failure) {
    if (!failure_) failure_ = std::move(failure);
  }

 private:
  [[nodiscard]] Result<NodePtr> parse_at_depth(const bson::Element& element);
  [[nodiscard]] Result<NodePtr> parse_string(const bson::Element& element);
  [[nodiscard]] Result<NodePtr> parse_variable(std::string_view text);
  [[nodiscard]] Result<NodePtr> parse_document(const bson::Element& element);
  [[nodiscard]] Result<NodePtr> parse_array(const bson::Element& element);
  [[nodiscard]] Result<NodePtr> parse_operator(const bson::Element& call);

  Scope scope_;
  int depth_ = 0;
  std::optional<Error> failure_;
};

// A branch of an expression and what constant of it failed.
struct Branch {
  NodePtr node;
  std::optional<Error> failure;
};
[[nodiscard]] Result<Branch> parse_branch(const bson::Element& element, Parser& parser);

// Whether every node is a constant (a missing one, nullptr, counts as one).
[[nodiscard]] bool all_constant(std::span<const NodePtr> nodes);

// kInvalid with MongoDB's number.
[[nodiscard]] inline std::unexpected<Error> invalid(std::int32_t number, std::string what,
                                                    const char* file = __builtin_FILE(),
                                                    int line = __builtin_LINE()) {
  return fail(Code::kInvalid, number, std::move(what), file, line);
}

// 146 when the evaluation holds more memory than it may; `more` bytes are held beside the scratch.
[[nodiscard]] Result<> check_memory(const Evaluation& at, std::size_t more = 0);

// Null, undefined or missing: what most operators answer with null.
[[nodiscard]] inline bool is_nullish(const bson::Element& value) {
  return !value || value.is_null_like();
}

// An array that is being made. Its elements are copies.
class ArrayResult {
 public:
  ArrayResult() { builder_.begin_array(""); }
  void push(const bson::Element& value) {
    if (value) {
      builder_.push(value);
    } else {
      builder_.push(bson::Null{});
    }
  }
  [[nodiscard]] bson::Builder& builder() { return builder_; }
  [[nodiscard]] std::size_t size() const { return builder_.size(); }
  [[nodiscard]] bson::Element finish(Evaluation& at) {
    builder_.end();
    return at.scratch.keep(builder_.finish());
  }

 private:
  bson::Builder builder_;
};

// Values nested deeper than kExpressionDepthMax levels: only $reduce can make such, by going round.
[[nodiscard]] bool is_too_deep(const bson::Element& value);

}  // namespace nacre::expression
