#include "match/validation_error.h"

#include <string_view>

#include "bson/compare.h"
#include "match/filter.h"
#include "match/validation_error_internal.h"

namespace nacre::match {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;

bool matches(const View& filter, const View& document) {
  const auto parsed = Filter::parse(filter);
  if (!parsed.has_value()) return false;
  return parsed->matches(document).value_or(false);
}

bson::Document under(std::string_view path, std::string_view op, const Element& operand) {
  return Builder().begin_document(path).append(op, operand).end().finish();
}

bson::Document only(const Element& condition) { return Builder().append(condition).finish(); }

std::string_view reason_of(std::string_view op, const Element& operand, const Element& value) {
  if (op == "$exists") return operand.truthy() ? "path does not exist" : "path does exist";
  if (!value) return "field was missing";
  if (op == "$type") return "type did not match";
  if (op == "$in") return "no matching value found in array";
  if (op == "$nin") return "matching value found in array";
  if (op == "$ne") return "comparison succeeded";
  if (op == "$regex") {
    return value.is(Type::kString) ? "regular expression did not match" : "type did not match";
  }
  if (op == "$mod") return "$mod did not evaluate to expected remainder";
  if (op == "$size") {
    return value.is(Type::kArray) ? "array length was not equal to given size"
                                  : "type did not match";
  }
  if (op == "$elemMatch") return "array did not satisfy the child predicate";
  if (op == "$all") return "array did not contain all specified values";
  if (op == "$geoWithin" || op == "$within") {
    return "none of the considered geometries was contained within the expression's geometry";
  }
  if (op == "$geoIntersects") {
    return "none of the considered geometries intersected the expression's geometry";
  }
  if (op.starts_with("$bits")) return "bitwise operator failed to match";
  if (bson::rank(value.type()) != bson::rank(operand.type())) return "type did not match";
  return "comparison failed";
}

// One operator on one path: {a: {$gt: 5}}.
bson::Document explain_operator(std::string_view path, std::string_view op, const Element& operand,
                                const View& specified, const View& document) {
  const Element value = document.get(path);
  const std::string_view reason = reason_of(op, operand, value);
  Builder details;
  details.append("operatorName", op).append("specifiedAs", specified).append("reason", reason);
  if (value && op != "$exists") {
    details.append("consideredValue", value);
    if (reason == "type did not match") {
      details.append("consideredType", bson::name(value.type()));
      const bool compares = op != "$type" && op != "$regex" && op != "$size";
      if (compares) details.append("expectedType", bson::name(operand.type()));
    }
  }
  return details.finish();
}

class Clauses {
 public:
  explicit Clauses(std::string_view op) : op_(op) {}

  void add(std::size_t index, const View& details) {
    last_ = bson::Document(details);
    ++count_;
    list_.push_begin_document().append_number("index", static_cast<std::int64_t>(index));
    list_.append("details", details).end();
  }
  // Alone, an implicit clause needs no "$and" around it.
  [[nodiscard]] bson::Document finish(bool is_implicit) {
    if (is_implicit && count_ == 1 && total == 1) return last_;
    Builder details;
    details.append("operatorName", op_);
    details.append_array("clausesNotSatisfied", list_.finish());
    return details.finish();
  }

  std::size_t total = 0;

 private:
  std::string_view op_;
  Builder list_ = Builder::array();
  bson::Document last_;
  std::size_t count_ = 0;
};

bson::Document explain_clauses(std::string_view op, const View& clauses, const View& document) {
  if (op == "$nor") {
    Builder details;
    details.append("operatorName", op).begin_array("clausesSatisfied");
    std::int64_t index = 0;
    for (const Element& clause : clauses) {
      if (clause.is(Type::kDocument) && matches(clause.document(), document)) {
        details.push_begin_document().append_number("index", index);
        details.begin_document("details").append("specifiedAs", clause.document()).end().end();
      }
      ++index;
    }
    return details.end().finish();
  }
  Clauses failed(op);
  for (const Element& clause : clauses) {
    const std::size_t index = failed.total++;
    if (!clause.is(Type::kDocument) || matches(clause.document(), document)) continue;
    failed.add(index, explain_failure(clause.document(), document));
  }
  return failed.finish(/*is_implicit=*/false);
}

// A path and what is asked of it; operators that fail are explained one by one.
void explain_path(const Element& condition, const View& document, Clauses& failed) {
  const std::string_view path = condition.name();
  const bool has_operators = condition.is(Type::kDocument) && !condition.document().empty() &&
                             condition.document().begin()->name().starts_with('$') &&
                             !condition.document().begin()->name().starts_with("$ref");
  if (!has_operators) {
    const std::size_t index = failed.total++;
    const bson::Document specified = only(condition);
    if (matches(specified, document)) return;
    const std::string_view op = condition.is(Type::kRegex) ? "$regex" : "$eq";
    failed.add(index, explain_operator(path, op, condition, specified, document));
    return;
  }
  for (const Element& operand : condition.document()) {
    if (operand.name() == "$options") continue;
    const std::size_t index = failed.total++;
    bson::Document specified = under(path, operand.name(), operand);
    const Element options = condition.document().find("$options");
    if (operand.name() == "$regex" && options) specified = only(condition);
    if (matches(specified, document)) continue;
    if (operand.name() == "$not") {
      Builder details;
      details.append("operatorName", "$not").append("specifiedAs", specified);
      details.append("reason", "child expression matched");
      if (document.get(path)) details.append("consideredValue", document.get(path));
      failed.add(index, details.finish());
      continue;
    }
    failed.add(index, explain_operator(path, operand.name(), operand, specified, document));
  }
}

bson::Document explain_schema(const Element& schema, const View& document) {
  const bson::Document holder = Builder().append("", document).finish();
  Builder details;
  details.append("operatorName", "$jsonSchema");
  append_annotations(details, schema.document());
  details.append_array("schemaRulesNotSatisfied",
                       broken_rules(schema.document(), *holder.view().begin()));
  return details.finish();
}

}  // namespace

bson::Document explain_failure(const View& filter, const View& document) {
  Clauses failed("$and");
  for (const Element& condition : filter) {
    const std::string_view name = condition.name();
    if (name == "$comment") continue;
    if (!name.starts_with('$')) {
      explain_path(condition, document, failed);
      continue;
    }
    const std::size_t index = failed.total++;
    if (matches(only(condition), document)) continue;
    if (name == "$jsonSchema" && condition.is(Type::kDocument)) {
      failed.add(index, explain_schema(condition, document));
    } else if (condition.is(Type::kArray)) {
      failed.add(index, explain_clauses(name, condition.array(), document));
    } else {
      Builder details;
      details.append("operatorName", name).append("specifiedAs", only(condition));
      details.append("reason", name == "$expr" ? "expression did not match" : "did not match");
      failed.add(index, details.finish());
    }
  }
  return failed.finish(/*is_implicit=*/true);
}

}  // namespace nacre::match
