// What stands behind the classes of nacre.hpp.
//
// Threads: as the classes say.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bson/builder.h"
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

struct CursorState {
  query::Cursor cursor;
};

struct QueryState {
  DatabaseState* database;
  TransactionState* transaction;
  std::string collection;
  std::optional<Error> problem;  // the first argument that was not what it should be
  bson::Document filter;
  bson::Document sort;
  bson::Document projection;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  bson::Value hint;
};

// The one way into the private parts of the public classes.
struct Access {
  static Document document(std::string bson) { return Document(std::move(bson)); }
  static Document document(const bson::View& view) { return Document(to_string(view.bytes())); }
  static bson::View view(const Document& document) {
    return bson::View::trusted(as_bytes(document.bson_));
  }
  // The input as BSON; kInvalid when it is text and not a JSON object.
  static Result<bson::Document> read(const DocumentInput& input);
  static Cursor cursor(query::Cursor cursor) {
    return Cursor(std::make_unique<CursorState>(CursorState{std::move(cursor)}));
  }
  static Query query(QueryState state) {
    return Query(std::make_unique<QueryState>(std::move(state)));
  }
};

// Where an operation runs; kClosed when its transaction is over.
[[nodiscard]] Result<query::Scope> scope_of(DatabaseState& database, TransactionState* transaction);

}  // namespace nacre::detail
