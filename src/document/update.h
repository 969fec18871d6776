// Update: what changes in a document, compiled once and applied to many.
//
// Operators ($set $unset $inc $mul $min $max $rename $setOnInsert $currentDate $bit, $push with
// $each $position $slice $sort, $addToSet $pull $pullAll $pop) or a replacement document. All paths
// go into one tree, so that one walk over the old document writes the new one; new fields come
// last, in the order of their names (numbers by value), as MongoDB does it since 5.0. In a path,
// `$` is the element of an array that the filter met, `$[]` each element, `$[id]` those that the
// array filter of that name takes. Updates by a pipeline are query/pipeline_update.h.
// Errors:  parse: kInvalid with MongoDB's number: 9 (FailedToParse), 2, 14, 40
//          (ConflictingUpdateOperators), 52 (DollarPrefixedFieldName), 56 (EmptyFieldName).
//          apply: 28 (PathNotViable), 14, 2, 40, 66 (ImmutableField), 17419 (grown over 16 MiB).
//          The old document is never changed.
// Cost:    apply writes the document once; each array operator holds its array's elements.
// Threads: immutable once parsed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/path.h"
#include "bson/value.h"
#include "text/collator.h"

namespace nacre::document {

// Whether $pull removes an element; query/ makes one from a condition, which this room cannot read.
using ElementTest = std::function<Result<bool>(const bson::Element&)>;
using ElementTestParser = std::function<Result<ElementTest>(const bson::Element& condition)>;

// Which elements of an array `$[identifier]` means; made by query/ like the tests of $pull.
struct ArrayFilter {
  std::string identifier;
  ElementTest test;
};

class Update {
 public:
  // `update` as a command carries it: a document of operators or a replacement. Kept as a copy.
  // Without `pull_conditions`, $pull takes only values to compare with (kUnsupported 238). Each of
  // `filters` must be used by some path (9). Operators that compare ($min $max $addToSet $pull
  // $pullAll, $sort of $push) compare strings by the collator; null: by their bytes.
  [[nodiscard]] static Result<Update> parse(
      const bson::Element& update, const ElementTestParser& pull_conditions = {},
      std::span<const ArrayFilter> filters = {},
      std::shared_ptr<const text::Collator> collator = nullptr);
  [[nodiscard]] static Result<Update> parse(
      const bson::View& update, const ElementTestParser& pull_conditions = {},
      std::span<const ArrayFilter> filters = {},
      std::shared_ptr<const text::Collator> collator = nullptr);

  Update(Update&&) noexcept;
  Update& operator=(Update&&) noexcept;
  ~Update();

  // A whole new document; not for many documents at once (the caller refuses, code 9).
  [[nodiscard]] bool is_replacement() const;

  // Some path has a `$`: apply wants to know the position that the filter met.
  [[nodiscard]] bool needs_position() const;

  // The document after the update, or nothing when it would be the same bytes. `now` is what
  // $currentDate writes; without a position, a path with `$` is error 2.
  [[nodiscard]] Result<std::optional<bson::Document>> apply(
      const bson::View& document, bson::Date now,
      std::optional<std::size_t> position = std::nullopt) const;

  // The document that an upsert inserts: the equalities of the filter (54, NotSingleValueField,
  // when they contradict each other), then the update with $setOnInsert. `_id` is first; a new
  // ObjectId when nobody gave one.
  [[nodiscard]] Result<bson::Document> insert(std::span<const bson::PathValue> equalities,
                                              bson::Date now) const;

  struct Node;  // update_internal.h

 private:
  struct Parsed;
  explicit Update(std::unique_ptr<const Parsed> parsed);

  std::unique_ptr<const Parsed> parsed_;  // never null, except after being moved from
};

// The same in parts, for updates that compute the new document in another way.
// What an upsert starts from: the equalities of its filter.
[[nodiscard]] Result<bson::Document> seed_of_upsert(std::span<const bson::PathValue> equalities);
// What an upsert inserts: `made` of `seed`, with an _id in front.
[[nodiscard]] Result<bson::Document> finish_upsert(const bson::View& seed, const bson::View& made);
// What an update leaves: `after` with the _id of `before`; nothing when it is the same bytes.
[[nodiscard]] Result<std::optional<bson::Document>> finish_update(const bson::View& before,
                                                                  bson::Document after);

}  // namespace nacre::document
