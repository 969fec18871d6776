// bulkWrite: inserts, updates and deletes on any number of collections in one command.
//
// The whole command is read before anything is written; an operation that cannot be read fails it.
// Operations are carried out one by one, each in a commit of its own, as separate commands would.
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "query/operations.h"
#include "server/batch.h"
#include "server/commands.h"
#include "server/wire_error.h"
#include "server/write_statements.h"

namespace nacre::server {
namespace {

struct Target {
  std::string_view database;
  std::string_view collection;
  bson::Element uuid;  // that the collection must have; or missing
};

struct Operation {
  Target target;
  // The document of an insert, an update or a delete.
  std::variant<bson::View, query::UpdateRequest, query::RemoveRequest> what;
  [[nodiscard]] bool is_update() const {
    return std::holds_alternative<query::UpdateRequest>(what);
  }
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

Result<Target> read_target(const bson::View& entry) {
  const Fields fields(entry, nullptr);
  NACRE_TRY(fields.check_only("bulkWrite.nsInfo", "ns collectionUUID encryptionInformation"));
  const bson::Element name = fields.get("ns");
  if (!name || name.is(bson::Type::kNull)) {
    return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
                "BSON field 'bulkWrite.nsInfo.ns' is missing but a required field");
  }
  const std::string_view text = NACRE_TRY(fields.required_string("ns"));
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) {
    return fail(Code::kInvalid, wire_code::kInvalidNamespace,
                format("Invalid namespace specified '{}'", text));
  }
  Target target{.database = text.substr(0, dot),
                .collection = text.substr(dot + 1),
                .uuid = fields.get("collectionUUID")};
  NACRE_TRY(check_database_name(target.database));
  NACRE_TRY(check_collection_name(target.database, target.collection));
  return target;
}

Result<std::vector<Target>> read_targets(const Fields& fields) {
  const bson::Element info = fields.get("nsInfo");
  if (info.is(bson::Type::kNull)) {
    return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
                "BSON field 'bulkWrite.nsInfo' is missing but a required field");
  }
  std::vector<Target> targets;
  if (info.is(bson::Type::kArray) && info.array().empty()) return targets;
  const std::vector<bson::View> asked = NACRE_TRY(fields.batch("nsInfo"));
  for (const bson::View& one : asked) targets.push_back(NACRE_TRY(read_target(one)));
  return targets;
}

// The collection that an operation's first field names by its place in nsInfo.
Result<Target> target_of(const Fields& operation, const std::vector<Target>& targets) {
  const bson::Element index = *operation.body().begin();
  if (index.is(bson::Type::kNull)) {
    return fail(
        Code::kInvalid, wire_code::kIDLFailedToParse,
        format("BSON field 'bulkWrite.ops.{}' is missing but a required field", index.name()));
  }
  if (!index.is_number()) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field 'bulkWrite.ops.{}' is the wrong type '{}', expected a number",
                       index.name(), bson::name(index.type())));
  }
  const auto place = index.as_int64();
  if (!place || *place < 0 || *place >= static_cast<std::int64_t>(targets.size())) {
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("BulkWrite ops entry {} has an invalid nsInfo index.", index.name()));
  }
  return targets[static_cast<std::size_t>(*place)];
}

// A required document where null counts as missing.
Result<> check_there(const Fields& fields, std::string_view field) {
  const bson::Element value = fields.get(field);
  if (value && !value.is(bson::Type::kNull)) return {};
  return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
              format("BSON field 'bulkWrite.ops.{}' is missing but a required field", field));
}

