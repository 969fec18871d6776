// Nacre, a document database in your process.
//
//   auto database = NACRE_TRY(nacre::Database::open("shop.nacre", {.create_if_missing = true}));
//   auto orders = database.collection("orders");
//   NACRE_TRY(orders.insert_one(R"({"_id": 42, "customer": "Ada", "total": 99.5})"));
//   auto cursor = NACRE_TRY(orders.find(where("total").gt(50)).sort(R"({"total": -1})").run());
//   while (auto order = NACRE_TRY(cursor.next())) std::puts(order->to_json().c_str());
//
// Documents, filters and updates are MongoDB's, given as JSON text (MongoDB Extended JSON), as a
// nacre::Document, or put together in C++ (nacre/build.hpp). What this version does not carry out
// is refused with Code::kUnsupported.
// Time: every commit has a position, 1, 2, 3, ..., and a time. Database::at reads any of them that
//   is still kept (Options::history_age), with the collections and indexes of then.
// Errors: every call that can fail returns Result<T>. Error::code() says what to do about it,
//   Error::number() is MongoDB's error number where there is one (11000: duplicate key), and
//   describe() what else is known: collection, operator, index, the name that was meant.
// Durability: a write that returned is there after a power cut, unless Options say otherwise.
// Threads: Database and Collection: any number of threads. Transaction, Query, Cursor and
//   ChangeCursor: one thread at a time. A Database must outlive what came from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nacre/build.hpp"
#include "nacre/document.hpp"
#include "nacre/result.hpp"

