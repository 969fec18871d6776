// ReturnKey: rows that are the keys by which the index of the plan led to the documents.
//
// {} for plans without one. Of several keys of one document it is the first that the bounds let in.
// Errors:  those of document/index_keys.h.
// Cost:    makes the document's keys anew, so that other finds need not carry theirs.
// Threads: one thread at a time.
#pragma once

#include "query/operator.h"
#include "query/scan.h"

namespace nacre::query {

class ReturnKey final : public Stage {
 public:
  // `input` gives whole documents of `collection`, which outlives the operator; null: none.
  ReturnKey(std::unique_ptr<Operator> input, const document::CollectionInfo* collection);

  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "RETURN_KEY"; }

 private:
  [[nodiscard]] Result<bson::Document> key_of(const Row& row) const;

  const document::CollectionInfo* collection_;
  const IndexScan* scan_ = nullptr;  // below it
  bool by_id_ = false;               // the table itself is the index
  bson::Document key_;
};

}  // namespace nacre::query