Result<Operation> read_operation(const bson::View& entry, const std::vector<Target>& targets,
                                 const WriteOptions& options) {
  if (entry.empty()) {
    return fail(Code::kInvalid, wire_code::kFailedToParse, "BulkWrite ops entry is empty");
  }
  const Fields fields(entry, nullptr);
  const std::string_view verb = fields.command();
  const std::string path = format("bulkWrite.ops.{}", verb);
  if (verb == "insert") {
    NACRE_TRY(fields.check_only(path, "insert document sampleId"));
    const Target target = NACRE_TRY(target_of(fields, targets));
    NACRE_TRY(check_there(fields, "document"));
    return Operation{.target = target, .what = NACRE_TRY(fields.required_document("document"))};
  }
  if (verb == "update") {
    NACRE_TRY(fields.check_only(path,
                                "update filter updateMods arrayFilters multi hint constants "
                                "collation upsert upsertSupplied sort sampleId"));
    const Target target = NACRE_TRY(target_of(fields, targets));
    NACRE_TRY(check_there(fields, "filter"));
    query::UpdateRequest update = NACRE_TRY(read_update(fields, kBulkNames, options));
    update.collection = target.collection;
    return Operation{.target = target, .what = update};
  }
  if (verb == "delete") {
    NACRE_TRY(fields.check_only(path, "delete filter multi hint collation sampleId"));
    const Target target = NACRE_TRY(target_of(fields, targets));
    NACRE_TRY(check_there(fields, "filter"));
    query::RemoveRequest removal = NACRE_TRY(read_bulk_delete(fields, options));
    removal.collection = target.collection;
    return Operation{.target = target, .what = removal};
  }
  return fail(Code::kInvalid, wire_code::kIDLUnknownField,
              format("BSON field 'bulkWrite.ops.{}' is an unknown field.", verb));
}

Result<Done> insert_one(const query::Scope& scope, const Target& target, const bson::View& document,
                        const WriteOptions& options) {
  const bson::View documents[] = {document};
  query::InsertResult result =
      NACRE_TRY(query::insert(scope, {.collection = target.collection,
                                      .documents = documents,
                                      .bypass_validation = options.bypass_validation}));
  if (!result.errors.empty()) return std::unexpected(std::move(result.errors.front().error));
  return Done{.n = 1, .modified = {}, .upserted = {}};
}

Result<Done> carry_out(const Request& request, const Operation& operation,
                       const WriteOptions& options, Totals& totals) {
  const Target& target = operation.target;
  const Databases::Lease database =
      NACRE_TRY(request.services.databases.open_or_create(target.database));
  NACRE_TRY(check_collection_uuid(*database, target.collection, target.uuid));
  const query::Scope scope{.database = *database, .max_time_ms = request.max_time_ms};
  if (const auto* update = std::get_if<query::UpdateRequest>(&operation.what)) {
    query::UpdateResult result = NACRE_TRY(query::update(scope, *update));
    const std::int64_t upserted = result.did_upsert() ? 1 : 0;
    totals.matched += result.matched;
    totals.modified += result.modified;
    totals.upserted += upserted;
    return Done{.n = result.matched + upserted,
                .modified = result.modified,
                .upserted = std::move(result.upserted)};
  }
  if (const auto* removal = std::get_if<query::RemoveRequest>(&operation.what)) {
    const std::int64_t removed = NACRE_TRY(query::remove(scope, *removal));
    totals.deleted += removed;
    return Done{.n = removed, .modified = {}, .upserted = {}};
  }
  Done done = NACRE_TRY(insert_one(scope, target, std::get<bson::View>(operation.what), options));
  totals.inserted += done.n;
  return done;
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

Result<std::vector<Operation>> read_operations(const Fields& fields, const WriteOptions& options) {
  const std::vector<Target> targets = NACRE_TRY(read_targets(fields));
  const std::vector<bson::View> entries = NACRE_TRY(fields.batch("ops"));
  std::vector<Operation> operations;
  operations.reserve(entries.size());
  for (const bson::View& entry : entries) {
    operations.push_back(NACRE_TRY(read_operation(entry, targets, options)));
  }
  return operations;
}

}  // namespace

Result<> bulk_write(const Request& request, bson::Builder& reply) {
  const Fields& fields = request.fields;
  const WriteOptions options = NACRE_TRY(read_write_options(fields));
  const bool errors_only = NACRE_TRY(fields.strict_boolean("errorsOnly", false));
  const bson::View cursor_options = NACRE_TRY(fields.document("cursor"));
  const std::vector<Operation> operations = NACRE_TRY(read_operations(fields, options));
  FirstBatch first;
  if (!cursor_options.empty()) {
    first.batch_size = NACRE_TRY(batch_size_of(Fields(cursor_options, nullptr)));
  }
  Totals totals;
  std::vector<bson::Document> rows;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto index = static_cast<std::int64_t>(i);
    const auto done = carry_out(request, operations[i], options, totals);
    if (done.has_value()) {
      if (!errors_only) rows.push_back(describe(index, *done));
      continue;
    }
    ++totals.errors;
    rows.push_back(describe(index, done.error(), operations[i].is_update()));
    if (options.ordered) break;
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
