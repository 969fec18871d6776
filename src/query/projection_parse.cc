#include <algorithm>
#include <utility>

#include "base/text.h"
#include "expression/operators.h"
#include "query/projection_parse_internal.h"

namespace nacre::query {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Kind = ProjectionNode::Kind;

constexpr PathRules kRules{.inside_number = 31249, .whole_number = 31250};
constexpr std::int32_t kUnknownExpression = 31325;

// An object with an operator's name and no other field.
bool is_operator(const View& object) {
  const auto first = object.begin();
  if (first == object.end() || !first->name().starts_with('$')) return false;
  return ++bson::View::Iterator(first) == object.end();
}

std::optional<std::int64_t> slice_number(const Element& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.as_double().value_or(0);
  // Far beyond any array, and far from where sums overflow.
  constexpr double kFar = 1e12;
  if (!(number > -kFar)) return static_cast<std::int64_t>(number < 0 ? -kFar : 0);
  return static_cast<std::int64_t>(std::min(number, kFar));
}

// Whether the query has a condition on the array that "a.$" is about, or on something inside it.
bool mentions(const View& query, std::string_view field) {
  for (const Element& element : query) {
    if (element.name().starts_with('$')) {
      if (!element.is(Type::kArray)) continue;
      for (const Element& branch : element.array()) {
        if (branch.is(Type::kDocument) && mentions(branch.document(), field)) return true;
      }
    } else if (element.name().substr(0, element.name().find('.')) == field) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<> ProjectionParser::fields(const View& spec) {
  for (const Element& element : spec) NACRE_TRY(field(element, std::string(element.name())));
  return {};
}

Result<> ProjectionParser::field(const Element& element, const std::string& path) {
  if (element.is(Type::kDocument)) return object(element, path);
  if (!element.is_number() && !element.is(Type::kBool)) {
    if (path.ends_with(".$")) {
      return refuse_positional(31308, "positional projection cannot be used with a literal");
    }
    if (inclusion_ == false) {
      NACRE_TRY(check_field_path(path));
      return fail(Code::kInvalid, 31310,
                  format("Cannot use an expression {} in an exclusion projection", path));
    }
    return computed(element, path);
  }
  if (path.ends_with(".$") || path.find(".$.") != std::string::npos) {
    return positional(path, element.truthy());
  }
  return plain(path, element.truthy());
}

Result<> ProjectionParser::object(const Element& element, const std::string& path) {
  const View inside = element.document();
  if (path.ends_with(".$")) {
    return refuse_positional(
        31271, "positional projection cannot be used with an expression or sub object");
  }
  if (inside.empty()) {
    NACRE_TRY(check_field_path(path));
    return fail(Code::kInvalid, 51270,
                format("An empty sub-projection is not a valid value. Found empty object at path "
                       "{}",
                       path));
  }
  if (is_operator(inside)) return computed_operator(element, path);
  NACRE_TRY(check_field_path(path));
  for (const Element& each : inside) {
    NACRE_TRY(field(each, path + "." + std::string(each.name())));
  }
  return {};
}

Result<> ProjectionParser::plain(const std::string& path, bool included) {
  if (path == "_id") {
    if (id_.has_value()) return fail(Code::kInvalid, kRules.whole_number, "Path collision at _id");
    id_ = included;
    return {};
  }
  NACRE_TRY(check_field_path(path));
  NACRE_TRY(set_kind(path, included));
  ProjectionNode* node = NACRE_TRY(add_path(root_, path, kRules));
  node->kind = Kind::kPlain;
  return {};
}

Result<> ProjectionParser::set_kind(const std::string& path, bool included) {
  if (inclusion_.has_value() && *inclusion_ != included) {
    return included ? fail(Code::kInvalid, 31253,
                           format("Cannot do inclusion on field {} in exclusion projection", path))
                    : fail(Code::kInvalid, 31254,
                           format("Cannot do exclusion on field {} in inclusion projection", path));
  }
  inclusion_ = included;
  return {};
}

std::unexpected<Error> ProjectionParser::refuse_positional(std::int32_t number,
                                                           std::string_view why) const {
  if (options_.of_find) return fail(Code::kInvalid, number, std::string(why));
  return fail(Code::kInvalid, 31324, "Cannot use positional projection in aggregation projection");
}

Result<> ProjectionParser::positional(std::string_view path, bool included) {
  if (!options_.of_find) return refuse_positional(31324, "");
  if (path.find(".$.") != std::string_view::npos) {
    return fail(Code::kInvalid, 31394,
                format("As of 4.4, it's illegal to specify positional operator in the middle of a "
                       "path. Positional projection may only be used at the end: {}",
                       path));
  }
  path.remove_suffix(2);
  NACRE_TRY(check_field_path(path));
  if (has_element_match_) {
    return fail(Code::kInvalid, 31256, "Cannot specify positional operator and $elemMatch.");
  }
  if (has_positional_) {
    return fail(Code::kInvalid, 31276,
                "Cannot specify more than one positional projection per query.");
  }
  if (!included || inclusion_ == false) {
    return fail(Code::kInvalid, 31395, "positional projection cannot be used with exclusion");
  }
  const std::string_view field = path.substr(0, path.find('.'));
  if (!mentions(options_.query, field)) {
    return fail(Code::kInvalid, 31277,
                format("Positional projection '{}.$' does not match the query document.", path));
  }
  inclusion_ = true;
  has_positional_ = true;
  ProjectionNode* node = NACRE_TRY(add_path(root_, path, kRules));
  node->kind = Kind::kPlain;
  // The whole way is marked: which of its fields holds the array, the document says.
  ProjectionNode* at = &root_;
  for (std::string_view rest = path; at != node;) {
    const std::size_t dot = rest.find('.');
    at = &*std::ranges::find(at->children, rest.substr(0, dot), &ProjectionNode::name);
    at->positional = true;
    if (dot != std::string_view::npos) rest.remove_prefix(dot + 1);
  }
  return {};
}

Result<> ProjectionParser::computed(const Element& element, const std::string& path) {
  NACRE_TRY(check_field_path(path));
  static const expression::Scope kNone;
  const expression::Scope& scope = options_.scope == nullptr ? kNone : *options_.scope;
  inclusion_ = inclusion_.value_or(true);
  if (path == "_id") id_ = false;  // the computed one takes its place
  expression::Expression expression = NACRE_TRY(expression::Expression::parse(element, scope));
  ProjectionNode* node = NACRE_TRY(add_path(root_, path, kRules));
  node->kind = Kind::kComputed;
  node->expression = std::move(expression);
  return {};
}

Result<> ProjectionParser::computed_operator(const Element& element, const std::string& path) {
  const Element operand = *element.document().begin();
  const std::string_view name = operand.name();
  if (options_.of_find && name == "$elemMatch") return element_match(operand, path);
  if (options_.of_find && name == "$slice") {
    const bool done = NACRE_TRY(slice(operand, path));
    if (done) return {};
  }
  NACRE_TRY(check_field_path(path));
  if (name == "$meta") {
    // Shown beside what is kept, whichever kind of projection that is.
    const std::optional<bool> kind = inclusion_;
    NACRE_TRY(computed(element, path));
    inclusion_ = kind;
    return {};
  }
  if (inclusion_ == false) {
    return fail(
        Code::kInvalid, 31252,
        format("Cannot use expression other than $meta in exclusion projection ({})", path));
  }
  if (name != "$elemMatch" && !expression::is_operator(name)) {
    return fail(Code::kInvalid, kUnknownExpression, format("Unknown expression {}", name));
  }
  return computed(element, path);
}

Result<> ProjectionParser::element_match(const Element& operand, const std::string& path) {
  if (!operand.is(Type::kDocument)) {
    return fail(Code::kInvalid, 31274,
                format("elemMatch: Invalid argument, object required, but got {}",
                       bson::name(operand.type())));
  }
  if (has_positional_) {
    return fail(Code::kInvalid, 31255, "Cannot specify positional operator and $elemMatch.");
  }
  if (path.find('.') != std::string::npos) {
    return fail(Code::kInvalid, 31275,
                format("Cannot use $elemMatch projection on a nested field: {}", path));
  }
  has_element_match_ = true;
  bson::Builder condition;
  condition.begin_document(path).append("$elemMatch", operand).end();
  match::Filter filter = NACRE_TRY(match::Filter::parse(condition.finish()));
  ProjectionNode* node = NACRE_TRY(add_path(root_, path, kRules));
  node->kind = Kind::kElementMatch;
  node->filter = std::make_shared<const match::Filter>(std::move(filter));
  return {};
}

// False: the operand is of the expression $slice.
Result<bool> ProjectionParser::slice(const Element& operand, const std::string& path) {
  std::int64_t start = 0;
  std::int64_t count = 0;
  if (operand.is_number()) {
    const std::int64_t number = *slice_number(operand);
    start = std::min<std::int64_t>(number, 0);
    count = number < 0 ? -number : number;
  } else if (operand.is(Type::kArray) && operand.array().count() == 2 &&
             operand.array().at(0).is_number() && operand.array().at(1).is_number()) {
    start = *slice_number(operand.array().at(0));
    count = *slice_number(operand.array().at(1));
    if (count <= 0) return fail(Code::kInvalid, 28724, "$slice limit must be positive");
  } else {
    return false;
  }
  ProjectionNode* node = NACRE_TRY(add_path(root_, path, kRules));
  node->kind = Kind::kSlice;
  node->slice_start = start;
  node->slice_count = count;
  return true;
}

bool ProjectionParser::is_inclusion() const {
  // {_id: 1} alone includes _id alone; beside other fields it follows them.
  return inclusion_.value_or(has_element_match_ || id_.value_or(false));
}

ProjectionNode ProjectionParser::finish() && {
  const bool names_id = is_inclusion() ? id_.value_or(true) : !id_.value_or(true);
  if (names_id && root_.find("_id") == nullptr) {
    ProjectionNode id;
    id.name = "_id";
    id.kind = Kind::kPlain;
    root_.children.push_back(std::move(id));
  }
  note_computed(root_);
  return std::move(root_);
}

}  // namespace nacre::query
