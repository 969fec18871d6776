// Paths of updates: what may stand in one, and how they become a tree.
#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/path.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using Node = Update::Node;
using Step = Update::Node::Step;

using error_codes::kBadValue;
using error_codes::kConflictingUpdateOperators;
using error_codes::kEmptyFieldName;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, kBadValue, std::move(what));
}

Step step_of(std::string_view name) {
  if (name == "$") return Step::kMatched;
  if (name == "$[]") return Step::kEach;
  if (name.starts_with("$[") && name.ends_with(']')) return Step::kFiltered;
  return Step::kField;
}

bool means_elements(const Node& node) {
  return node.step == Step::kEach || node.step == Step::kFiltered;
}

bool comes_before(std::string_view a, std::string_view b) {
  const auto left = bson::array_index(a);
  const auto right = bson::array_index(b);
  if (left.has_value() && right.has_value()) return *left < *right;
  return a < b;
}

std::vector<Node>::iterator place_of(Node& parent, std::string_view name) {
  return std::ranges::lower_bound(parent.children, name, comes_before, &Node::name);
}

// `from` is moved into its place below `parent`, or made one with what is there.
Result<> merge_child(Node& parent, Node from) {
  const auto found = place_of(parent, from.name);
  if (found == parent.children.end() || found->name != from.name) {
    parent.children.insert(found, std::move(from));
    return {};
  }
  const Node* const both[] = {&*found, &from};
  *found = NACRE_TRY(merge_nodes(both));
  return {};
}

Result<Node> make_node(const bson::PathStep& step, std::string_view path,
                       std::span<const ArrayFilter> filters) {
  Node node;
  node.name = step.name;
  node.step = step_of(step.name);
  node.index = step.index;
  if (node.step != Step::kFiltered) return node;
  const std::string_view identifier = std::string_view(step.name).substr(2, step.name.size() - 3);
  const auto filter = std::ranges::find(filters, identifier, &ArrayFilter::identifier);
  if (filter == filters.end()) {
    return bad(format("No array filter found for identifier '{}' in path '{}'", identifier, path));
  }
  node.filter = filter->test;
  return node;
}

}  // namespace

Result<> check_path(std::string_view path) {
  if (path.empty())
    return fail(Code::kInvalid, kEmptyFieldName, "An empty update path is not valid.");
  const bson::Path parsed(path);
  bool first = true;
  bool met_matched = false;
  for (const bson::PathStep& step : parsed.steps()) {
    if (step.name.empty()) {
      return fail(
          Code::kInvalid, kEmptyFieldName,
          format("The update path '{}' contains an empty field name, which is not allowed.", path));
    }
    const Step kind = step_of(step.name);
    if (first && kind == Step::kMatched) {
      return bad(
          format("Cannot have positional (i.e. '$') element in the first position in path "
                 "'{}'",
                 path));
    }
    if (first && kind != Step::kField) {
      return bad(
          format("Cannot have array filter identifier (i.e. '$[<id>]') element in the first "
                 "position in path '{}'",
                 path));
    }
    if (kind == Step::kMatched && met_matched) {
      return bad(format("Too many positional (i.e. '$') elements found in path '{}'", path));
    }
    met_matched = met_matched || kind == Step::kMatched;
    first = false;
  }
  return {};
}

Result<Node*> add_node(Node& root, std::string_view path, std::span<const ArrayFilter> filters) {
  const auto conflict = [&](std::string_view at) {
    return fail(Code::kInvalid, kConflictingUpdateOperators,
                format("Updating the path '{}' would create a conflict at '{}'", path, at));
  };
  Node* at = &root;
  const bson::Path parsed(path);
  std::size_t end = 0;
  bool fresh = false;
  for (const bson::PathStep& step : parsed.steps()) {
    const std::string_view so_far = path.substr(0, end == 0 ? 0 : end - 1);
    if (!fresh && at->op != Node::Operator::kNone) return conflict(so_far);
    end += step.name.size() + 1;
    auto found = place_of(*at, step.name);
    fresh = found == at->children.end() || found->name != step.name;
    if (fresh) {
      Node child = NACRE_TRY(make_node(step, path, filters));
      const bool alike =
          at->children.empty() || means_elements(at->children.front()) == means_elements(child);
      if (!alike) return conflict(so_far);
      found = at->children.insert(found, std::move(child));
    }
    at = &*found;
  }
  if (!fresh) return conflict(path);
  at->path = path;
  return at;
}

Result<Node> merge_nodes(std::span<const Node* const> nodes) {
  Node merged = *nodes.front();
  for (const Node* node : nodes.subspan(1)) {
    const bool both_go_on = merged.op == Node::Operator::kNone && node->op == Node::Operator::kNone;
    const bool alike = both_go_on && means_elements(merged.children.front()) ==
                                         means_elements(node->children.front());
    if (!alike) {
      return fail(Code::kInvalid, kConflictingUpdateOperators,
                  format("Update created a conflict at '{}'",
                         node->path.empty() ? merged.path : node->path));
    }
    for (const Node& child : node->children) NACRE_TRY(merge_child(merged, child));
  }
  return merged;
}

Result<Node> resolve_matched(const Node& node, std::size_t position) {
  Node resolved = node;
  resolved.children.clear();
  for (const Node& child : node.children) {
    Node below = NACRE_TRY(resolve_matched(child, position));
    if (below.step == Step::kMatched) {
      below.name = std::to_string(position);
      below.index = position;
      below.step = Step::kField;
    }
    NACRE_TRY(merge_child(resolved, std::move(below)));
  }
  return resolved;
}

}  // namespace nacre::document
