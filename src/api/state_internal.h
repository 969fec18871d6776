// What stands behind the classes of nacre.hpp.
//
// Threads: as the classes say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bson/builder.h"
#include "document/changes.h"
#include "document/database.h"
#include "io/file_system.h"
#include "nacre/nacre.hpp"
#include "query/operations.h"

namespace nacre::detail {

struct DatabaseState {
  std::unique_ptr<io::FileSystem> files;  // outlives the database
  std::unique_ptr<document::Database> database;
  txn::Durability durability = txn::Durability::kSync;
};

struct TransactionState {
  DatabaseState* database;
  std::optional<document::Transaction> own;  // of Database::begin
  document::Transaction* current = nullptr;  // `own`, or transact's; null when it is over
};

struct PastState {
  document::Snapshot snapshot;
};

struct CursorState {
  query::Cursor cursor;
};

struct ChangeCursorState {
  document::ChangeReader reader;
  Position last;
};

struct QueryState {
  Collection collection;
  std::optional<Error> problem{};  // the first argument that was not what it should be
  bson::Document filter{};
  bson::Document sort{};
  bson::Document projection{};
  bson::Document let{};
  bson::Document min{};
  bson::Document max{};
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  bson::Value hint{};
  query::Collation collation{};
};

// An update as it was given: operators or a replacement, or an array of stages.
struct ReadUpdate {
  bson::Document document;
  bool is_pipeline = false;
};

[[nodiscard]] inline Instant instant(Time time) {
  return Instant(std::chrono::microseconds(static_cast<std::int64_t>(number(time))));
}

// The one way into the private parts of the public classes.
struct Access {
  static Document document(std::string bson) { return Document(std::move(bson)); }
  static Document document(const bson::View& view) { return Document(to_string(view.bytes())); }
  static bson::View view(const Document& document) {
    return bson::View::trusted(as_bytes(document.bson_));
  }
  static Value value(const bson::Element& element);
  static Value value(std::string bson) { return Value(Value::Raw{std::move(bson)}); }
  // Named "". Valid as long as the value.
  static bson::Element element(const Value& value) {
    return *bson::View::trusted(as_bytes(value.bson_)).begin();
  }
  // {_id: value}
  static bson::Document id_filter(const Value& id) {
    return bson::Builder().append("_id", element(id)).finish();
  }
  // The input as BSON; kInvalid when it is text and not a JSON object.
  static Result<bson::Document> read(const DocumentInput& input);
  static Result<ReadUpdate> read_update(const DocumentInput& input);  // also a pipeline
  static Result<ReadUpdate> read_whole(const DocumentInput& input);   // a document alone
  static Result<query::Collation> read_collation(const DocumentOption& option);
  // A name or, in braces, a key pattern; missing when empty.
  static Result<bson::Value> read_hint(std::string_view hint);
  static Cursor cursor(query::Cursor cursor) {
    return Cursor(std::make_unique<CursorState>(CursorState{std::move(cursor)}));
  }
  static Query query(QueryState state) {
    return Query(std::make_unique<QueryState>(std::move(state)));
  }

  static DatabaseState& database(const Collection& collection) { return *collection.database_; }
  static TransactionState* transaction(const Collection& collection) {
    return collection.transaction_;
  }
  // Where the collection is read; kClosed when its transaction is over.
  static Result<query::Scope> reading(const Collection& collection);
  // Where it is written; kInvalid for one of the past.
  static Result<query::Scope> writing(const Collection& collection);
};

// Runs `body` in the collection's transaction, or in one of its own that is committed then, again
// from the start when another writer won. `hot_key` as of document::Database::transact.
[[nodiscard]] Result<> in_transaction(const Collection& collection,
                                      const std::function<Result<>(const query::Scope&)>& body,
                                      std::size_t hot_key = 0);

// The error with what the API knows beyond what a wire tells: the collection, and the nearest known
// name where an operator is not known.
[[nodiscard]] Error explained(Error error, const std::string& collection);

template <class T>
[[nodiscard]] Result<T> explained(Result<T> result, const Collection& collection) {
  if (result) return result;
  return std::unexpected(explained(std::move(result).error(), collection.name()));
}

// An error that names `name`, with the nearest of `known` when one is near.
[[nodiscard]] Error unknown_name(Code code, std::int32_t number, std::string what,
                                 const std::string& collection, std::string_view name,
                                 const std::vector<std::string>& known);

}  // namespace nacre::detail
