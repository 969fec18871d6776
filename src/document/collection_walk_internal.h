// The documents of a collection a batch at a time, in the order it is read in.
//
// Errors:  kCorrupt for a capped collection whose order names no document; those of the rows.
// Threads: one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "document/catalog.h"
#include "txn/database.h"

namespace nacre::document {

struct DocumentBatch {
  std::vector<bson::Document> documents;
  std::size_t bytes = 0;  // of their BSON
};

class CollectionWalk {
 public:
  // Both outlive it.
  CollectionWalk(const txn::Snapshot& rows, const CollectionInfo& collection)
      : rows_(rows), collection_(collection) {}

  // An empty one: the end.
  [[nodiscard]] Result<DocumentBatch> next();

 private:
  [[nodiscard]] Result<> add(Bytes key, Bytes value, DocumentBatch& batch) const;

  const txn::Snapshot& rows_;
  const CollectionInfo& collection_;
  std::optional<std::string> reached_;
};

}  // namespace nacre::document
