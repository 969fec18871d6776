// bulkWrite: inserts, updates and deletes on any number of collections in one command.
//
// Operations are carried out one by one, each in a commit of its own, as separate commands would.
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/text.h"
#include "query/operations.h"
#include "server/batch.h"
#include "server/commands.h"
#include "server/sorted_update.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

struct Target {
  std::string_view database;
  std::string_view collection;
};

// What is counted over the whole command, and what came of one operation.
struct Totals {
  std::int64_t errors = 0;
  std::int64_t inserted = 0;
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::int64_t upserted = 0;
  std::int64_t deleted = 0;
};

struct Done {
  std::int64_t n = 0;
  std::optional<std::int64_t> modified;
  bson::Document upserted;  // {_id: value} or empty
};

Result<std::vector<Target>> targets_of(const Fields& fields) {
  const std::vector<bson::View> asked = NACRE_TRY(fields.batch("nsInfo"));
  std::vector<Target> targets;
  for (const bson::View& one : asked) {
    const bson::Element name = one.find("ns");
    const std::string_view text = name.is(bson::Type::kString) ? name.string() : std::string_view();
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
      return fail(Code::kInvalid, wire_code::kInvalidNamespace,
                  format("Invalid namespace specified '{}'", text));
    }
    const Target target{.database = text.substr(0, dot), .collection = text.substr(dot + 1)};
    NACRE_TRY(check_database_name(target.database));
    NACRE_TRY(check_collection_name(target.database, target.collection));
    targets.push_back(target);
  }
  return targets;
}

// The collection that an operation's first field names by its place in nsInfo.
Result<Target> target_of(const Fields& operation, const std::vector<Target>& targets) {
  const auto index = operation.body().begin()->as_int64();
  if (!index || *index < 0 || *index >= static_cast<std::int64_t>(targets.size())) {
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("BulkWrite ops entry {} has no valid nsInfo index", operation.command()));
  }
  return targets[static_cast<std::size_t>(*index)];
}

Result<Done> insert_one(const query::Scope& scope, const Target& target, const Fields& fields) {
  const bson::View document = NACRE_TRY(fields.required_document("document"));
  const bson::View documents[] = {document};
  query::InsertResult result =
      NACRE_TRY(query::insert(scope, {.collection = target.collection, .documents = documents}));
  if (!result.errors.empty()) return std::unexpected(std::move(result.errors.front().error));
  return Done{.n = 1, .modified = {}, .upserted = {}};
}

Result<Done> update_some(const query::Scope& scope, const Target& target, const Fields& fields) {
  for (const char* option : {"collation", "arrayFilters", "constants"}) {
    NACRE_TRY(fields.refuse(option));
  }
  if (fields.get("updateMods").is(bson::Type::kArray)) {
    return fail(Code::kUnsupported, wire_code::kCommandNotSupported,
                "updates by an aggregation pipeline are not supported yet");
  }
  query::UpdateRequest request;
  request.collection = target.collection;
  request.filter = NACRE_TRY(fields.required_document("filter"));
  request.update = NACRE_TRY(fields.required_document("updateMods"));
  request.multi = NACRE_TRY(fields.boolean("multi", false));
  request.upsert = NACRE_TRY(fields.boolean("upsert", false));
  request.hint = NACRE_TRY(fields.hint());
  const bson::View sort = NACRE_TRY(fields.document("sort"));
  query::UpdateResult result = NACRE_TRY(update_sorted(scope, request, sort));
  return Done{.n = result.matched + (result.did_upsert() ? 1 : 0),
              .modified = result.modified,
              .upserted = std::move(result.upserted)};
}

Result<Done> delete_some(const query::Scope& scope, const Target& target, const Fields& fields) {
  NACRE_TRY(fields.refuse("collation"));
  query::RemoveRequest request;
  request.collection = target.collection;
  request.filter = NACRE_TRY(fields.required_document("filter"));
  request.multi = NACRE_TRY(fields.boolean("multi", false));
  request.hint = NACRE_TRY(fields.hint());
  const std::int64_t removed = NACRE_TRY(query::remove(scope, request));
  return Done{.n = removed, .modified = {}, .upserted = {}};
}