namespace nacre {

namespace detail {  // what stands behind the classes below; of no use from outside
struct Access;
struct ChangeCursorState;
struct CursorState;
struct DatabaseState;
struct PastState;
struct QueryState;
struct TransactionState;
}  // namespace detail

// When a commit was made.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

enum class Durability : std::uint8_t {
  kSync,   // a write returns when it would survive a power cut
  kGroup,  // a write returns at once and is durable a few milliseconds later
  kAsync,  // a write returns at once and is durable with the next one that must be, or at close
};

struct Options {
  bool create_if_missing = false;
  bool in_memory = false;  // nothing is on disk, everything is gone at close; the path is a name
  std::size_t cache_bytes = std::size_t{256} << 20;
  Durability durability = Durability::kSync;
  // How far back the past can be read: as long as neither is exceeded. One of them 0: not at all.
  std::chrono::microseconds history_age = std::chrono::hours(24);
  std::uint64_t history_bytes = std::uint64_t{1} << 30;
};

// What an error tells beside its text; what does not apply is empty.
struct ErrorInfo {
  std::string collection;
  std::string name;        // what is not known or not carried out: an operator, an index, a field
  std::string suggestion;  // the known name nearest to it
  std::optional<std::uint64_t> expected_version;  // of a document that was at another version
  std::optional<std::uint64_t> found_version;     // 0: there was no such document
  std::optional<Document> key_pattern;            // of the index that a duplicate key is in
  std::optional<Document> key_value;
  Document details;  // all that the error carries, as MongoDB's drivers would see it
};
[[nodiscard]] ErrorInfo describe(const Error& error);

struct UpdateOptions {
  bool upsert = false;  // inserts a document made of filter and update when none matches
  // Of one document: kConflict, and nothing has changed, unless it is at this version. Carries
  // ErrorInfo::found_version. Not with upsert, nor with update_many.
  std::optional<std::uint64_t> expected_version{};
  // What $[name] in the paths of the update stands for: {{"line.price", {{"$gt", 100}}}} is a
  // condition on each element named "line".
  std::vector<Document> array_filters{};
  DocumentOption collation{};      // how strings compare: {"locale": "de", "strength": 1}
  std::string hint{};              // as of Query::hint
  bool bypass_validation = false;  // of the collection's validator
};
struct DeleteOptions {
  std::optional<std::uint64_t> expected_version{};  // as of UpdateOptions
  DocumentOption collation{};
  std::string hint{};
};
struct UpdateResult {
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::optional<Document> upserted;  // {"_id": ...}
};

enum class Returned : std::uint8_t { kBefore, kAfter };
struct FindOneAndOptions {
  DocumentOption sort{};  // which of several: {"priority": -1}
  Returned returned = Returned::kAfter;
  bool upsert = false;
  std::vector<Document> array_filters{};  // as of UpdateOptions
};

// A document with what Nacre keeps beside it.
struct VersionedDocument {
  Document document;
  std::uint64_t version = 0;  // 1 at its insert, one more with each change
  Instant created;
  Instant updated;
};

// Of one field over many documents; documents whose value is no number count for min and max only.
struct Summary {
  std::int64_t count = 0;  // documents that have the field
  double sum = 0;
  std::optional<double> average;
  Value min;  // null: none has the field
  Value max;
};

// How far an index is that is being built over what is there.
struct IndexProgress {
  std::uint64_t documents = 0;  // whose entries are in
  std::uint64_t total = 0;      // there were when it began
};

// What an index may have beside its keys; the server's createIndexes takes and refuses the same.
struct IndexOptions {
  std::string name{};  // empty: made of the keys, "country_1_population_-1"
  bool unique = false;
  bool sparse = false;  // documents without the field are not in the index
  bool hidden = false;  // kept up to date, but no query uses it
  // Documents that do not match are not in the index: where("state").eq("open").
  DocumentOption partial_filter{};
  // Of one field that holds dates: a document goes that long after the one it has.
  std::optional<std::chrono::seconds> expire_after{};
  DocumentOption collation{};  // how strings compare; empty: as the collection's do
  // Of {"$**": 1}: which paths are in it, {"address": 1}, or which are not, {"log": 0}.
  DocumentOption wildcard_projection{};
  // Of text: how much a field counts, {"title": 10}; the language of documents that name none,
  // "english" if empty; the field in which they name it, "language" if empty.
  DocumentOption weights{};
  std::string default_language{};
  std::string language_override{};
  // Called between the steps of the build; false ends it (276), and nothing is left of it.
  std::function<bool(const IndexProgress&)> progress{};
};

// What of an index can be changed without building it again.
struct IndexChange {
  std::optional<bool> hidden{};
  std::optional<std::chrono::seconds> expire_after{};
};

struct AggregateOptions {
  DocumentOption let{};        // variables: {"least": 10} is $$least in expressions
  DocumentOption collation{};  // how strings compare
  std::string hint{};          // as of Query::hint
};

enum class ChangeKind : std::uint8_t {
  kInsert,
  kUpdate,   // field by field
  kReplace,  // as a whole
  kRemove,
  kDrop,    // of the whole collection
  kRename,  // the same: it goes on as Change::renamed_to
};

// What a commit did to one document.
struct Change {
  std::uint64_t position = 0;  // of the commit
  Instant time;
  ChangeKind kind = ChangeKind::kInsert;
  std::string collection;
  std::string renamed_to;
  Document id;        // {"_id": ...}; empty for kDrop and kRename
  Document document;  // afterwards; empty for those and kRemove
  // Of kUpdate: dotted paths with their new values, and those that went. Both empty when history
  // is no longer kept that far back.
  Document updated;
  std::vector<std::string> removed;
};

// What a document was from one commit on; see Change.
struct DocumentVersion {
  std::uint64_t position = 0;
  Instant time;
  ChangeKind kind = ChangeKind::kInsert;
  std::uint64_t version = 0;  // 0 for kRemove
  Document document;
  Document updated;
  std::vector<std::string> removed;
};
struct History {
  std::vector<DocumentVersion> versions;  // newest first
  bool is_whole = false;                  // nothing came before; else older ones are forgotten
};

// Writes of several kinds to be done together, in order.
class Bulk {
 public:
  Bulk& insert(DocumentInput document);
  Bulk& update_one(DocumentInput filter, DocumentInput update, UpdateOptions options = {});
  Bulk& update_many(DocumentInput filter, DocumentInput update, UpdateOptions options = {});
  Bulk& replace_one(DocumentInput filter, DocumentInput document, UpdateOptions options = {});
  Bulk& delete_one(DocumentInput filter, DeleteOptions options = {});
  Bulk& delete_many(DocumentInput filter);
  [[nodiscard]] std::size_t size() const { return writes_.size(); }

 private:
  friend struct detail::Access;
  friend class Collection;
  enum class Kind : std::uint8_t { kInsert, kUpdate, kReplace, kDelete };
  struct Write {
    Kind kind;
    bool multi = false;
    UpdateOptions options{};
    Document filter{};
    Document document{};
    bool is_pipeline = false;
  };
  Bulk& add(Write write, const DocumentInput* filter, const DocumentInput* document);
  std::vector<Write> writes_;
  std::optional<std::string> problem_;  // of the first document that is not JSON
};
struct BulkResult {
  std::int64_t inserted = 0;
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::int64_t deleted = 0;
  std::vector<Document> ids;  // of inserted and upserted ones, in order: {"_id": ...}
};

// The documents a query finds, as of one moment.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();
  [[nodiscard]] Result<std::optional<Document>> next();  // nothing: the end
  [[nodiscard]] Result<std::vector<Document>> all();     // those not yet seen

