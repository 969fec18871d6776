#include "query/projection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace nacre::query {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;
using Node = Projection::Node;

constexpr std::int32_t kNotImplemented = 238;
constexpr std::int32_t kEmptyName = 15998;
constexpr std::int32_t kDollarName = 16410;
constexpr std::int32_t kCollisionInside = 31249;
constexpr std::int32_t kCollision = 31250;
constexpr std::int32_t kInclusionInExclusion = 31253;
constexpr std::int32_t kExclusionInInclusion = 31254;

std::unexpected<Error> not_here(std::string_view what) {
  return fail(Code::kUnsupported, kNotImplemented,
              format("{} in a projection is not implemented", what));
}

// Adds `path` under `root`; two paths may share a start, not an end.
Result<Node*> add_path(Node& root, std::string_view path) {
  Node* at = &root;
  std::string_view rest = path;
  bool fresh = false;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view step = rest.substr(0, dot);
    if (step.empty()) {
      return fail(Code::kInvalid, kEmptyName, "FieldPath field names may not be empty strings.");
    }
    if (step == "$") return not_here("the positional operator");
    if (step.front() == '$') {
      return fail(Code::kInvalid, kDollarName,
                  "FieldPath field names may not start with '$'. Consider using $getField or "
                  "$setField.");
    }
    if (!fresh && at != &root && at->children.empty()) {
      return fail(Code::kInvalid, kCollisionInside,
                  format("Path collision at {} remaining portion {}", path, rest));
    }
    const auto found = std::ranges::find(at->children, step, &Node::name);
    fresh = found == at->children.end();
    if (fresh) {
      at->children.push_back({.name = std::string(step), .children = {}, .slice = std::nullopt});
      at = &at->children.back();
    } else {
      at = &*found;
    }
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (fresh) return at;
  return fail(Code::kInvalid, kCollision, format("Path collision at {}", path));
}

std::optional<std::int64_t> slice_number(const Element& value) {
  const std::optional<std::int64_t> number = value.as_int64();
  // Far beyond any array, and far from where sums overflow.
  return number ? std::optional(std::clamp<std::int64_t>(*number, -(1LL << 40), 1LL << 40))
                : number;
}

Result<Projection::Slice> parse_slice(const Element& operand) {
  if (!operand.is(Type::kArray)) {
    const auto count = slice_number(operand);
    if (!count.has_value()) {
      return fail(Code::kInvalid, 28667, "$slice takes a number or [skip, limit]");
    }
    return Projection::Slice{.start = std::min<std::int64_t>(*count, 0),
                             .count = *count < 0 ? -*count : *count};
  }
  if (operand.array().count() != 2) {
    return fail(Code::kInvalid, 28667, "$slice takes a number or [skip, limit]");
  }
  const auto start = slice_number(operand.array().at(0));
  const auto count = slice_number(operand.array().at(1));
  if (!start.has_value() || !count.has_value()) {
    return fail(Code::kInvalid, 28725, "the arguments of $slice must be integers");
  }
  if (*count <= 0) return fail(Code::kInvalid, 28724, "the limit of $slice must be positive");
  return Projection::Slice{.start = *start, .count = *count};
}

class Parser {
 public:
  Result<> fields(const View& spec, const std::string& prefix) {
    for (const Element& element : spec) {
      const std::string path = prefix + std::string(element.name());
      if (element.is(Type::kDocument)) {
        NACRE_TRY(nested(element, path));
        continue;
      }
      if (!element.is_number() && !element.is(Type::kBool)) {
        return not_here(format("a computed field ({})", path));
      }
      NACRE_TRY(field(path, element.truthy()));
    }
    return {};
  }

  Node root;
  std::optional<bool> inclusion;
  std::optional<bool> id;  // what was said of _id

 private:
  Result<> nested(const Element& element, const std::string& path) {
    const View inside = element.document();
    if (inside.empty()) {
      return fail(Code::kInvalid, 51270,
                  "An empty sub-projection is not a valid value. Found empty object at path");
    }
    const std::string_view first = inside.begin()->name();
    if (first == "$slice" && inside.count() == 1) {
      const Projection::Slice part = NACRE_TRY(parse_slice(*inside.begin()));
      Node* node = NACRE_TRY(add_path(root, path));
      node->slice = part;
      return {};
    }
    if (first.starts_with('$')) return not_here(first);
    return fields(inside, path + ".");
  }

