// Commands that write documents: insert, update, delete.
//
// A statement that cannot be read fails the whole command before anything is written. One that
// fails when carried out becomes an element of writeErrors and leaves nothing behind; whether the
// next one is tried is what `ordered` says. Every write is durable when it is answered, whatever
// the write concern.
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "query/operations.h"
#include "server/commands.h"
#include "server/scope.h"
#include "server/wire_error.h"
#include "server/write_statements.h"

namespace nacre::server {
namespace {

constexpr std::string_view kUpdateFields =
    "q u c multi upsert hint sort collation arrayFilters upsertSupplied sampleId";
constexpr std::string_view kDeleteFields = "q limit hint collation sampleId";

// An error that is no fault of the statement: trying the next one would be no use.
bool ends_everything(const Error& error) {
  return error.code() == Code::kIo || error.code() == Code::kCorrupt ||
         error.code() == Code::kClosed;
}

void append_write_errors(bson::Builder& errors, std::size_t count, bson::Builder& reply) {
  if (count > 0) reply.append_array("writeErrors", errors.finish());
}

Result<std::vector<query::UpdateRequest>> read_updates(const Request& request,
                                                       const WriteOptions& options,
                                                       std::string_view collection) {
  const std::vector<bson::View> statements = NACRE_TRY(request.fields.batch("updates"));
  std::vector<query::UpdateRequest> updates;
  for (const bson::View& statement : statements) {
    const Fields fields(statement, nullptr);
    NACRE_TRY(fields.check_only("update.updates", kUpdateFields));
    updates.push_back(NACRE_TRY(read_update(fields, kUpdateNames, options)));
    updates.back().collection = collection;
  }
  return updates;
}

Result<std::vector<query::RemoveRequest>> read_deletes(const Request& request,
                                                       const WriteOptions& options,
                                                       std::string_view collection) {
  const std::vector<bson::View> statements = NACRE_TRY(request.fields.batch("deletes"));
  std::vector<query::RemoveRequest> deletes;
  for (const bson::View& statement : statements) {
    const Fields fields(statement, nullptr);
    NACRE_TRY(fields.check_only("delete.deletes", kDeleteFields));
    deletes.push_back(NACRE_TRY(read_delete(fields, options)));
    deletes.back().collection = collection;
  }
  return deletes;
}

}  // namespace

Result<> insert(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const WriteOptions options = NACRE_TRY(read_write_options(request.fields));
  const std::vector<bson::View> documents = NACRE_TRY(request.fields.batch("documents"));
  const Databases::Lease database = NACRE_TRY(open_database(request));
  NACRE_TRY(check_collection_uuid(*database, collection, request.fields.get("collectionUUID")));
  const query::InsertResult result = NACRE_TRY(query::insert(
      scope_of(request, *database), {.collection = collection,
                                     .documents = documents,
                                     .ordered = options.ordered,
                                     .bypass_validation = options.bypass_validation}));
  bson::Builder errors = bson::Builder::array();
  for (const query::WriteError& error : result.errors) {
    push_write_error(errors, static_cast<std::int64_t>(error.index), error.error);
  }
  reply.append_number("n", static_cast<std::int64_t>(result.inserted));
  append_write_errors(errors, result.errors.size(), reply);
  return {};
}

Result<> update(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const WriteOptions options = NACRE_TRY(read_write_options(request.fields));
  const auto updates = NACRE_TRY(read_updates(request, options, collection));
  const Databases::Lease database = NACRE_TRY(open_database(request));
  NACRE_TRY(check_collection_uuid(*database, collection, request.fields.get("collectionUUID")));
  std::int64_t n = 0;
  std::int64_t modified = 0;
  std::size_t error_count = 0;
  std::size_t upsert_count = 0;
  bson::Builder errors = bson::Builder::array();
  bson::Builder upserts = bson::Builder::array();
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    auto result = query::update(scope_of(request, *database), updates[i]);
    if (!result.has_value()) {
      if (ends_everything(result.error())) return std::unexpected(std::move(result).error());
      push_write_error(errors, index, result.error());
      ++error_count;
      if (options.ordered) break;
      continue;
    }
    n += result->matched;
    modified += result->modified;
    if (!result->did_upsert()) continue;
    ++n;
    ++upsert_count;
    upserts.push_begin_document().append_number("index", index).append_all(result->upserted).end();
  }
  reply.append_number("n", n);
  if (upsert_count > 0) reply.append_array("upserted", upserts.finish());
  reply.append_number("nModified", modified);
  append_write_errors(errors, error_count, reply);
  return {};
}

Result<> remove(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const WriteOptions options = NACRE_TRY(read_write_options(request.fields));
  const auto deletes = NACRE_TRY(read_deletes(request, options, collection));
  const Databases::Lease database = NACRE_TRY(open_database(request));
  NACRE_TRY(check_collection_uuid(*database, collection, request.fields.get("collectionUUID")));
  std::int64_t n = 0;
  std::size_t error_count = 0;
  bson::Builder errors = bson::Builder::array();
  for (std::size_t i = 0; i < deletes.size(); ++i) {
    auto removed = query::remove(scope_of(request, *database), deletes[i]);
    if (removed.has_value()) {
      n += *removed;
      continue;
    }
    if (ends_everything(removed.error())) return std::unexpected(std::move(removed).error());
    push_write_error(errors, static_cast<std::int64_t>(i), removed.error());
    ++error_count;
    if (options.ordered) break;
  }
  reply.append_number("n", n);
  append_write_errors(errors, error_count, reply);
  return {};
}

}  // namespace nacre::server
