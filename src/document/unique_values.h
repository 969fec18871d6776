// UniqueValues: one document for each value, in an index whose keys end in the document's own.
//
// Why: the keys of an index that is built unique are the fields alone, and one look-up tells
// whether
//   a value is taken. An index that prepareUnique has been said of holds what was there before,
//   the same value several times; and when it becomes unique it keeps its entries, so that nothing
//   is built again. There the entries that begin with the fields tell.
// Invariants: two transactions that add one value both write one key that is never there, the
// claim:
//             the later one conflicts, and finds the value taken when it runs again.
// Errors:  kCorrupt; check_values_differ: kInvalid 359 (CannotConvertIndexToUnique) with
//          {violations: [{ids: [...]}]}, up to 8 MB of them.
// Cost:    a claim: its fields encoded. is_taken: a seek; for values too long for a key a look at
//          each document whose value begins alike. check_values_differ: a walk over the index.
// Threads: as the transaction.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bson/value.h"
#include "document/catalog.h"
#include "document/index_keys.h"
#include "txn/database.h"

namespace nacre::document {

class UniqueValues {
 public:
  // All outlive it.
  UniqueValues(const txn::Transaction& rows, const CollectionInfo& collection,
               const IndexInfo& index)
      : rows_(rows), collection_(collection), index_(index) {}

  struct Change {
    const std::vector<IndexEntry>& added;
    const bson::View* before;  // null: a new document
    bson::View after;
    Bytes id_key;
  };
  // The values that a document gets which it did not have, as keys of the fields alone.
  [[nodiscard]] Result<std::vector<std::string>> claims_of(const Change& change) const;
  // Whether a document other than that of `id_key` has the value.
  [[nodiscard]] Result<bool> is_taken(const std::string& claim, Bytes id_key) const;

 private:
  [[nodiscard]] Result<bool> has_value(Bytes id_key, const std::string& claim) const;

  const txn::Transaction& rows_;
  const CollectionInfo& collection_;
  const IndexInfo& index_;
};

// The same index if it had been built unique.
[[nodiscard]] IndexInfo with_bare_keys(const IndexInfo& index);

// Fails where documents of the transaction's snapshot have one value.
[[nodiscard]] Result<> check_values_differ(const txn::Transaction& rows,
                                           const CollectionInfo& collection,
                                           const IndexInfo& index);

}  // namespace nacre::document