  Result<> field(const std::string& path, bool included) {
    if (path == "_id") {
      id = included;
      return {};
    }
    if (inclusion.has_value() && *inclusion != included) {
      return included
                 ? fail(Code::kInvalid, kInclusionInExclusion,
                        format("Cannot do inclusion on field {} in exclusion projection", path))
                 : fail(Code::kInvalid, kExclusionInInclusion,
                        format("Cannot do exclusion on field {} in inclusion projection", path));
    }
    inclusion = included;
    NACRE_TRY(add_path(root, path));
    return {};
  }
};

// What a leaf keeps of an element that it keeps.
void append_leaf(Builder& to, const Element& element, const Node& leaf) {
  if (!leaf.slice.has_value() || !element.is(Type::kArray)) {
    to.append(element);
    return;
  }
  std::int64_t first = leaf.slice->start;
  if (first < 0) {
    first = std::max<std::int64_t>(0, first + static_cast<std::int64_t>(element.array().count()));
  }
  to.begin_array(element.name());
  std::int64_t position = 0;
  for (const Element& each : element.array()) {
    if (position >= first && position - first < leaf.slice->count) to.push(each);
    ++position;
  }
  to.end();
}

void include(Builder& to, const View& document, const Node& node);
void exclude(Builder& to, const View& document, const Node& node);

// `apply` to each document inside an array, at any depth; other elements stay or go.
template <class Apply>
void each_element(Builder& to, const View& array, const Node& node, bool keep_others, Apply apply) {
  for (const Element& element : array) {
    if (element.is(Type::kDocument)) {
      to.push_begin_document();
      apply(to, element.document(), node);
      to.end();
    } else if (element.is(Type::kArray)) {
      to.push_begin_array();
      each_element(to, element.array(), node, keep_others, apply);
      to.end();
    } else if (keep_others) {
      to.push(element);
    }
  }
}

void include(Builder& to, const View& document, const Node& node) {
  for (const Element& element : document) {
    const Node* child = node.find(element.name());
    if (child == nullptr) continue;
    if (child->children.empty()) {
      append_leaf(to, element, *child);
    } else if (element.is(Type::kDocument)) {
      to.begin_document(element.name());
      include(to, element.document(), *child);
      to.end();
    } else if (element.is(Type::kArray)) {
      to.begin_array(element.name());
      each_element(to, element.array(), *child, /*keep_others=*/false, include);
      to.end();
    }
  }
}

void exclude(Builder& to, const View& document, const Node& node) {
  for (const Element& element : document) {
    const Node* child = node.find(element.name());
    const bool nests = element.is(Type::kDocument) || element.is(Type::kArray);
    if (child == nullptr || (!nests && !child->children.empty())) {
      to.append(element);
    } else if (child->children.empty()) {
      if (child->slice.has_value()) append_leaf(to, element, *child);
    } else if (element.is(Type::kDocument)) {
      to.begin_document(element.name());
      exclude(to, element.document(), *child);
      to.end();
    } else {
      to.begin_array(element.name());
      each_element(to, element.array(), *child, /*keep_others=*/true, exclude);
      to.end();
    }
  }
}

void collect_paths(const Node& node, const std::string& prefix, std::vector<std::string>& paths) {
  for (const Node& child : node.children) {
    if (child.children.empty()) {
      paths.push_back(prefix + child.name);
    } else {
      collect_paths(child, prefix + child.name + ".", paths);
    }
  }
}

}  // namespace

const Node* Projection::Node::find(std::string_view child) const {
  for (const Node& each : children) {
    if (each.name == child) return &each;
  }
  return nullptr;
}

Result<Projection> Projection::parse(const View& spec) {
  Parser parser;
  NACRE_TRY(parser.fields(spec, ""));
  Projection projection;
  // {_id: 1} alone includes _id alone; beside other fields it follows them.
  const bool id_alone = parser.root.children.empty() && parser.id.value_or(false);
  projection.inclusion_ = parser.inclusion.value_or(id_alone);
  projection.root_ = std::move(parser.root);
  const bool names_id =
      projection.inclusion_ ? parser.id.value_or(true) : !parser.id.value_or(true);
  if (names_id && projection.root_.find("_id") == nullptr) {
    projection.root_.children.push_back({.name = "_id", .children = {}, .slice = std::nullopt});
  }
  return projection;
}

std::vector<std::string> Projection::included_paths() const {
  std::vector<std::string> paths;
  if (inclusion_) collect_paths(root_, "", paths);
  return paths;
}

bson::Document Projection::apply(const View& document) const {
  if (keeps_everything()) return bson::Document(document);
  Builder builder;
  inclusion_ ? include(builder, document, root_) : exclude(builder, document, root_);
  return builder.finish();
}

}  // namespace nacre::query
