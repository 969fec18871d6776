// The tree an update is compiled into, shared by its parser and its application.
//
// Invariants: UPDATE-1 a node has an operator or children, never both
//             UPDATE-2 children ascend by name, numbers by value; no two have one name
//             UPDATE-3 children that mean elements ($[], $[id]) have no other kind beside them
// Threads:    immutable once parsed.
#pragma once

#include <span>
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

  enum class Step : std::uint8_t {
    kField,     // a name, or a position of an array
    kMatched,   // $: the position that the filter met
    kEach,      // $[]
    kFiltered,  // $[id]
  };

  std::string name;  // as the path writes it
  Step step = Step::kField;
  ElementTest filter;                // kFiltered
  std::optional<std::size_t> index;  // when the name is also a position
  Operator op = Operator::kNone;
  std::string path;                 // of a node with an operator
  bson::Element operand;            // in the update's copy of its source
  std::vector<bson::Element> each;  // kPush, kAddToSet
  PushOptions push;
  ElementTest pull;  // kPull with a condition
  std::vector<Node> children;
};

struct UpdateTree {
  Update::Node root;
  bool has_matched = false;  // some path has a $
  bool has_renames = false;
};

struct Update::Parsed {
  bson::Document source;
  bool replacement = false;
  UpdateTree tree;
  std::shared_ptr<const text::Collator> collator;  // shared with the statement it is of
};

// update_path.cc: 56 (EmptyFieldName), or 2 for a misplaced $.
[[nodiscard]] Result<> check_path(std::string_view path);

// Adds a node for `path`, or says with what it conflicts (40). Requires a checked path. 2 when no
// filter has the identifier of a step.
[[nodiscard]] Result<Update::Node*> add_node(Update::Node& root, std::string_view path,
                                             std::span<const ArrayFilter> filters = {});

// One node that does what several say of one element; 40 when they say different things of one
// value. Requires at least one.
[[nodiscard]] Result<Update::Node> merge_nodes(std::span<const Update::Node* const> nodes);

// A copy in which each $ is that position.
[[nodiscard]] Result<Update::Node> resolve_matched(const Update::Node& node, std::size_t position);

// update_array_parse.cc: the clauses of $push and $addToSet.
[[nodiscard]] Result<> parse_push(const bson::Element& operand, Update::Node& node);
[[nodiscard]] Result<> parse_add_to_set(const bson::Element& operand, Update::Node& node);

[[nodiscard]] Result<UpdateTree> parse_operators(const bson::View& update,
                                                 const ElementTestParser& pull_conditions,
                                                 std::span<const ArrayFilter> filters);

struct UpdateMoment {
  bson::Date now;
  bool inserting = false;
  std::optional<std::size_t> matched{};  // what $ means
  const text::Collator* collator = nullptr;
};

// The document with the tree's changes, whatever they do to _id.
[[nodiscard]] Result<bson::Document> apply_tree(const UpdateTree& tree, const bson::View& document,
                                                UpdateMoment moment);

// What an array operator makes of an array (missing: of none). Appended to `to` under `name`.
[[nodiscard]] Result<> apply_array_operator(bson::Builder& to, std::string_view name,
                                            const Update::Node& node, const bson::Element& existing,
                                            const bson::View& document,
                                            const text::Collator* collator);

// "{_id: 1}" for error texts.
[[nodiscard]] std::string id_text(const bson::View& document);

}  // namespace nacre::document
