// Nacre, a document database in your process.
//
//   auto database = NACRE_TRY(nacre::Database::open("shop.nacre", {.create_if_missing = true}));
//   auto orders = database.collection("orders");
//   NACRE_TRY(orders.insert_one(R"({"_id": 42, "customer": "Ada", "total": 99.5})"));
//   auto cursor = NACRE_TRY(orders.find(R"({"total": {"$gt": 50}})").sort(R"({"total":
//   -1})").run()); while (auto order = NACRE_TRY(cursor.next()))
//   std::puts(order->to_json().c_str());
//
// Documents, filters and updates are MongoDB's, given as JSON text (MongoDB Extended JSON) or as a
// nacre::Document. What this version does not carry out is refused with Code::kUnsupported.
// Errors: every call that can fail returns Result<T>. Error::code() says what to do about it,
//   Error::number() is MongoDB's error number where there is one (11000: duplicate key).
// Durability: a write that returned is there after a power cut, unless Options say otherwise.
// Threads: Database and Collection: any number of threads. Transaction, Query and Cursor: one
//   thread at a time. A Database must outlive what came from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nacre/result.hpp"

namespace nacre {

namespace detail {  // what stands behind the classes below; of no use from outside
struct Access;
struct CursorState;
struct DatabaseState;
struct QueryState;
struct TransactionState;
}  // namespace detail

// One document, by value: the bytes of its BSON.
class Document {
 public:
  Document();  // {}
  // kInvalid names the offset and what was expected there.
  [[nodiscard]] static Result<Document> from_json(std::string_view json);
  [[nodiscard]] static Result<Document> from_bson(std::span<const std::byte> bson);

  // Relaxed Extended JSON on one line: {"_id": 42, "customer": "Ada"}.
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] std::span<const std::byte> bson() const;  // valid as long as the document
  [[nodiscard]] bool empty() const;

  // The value at a dotted path ("address.city", "tags.0"); nothing when it is not there or of
  // another type. Any number that is a whole one counts as an int64, any number as a double.
  [[nodiscard]] std::optional<std::string> get_string(std::string_view path) const;
  [[nodiscard]] std::optional<std::int64_t> get_int64(std::string_view path) const;
  [[nodiscard]] std::optional<double> get_double(std::string_view path) const;
  [[nodiscard]] std::optional<bool> get_bool(std::string_view path) const;
  [[nodiscard]] std::optional<Document> get_document(std::string_view path) const;
  [[nodiscard]] bool has(std::string_view path) const;

 private:
  friend class DocumentInput;
  friend struct detail::Access;
  explicit Document(std::string bson) : bson_(std::move(bson)) {}
  std::string bson_;
};

// How a call takes a document: JSON text or a Document. Lives for the call only.
class DocumentInput {
 public:
  DocumentInput(const char* json) : text_(json) {}                                    // NOLINT
  DocumentInput(std::string_view json) : text_(json) {}                               // NOLINT
  DocumentInput(const std::string& json) : text_(json) {}                             // NOLINT
  DocumentInput(const Document& document) : text_(document.bson_), is_bson_(true) {}  // NOLINT

 private:
  friend struct detail::Access;
  std::string_view text_;
  bool is_bson_ = false;
};

enum class Durability : std::uint8_t {
  kSync,   // a write returns when it would survive a power cut
  kGroup,  // a write returns at once and is durable a few milliseconds later
  kAsync,  // a write returns at once and is durable with the next one that must be, or at close
};

struct Options {
  bool create_if_missing = false;
  std::size_t cache_bytes = std::size_t{256} << 20;
  Durability durability = Durability::kSync;
};

struct UpdateOptions {
  bool upsert = false;  // inserts a document made of filter and update when none matches
};
struct UpdateResult {
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::optional<Document> upserted;  // {"_id": ...}
};
struct IndexOptions {
  std::string name{};  // empty: made of the keys, "country_1_population_-1"
  bool unique = false;
  bool sparse = false;  // documents without the field are not in the index
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
  Query&& hint(std::string_view index) &&;  // an index by name

