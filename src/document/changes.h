// The commits of a database as changes of documents, one after the other, live.
//
// What a commit did to a document is one change, however many statements did it. A document that
//   one commit removes and inserts again is kInsert. Changes of one commit come by collection and
//   then by _id, its renames behind them: a collection that goes on under another name is not read
//   anew.
// Errors:  kTooOld: the commits are no longer kept that far back (the engine's log); kClosed,
//          kCorrupt, kIo as the log says.
// Cost:    reads the log once; for an update or removal also the document as it was before.
// Threads: one thread at a time. Must not outlive the database.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "document/database.h"
#include "txn/follower.h"

namespace nacre::document {

enum class ChangeKind : std::uint8_t {
  kInsert,
  kUpdate,   // field by field
  kReplace,  // as a whole
  kRemove,
  kDrop,    // of the whole collection
  kRename,  // the same
};

struct DocumentChange {
  Position position{};  // of the commit
  Time time{};
  ChangeKind kind = ChangeKind::kInsert;
  std::string collection;
  std::string renamed_to{};  // of kRename
  // {_id: ...}; empty for kDrop and kRename, and for a measurement of a time series that was
  // removed before what is kept.
  bson::Document id;
  bson::Document document;  // afterwards; empty for those and kRemove
  // Of kUpdate, kReplace and kRemove; nothing when history is no longer kept that far back.
  std::optional<bson::Document> before;
};

class ChangeReader {
 public:
  // The changes of the commits after `after`.
  [[nodiscard]] static Result<ChangeReader> open(Database& database, Position after);

  // The next one; nothing when none came for `at_most`, or when the commits up to `last` have been
  // given.
  [[nodiscard]] Result<std::optional<DocumentChange>> next(Position last,
                                                           std::chrono::microseconds at_most);
  // Every change up to here has been given.
  [[nodiscard]] Position position() const;

 private:
  using Tables = std::map<TableId, std::string>;  // the collections

  ChangeReader(Database& database, txn::Follower follower, Tables tables)
      : database_(&database), follower_(std::move(follower)), tables_(std::move(tables)) {}

  [[nodiscard]] static Tables tables_of(const Catalog& catalog);
  [[nodiscard]] Result<> take(const txn::CommitEvent& commit);
  void take_renames(const txn::CommitEvent& commit, const Tables& before);
  [[nodiscard]] Result<> take(const txn::CommitEvent& commit, const txn::Change& change,
                              const std::string& collection);
  [[nodiscard]] Result<std::optional<bson::Document>> before(const txn::Change& change,
                                                             Position position);

  Database* database_;
  txn::Follower follower_;
  Tables tables_;
  std::optional<txn::Snapshot> earlier_;  // before the commit being read, once it is needed
  std::deque<DocumentChange> ready_;
};

}  // namespace nacre::document
