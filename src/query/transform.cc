#include "query/transform.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/json.h"
#include "expression/expression.h"
#include "query/projection_tree_internal.h"

namespace nacre::query {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Kind = ProjectionNode::Kind;

constexpr PathRules kRules{.inside_number = 40176, .whole_number = 40176};

// The fields of $addFields: everything but a document of fields is an expression.
class FieldAdder {
 public:
  explicit FieldAdder(const expression::Scope& scope) : scope_(scope) {}

  Result<> fields(const View& spec) {
    for (const Element& element : spec) NACRE_TRY(field(element, std::string(element.name())));
    return {};
  }

  ProjectionNode root;

 private:
  Result<> field(const Element& element, const std::string& path) {
    NACRE_TRY(check_field_path(path));
    if (!element.is(Type::kDocument)) return add(element, path);
    const View inside = element.document();
    if (inside.empty()) return add(element, path);
    for (const Element& each : inside) {
      if (!each.name().starts_with('$')) continue;
      if (inside.count() != 1) {
        return fail(Code::kInvalid, 40181,
                    format("an expression specification must contain exactly one field, the name "
                           "of the expression. Found {} fields in {}",
                           inside.count(), path));
      }
      return add(element, path);
    }
    for (const Element& each : inside) {
      if (each.name().find('.') != std::string_view::npos) {
        return fail(Code::kInvalid, 40183,
                    format("cannot use dotted field name '{}' in a sub object", each.name()));
      }
      NACRE_TRY(field(each, path + "." + std::string(each.name())));
    }
    return {};
  }

  Result<> add(const Element& element, const std::string& path) {
    expression::Expression expression = NACRE_TRY(expression::Expression::parse(element, scope_));
    ProjectionNode* node = NACRE_TRY(add_path(root, path, kRules));
    node->kind = Kind::kComputed;
    node->expression = std::move(expression);
    return {};
  }

  const expression::Scope& scope_;
};

Result<ProjectionNode> parse_added(const Element& stage, const expression::Scope& scope) {
  if (!stage.is(Type::kDocument)) {
    return fail(Code::kInvalid, 40272,
                format("{} specification stage must be an object, got {}", stage.name(),
                       bson::name(stage.type())));
  }
  FieldAdder adder(scope);
  NACRE_TRY(adder.fields(stage.document()));
  note_computed(adder.root);
  return std::move(adder.root);
}

Result<Projection> parse_project(const Element& stage, const expression::Scope& scope) {
  if (!stage.is(Type::kDocument)) {
    return fail(Code::kInvalid, 15969, "$project specification must be an object");
  }
  if (stage.document().empty()) {
    return fail(Code::kInvalid, 51272,
                "Invalid $project :: caused by :: projection specification must have at least one "
                "field");
  }
  return Projection::parse(stage.document(), {.of_find = false, .scope = &scope});
}

Result<Element> new_root_of(const Element& stage) {
  if (stage.name() == "$replaceWith") return stage;
  if (!stage.is(Type::kDocument)) {
    return fail(Code::kInvalid, 40229,
                format("expected an object as specification for $replaceRoot stage, got {}",
                       bson::name(stage.type())));
  }
  Element found;
  for (const Element& each : stage.document()) {
    if (each.name() != "newRoot") {
      return fail(Code::kInvalid, error_codes::kIDLUnknownField,
                  format("BSON field '$replaceRoot.{}' is an unknown field.", each.name()));
    }
    found = each;
  }
  if (!found) {
    return fail(Code::kInvalid, error_codes::kIDLFailedToParse,
                "BSON field '$replaceRoot.newRoot' is missing but a required field");
  }
  return found;
}

}  // namespace

bool Transform::is_transform(std::string_view stage) {
  for (const std::string_view known :
       {"$project", "$addFields", "$set", "$unset", "$replaceRoot", "$replaceWith"}) {
    if (stage == known) return true;
  }
  return false;
}

Result<Transform> Transform::parse(const Element& stage, const expression::Scope& scope) {
  const std::string_view name = stage.name();
  Transform transform;
  if (name == "$project") {
    transform.projection_ = NACRE_TRY(parse_project(stage, scope));
  } else if (name == "$unset") {
    transform.projection_ = NACRE_TRY(Projection::parse_unset(stage));
  } else if (name == "$addFields" || name == "$set") {
    transform.added_ = std::make_shared<const ProjectionNode>(NACRE_TRY(parse_added(stage, scope)));
  } else {
    const Element root = NACRE_TRY(new_root_of(stage));
    transform.new_root_ = NACRE_TRY(expression::Expression::parse(root, scope));
  }
  return transform;
}

Result<bson::Document> Transform::apply(const View& document,
                                        expression::Environment& environment) const {
  if (projection_) return projection_->apply(document, environment);
  if (added_ != nullptr) {
    const ProjectionWalk walk{
        .document = document, .environment = environment, .position = std::nullopt};
    bson::Builder builder;
    NACRE_TRY(append_edited(builder, document, *added_, walk));
    return builder.finish();
  }
  const auto mark = environment.scratch().mark();
  const Element root = NACRE_TRY(new_root_->evaluate_view(document, environment));
  if (!root.is(Type::kDocument)) {
    return fail(Code::kInvalid, 40228,
                format("'newRoot' expression must evaluate to an object, but resulting value was: "
                       "{}. Type of resulting value: '{}'. Input document: {}",
                       root ? bson::to_json(root) : "MISSING", bson::name(root.type()),
                       bson::to_json(document)));
  }
  bson::Document result(root.document());
  environment.scratch().rewind(mark);
  return result;
}

}  // namespace nacre::query
