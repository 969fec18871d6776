#include <algorithm>
#include <utility>

#include "base/text.h"
#include "query/projection_tree_internal.h"

namespace nacre::query {
namespace {

using bson::Builder;
using bson::Element;
using bson::Type;
using bson::View;
using Kind = ProjectionNode::Kind;

constexpr std::int32_t kPositionOutside = 51247;

enum class Mode : std::uint8_t { kInclude, kEdit };

Result<> append_fields(Mode mode, Builder& to, const View& document, const ProjectionNode& node,
                       const ProjectionWalk& walk) {
  return mode == Mode::kInclude ? append_included(to, document, node, walk)
                                : append_edited(to, document, node, walk);
}

Result<> append_computed(Builder& to, const ProjectionNode& leaf, const ProjectionWalk& walk) {
  const auto mark = walk.environment.scratch().mark();
  const Element value = NACRE_TRY(leaf.expression.evaluate_view(walk.document, walk.environment));
  if (value) to.append(leaf.name, value);
  walk.environment.scratch().rewind(mark);
  return {};
}

// The array with nothing but the element that the filter finds; no field at all if there is none.
Result<> append_matching_element(Builder& to, const ProjectionNode& leaf,
                                 const ProjectionWalk& walk) {
  const Element found = walk.document.find(leaf.name);
  if (!found.is(Type::kArray)) return {};
  const auto position = NACRE_TRY(leaf.filter->position(walk.document, &walk.environment));
  if (!position) return {};
  to.begin_array(leaf.name).push(found.array().at(*position)).end();
  return {};
}

void append_slice(Builder& to, const Element& element, const ProjectionNode& leaf) {
  if (!element.is(Type::kArray)) {
    to.append(element);
    return;
  }
  std::int64_t first = leaf.slice_start;
  if (first < 0) {
    first = std::max<std::int64_t>(0, first + static_cast<std::int64_t>(element.array().count()));
  }
  to.begin_array(element.name());
  std::int64_t position = 0;
  for (const Element& each : element.array()) {
    if (position >= first && position - first < leaf.slice_count) to.push(each);
    ++position;
  }
  to.end();
}

// A document that only computed fields make.
Result<> append_all_computed(Builder& to, const ProjectionNode& node, const ProjectionWalk& walk) {
  for (const ProjectionNode& child : node.children) {
    if (!child.computes) continue;
    if (child.kind == Kind::kInner) {
      to.begin_document(child.name);
      NACRE_TRY(append_all_computed(to, child, walk));
      to.end();
    } else {
      NACRE_TRY(append_computed(to, child, walk));
    }
  }
  return {};
}

// Under its name, or as the next element of an array.
enum class As : std::uint8_t { kField, kElement };

// What an inner node makes of a value.
Result<> append_inner(Mode mode, As as, Builder& to, const Element& value,
                      const ProjectionNode& node, const ProjectionWalk& walk) {
  const bool is_field = as == As::kField;
  if (value.is(Type::kArray)) {
    is_field ? to.begin_array(value.name()) : to.push_begin_array();
    for (const Element& each : value.array()) {
      NACRE_TRY(append_inner(mode, As::kElement, to, each, node, walk));
    }
    to.end();
    return {};
  }
  const bool is_document = value.is(Type::kDocument);
  if (is_document || node.computes) {
    is_field ? to.begin_document(value.name()) : to.push_begin_document();
    NACRE_TRY(is_document ? append_fields(mode, to, value.document(), node, walk)
                          : append_all_computed(to, node, walk));
    to.end();
  } else if (mode == Mode::kEdit) {
    is_field ? to.append(value) : to.push(value);
  }
  return {};
}

// "a.$": of the first array on the path only the element that the query matched.
Result<> append_positional(Builder& to, const Element& element, const ProjectionNode& node,
                           const ProjectionWalk& walk) {
  const Element only = element.array().at(*walk.position);
  if (!only) {
    return fail(Code::kInvalid, kPositionOutside,
                "Executor error during find command: positional operator '.$' element mismatch");
  }
  ProjectionWalk inside = walk;
  inside.position.reset();
  to.begin_array(element.name());
  if (node.kind == Kind::kInner) {
    NACRE_TRY(append_inner(Mode::kInclude, As::kElement, to, only, node, inside));
  } else {
    to.push(only);
  }
  to.end();
  return {};
}

// What is computed and has no field in the document whose place it could take.
Result<> append_new(Builder& to, const View& document, const ProjectionNode& node,
                    const ProjectionWalk& walk, Mode mode) {
  for (const ProjectionNode& child : node.children) {
    if (child.kind == Kind::kElementMatch) {
      NACRE_TRY(append_matching_element(to, child, walk));
      continue;
    }
    if (!child.computes) continue;
    const bool at_end = mode == Mode::kInclude && child.kind == Kind::kComputed;
    if (!at_end && document.find(child.name)) continue;
    if (child.kind == Kind::kInner) {
      to.begin_document(child.name);
      NACRE_TRY(append_all_computed(to, child, walk));
      to.end();
    } else {
      NACRE_TRY(append_computed(to, child, walk));
    }
  }
  return {};
}

}  // namespace

Result<ProjectionNode*> add_path(ProjectionNode& root, std::string_view path,
                                 const PathRules& rules) {
  NACRE_TRY(check_field_path(path));
  ProjectionNode* at = &root;
  std::string_view rest = path;
  bool fresh = false;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view step = rest.substr(0, dot);
    if (!fresh && at->kind != Kind::kInner) {
      return fail(Code::kInvalid, rules.inside_number,
                  format("Path collision at {} remaining portion {}", path, rest));
    }
    const auto found = std::ranges::find(at->children, step, &ProjectionNode::name);
    fresh = found == at->children.end();
    if (fresh) {
      ProjectionNode child;
      child.name = step;
      at->children.push_back(std::move(child));
      at = &at->children.back();
    } else {
      at = &*found;
    }
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (fresh) return at;
  return fail(Code::kInvalid, rules.whole_number, format("Path collision at {}", path));
}

bool note_computed(ProjectionNode& node) {
  node.computes = node.kind == Kind::kComputed;
  for (ProjectionNode& child : node.children) {
    if (note_computed(child)) node.computes = true;
  }
  return node.computes;
}

Result<> append_included(Builder& to, const View& document, const ProjectionNode& node,
                         const ProjectionWalk& walk) {
  for (const Element& element : document) {
    const ProjectionNode* child = node.find(element.name());
    if (child == nullptr) continue;
    if (child->positional && walk.position && element.is(Type::kArray)) {
      NACRE_TRY(append_positional(to, element, *child, walk));
      continue;
    }
    switch (child->kind) {
      case Kind::kInner:
        NACRE_TRY(append_inner(Mode::kInclude, As::kField, to, element, *child, walk));
        break;
      case Kind::kPlain:
        to.append(element);
        break;
      case Kind::kSlice:
        append_slice(to, element, *child);
        break;
      case Kind::kComputed:
      case Kind::kElementMatch:
        break;  // behind all that is kept
    }
  }
  return append_new(to, document, node, walk, Mode::kInclude);
}

Result<> append_edited(Builder& to, const View& document, const ProjectionNode& node,
                       const ProjectionWalk& walk) {
  for (const Element& element : document) {
    const ProjectionNode* child = node.find(element.name());
    if (child == nullptr) {
      to.append(element);
      continue;
    }
    switch (child->kind) {
      case Kind::kInner:
        NACRE_TRY(append_inner(Mode::kEdit, As::kField, to, element, *child, walk));
        break;
      case Kind::kSlice:
        append_slice(to, element, *child);
        break;
      case Kind::kComputed:
        NACRE_TRY(append_computed(to, *child, walk));
        break;
      case Kind::kPlain:
      case Kind::kElementMatch:
        break;
    }
  }
  return append_new(to, document, node, walk, Mode::kEdit);
}

}  // namespace nacre::query
