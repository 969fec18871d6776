// What can be done with documents: the one layer under the wire protocol, the command line and the
// C++ API.
//
// Each operation takes where it runs (Scope) and a request. Requests hold views: they need to live
//   for the call only; a cursor copies what it keeps. Views must have passed bson::validate.
// Alone, an operation is one transaction of its own and is retried inside when another writer won;
//   its caller never sees a conflict. An update or delete of very many documents is carried out
//   in several commits of whole documents; an insert is one commit, of 64 MB at most (kFull).
// In a caller's transaction it reads that transaction's snapshot and own writes, and nothing is
//   visible to others before the caller commits. After an Error there, abandon the transaction:
//   some documents of the statement may have been written into it.
// Errors:  Error::number() is MongoDB's code wherever it has one, and Error::what() its message;
//          11000 (duplicate key) carries {keyPattern, keyValue} in Error::details(). kUnsupported
//          for operators, stages and options this version does not carry out.
// Reading a collection that does not exist finds nothing; updating or deleting there neither.
// Threads: any number at once on one database; one at a time in one transaction.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "document/database.h"
#include "query/collation.h"
#include "query/cursor.h"

namespace nacre::query {

// Written by one commit of an update or delete, whichever is reached first.
inline constexpr std::size_t kStatementDocumentsMax = 10'000;
inline constexpr std::size_t kStatementBytesMax = std::size_t{8} << 20;  // of the documents before

// Where an operation runs and under what limits.
struct Scope {
  document::Database& database;
  document::Transaction* transaction = nullptr;         // null: in one of its own
  txn::Durability durability = txn::Durability::kSync;  // of its own transaction
  std::int64_t max_time_ms = 0;                         // 0: none; error 50 beyond
  bool explained = false;  // plans race again, and those that lose are kept; set by explain
  // Set by another thread to stop the operation (error 11601). Outlives it and its cursors.
  const std::atomic<bool>* interrupted = nullptr;
  // What to read instead of the newest state: the past (Database::snapshot_at). Not beside
  // `transaction`, nor for what writes. Needed for the call only.
  const document::Snapshot* at = nullptr;
};

// One document that a write statement did not write, and why.
struct WriteError {
  std::size_t index;  // of the document in the request
  Error error;
};

struct InsertRequest {
  std::string_view collection;
  std::span<const bson::View> documents;
  bool ordered = true;             // the first error ends it; else each document is tried
  bool bypass_validation = false;  // of the collection's validator
};
struct InsertResult {
  std::size_t inserted = 0;
  std::vector<WriteError> errors{};  // ascending by index
};
// All documents in one commit. A document without _id gets an ObjectId, put first; one whose _id is
// not first is stored with it first. An Error instead of a result means nothing was written.
[[nodiscard]] Result<InsertResult> insert(const Scope& scope, const InsertRequest& request);

struct FindRequest {
  std::string_view collection;
  bson::View filter = {};
  bson::View projection = {};  // empty: whole documents
  bson::View sort = {};        // empty: in the order the plan gives
  std::int64_t skip = 0;       // negative: error 2
  std::int64_t limit = 0;   // 0: all; negative: error 2 (the wire's single batch is the server's)
  bson::Element hint = {};  // missing, an index name, or a key pattern; {$natural: 1} is a scan
  bson::View let = {};      // variables that expressions may name
  bson::View min = {};      // the least and, exclusive, the greatest key of the hinted index
  bson::View max = {};
  Collation collation{};        // how strings are compared
  bool return_key = false;      // rows are the keys of the index that is used, or {}; unprojected
  bool show_record_id = false;  // rows have a field $recordId, a number made of their _id
  bool tailable = false;
  bool allow_disk_use = true;  // of a sort that memory does not hold
};
// Whether the request makes sense, where there is nothing to find.
[[nodiscard]] Result<> check(const FindRequest& request);

// In a caller's transaction the cursor must not outlive the transaction.
[[nodiscard]] Result<Cursor> find(const Scope& scope, const FindRequest& request);

struct CountRequest {
  std::string_view collection;
  bson::View filter = {};
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  bson::Element hint = {};
  Collation collation{};
};
[[nodiscard]] Result<std::int64_t> count(const Scope& scope, const CountRequest& request);

struct DistinctRequest {
  std::string_view collection;
  std::string_view path;
  bson::View filter = {};
  bson::Element hint = {};
  Collation collation{};
};
// An array of the distinct values at the path (those inside arrays one by one), ascending.
[[nodiscard]] Result<bson::Document> distinct(const Scope& scope, const DistinctRequest& request);

// Which state of a written document an operation hands back.
enum class Image : std::uint8_t { kNone, kBefore, kAfter };

struct UpdateRequest {
  std::string_view collection;
  bson::View filter = {};
  // Operators ({$set: ...}) or a replacement ({a: 1}); a replacement with multi is error 9.
  bson::View update;
  bool is_pipeline = false;       // `update` is an array of stages
  bson::View constants = {};      // of the pipeline: the update statement's own variables (`c`)
  bson::View array_filters = {};  // an array; what $[id] in paths means
  bool multi = false;
  bool upsert = false;
  bson::Element hint = {};
  bson::View sort = {};            // which document comes first; with multi error 9
  Collation collation{};           // of the filter, array filters and operators that compare
  bson::View let = {};             // variables that expressions may name
  bool bypass_validation = false;  // of the collection's validator
  Image image = Image::kNone;      // not with multi
};
struct UpdateResult {
  std::int64_t matched = 0;   // 1 less than the wire's n when a document was upserted
  std::int64_t modified = 0;  // documents that are not what they were
  // {_id: value} of the document that an upsert inserted; else empty.
  bson::Document upserted{};
  // As asked for; nothing when there was no such document (before an upsert, for instance).
  std::optional<bson::Document> image{};
  [[nodiscard]] bool did_upsert() const { return !upserted.view().empty(); }
};
[[nodiscard]] Result<UpdateResult> update(const Scope& scope, const UpdateRequest& request);

struct RemoveRequest {
  std::string_view collection;
  bson::View filter = {};
  bool multi = false;
  bson::Element hint = {};
  bson::View sort = {};
  Collation collation{};
  bson::View let = {};
};
// How many were removed.
[[nodiscard]] Result<std::int64_t> remove(const Scope& scope, const RemoveRequest& request);
// Removes the first document and hands it back; nothing when none matches.
[[nodiscard]] Result<std::optional<bson::Document>> take(const Scope& scope,
                                                         const RemoveRequest& request);

enum class Verbosity : std::uint8_t {
  kQueryPlanner,    // the plan alone; nothing is read
  kExecutionStats,  // runs it and counts
  kAllPlans,        // and tells how far the plans came that lost ("allPlansExecution")
};
// In MongoDB's shape: {explainVersion, queryPlanner: {namespace, parsedQuery, winningPlan:
// {stage, inputStage, ...}, rejectedPlans}, executionStats: {nReturned, executionTimeMillis,
// totalKeysExamined, totalDocsExamined, executionStages}}. Writes nothing, whatever is explained.
[[nodiscard]] Result<bson::Document> explain(const Scope& scope, const FindRequest& request,
                                             Verbosity verbosity);
[[nodiscard]] Result<bson::Document> explain(const Scope& scope, const CountRequest& request,
                                             Verbosity verbosity);
[[nodiscard]] Result<bson::Document> explain(const Scope& scope, const UpdateRequest& request,
                                             Verbosity verbosity);
[[nodiscard]] Result<bson::Document> explain(const Scope& scope, const RemoveRequest& request,
                                             Verbosity verbosity);

}  // namespace nacre::query
