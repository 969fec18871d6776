#include "query/projection.h"

#include <utility>

#include "base/text.h"
#include "query/projection_parse_internal.h"
#include "query/projection_tree_internal.h"

namespace nacre::query {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Kind = ProjectionNode::Kind;

constexpr std::int32_t kNoElementMatched = 51246;

void collect_paths(const ProjectionNode& node, const std::string& prefix,
                   std::vector<std::string>& paths, bool& whole) {
  for (const ProjectionNode& child : node.children) {
    if (child.kind == Kind::kInner) {
      collect_paths(child, prefix + child.name + ".", paths, whole);
    } else if (child.kind == Kind::kComputed) {
      const expression::Dependencies needed = child.expression.dependencies();
      whole = whole || needed.whole_document;
      paths.insert(paths.end(), needed.paths.begin(), needed.paths.end());
    } else {
      paths.push_back(prefix + child.name);
    }
  }
}

bool all_plain(const ProjectionNode& node) {
  for (const ProjectionNode& child : node.children) {
    if (child.kind != Kind::kPlain && child.kind != Kind::kInner) return false;
    if (child.positional || !all_plain(child)) return false;
  }
  return true;
}

bool asks_meta(const View& spec, std::string_view what) {
  for (const Element& element : spec) {
    if (element.name() == "$meta" && element.is(Type::kString) && element.string() == what) {
      return true;
    }
    if (element.is(Type::kDocument) && element.name() != "$literal" &&
        asks_meta(element.document(), what)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Projection::Projection() {
  static const auto kNothing = std::make_shared<const ProjectionNode>();
  root_ = kNothing;
}

Result<Projection> Projection::parse(const View& spec, const ProjectionOptions& options) {
  ProjectionParser parser(options);
  NACRE_TRY(parser.fields(spec));
  Projection projection;
  projection.inclusion_ = parser.is_inclusion();
  projection.needs_text_score_ = asks_meta(spec, "textScore");
  projection.needs_place_ = asks_meta(spec, "geoNearDistance") || asks_meta(spec, "geoNearPoint");
  projection.positional_ = parser.has_positional();
  projection.root_ = std::make_shared<const ProjectionNode>(std::move(parser).finish());
  return projection;
}

Result<Projection> Projection::parse_unset(const Element& fields) {
  bson::Builder spec;
  const auto add = [&](const Element& name) -> Result<> {
    if (name.string().find('\0') != std::string_view::npos) {
      return fail(Code::kInvalid, 16411, "FieldPath field names may not contain '\\0'.");
    }
    spec.append(name.string(), 0);
    return {};
  };
  if (fields.is(Type::kString)) {
    NACRE_TRY(add(fields));
  } else if (!fields.is(Type::kArray)) {
    return fail(Code::kInvalid, 31002, "$unset specification must be a string or an array");
  } else if (fields.array().empty()) {
    return fail(Code::kInvalid, 31119,
                "$unset specification must be a string or an array with at least one field");
  } else {
    for (const Element& each : fields.array()) {
      if (!each.is(Type::kString)) {
        return fail(Code::kInvalid, 31120,
                    "$unset specification must be a string or an array containing only string "
                    "values");
      }
      NACRE_TRY(add(each));
    }
  }
  return parse(spec.finish(), {.of_find = false});
}

bool Projection::keeps_everything() const { return !inclusion_ && root_->children.empty(); }

bool Projection::is_plain() const { return all_plain(*root_); }

std::vector<std::string> Projection::included_paths() const {
  std::vector<std::string> paths;
  bool whole = false;
  if (inclusion_) collect_paths(*root_, "", paths, whole);
  if (whole) paths.clear();
  return paths;
}

Result<bson::Document> Projection::apply(const View& document,
                                         expression::Environment& environment) const {
  if (keeps_everything()) return bson::Document(document);
  ProjectionWalk walk{.document = document, .environment = environment, .position = std::nullopt};
  if (positional_) {
    if (query_ != nullptr) walk.position = NACRE_TRY(query_->position(document, &environment));
    if (!walk.position) {
      return fail(Code::kInvalid, kNoElementMatched,
                  "Executor error during find command: positional operator '.$' couldn't find a "
                  "matching element in the array");
    }
  }
  bson::Builder builder;
  if (inclusion_) {
    NACRE_TRY(append_included(builder, document, *root_, walk));
  } else {
    NACRE_TRY(append_edited(builder, document, *root_, walk));
  }
  return builder.finish();
}

}  // namespace nacre::query
