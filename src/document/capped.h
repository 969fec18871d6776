// The order of a capped collection: which document came when, and how much there is of them.
//
// Why a table of its own: documents lie in the order of their _id, a capped collection is read and
//   emptied in the order of its inserts.
// Format:     docs/format/documents.md, "Capped collections".
// Invariants: CAPPED-1 each document has one row in the order, each row its document; the totals
//             are those of the documents
// Errors:     kCorrupt for rows that are not as they were written; errors of the transaction.
// Threads:    one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "document/collection_options.h"
#include "txn/database.h"

namespace nacre::document {

class Database;

struct CappedTotals {
  std::uint64_t next = 1;  // the number of the next insert
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;  // of their BSON

  [[nodiscard]] bool exceeds(const CappedLimits& limits) const;
};

class CappedOrder {
 public:
  // Reads and writes `table` in the transaction, which outlives it.
  CappedOrder(txn::Transaction& rows, TableId table) : rows_(rows), table_(table) {}

  // A document of `bytes` was inserted. Returns the totals with it.
  [[nodiscard]] Result<CappedTotals> append(Bytes id_key, std::uint64_t bytes);
  // The key of the oldest document; nothing when there is none.
  [[nodiscard]] Result<std::optional<std::string>> oldest();
  // A document goes: looks through the order from the oldest on.
  [[nodiscard]] Result<> remove(Bytes id_key, std::uint64_t bytes);
  // A document is another size now.
  [[nodiscard]] Result<> resize(std::uint64_t before, std::uint64_t after);
  [[nodiscard]] Result<CappedTotals> totals() const;

 private:
  [[nodiscard]] Result<> set_totals(const CappedTotals& totals);

  txn::Transaction& rows_;
  TableId table_;
};

// Makes a collection a capped one of at most `bytes`: the documents that come first in its order go
// when there are more, and so do its indexes. It becomes another collection by the same name, with
// another uuid, whose documents are at version 1. kNotFound 26; kConflict 112 when writers of the
// collection won ten times: none of them waits.
// Cost: reads each document three times at most and writes those that stay once more, a batch at a
// time; both copies are there until the end.
[[nodiscard]] Result<> convert_to_capped(Database& database, std::string_view collection,
                                         std::int64_t bytes);

// The same under another name, beside it. kExists 48 when there is a collection of that name.
[[nodiscard]] Result<> clone_as_capped(Database& database, std::string_view collection,
                                       std::string_view name, std::int64_t bytes);

// What convertToCapped, $out and a move to another database make until it takes another
// collection's place.
inline constexpr std::string_view kTemporaryCapped = "tmp.convertToCapped.";
inline constexpr std::string_view kTemporaryMoved = "tmp.renameCollection.";
inline constexpr std::string_view kTemporaryOut = "tmp.agg_out.";
// Drops those that a crash left; when a database is opened.
[[nodiscard]] Result<> remove_temporary_collections(Database& database);

// Rows of an order table that are not the totals: an insert's number, as a key.
inline constexpr std::size_t kCappedKeySize = 8;
inline constexpr std::string_view kCappedTotalsKey = "t";

}  // namespace nacre::document
