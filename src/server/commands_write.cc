// Commands that write documents: insert, update, delete, findAndModify.
//
// A statement that fails becomes an element of writeErrors and leaves nothing behind; whether the
// next one is tried is what `ordered` says. Every write is durable when it is answered, whatever
// the write concern.
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"
#include "query/operations.h"
#include "server/commands.h"
#include "server/scope.h"
#include "server/sorted_update.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

// An error that is no fault of the statement: trying the next one would be no use.
bool ends_everything(const Error& error) {
  return error.code() == Code::kIo || error.code() == Code::kCorrupt ||
         error.code() == Code::kClosed;
}

void append_write_errors(bson::Builder& errors, std::size_t count, bson::Builder& reply) {
  if (count > 0) reply.append_array("writeErrors", errors.finish());
}

// What `update` and `u` may be: operators or a replacement, not yet a pipeline.
Result<bson::View> update_document(const Fields& fields, std::string_view field) {
  if (fields.get(field).is(bson::Type::kArray)) {
    return fail(Code::kUnsupported, wire_code::kCommandNotSupported,
                "updates by an aggregation pipeline are not supported yet");
  }
  return fields.required_document(field);
}

Result<query::UpdateRequest> update_statement(std::string_view collection, const Fields& fields) {
  for (const char* option : {"collation", "arrayFilters", "c"}) {
    NACRE_TRY(fields.refuse(option));
  }
  query::UpdateRequest request;
  request.collection = collection;
  request.filter = NACRE_TRY(fields.required_document("q"));
  request.update = NACRE_TRY(update_document(fields, "u"));
  request.multi = NACRE_TRY(fields.boolean("multi", false));
  request.upsert = NACRE_TRY(fields.boolean("upsert", false));
  request.hint = NACRE_TRY(fields.hint());
  return request;
}

Result<query::RemoveRequest> remove_statement(std::string_view collection, const Fields& fields) {
  NACRE_TRY(fields.refuse("collation"));
  const std::int64_t limit = NACRE_TRY(fields.integer("limit", 0));
  if (!fields.get("limit") || (limit != 0 && limit != 1)) {
    return fail(Code::kInvalid, wire_code::kFailedToParse,
                "The limit field in delete objects must be 0 or 1. Got " +
                    (fields.get("limit") ? std::to_string(limit) : std::string("none")));
  }
  query::RemoveRequest request;
  request.collection = collection;
  request.filter = NACRE_TRY(fields.required_document("q"));
  request.multi = limit == 0;
  request.hint = NACRE_TRY(fields.hint());
  return request;
}

struct FindAndModify {
  std::string_view collection;
  bson::View filter;
  bson::View sort;
  bson::View projection;
  bson::View update;
  bson::Element hint;
  bool remove = false;
  bool upsert = false;
  bool returns_new = false;
};

Result<FindAndModify> find_and_modify_request(const Fields& fields) {
  for (const char* option : {"collation", "arrayFilters", "let"}) NACRE_TRY(fields.refuse(option));
  FindAndModify asked;
  asked.collection = NACRE_TRY(fields.collection());
  asked.filter = NACRE_TRY(fields.document("query"));
  asked.sort = NACRE_TRY(fields.document("sort"));
  asked.projection = NACRE_TRY(fields.document("fields"));
  asked.hint = NACRE_TRY(fields.hint());
  asked.remove = NACRE_TRY(fields.boolean("remove", false));
  asked.upsert = NACRE_TRY(fields.boolean("upsert", false));
  asked.returns_new = NACRE_TRY(fields.boolean("new", false));
  const bool updates = static_cast<bool>(fields.get("update"));
  const char* wrong = nullptr;
  if (asked.remove && updates) wrong = "Cannot specify both an update and remove=true";
  if (!asked.remove && !updates) wrong = "Either an update or remove=true must be specified";
  if (asked.remove && asked.upsert) wrong = "Cannot specify both upsert=true and remove=true";
  if (asked.remove && asked.returns_new) {
    wrong =
        "Cannot specify both new=true and remove=true; 'remove' always returns the deleted "
        "document";
  }
  if (wrong != nullptr) return fail(Code::kInvalid, wire_code::kFailedToParse, wrong);
  if (updates) asked.update = NACRE_TRY(update_document(fields, "update"));
  return asked;
}

Result<std::optional<bson::Document>> find_one(const query::Scope& scope,
                                               const query::FindRequest& request) {
  query::Cursor cursor = NACRE_TRY(query::find(scope, request));
  const std::optional<bson::View> row = NACRE_TRY(cursor.next());
  if (!row) return std::nullopt;
  return bson::Document(*row);
}

struct Modified {
  std::optional<bson::Document> value;
  bson::Document upserted;  // {_id: value} or empty
  bool found = false;
};

// The document of that _id, as the reply shows it.
Result<std::optional<bson::Document>> shown(const query::Scope& scope, const FindAndModify& asked,
                                            bson::View id_filter) {
  query::FindRequest request;
  request.collection = asked.collection;
  request.filter = id_filter;
  request.projection = asked.projection;
  request.limit = 1;
  return find_one(scope, request);
}

