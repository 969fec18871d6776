// Writes documents of one collection and their index entries into a transaction.
//
// Invariants: after each call that returned ok the indexes hold exactly the entries of the
// documents,
//             as the transaction sees both; after one that did not, the transaction is as before.
// Errors:  kExists 11000 (DuplicateKey), with {keyPattern, keyValue} as details; of a time series 2
//          for a document without its date and 72 for a change of more than its metaField; kInvalid
//          171
//          (arrays in two fields of one index), 53 (an _id that cannot be one), 66 (an _id that
//          changes); 121 (DocumentValidationFailure); 10334 (BSONObjectTooLarge) for documents
//          beyond 16 MiB.
// Cost:    a look-up and a put for the document, the same for each index entry that changed.
// Threads: one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/validate.h"
#include "document/database.h"
#include "document/envelope.h"
#include "document/index_keys.h"

namespace nacre::document {

static_assert(bson::kDocumentBytesMax + kEnvelopeSizeMax <= txn::kValueSizeMax);

class Writer {
 public:
  // `collection` came from Transaction::open_for_write or find_for_write; both outlive the writer.
  Writer(Database& database, Transaction& transaction, const CollectionInfo& collection);

  // `document` starts with its _id, see with_id_first.
  [[nodiscard]] Result<> insert(bson::View document);

  // From here on the collection's validator is not asked.
  void bypass_validation() { validates_ = false; }

  // `row` is the row of the document in its collection as the transaction sees it. Returns false,
  // having written nothing, when the new document is the same byte for byte.
  // `is_replacement`: the client gave the document whole; what readers of changes are told.
  [[nodiscard]] Result<bool> replace(Bytes id_key, Bytes row, bson::View document,
                                     bool is_replacement = false);
  [[nodiscard]] Result<> remove(Bytes id_key, Bytes row);

 private:
  // What one document changes in one index.
  struct IndexChange {
    std::vector<IndexEntry> added;
    std::vector<IndexEntry> removed;
    EntryTraits traits;
    std::vector<std::string> claims;  // see UniqueValues
  };

  [[nodiscard]] static Result<> check_size(bson::View document);
  // `before`: null for a new document.
  [[nodiscard]] Result<> validate(bson::View document, const bson::View* before) const;
  // Sets changes_ to the difference between the entries of the two (either may be null).
  [[nodiscard]] Result<> compare(Bytes id_key, const bson::View* before, const bson::View* after);
  [[nodiscard]] Result<> check_unique(const IndexInfo& index, const IndexChange& change,
                                      Bytes id_key, bson::View document);
  // The same of an index whose keys hold the _id.
  [[nodiscard]] Result<> check_claims(const IndexInfo& index, const IndexChange& change,
                                      Bytes id_key, bson::View document);
  [[nodiscard]] Error duplicate(const IndexInfo& index, bson::View document, Bytes id_key,
                                Bytes entry_key) const;
  // The key that a new document gets; kExists 11000 when another has it.
  [[nodiscard]] Result<std::string> key_for(bson::View document);
  [[nodiscard]] Result<> apply_index_changes();
  [[nodiscard]] Result<> count_text(const IndexInfo& index, const IndexChange& change);
  // Of a capped collection: its newest document is in place; the oldest go beyond the limits.
  [[nodiscard]] Result<> keep_in_order(Bytes id_key, bson::View document);

  Database& database_;
  Transaction& transaction_;
  const CollectionInfo* collection_;
  bool validates_ = true;
  std::vector<IndexChange> changes_;  // one for each index of collection_
  IndexEntries before_;
  IndexEntries after_;
  std::string row_;
};

// Checks the _id of a document to be inserted and puts it first; makes one when there is none.
// Returns `document` itself when nothing is to be done, or a view of `holder`.
[[nodiscard]] Result<bson::View> with_id_first(bson::View document, bson::Document& holder);

// kInvalid 53 for what cannot be an _id: arrays, regular expressions, undefined.
[[nodiscard]] Result<> check_id(const bson::Element& id);

// "E11000 duplicate key error collection: db.c index: a_1 dup key: { a: 1 }"
[[nodiscard]] Error duplicate_key(std::string_view database, std::string_view collection,
                                  std::string_view index, bson::View pattern, bson::View values);

}  // namespace nacre::document
