// The tree an update is compiled into, shared by its parser and its application.
//
// Invariants: UPDATE-1 a node has an operator or children, never both
//             UPDATE-2 children ascend by name, numbers by value; no two have one name
// Threads:    immutable once parsed.
#pragma once

#include <string>
#include <vector>

#include "document/update.h"

namespace nacre::document {

struct PushOptions {
  std::optional<std::int64_t> position;
  std::optional<std::int64_t> slice;
  // Empty path: the elements themselves.
  struct SortStep {
    std::string path;
    bool descending = false;
  };
  std::vector<SortStep> sort;
};

struct Update::Node {
  enum class Operator : std::uint8_t {
    kNone,  // a step on the way to its children
    kSet,
    kSetOnInsert,
    kUnset,
    kIncrement,
    kMultiply,
    kMin,
    kMax,
    kRenameFrom,
    kRenameTo,  // the operand is the old path
    kCurrentDate,
    kCurrentTimestamp,
    kBit,
    kPush,
    kAddToSet,
    kPop,
    kPull,
    kPullAll
  };

  std::string name;
  std::optional<std::size_t> index;  // when the name is also a position
  Operator op = Operator::kNone;
  std::string path;                 // of a node with an operator
  bson::Element operand;            // in the update's copy of its source
  std::vector<bson::Element> each;  // kPush, kAddToSet
  PushOptions push;
  ElementTest pull;  // kPull with a condition
  std::vector<Node> children;
};

struct Update::Parsed {
  bson::Document source;
  bool replacement = false;
  Update::Node root;
};

// Adds a node for `path`, or says with what it conflicts (40). Requires a checked path.
[[nodiscard]] Result<Update::Node*> add_node(Update::Node& root, std::string_view path);

[[nodiscard]] Result<Update::Node> parse_operators(const bson::View& update,
                                                   const ElementTestParser& pull_conditions);

struct UpdateMoment {
  bson::Date now;
  bool inserting = false;
};

// The document with the tree's changes, whatever they do to _id.
[[nodiscard]] Result<bson::Document> apply_tree(const Update::Node& root,
                                                const bson::View& document, UpdateMoment moment);

// What an array operator makes of an array (missing: of none). Appended to `to` under `name`.
[[nodiscard]] Result<> apply_array_operator(bson::Builder& to, std::string_view name,
                                            const Update::Node& node, const bson::Element& existing,
                                            const bson::View& document);

// "{_id: 1}" for error texts.
[[nodiscard]] std::string id_text(const bson::View& document);

}  // namespace nacre::document