Result<Modified> modify_one(const query::Scope& scope, const FindAndModify& asked) {
  Modified result;
  query::FindRequest search;
  search.collection = asked.collection;
  search.filter = asked.filter;
  search.sort = asked.sort;
  search.hint = asked.hint;
  search.limit = 1;
  const std::optional<bson::Document> old = NACRE_TRY(find_one(scope, search));
  result.found = old.has_value();
  if (!old && !asked.upsert) return result;

  query::UpdateRequest update;
  update.collection = asked.collection;
  update.update = asked.update;
  if (!old) {
    update.filter = asked.filter;
    update.upsert = true;
    query::UpdateResult updated = NACRE_TRY(query::update(scope, update));
    result.upserted = std::move(updated.upserted);
    if (asked.returns_new) result.value = NACRE_TRY(shown(scope, asked, result.upserted));
    return result;
  }
  // From here on the document is named by its _id, so that no other one can be meant.
  const bson::Document id = bson::Builder().append(old->find("_id")).finish();
  if (!asked.returns_new) result.value = NACRE_TRY(shown(scope, asked, id));
  if (asked.remove) {
    query::RemoveRequest remove;
    remove.collection = asked.collection;
    remove.filter = id;
    std::ignore = NACRE_TRY(query::remove(scope, remove));
    return result;
  }
  update.filter = id;
  std::ignore = NACRE_TRY(query::update(scope, update));
  if (asked.returns_new) result.value = NACRE_TRY(shown(scope, asked, id));
  return result;
}

}  // namespace

Result<> insert(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const bool ordered = NACRE_TRY(request.fields.boolean("ordered", true));
  const std::vector<bson::View> documents = NACRE_TRY(request.fields.batch("documents"));
  for (const bson::View& document : documents) {
    if (document.bytes().size() <= kDocumentSizeMax) continue;
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("object to insert too large. size in bytes: {}, max size: {}",
                       document.bytes().size(), kDocumentSizeMax));
  }
  const Databases::Lease database = NACRE_TRY(open_database(request));
  const query::InsertResult result = NACRE_TRY(
      query::insert(scope_of(request, *database),
                    {.collection = collection, .documents = documents, .ordered = ordered}));
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
  const bool ordered = NACRE_TRY(request.fields.boolean("ordered", true));
  NACRE_TRY(request.fields.refuse("let"));
  const std::vector<bson::View> statements = NACRE_TRY(request.fields.batch("updates"));
  const Databases::Lease database = NACRE_TRY(open_database(request));
  std::int64_t n = 0;
  std::int64_t modified = 0;
  std::size_t error_count = 0;
  std::size_t upsert_count = 0;
  bson::Builder errors = bson::Builder::array();
  bson::Builder upserts = bson::Builder::array();
  const auto carry_out = [&](const bson::View& statement) -> Result<query::UpdateResult> {
    const Fields fields(statement, nullptr);
    const query::UpdateRequest asked = NACRE_TRY(update_statement(collection, fields));
    const bson::View sort = NACRE_TRY(fields.document("sort"));
    return update_sorted(scope_of(request, *database), asked, sort);
  };
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    auto result = carry_out(statements[i]);
    if (!result.has_value()) {
      if (ends_everything(result.error())) return std::unexpected(std::move(result).error());
      push_write_error(errors, index, result.error());
      ++error_count;
      if (ordered) break;
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
  const bool ordered = NACRE_TRY(request.fields.boolean("ordered", true));
  NACRE_TRY(request.fields.refuse("let"));
  const std::vector<bson::View> statements = NACRE_TRY(request.fields.batch("deletes"));
  const std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  std::int64_t n = 0;
  std::size_t error_count = 0;
  bson::Builder errors = bson::Builder::array();
  const auto carry_out = [&](const bson::View& statement) -> Result<std::int64_t> {
    const query::RemoveRequest asked =
        NACRE_TRY(remove_statement(collection, Fields(statement, nullptr)));
    if (!database) return 0;
    return query::remove(scope_of(request, **database), asked);
  };
  for (std::size_t i = 0; i < statements.size(); ++i) {
    auto removed = carry_out(statements[i]);
    if (removed.has_value()) {
      n += *removed;
      continue;
    }
    if (ends_everything(removed.error())) return std::unexpected(std::move(removed).error());
    push_write_error(errors, static_cast<std::int64_t>(i), removed.error());
    ++error_count;
    if (ordered) break;
  }
  reply.append_number("n", n);
  append_write_errors(errors, error_count, reply);
  return {};
}

Result<> find_and_modify(const Request& request, bson::Builder& reply) {
  const FindAndModify asked = NACRE_TRY(find_and_modify_request(request.fields));
  const Databases::Lease database = NACRE_TRY(open_database(request));
  Modified result;
  const auto body = [&](const query::Scope& inside) -> Result<> {
    result = NACRE_TRY(modify_one(inside, asked));
    return {};
  };
  NACRE_TRY(in_transaction(scope_of(request, *database), body));
  const bool upserted = !result.upserted.view().empty();
  reply.begin_document("lastErrorObject").append("n", result.found || upserted ? 1 : 0);
  if (!asked.remove) reply.append("updatedExisting", result.found);
  if (upserted) reply.append("upserted", result.upserted.find("_id"));
  reply.end();
  if (result.value) {
    reply.append("value", *result.value);
  } else {
    reply.append("value", bson::Null());
  }
  return {};
}

}  // namespace nacre::server
