// The clauses of $push and $addToSet.
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/json.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;
using Node = Update::Node;

using error_codes::kBadValue;
using error_codes::kTypeMismatch;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, kBadValue, std::move(what));
}

Result<std::int64_t> push_integer(const Element& value) {
  const std::optional<std::int64_t> number = value.as_int64();
  if (number.has_value()) return *number;
  return bad(format("The value for {} must be an integer value but was given type: {}",
                    value.name(), bson::name(value.type())));
}

Result<bool> is_descending(const Element& direction) {
  const std::optional<std::int64_t> number = direction.as_int64();
  if (number == 1) return false;
  if (number == -1) return true;
  return bad("The $sort element value must be either 1 or -1");
}

Result<> parse_push_sort(const Element& sort, PushOptions& options) {
  if (sort.is_number()) {
    options.sort.push_back({.path = "", .descending = NACRE_TRY(is_descending(sort))});
    return {};
  }
  if (!sort.is(Type::kDocument)) {
    return bad(
        "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort "
        "embedded fields");
  }
  if (sort.document().empty())
    return bad("The $sort pattern is empty when it should be a set of fields.");
  for (const Element& field : sort.document()) {
    if (field.name().empty()) return bad("The $sort field cannot be empty");
    if (!check_path(field.name())) {
      return bad(
          format("The $sort field is a dotted field but has an empty part: {}", field.name()));
    }
    options.sort.push_back(
        {.path = std::string(field.name()), .descending = NACRE_TRY(is_descending(field))});
  }
  return {};
}

}  // namespace

Result<> parse_push(const Element& operand, Node& node) {
  const bool has_clauses = operand.is(Type::kDocument) && operand.document().find("$each");
  if (!has_clauses) {
    node.each.push_back(operand);
    return {};
  }
  for (const Element& clause : operand.document()) {
    if (clause.name() == "$each") {
      if (!clause.is(Type::kArray)) {
        return bad(format("The argument to $each in $push must be an array but it was of type: {}",
                          bson::name(clause.type())));
      }
      for (const Element& element : clause.array()) node.each.push_back(element);
    } else if (clause.name() == "$position") {
      node.push.position = NACRE_TRY(push_integer(clause));
    } else if (clause.name() == "$slice") {
      node.push.slice = NACRE_TRY(push_integer(clause));
    } else if (clause.name() == "$sort") {
      NACRE_TRY(parse_push_sort(clause, node.push));
    } else {
      return bad(format("Unrecognized clause in $push: {}", clause.name()));
    }
  }
  return {};
}

Result<> parse_add_to_set(const Element& operand, Node& node) {
  const bool has_each = operand.is(Type::kDocument) && !operand.document().empty() &&
                        operand.document().begin()->name() == "$each";
  if (!has_each) {
    node.each.push_back(operand);
    return {};
  }
  const Element each = *operand.document().begin();
  if (!each.is(Type::kArray)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("The argument to $each in $addToSet must be an array but it was of type {}",
                       bson::name(each.type())));
  }
  if (operand.document().count() > 1) {
    return bad(
        format("Found unexpected fields after $each in $addToSet: {}", bson::to_json(operand)));
  }
  for (const Element& element : each.array()) node.each.push_back(element);
  return {};
}

}  // namespace nacre::document
