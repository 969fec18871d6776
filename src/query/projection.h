// Projection: which fields of a document a reader wants, and which it wants computed.
//
// Inclusion ({a: 1, "b.c": 1}) or exclusion ({a: 0}), never mixed but for _id, which is included
// unless excluded by name. Any other value is an expression, whose field stands behind those that
// are kept. Arrays on a path are gone through, arrays inside arrays too; fields keep the document's
// order. Of find alone: {a: {$slice: n}} or [skip, n] keeps a part of an array, in either kind;
// {a: {$elemMatch: filter}} its first element that matches; "a.$" the one that the query matched.
// Errors:  parse: kInvalid with MongoDB's number: 31254 and 31253 (mixed), 31252 and 31310
//          (computed, in an exclusion), 31249 and 31250 (a path inside another, or twice), 51270
//          ({a: {}}), 31325 (unknown expression), 31255 31256 31274 31275 31276 31277 31324 31394
//          31395 ($elemMatch and "a.$"), those of paths (query/field_path.h), expressions and
//          filters. apply: 51246 and 51247 for "a.$" where no element matched; those of expressions
//          and filters.
// Cost:    apply builds one new document.
// Threads: immutable once parsed; an environment belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "expression/environment.h"
#include "expression/scope.h"
#include "match/filter.h"

namespace nacre::query {

struct ProjectionNode;

struct ProjectionOptions {
  bool of_find = true;                       // false: of $project
  const expression::Scope* scope = nullptr;  // what expressions may name; null: nothing of a user's
  bson::View query{};  // the filter of the same find, which "a.$" must be about
};

class Projection {
 public:
  // Everything, as {} means.
  Projection();

  [[nodiscard]] static Result<Projection> parse(const bson::View& spec,
                                                const ProjectionOptions& options = {});
  // {$unset: "a"} or {$unset: ["a", "b.c"]}: 31002, 31119, 31120.
  [[nodiscard]] static Result<Projection> parse_unset(const bson::Element& fields);

  // The filter that was promised, for "a.$"; outlives the projection.
  void set_query(const match::Filter& query) { query_ = &query; }

  [[nodiscard]] bool keeps_everything() const;
  [[nodiscard]] bool is_inclusion() const { return inclusion_; }
  // Whether it shows fields of the document and no more: what an index on them could cover.
  [[nodiscard]] bool is_plain() const;
  // Whether it asks for more than the document: the score of a text query, or how far from a point
  // that was asked for it is.
  [[nodiscard]] bool needs_text_score() const { return needs_text_score_; }
  [[nodiscard]] bool needs_place() const { return needs_place_; }
  // Of an inclusion: the dotted paths that it reads, _id among them unless excluded. A computed
  // field counts with what it looks at; none when that is the whole document.
  [[nodiscard]] std::vector<std::string> included_paths() const;

  [[nodiscard]] Result<bson::Document> apply(const bson::View& document,
                                             expression::Environment& environment) const;

 private:
  bool inclusion_ = false;
  bool positional_ = false;  // there is a "a.$"
  bool needs_text_score_ = false;
  bool needs_place_ = false;
  const match::Filter* query_ = nullptr;
  std::shared_ptr<const ProjectionNode> root_;  // shared by copies; never null
};

}  // namespace nacre::query
