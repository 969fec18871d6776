// The tree that the fields of a projection or of $addFields make, and the two walks over it.
//
// Inclusion keeps what the tree names and adds what it computes; editing keeps all else, too: it is
// exclusion, $addFields and $unset. Both go through arrays, arrays inside arrays too, and make
// documents where a computed field has none to stand in.
// Invariants: PROJECTION-1 a node that is no leaf has children, and its children's names differ
//             PROJECTION-2 `computes` of a node says whether a leaf at or below it computes
// Cost:       one new document; a computed value is copied once.
// Threads:    immutable once parsed; a walk belongs to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "expression/expression.h"
#include "match/filter.h"
#include "query/field_path.h"

namespace nacre::query {

struct ProjectionNode {
  enum class Kind : std::uint8_t {
    kInner,
    kPlain,        // a field that is kept, or left out when editing
    kSlice,        // the part of an array
    kComputed,     // an expression
    kElementMatch  // the first element of an array that `filter` takes
  };

  std::string name;
  Kind kind = Kind::kInner;
  bool computes = false;
  bool positional = false;  // on the way of "a.b.$"
  std::int64_t slice_start = 0;
  std::int64_t slice_count = 0;
  expression::Expression expression;
  std::shared_ptr<const match::Filter> filter;  // shared by copies of the projection
  std::vector<ProjectionNode> children;         // in the order they were written in

  [[nodiscard]] const ProjectionNode* find(std::string_view child) const {
    for (const ProjectionNode& each : children) {
      if (each.name == child) return &each;
    }
    return nullptr;
  }
};

// How paths of a specification may be wrong, which differs between $project and $addFields.
struct PathRules {
  std::int32_t inside_number;  // a path goes on below a whole one
  std::int32_t whole_number;   // a path ends above others, or is there twice
};

// The node at the end of `path`, made now. The errors of check_field_path() and those of `rules`.
[[nodiscard]] Result<ProjectionNode*> add_path(ProjectionNode& root, std::string_view path,
                                               const PathRules& rules);

// Sets what PROJECTION-2 promises, from the leaves up.
bool note_computed(ProjectionNode& node);

// What a walk knows of its document.
struct ProjectionWalk {
  bson::View document;  // whole
  expression::Environment& environment;
  std::optional<std::size_t> position;  // of the element that the query matched
};

[[nodiscard]] Result<> append_included(bson::Builder& to, const bson::View& document,
                                       const ProjectionNode& node, const ProjectionWalk& walk);
[[nodiscard]] Result<> append_edited(bson::Builder& to, const bson::View& document,
                                     const ProjectionNode& node, const ProjectionWalk& walk);

}  // namespace nacre::query
