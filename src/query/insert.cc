#include <algorithm>
#include <functional>
#include <utility>

#include "document/writer.h"
#include "query/operations.h"

namespace nacre::query {
namespace {

// Errors that are about one document; any other ends the statement.
bool is_about_document(const Error& error) {
  return error.code() == Code::kExists || error.code() == Code::kInvalid ||
         error.code() == Code::kUnsupported;
}

// An empty timestamp among the fields at the top is the moment of the insert.
bool is_open_timestamp(const bson::Element& field) {
  return field.is(bson::Type::kTimestamp) && field.timestamp() == bson::Timestamp() &&
         field.name() != "_id";
}

// The increments of one insert's documents differ, and mostly those of one second's.
bson::Document with_timestamps(const bson::View& document, Time now, std::size_t index) {
  const auto microseconds = number(now);
  const bson::Timestamp moment{
      .seconds = static_cast<std::uint32_t>(microseconds / 1'000'000),
      .increment = static_cast<std::uint32_t>(microseconds % 1'000'000 * 1000 + index % 1000 + 1)};
  bson::Builder builder;
  for (const bson::Element& field : document) {
    if (is_open_timestamp(field)) {
      builder.append(field.name(), moment);
    } else {
      builder.append(field);
    }
  }
  return builder.finish();
}

Result<> insert_one(document::Writer& writer, const bson::View& document, Time now,
                    std::size_t index) {
  bson::Document holder;
  bson::View whole = NACRE_TRY(document::with_id_first(document, holder));
  bson::Document stamped;
  if (std::ranges::any_of(whole, is_open_timestamp)) {
    stamped = with_timestamps(whole, now, index);
    whole = stamped.view();
  }
  return writer.insert(whole);
}

Result<> insert_all(document::Database& database, document::Transaction& transaction,
                    const InsertRequest& request, InsertResult& result) {
  result = {};
  const document::CollectionInfo* info = NACRE_TRY(transaction.open_for_write(request.collection));
  document::Writer writer(database, transaction, *info);
  if (request.bypass_validation) writer.bypass_validation();
  for (std::size_t i = 0; i < request.documents.size(); ++i) {
    auto inserted = insert_one(writer, request.documents[i], database.now(), i);
    if (inserted) {
      ++result.inserted;
      continue;
    }
    if (!is_about_document(inserted.error())) return inserted;
    result.errors.push_back({.index = i, .error = std::move(inserted).error()});
    if (request.ordered) break;
  }
  return {};
}

}  // namespace

Result<InsertResult> insert(const Scope& scope, const InsertRequest& request) {
  InsertResult result;
  if (scope.transaction != nullptr) {
    NACRE_TRY(insert_all(scope.database, *scope.transaction, request, result));
    return result;
  }
  const auto body = [&](document::Transaction& transaction) {
    return insert_all(scope.database, transaction, request, result);
  };
  const std::size_t hot_key = std::hash<std::string_view>()(request.collection);
  NACRE_TRY(scope.database.transact(body, scope.durability, hot_key));
  return result;
}

}  // namespace nacre::query