 private:
  friend struct detail::Access;
  explicit Cursor(std::unique_ptr<detail::CursorState> state);
  std::unique_ptr<detail::CursorState> state_;
};

// A find in the making. Nothing happens before run, first, all or explain; an argument that is not
// what it should be is reported there.
class Query {
 public:
  Query(Query&&) noexcept;
  Query& operator=(Query&&) noexcept;
  ~Query();
  Query&& sort(DocumentInput sort) &&;           // {"population": -1}
  Query&& project(DocumentInput projection) &&;  // {"name": 1, "_id": 0}
  Query&& skip(std::int64_t count) &&;
  Query&& limit(std::int64_t count) &&;
  // An index by its name, or by its keys as JSON; {"$natural": 1}: none.
  Query&& hint(std::string_view index) &&;
  Query&& collation(DocumentInput collation) &&;  // how strings compare: {"locale": "de"}
  Query&& let(DocumentInput variables) &&;        // {"least": 10} is $$least in expressions
  // The least key of the hinted index, and the one it ends before.
  Query&& min(DocumentInput key) &&;
  Query&& max(DocumentInput key) &&;

  [[nodiscard]] Result<Cursor> run() const;
  [[nodiscard]] Result<std::optional<Document>> first() const;
  [[nodiscard]] Result<std::vector<Document>> all() const;
  [[nodiscard]] Result<std::int64_t> count() const;  // skip and limit hold
  // The plan, and what it did when run, as MongoDB's explain("executionStats") shows it.
  [[nodiscard]] Result<Document> explain() const;

 private:
  friend struct detail::Access;
  explicit Query(std::unique_ptr<detail::QueryState> state);
  std::unique_ptr<detail::QueryState> state_;
};

// A named set of documents; made by its first insert. Copies are cheap. One of the past
// (Database::at) can be read only, and so can a view: a collection created with {"viewOn": ...,
// "pipeline": [...]}, which is read by find, count, distinct, summarize and aggregate.
class Collection {
 public:
  // The document's _id, {"_id": ...}; one is made when the document has none.
  [[nodiscard]] Result<Document> insert_one(DocumentInput document) const;
  // All or none, in one commit. Their _ids, in order.
  [[nodiscard]] Result<std::vector<Document>> insert_many(
      std::span<const Document> documents) const;
  // All or none, in one commit.
  [[nodiscard]] Result<BulkResult> bulk_write(const Bulk& bulk) const;

  [[nodiscard]] Query find(DocumentInput filter = "{}") const;
  [[nodiscard]] Result<std::optional<Document>> find_one(DocumentInput filter) const;
  [[nodiscard]] Result<std::optional<VersionedDocument>> get(const Value& id) const;
  [[nodiscard]] Result<std::int64_t> count(DocumentInput filter = "{}") const;
  // The values at `path`, each once, ascending.
  [[nodiscard]] Result<std::vector<Value>> distinct(std::string_view path,
                                                    DocumentInput filter = "{}") const;
  [[nodiscard]] Result<Summary> summarize(std::string_view path, DocumentInput filter = "{}") const;
  // Stages in a JSON array: R"([{"$match": ...}, {"$group": ...}])". One that ends in $out or
  // $merge has written when this returns; its cursor is empty.
  [[nodiscard]] Result<Cursor> aggregate(std::string_view pipeline,
                                         const AggregateOptions& options = {}) const;

  // An update is one of operators, {"$set": ...}, or as JSON a pipeline, [{"$set": ...}, ...].
  [[nodiscard]] Result<UpdateResult> update_one(DocumentInput filter, DocumentInput update,
                                                const UpdateOptions& options = {}) const;
  [[nodiscard]] Result<UpdateResult> update_many(DocumentInput filter, DocumentInput update,
                                                 const UpdateOptions& options = {}) const;
  [[nodiscard]] Result<UpdateResult> replace_one(DocumentInput filter, DocumentInput document,
                                                 const UpdateOptions& options = {}) const;
  [[nodiscard]] Result<std::int64_t> delete_one(DocumentInput filter,
                                                const DeleteOptions& options = {}) const;
  [[nodiscard]] Result<std::int64_t> delete_many(DocumentInput filter,
                                                 const DeleteOptions& options = {}) const;