Result<Done> carry_out(const Request& request, const std::vector<Target>& targets,
                       const bson::View& operation, Totals& totals) {
  if (operation.empty()) {
    return fail(Code::kInvalid, wire_code::kFailedToParse, "BulkWrite ops entry is empty");
  }
  const Fields fields(operation, nullptr);
  const Target target = NACRE_TRY(target_of(fields, targets));
  const Databases::Lease database =
      NACRE_TRY(request.services.databases.open_or_create(target.database));
  const query::Scope scope{.database = *database, .max_time_ms = request.max_time_ms};
  if (fields.command() == "insert") {
    Done done = NACRE_TRY(insert_one(scope, target, fields));
    totals.inserted += done.n;
    return done;
  }
  if (fields.command() == "update") {
    Done done = NACRE_TRY(update_some(scope, target, fields));
    const std::int64_t upserted = done.upserted.view().empty() ? 0 : 1;
    totals.matched += done.n - upserted;
    totals.modified += done.modified.value_or(0);
    totals.upserted += upserted;
    return done;
  }
  if (fields.command() == "delete") {
    Done done = NACRE_TRY(delete_some(scope, target, fields));
    totals.deleted += done.n;
    return done;
  }
  return fail(
      Code::kInvalid, wire_code::kFailedToParse,
      format("BulkWrite ops entry is '{}', expected insert, update or delete", fields.command()));
}

bson::Document describe(std::int64_t index, const Done& done) {
  bson::Builder row;
  row.append("ok", 1.0).append_number("idx", index).append_number("n", done.n);
  if (done.modified) row.append_number("nModified", *done.modified);
  if (!done.upserted.view().empty()) row.append("upserted", done.upserted);
  return row.finish();
}

bson::Document describe(std::int64_t index, const Error& error, bool is_update) {
  bson::Builder row;
  append_error(row, error);
  row.append_number("idx", index).append("n", 0);
  if (is_update) row.append("nModified", 0);
  return row.finish();
}

}  // namespace

Result<> bulk_write(const Request& request, bson::Builder& reply) {
  const Fields& fields = request.fields;
  NACRE_TRY(fields.refuse("let"));
  const bool ordered = NACRE_TRY(fields.boolean("ordered", true));
  const bool errors_only = NACRE_TRY(fields.boolean("errorsOnly", false));
  const std::vector<Target> targets = NACRE_TRY(targets_of(fields));
  const std::vector<bson::View> operations = NACRE_TRY(fields.batch("ops"));
  const bson::View cursor_options = NACRE_TRY(fields.document("cursor"));
  FirstBatch first;
  if (!cursor_options.empty()) {
    first.batch_size = NACRE_TRY(batch_size_of(Fields(cursor_options, nullptr)));
  }
  Totals totals;
  std::vector<bson::Document> rows;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto done = carry_out(request, targets, operations[i], totals);
    if (done.has_value()) {
      if (!errors_only) rows.push_back(describe(index, *done));
      continue;
    }
    ++totals.errors;
    const bool is_update = Fields(operations[i], nullptr).command() == "update";
    rows.push_back(describe(index, done.error(), is_update));
    if (ordered) break;
  }
  NACRE_TRY(append_first_batch(
      request,
      StoredCursor{
          .database = "admin", .collection = "$cmd.bulkWrite", .rows = Rows(std::move(rows))},
      first, reply));
  reply.append_number("nErrors", totals.errors).append_number("nInserted", totals.inserted);
  reply.append_number("nMatched", totals.matched).append_number("nModified", totals.modified);
  reply.append_number("nUpserted", totals.upserted).append_number("nDeleted", totals.deleted);
  return {};
}

}  // namespace nacre::server
