#include "expression/expression.h"

#include <utility>

#include "base/text.h"

namespace nacre::expression {
namespace {

constexpr std::int32_t kInvalidPipelineOperator = 168;
constexpr std::int32_t kUndefinedVariable = 17276;
constexpr std::int32_t kBadPath = 16872;

// NOLINTNEXTLINE(misc-no-recursion): as deep as the document
bson::Value value_at(const bson::Element& at, std::string_view path) {
  if (path.empty()) return bson::Value(at);
  const std::size_t dot = path.find('.');
  const std::string_view step = path.substr(0, dot);
  const std::string_view rest =
      dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  if (at.is(bson::Type::kDocument)) return value_at(at.document().find(step), rest);
  if (!at.is(bson::Type::kArray)) return {};
  bson::Builder builder;
  builder.begin_array("");
  for (const bson::Element& element : at.array()) {
    const bson::Value value = value_at(element, path);
    if (value.type() != bson::Type::kMissing) builder.push(value.element());
  }
  builder.end();
  const bson::Document holder = builder.finish();
  return bson::Value(*holder.view().begin());
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
Result<Expression> Expression::parse(const bson::Element& element) {
  Expression expression;
  if (element.is(bson::Type::kString) && element.string().starts_with('$')) {
    const std::string_view text = element.string();
    if (text.starts_with("$$")) {
      return fail(Code::kUnsupported, kUndefinedVariable,
                  format("variables such as {} are not carried out by this version", text));
    }
    if (text.size() == 1 || text.ends_with('.') || text.contains("..")) {
      return fail(Code::kInvalid, kBadPath, format("'{}' is not a valid field path", text));
    }
    expression.kind_ = Kind::kPath;
    expression.path_ = text.substr(1);
    return expression;
  }
  if (element.is(bson::Type::kDocument)) {
    expression.kind_ = Kind::kDocument;
    for (const bson::Element& part : element.document()) {
      if (part.name().starts_with('$')) {
        return fail(Code::kUnsupported, kInvalidPipelineOperator,
                    format("the expression {} is not carried out by this version", part.name()));
      }
      expression.names_.emplace_back(part.name());
      expression.parts_.push_back(NACRE_TRY(parse(part)));
    }
    return expression;
  }
  if (element.is(bson::Type::kArray) && !element.array().empty()) {
    return fail(Code::kUnsupported, kInvalidPipelineOperator,
                "arrays of expressions are not carried out by this version");
  }
  expression.constant_ = bson::Value(element);
  return expression;
}

bool Expression::is_constant() const {
  if (kind_ == Kind::kPath) return false;
  for (const Expression& part : parts_) {
    if (!part.is_constant()) return false;
  }
  return true;
}

void Expression::append_to(bson::Builder& builder, std::string_view name,
                           const bson::View& document) const {
  if (kind_ == Kind::kDocument) {
    builder.begin_document(name);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      parts_[i].append_to(builder, names_[i], document);
    }
    builder.end();
    return;
  }
  const bson::Value value = evaluate(document);
  if (value.type() != bson::Type::kMissing) builder.append(name, value.element());
}

bson::Value Expression::evaluate(const bson::View& document) const {
  switch (kind_) {
    case Kind::kConstant:
      return constant_;
    case Kind::kPath: {
      const std::size_t dot = path_.find('.');
      const bson::Element first = document.find(std::string_view(path_).substr(0, dot));
      if (dot == std::string::npos) return bson::Value(first);
      return value_at(first, std::string_view(path_).substr(dot + 1));
    }
    case Kind::kDocument:
      break;
  }
  bson::Builder builder;
  append_to(builder, "", document);
  const bson::Document holder = builder.finish();
  return bson::Value(*holder.view().begin());
}

}  // namespace nacre::expression
