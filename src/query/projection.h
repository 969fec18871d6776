// Projection: which fields of a document a reader wants.
//
// Inclusion ({a: 1, "b.c": 1}) or exclusion ({a: 0}), never mixed but for _id, which is included
// unless excluded by name. Arrays on a path are gone through, arrays inside arrays too; fields keep
// the document's order. {a: {$slice: n}} or [skip, n] keeps a part of an array, in either kind.
// Errors:  parse: kInvalid with MongoDB's number: 31254 and 31253 (mixed), 31249 and 31250 (a path
//          inside another, or twice), 15998 and 16410 (malformed path). kUnsupported 238 for
//          $elemMatch, $meta, "path.$" and computed fields.
// Cost:    apply builds one new document.
// Threads: immutable once parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::query {

class Projection {
 public:
  // Everything, as {} means.
  Projection() = default;

  [[nodiscard]] static Result<Projection> parse(const bson::View& spec);

  [[nodiscard]] bool keeps_everything() const { return !inclusion_ && root_.children.empty(); }
  [[nodiscard]] bool is_inclusion() const { return inclusion_; }
  // Of an inclusion: the dotted paths that it reads, _id among them unless excluded.
  [[nodiscard]] std::vector<std::string> included_paths() const;

  [[nodiscard]] bson::Document apply(const bson::View& document) const;

  // Which elements $slice keeps: `count` from `start`, which counts from the end when negative.
  struct Slice {
    std::int64_t start = 0;
    std::int64_t count = 0;
  };

  // The named paths as a tree; a leaf is the end of a path.
  struct Node {
    std::string name;
    std::vector<Node> children;
    std::optional<Slice> slice;  // of a leaf

    [[nodiscard]] const Node* find(std::string_view child) const;
  };

 private:
  bool inclusion_ = false;
  Node root_;
};

}  // namespace nacre::query
