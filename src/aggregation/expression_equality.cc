#include "aggregation/expression_equality.h"

#include <optional>
#include <string>
#include <utility>

namespace nacre::aggregation {
namespace {

using bson::Element;
using bson::Type;

// Values of which it holds that what is equal to one is found by looking for it.
bool is_plain(const Element& value) {
  switch (value.type()) {
    case Type::kInt32:
    case Type::kInt64:
    case Type::kDouble:
    case Type::kDecimal128:
    case Type::kString:
    case Type::kBool:
    case Type::kObjectId:
    case Type::kDate:
    case Type::kTimestamp:
    case Type::kBinary:
      return true;
    default:
      return false;
  }
}

// "a.b" of "$a.b"; nothing for a variable or a path that is none.
std::optional<std::string_view> path_of(const Element& operand) {
  if (!operand.is(Type::kString)) return std::nullopt;
  const std::string_view text = operand.string();
  if (text.size() < 2 || text[0] != '$' || text[1] == '$') return std::nullopt;
  return text.substr(1);
}

class Collector {
 public:
  Collector(const expression::Scope& variables, const expression::Environment& environment,
            bson::Builder& to)
      : variables_(variables), environment_(environment), to_(to) {}

  // Of a filter: $expr, at the top or inside $and.
  // NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
  void add_filter(const bson::View& filter) {
    for (const Element& part : filter) {
      if (part.name() == "$expr") add_expression(part);
      if (part.name() != "$and" || !part.is(Type::kArray)) continue;
      for (const Element& clause : part.array()) {
        if (clause.is(Type::kDocument)) add_filter(clause.document());
      }
    }
  }
  [[nodiscard]] bool has_any() const { return has_any_; }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
  void add_expression(const Element& expression) {
    if (!expression.is(Type::kDocument) || expression.document().empty()) return;
    const Element call = *expression.document().begin();
    if (!call.is(Type::kArray)) return;
    if (call.name() == "$and") {
      for (const Element& part : call.array()) add_expression(part);
    } else if (call.name() == "$eq" && call.array().count() == 2) {
      const Element first = call.array().at(0);
      const Element second = call.array().at(1);
      if (!add_equality(first, second)) add_equality(second, first);
    }
  }

  bool add_equality(const Element& left, const Element& right) {
    const auto path = path_of(left);
    const Element value = value_of(right);
    if (!path || !is_plain(value)) return false;
    to_.push_begin_document().begin_document(*path).append("$eq", value).end().end();
    has_any_ = true;
    return true;
  }

  // Missing when it is not known, or depends on the document.
  [[nodiscard]] Element value_of(const Element& operand) const {
    if (operand.is(Type::kDocument)) {
      const Element literal = operand.document().find("$literal");
      return operand.document().count() == 1 ? literal : Element();
    }
    if (!operand.is(Type::kString) || !operand.string().starts_with('$')) return operand;
    if (!operand.string().starts_with("$$")) return {};
    const auto variable = variables_.find(operand.string().substr(2));
    return variable ? environment_.variable(*variable) : Element();
  }

  const expression::Scope& variables_;
  const expression::Environment& environment_;
  bson::Builder& to_;
  bool has_any_ = false;
};

}  // namespace

bson::Document with_implied_equalities(const bson::View& filter, const expression::Scope& variables,
                                       const expression::Environment& environment) {
  // CURRENT may be another document: then paths are not those of the collection's.
  // A text query is found where it was written.
  if (variables.find("CURRENT") || filter.find("$text")) return bson::Document(filter);
  bson::Builder both;
  both.begin_array("$and").push(filter);
  Collector collector(variables, environment, both);
  collector.add_filter(filter);
  if (!collector.has_any()) return bson::Document(filter);
  return both.end().finish();
}

}  // namespace nacre::aggregation