  // One document, found and changed in one commit; nothing when none matches.
  [[nodiscard]] Result<std::optional<Document>> find_one_and_update(
      DocumentInput filter, DocumentInput update, const FindOneAndOptions& options = {}) const;
  [[nodiscard]] Result<std::optional<Document>> find_one_and_replace(
      DocumentInput filter, DocumentInput document, const FindOneAndOptions& options = {}) const;
  // The document as it was.
  [[nodiscard]] Result<std::optional<Document>> find_one_and_delete(
      DocumentInput filter, const FindOneAndOptions& options = {}) const;

  // Of the document of that _id; kNotFound when there is none.
  [[nodiscard]] Result<VersionedDocument> update_fields(const Value& id, const Update& update,
                                                        const UpdateOptions& options = {}) const;
  // Adds to a number, which begins at 0, and returns what it is then. Safe among any number of
  // writers. kInvalid when the field holds something else.
  [[nodiscard]] Result<std::int64_t> increment(const Value& id, std::string_view path,
                                               std::int64_t by = 1) const;
  [[nodiscard]] Result<double> increment_float(const Value& id, std::string_view path,
                                               double by) const;

  // The versions of the document of that _id, as far back as history is kept, those of a removed
  // one and of its forerunners of the same _id included.
  [[nodiscard]] Result<History> history(const Value& id, std::size_t limit = 1000) const;
  // Makes the document what it was at `position`, by a new commit. kNotFound when it was not there
  // then; kTooOld, naming the horizon, when that is forgotten.
  [[nodiscard]] Result<VersionedDocument> restore(const Value& id, std::uint64_t position) const;

  // Over what is there, beside readers and writers; returns when it can be used, with its name.
  // Keys: fields with 1 or -1, "hashed", "text", "2dsphere" or "2d"; {"$**": 1} is every path. Not
  // inside a transaction, nor is what follows but indexes.
  [[nodiscard]] Result<std::string> create_index(DocumentInput keys,
                                                 const IndexOptions& options = {}) const;
  // kNotFound as of drop_index.
  [[nodiscard]] Result<> change_index(std::string_view name, const IndexChange& change) const;
  // kNotFound names the nearest index there is.
  [[nodiscard]] Result<> drop_index(std::string_view name) const;
  [[nodiscard]] Result<std::vector<Document>> indexes() const;
  [[nodiscard]] Result<bool> drop() const;  // false: it was not there
  // Its documents and indexes stay; the answer is the collection by its new name. kExists when
  // there is one of that name, unless that is to be dropped.
  [[nodiscard]] Result<Collection> rename(std::string_view to, bool drop_target = false) const;
  // What MongoDB's collMod changes: {"validator": ..., "validationLevel": "moderate"}, or of a
  // view "viewOn" and "pipeline". What is not named stays.
  [[nodiscard]] Result<> change_options(DocumentInput options) const;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class Database;
  friend class PastDatabase;
  friend class Transaction;
  friend struct detail::Access;
  Collection(detail::DatabaseState* database, detail::TransactionState* transaction,
             std::shared_ptr<const detail::PastState> past, std::string_view name)
      : database_(database), transaction_(transaction), past_(std::move(past)), name_(name) {}
  detail::DatabaseState* database_;
  detail::TransactionState* transaction_;          // null: each call is a transaction of its own
  std::shared_ptr<const detail::PastState> past_;  // null: the newest state
  std::string name_;
};

// Writes to any number of collections that happen together or not at all. Reads the database as it
// was when it began, and its own writes. Destroyed without commit, it leaves no trace.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();
  // Valid as long as the transaction, wherever it is moved to.
  [[nodiscard]] Collection collection(std::string_view name);
  // The position of the commit. kConflict: another writer won; begin again, or let
  // Database::transact do that.
  [[nodiscard]] Result<std::uint64_t> commit();

 private:
  friend class Database;
  explicit Transaction(std::unique_ptr<detail::TransactionState> state);
  std::unique_ptr<detail::TransactionState> state_;
};

// The database as one commit left it. Copies share it.
class PastDatabase {
 public:
  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] Instant time() const;
  [[nodiscard]] Collection collection(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> collection_names() const;

 private:
  friend class Database;
  PastDatabase(detail::DatabaseState* database, std::shared_ptr<const detail::PastState> past);
  detail::DatabaseState* database_;
  std::shared_ptr<const detail::PastState> past_;
};

