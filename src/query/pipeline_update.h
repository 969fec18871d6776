// PipelineUpdate: an update whose new document is computed from the old one by stages.
//
// The stages are those that make one document of one: $addFields, $set, $project, $unset,
// $replaceRoot, $replaceWith. What they make of _id does not count: a document keeps its own.
// Errors:  parse: kInvalid 40323 (a stage with more than one field), 72 (InvalidOptions) for a
//          stage that may not stand in an update; those of the stages and of `let`. apply: those
//          of expressions; 66 (ImmutableField), 17419 (grown over 16 MiB).
// Threads: one thread at a time.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/path.h"
#include "expression/environment.h"
#include "query/operations.h"
#include "query/transform.h"

namespace nacre::query {

class PipelineUpdate {
 public:
  // Of the request's update, let and constants. `now` is what $$NOW is; strings are compared by the
  // collator (null: by their bytes), which outlives the update.
  [[nodiscard]] static Result<PipelineUpdate> parse(const UpdateRequest& request, bson::Date now,
                                                    const text::Collator* collator = nullptr);

  // The document after the update, or nothing when it would be the same bytes.
  [[nodiscard]] Result<std::optional<bson::Document>> apply(const bson::View& document);
  // What an upsert inserts.
  [[nodiscard]] Result<bson::Document> insert(std::span<const bson::PathValue> equalities);

 private:
  explicit PipelineUpdate(bson::Date now) : environment_(now) {}
  [[nodiscard]] Result<bson::Document> run(const bson::View& document);

  std::vector<Transform> stages_;
  expression::Environment environment_;
};

}  // namespace nacre::query
