#include "expression/expression.h"

#include <utility>

#include "expression/node_internal.h"

namespace nacre::expression {

namespace {

const std::shared_ptr<const Node>& null_node() {
  static const std::shared_ptr<const Node> kNull =
      std::make_shared<const Constant>(bson::Value(bson::Null{}));
  return kNull;
}

}  // namespace

Expression::Expression() : root_(null_node()) {}

Result<Expression> Expression::parse(const bson::Element& element, const Scope& scope) {
  Expression expression;
  Parser parser(scope);
  expression.root_ = NACRE_TRY(parser.parse(element));
  if (auto failure = parser.exchange_failure(std::nullopt)) {
    return std::unexpected(*std::move(failure));
  }
  expression.source_ = bson::Value(element);
  return expression;
}

Result<bson::Element> Expression::evaluate_view(const bson::View& document,
                                                Environment& environment) const {
  Evaluation at{.root = document, .environment = environment, .scratch = environment.scratch()};
  return root_->evaluate(at);
}

Result<bson::Value> Expression::evaluate(const bson::View& document,
                                         Environment& environment) const {
  const Scratch::Mark mark = environment.scratch().mark();
  const bson::Element result = NACRE_TRY(evaluate_view(document, environment));
  bson::Value value(result);
  environment.scratch().rewind(mark);
  return value;
}

bool Expression::is_constant() const { return root_->constant() != nullptr; }

bson::Element Expression::constant() const {
  const bson::Element* constant = root_->constant();
  return constant == nullptr ? bson::Element() : *constant;
}

std::optional<std::string> Expression::field_path() const { return root_->field_path(); }

Dependencies Expression::dependencies() const {
  Dependencies dependencies;
  root_->add_dependencies(dependencies);
  return dependencies;
}

}  // namespace nacre::expression