// What commits did to documents, one change after the other.
class ChangeCursor {
 public:
  ChangeCursor(ChangeCursor&&) noexcept;
  ChangeCursor& operator=(ChangeCursor&&) noexcept;
  ~ChangeCursor();
  // The next one. Nothing when all have been given, for a live cursor: when none came for
  // `at_most`. kTooOld when the next commit is no longer kept.
  [[nodiscard]] Result<std::optional<Change>> next(
      std::chrono::microseconds at_most = std::chrono::microseconds(0));
  // All changes up to this commit have been given: Database::changes_after goes on here.
  [[nodiscard]] std::uint64_t position() const;

 private:
  friend class Database;
  explicit ChangeCursor(std::unique_ptr<detail::ChangeCursorState> state);
  std::unique_ptr<detail::ChangeCursorState> state_;
};

// What Database::verify found; `problems` is empty when all is well.
struct VerifyReport {
  std::uint64_t pages = 0;
  std::uint64_t documents = 0;
  std::uint64_t index_entries = 0;
  std::vector<std::string> problems;
};

// How far Database::compact is.
struct CompactProgress {
  std::uint64_t file_bytes = 0;   // of store.dat now
  std::uint64_t used_bytes = 0;   // of it, in use
  std::uint64_t bytes_moved = 0;  // so far
};
struct CompactOptions {
  std::uint64_t bytes_per_second = 0;  // written at most; 0: without limit
  // Called now and then on the calling thread. When it returns false compaction ends; what is done
  // by then stays done.
  std::function<bool(const CompactProgress&)> progress{};
};
struct CompactReport {
  std::uint64_t file_bytes_before = 0;  // of store.dat
  std::uint64_t file_bytes = 0;
  std::uint64_t damaged = 0;  // pages that failed their check and were left alone: see verify()
  bool is_cancelled = false;
};

class Database {
 public:
  // The database in directory `path`, recovered when it was not closed cleanly. kNotFound: there is
  // none and create_if_missing is off; kConflict: another process has it open.
  [[nodiscard]] static Result<Database> open(std::string_view path, Options options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Whether it is there or not; reading one that is not finds nothing.
  [[nodiscard]] Collection collection(std::string_view name);
  // kNotFound, naming the nearest one, when it is not there.
  [[nodiscard]] Result<Collection> existing_collection(std::string_view name);
  // `options` as of MongoDB's create command: {"validator": {...}}. kExists when it is there.
  [[nodiscard]] Result<Collection> create_collection(std::string_view name,
                                                     DocumentInput options = "{}");
  // Documents that are not as the schema says are refused (121), those there already are not asked.
  [[nodiscard]] Result<Collection> create_collection(std::string_view name, const Schema& schema);
  [[nodiscard]] Result<std::vector<std::string>> collection_names();

  [[nodiscard]] Result<Transaction> begin();
  // Runs `body` and commits what it did, again from the start when another writer won; so `body`
  // must not commit and may run several times. An error of `body` undoes everything and is
  // returned. The position of the commit.
  [[nodiscard]] Result<std::uint64_t> transact(const std::function<Result<>(Transaction&)>& body);

  // The newest commit.
  [[nodiscard]] std::uint64_t position() const;
  // The oldest one that can be read.
  [[nodiscard]] std::uint64_t horizon() const;
  // As the commit `position`, or the last one not after `time`, left it. kTooOld, naming the
  // horizon, before that; kInvalid after the newest one.
  [[nodiscard]] Result<PastDatabase> at(std::uint64_t position);
  [[nodiscard]] Result<PastDatabase> at(Instant time);
  // What the commits `from` to `to`, both included, did; without `to` up to now.
  [[nodiscard]] Result<ChangeCursor> changes(std::uint64_t from,
                                             std::optional<std::uint64_t> to = std::nullopt);
  // What the commits after `position` did and will do.
  [[nodiscard]] Result<ChangeCursor> changes_after(std::uint64_t position);

  [[nodiscard]] Result<VerifyReport> verify();
  // Gives space that removed documents left back to the file system, beside readers and writers and
  // in constant memory. What the past still shows is not given up.
  [[nodiscard]] Result<CompactReport> compact(const CompactOptions& options = {});
  // Returns when every write so far would survive a power cut.
  [[nodiscard]] Result<> sync();
  [[nodiscard]] Result<> close();

 private:
  explicit Database(std::unique_ptr<detail::DatabaseState> state);
  std::unique_ptr<detail::DatabaseState> state_;
};

}  // namespace nacre
