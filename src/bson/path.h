// What a dotted path reaches in a document: the one place that goes through arrays for filters and
// sorts, under the same rules as index keys (document/index_keys.h; a property test compares them).
//
// Rules, MongoDB's: a step names a field of a document. Before an array the rest goes on
//   in each document inside it, but not in arrays inside it. A numeric step also means the element
//   at that position, which may be an array. An array at the end gives its elements, then itself.
//   A document of an array that lacks a numeric field counts as missing it for filters, although
//   the position exists: {"a.0.b": null} matches {a: [{b: 1}]}. Indexes and sorts see the position
//   alone, so no index bounds such a condition.
// Cost:    one walk; no allocation.
// Threads: pure functions; a Path is immutable.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bson/value.h"

namespace nacre::bson {

struct PathStep {
  std::string name;
  std::optional<std::size_t> index;  // when the name is also a position
};

class Path {
 public:
  Path() = default;
  explicit Path(std::string_view dotted);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::span<const PathStep> steps() const { return steps_; }

 private:
  std::string text_;
  std::vector<PathStep> steps_;
};

// A value and where it is or should be.
struct PathValue {
  std::string_view path;
  Element value;
};

enum class Reached : std::uint8_t {
  kValue,         // what the path ends at; may be an array, when a position named it
  kArrayElement,  // an element of the array that the path ends at
  kWholeArray,    // that array, after its elements
  kMissing,       // the path leads nowhere: counts as null for filters, index keys and sorts
  kLacking,       // a document of an array lacks a numeric field: null for filters only
  kNothing        // an array on the way had nothing to go on in: null for index keys and sorts only
};

// Calls visit(element, reached) for each, until one call returns true; returns whether one did.
// The element is missing for kMissing, kLacking and kNothing. There is always at least one call.
template <class Visit>
bool visit_path(const View& document, std::span<const PathStep> steps, Visit& visit);

// The same from what stands before the first of `steps`; missing when there is nothing.
template <class Visit>
bool visit_rest(Element found, std::span<const PathStep> steps, Visit& visit);

// What one element, at `position` of an array that the path goes on behind, gives of that.
template <class Visit>
bool visit_element(const Element& element, std::size_t position, std::span<const PathStep> steps,
                   Visit& visit);

namespace path_internal {

template <class Visit>
bool visit_array(const View& array, std::span<const PathStep> steps, Visit& visit);

template <class Visit>
bool visit_end(const Element& found, Visit& visit) {
  if (!found.is(Type::kArray)) return visit(found, Reached::kValue);
  for (const Element& element : found.array()) {
    if (visit(element, Reached::kArrayElement)) return true;
  }
  return visit(found, Reached::kWholeArray);
}

// `steps` still to go from the element at a position that the path names.
template <class Visit>
bool visit_position(const Element& element, std::span<const PathStep> steps, Visit& visit) {
  if (steps.empty()) return visit(element, Reached::kValue);
  if (element.is(Type::kDocument)) return visit_path(element.document(), steps, visit);
  if (element.is(Type::kArray)) return visit_array(element.array(), steps, visit);
  return visit(Element(), Reached::kNothing);
}

template <class Visit>
bool visit_array(const View& array, std::span<const PathStep> steps, Visit& visit) {
  const PathStep& step = steps.front();
  bool visited = false;  // somewhere that counts for index keys and sorts
  bool has_documents = false;
  std::size_t position = 0;
  for (const Element& element : array) {
    const bool is_document = element.is(Type::kDocument);
    has_documents = has_documents || is_document;
    const bool lacks = step.index && is_document && !element.document().find(step.name);
    visited = visited || !step.index || (is_document && !lacks) || step.index == position;
    if (visit_element(element, position++, steps, visit)) return true;
    if (!step.index && !is_document && visit(Element(), Reached::kNothing)) return true;
  }
  if (visited) return false;
  return visit(Element(), has_documents ? Reached::kMissing : Reached::kNothing);
}

}  // namespace path_internal

template <class Visit>
bool visit_element(const Element& element, std::size_t position, std::span<const PathStep> steps,
                   Visit& visit) {
  const PathStep& step = steps.front();
  if (element.is(Type::kDocument)) {
    if (step.index && !element.document().find(step.name)) {
      if (visit(Element(), Reached::kLacking)) return true;
    } else if (visit_path(element.document(), steps, visit)) {
      return true;
    }
  }
  return step.index == position && path_internal::visit_position(element, steps.subspan(1), visit);
}

template <class Visit>
bool visit_path(const View& document, std::span<const PathStep> steps, Visit& visit) {
  return visit_rest(document.find(steps.front().name), steps.subspan(1), visit);
}

template <class Visit>
bool visit_rest(Element found, std::span<const PathStep> steps, Visit& visit) {
  while (!steps.empty() && found.is(Type::kDocument)) {
    found = found.document().find(steps.front().name);
    steps = steps.subspan(1);
  }
  if (!found) return visit(found, Reached::kMissing);
  if (steps.empty()) return path_internal::visit_end(found, visit);
  if (found.is(Type::kArray)) {
    return path_internal::visit_array(found.array(), steps, visit);
  }
  return visit(Element(), Reached::kMissing);
}

template <class Visit>
bool visit_path(const View& document, const Path& path, Visit&& visit) {
  return visit_path(document, path.steps(), visit);
}

}  // namespace nacre::bson