  [[nodiscard]] Result<Cursor> run() const;
  [[nodiscard]] Result<std::optional<Document>> first() const;
  [[nodiscard]] Result<std::vector<Document>> all() const;
  // The plan, and what it did when run, as MongoDB's explain("executionStats") shows it.
  [[nodiscard]] Result<Document> explain() const;

 private:
  friend struct detail::Access;
  explicit Query(std::unique_ptr<detail::QueryState> state);
  std::unique_ptr<detail::QueryState> state_;
};

// A named set of documents; made by its first insert. Copies are cheap.
class Collection {
 public:
  // The document's _id, {"_id": ...}; one is made when the document has none.
  [[nodiscard]] Result<Document> insert_one(DocumentInput document) const;
  // All or none, in one commit. How many.
  [[nodiscard]] Result<std::int64_t> insert_many(std::span<const Document> documents) const;

  [[nodiscard]] Query find(DocumentInput filter = "{}") const;
  [[nodiscard]] Result<std::optional<Document>> find_one(DocumentInput filter) const;
  [[nodiscard]] Result<std::int64_t> count(DocumentInput filter = "{}") const;
  // Stages in a JSON array: R"([{"$match": ...}, {"$group": ...}])".
  [[nodiscard]] Result<Cursor> aggregate(std::string_view pipeline) const;

  [[nodiscard]] Result<UpdateResult> update_one(DocumentInput filter, DocumentInput update,
                                                UpdateOptions options = {}) const;
  [[nodiscard]] Result<UpdateResult> update_many(DocumentInput filter, DocumentInput update,
                                                 UpdateOptions options = {}) const;
  [[nodiscard]] Result<UpdateResult> replace_one(DocumentInput filter, DocumentInput document,
                                                 UpdateOptions options = {}) const;
  [[nodiscard]] Result<std::int64_t> delete_one(DocumentInput filter) const;
  [[nodiscard]] Result<std::int64_t> delete_many(DocumentInput filter) const;

  // Over what is there, beside readers and writers; returns when it can be used, with its name.
  // Not inside a transaction, nor are the two below.
  [[nodiscard]] Result<std::string> create_index(DocumentInput keys,
                                                 const IndexOptions& options = {}) const;
  [[nodiscard]] Result<> drop_index(std::string_view name) const;
  [[nodiscard]] Result<std::vector<Document>> indexes() const;
  [[nodiscard]] Result<bool> drop() const;  // false: it was not there

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class Database;
  friend class Transaction;
  Collection(detail::DatabaseState* database, detail::TransactionState* transaction,
             std::string_view name)
      : database_(database), transaction_(transaction), name_(name) {}
  detail::DatabaseState* database_;
  detail::TransactionState* transaction_;  // null: each call is a transaction of its own
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
  // kConflict: another writer won; begin again, or let Database::transact do that.
  [[nodiscard]] Result<> commit();

 private:
  friend class Database;
  explicit Transaction(std::unique_ptr<detail::TransactionState> state);
  std::unique_ptr<detail::TransactionState> state_;
};

// What Database::verify found; `problems` is empty when all is well.
struct VerifyReport {
  std::uint64_t pages = 0;
  std::uint64_t documents = 0;
  std::uint64_t index_entries = 0;
  std::vector<std::string> problems;
};

class Database {
 public:
  // The database in directory `path`, recovered when it was not closed cleanly. kNotFound: there is
  // none and create_if_missing is off; kConflict: another process has it open.
  [[nodiscard]] static Result<Database> open(std::string_view path, Options options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  [[nodiscard]] Collection collection(std::string_view name);
  [[nodiscard]] Result<std::vector<std::string>> collection_names();

  [[nodiscard]] Result<Transaction> begin();
  // Runs `body` and commits what it did, again from the start when another writer won; so `body`
  // must not commit and may run several times. An error of `body` undoes everything and is
  // returned.
  [[nodiscard]] Result<> transact(const std::function<Result<>(Transaction&)>& body);

  [[nodiscard]] Result<VerifyReport> verify();
  // Returns when every write so far would survive a power cut.
  [[nodiscard]] Result<> sync();
  [[nodiscard]] Result<> close();

 private:
  explicit Database(std::unique_ptr<detail::DatabaseState> state);
  std::unique_ptr<detail::DatabaseState> state_;
};

}  // namespace nacre
