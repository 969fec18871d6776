// What an update statement does to a document: operators, a replacement, or a pipeline.
//
// Errors:  parse: those of document::Update::parse, of array filters and of pipelines; 9 for what
//          does not go together. apply, insert: those of document::Update.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/path.h"
#include "document/update.h"
#include "query/operations.h"
#include "query/pipeline_update.h"

namespace nacre::query {

class Change {
 public:
  // The request outlives the change. `now`: what $currentDate and $$NOW are. Strings are compared
  // by the collator; null: by their bytes.
  [[nodiscard]] static Result<Change> parse(const UpdateRequest& request, bson::Date now,
                                            std::shared_ptr<const text::Collator> collator);

  [[nodiscard]] bson::Date now() const { return now_; }
  [[nodiscard]] const text::Collator* collator() const { return collator_.get(); }
  [[nodiscard]] bool is_replacement() const { return update_ && update_->is_replacement(); }
  [[nodiscard]] bool needs_position() const { return update_ && update_->needs_position(); }

  // The document after the change, or nothing when it would be the same bytes.
  [[nodiscard]] Result<std::optional<bson::Document>> apply(const bson::View& document,
                                                            std::optional<std::size_t> position);
  // What an upsert inserts, see document::Update::insert.
  [[nodiscard]] Result<bson::Document> insert(std::span<const bson::PathValue> equalities);

 private:
  Change(bson::Date now, std::shared_ptr<const text::Collator> collator)
      : now_(now), collator_(std::move(collator)) {}

  bson::Date now_;
  std::shared_ptr<const text::Collator> collator_;  // shared with the statement
  std::optional<document::Update> update_;          // or
  std::optional<PipelineUpdate> pipeline_;
};

}  // namespace nacre::query
