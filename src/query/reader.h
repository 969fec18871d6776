// What a query reads: a snapshot of its own, or a caller's transaction.
//
// Errors:  kTooOld becomes number 239 (SnapshotTooOld).
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "document/database.h"

namespace nacre::query {

class Reader {
 public:
  explicit Reader(document::Snapshot snapshot) : snapshot_(std::move(snapshot)) {}
  // The transaction outlives the reader.
  explicit Reader(document::Transaction& transaction)
      : snapshot_(transaction.rows().snapshot(), transaction.share_catalog()),
        transaction_(&transaction) {}

  // Where the snapshot or transaction is from; outlives the reader.
  void set_database(document::Database& database) { database_ = &database; }
  [[nodiscard]] document::Database& database() const { return *database_; }

  [[nodiscard]] Result<std::unique_ptr<txn::Cursor>> cursor(TableId table) const;
  [[nodiscard]] Result<std::optional<std::string>> get(TableId table, Bytes key) const;
  // Calls `seen(i, value)` for each of `keys` that is there, in any order; as
  // txn::Snapshot::get_many, but for one twice only with the same value.
  [[nodiscard]] Result<> get_many(TableId table, std::span<const Bytes> keys,
                                  const txn::Snapshot::Seen& seen) const;

  // As txn::Snapshot::split_keys; none in a transaction.
  [[nodiscard]] Result<std::vector<std::string>> split_keys(TableId table, std::size_t parts) const;

  [[nodiscard]] Result<document::TextTotals> text_totals(const document::IndexInfo& index) const {
    return database_->text_totals(index);
  }

  [[nodiscard]] const document::Catalog& catalog() const { return snapshot_.catalog(); }
  [[nodiscard]] Position position() const { return snapshot_.position(); }

 private:
  document::Snapshot snapshot_;  // of the transaction when there is one
  document::Transaction* transaction_ = nullptr;
  document::Database* database_ = nullptr;
};

}  // namespace nacre::query
