// Commands that read: find and its cursors, count, distinct, explain.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "aggregation/view_reads.h"
#include "base/check.h"
#include "base/text.h"
#include "match/filter.h"
#include "query/operations.h"
#include "server/aggregate_request.h"
#include "server/batch.h"
#include "server/commands.h"
#include "server/explain_command.h"
#include "server/query_shape.h"
#include "server/scope.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

// A command that writes nothing has no use for one.
Result<> refuse_write_concern(const Fields& fields) {
  NACRE_TRY(fields.document("writeConcern"));
  if (!fields.get("writeConcern") || fields.get("writeConcern").is_null_like()) return {};
  return fail(Code::kInvalid, wire_code::kInvalidOptions,
              format("Command {} does not support writeConcern", fields.command()));
}

Result<query::FindRequest> find_request(const Fields& fields) {
  NACRE_TRY(refuse_write_concern(fields));
  const bool tailable = NACRE_TRY(fields.boolean("tailable", false));
  const bool await_data = NACRE_TRY(fields.boolean("awaitData", false));
  if (await_data && !tailable) {
    return fail(Code::kInvalid, wire_code::kFailedToParse,
                "Cannot set 'awaitData' without also setting 'tailable'");
  }
  query::FindRequest request;
  request.collection = NACRE_TRY(fields.collection());
  if (fields.get("filter").is(bson::Type::kNull)) {
    NACRE_TRY(fields.required_document("filter"));
  }
  request.filter = NACRE_TRY(fields.document("filter"));
  request.projection = NACRE_TRY(fields.document("projection"));
  request.sort = NACRE_TRY(fields.document("sort"));
  request.let = NACRE_TRY(fields.document("let"));
  request.min = NACRE_TRY(fields.document("min"));
  request.max = NACRE_TRY(fields.document("max"));
  request.collation = NACRE_TRY(fields.collation());
  request.skip = NACRE_TRY(fields.lenient_count("skip", 0));
  request.limit = NACRE_TRY(fields.lenient_count("limit", 0));
  request.hint = NACRE_TRY(fields.hint());
  request.return_key = NACRE_TRY(fields.boolean("returnKey", false));
  request.show_record_id = NACRE_TRY(fields.boolean("showRecordId", false));
  request.tailable = tailable;
  request.allow_disk_use = NACRE_TRY(fields.boolean("allowDiskUse", true));
  return request;
}

// MongoDB takes a negative limit of count for its absolute value.
Result<std::int64_t> count_limit(const Fields& fields) {
  const bson::Element element = fields.get("limit");
  if (!element) return 0;
  if (!element.is_number()) {
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("limit value is not a valid number: {}", bson::name(element.type())));
  }
  const std::int64_t limit = NACRE_TRY(fields.integer("limit", 0));
  if (limit == std::numeric_limits<std::int64_t>::min()) {
    return fail(Code::kInvalid, wire_code::kBadValue, "limit is out of range");
  }
  return limit < 0 ? -limit : limit;
}

Result<query::CountRequest> count_request(const Fields& fields) {
  NACRE_TRY(refuse_write_concern(fields));
  query::CountRequest request;
  request.collection = NACRE_TRY(fields.collection());
  request.filter = NACRE_TRY(fields.document("query"));
  request.collation = NACRE_TRY(fields.collation());
  request.skip = NACRE_TRY(fields.lenient_count("skip", 0));
  request.limit = NACRE_TRY(count_limit(fields));
  request.hint = NACRE_TRY(fields.hint());
  return request;
}

Result<query::DistinctRequest> distinct_request(const Fields& fields) {
  NACRE_TRY(refuse_write_concern(fields));
  query::DistinctRequest request;
  request.collection = NACRE_TRY(fields.collection());
  if (fields.get("key").is(bson::Type::kNull)) {
    return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
                "BSON field 'distinct.key' is missing but a required field");
  }
  request.path = NACRE_TRY(fields.required_string("key"));
  request.filter = NACRE_TRY(fields.document("query"));
  request.collation = NACRE_TRY(fields.collation());
  request.hint = NACRE_TRY(fields.hint());
  return request;
}

query::Verbosity verbosity_of(std::string_view name) {
  if (name == "queryPlanner") return query::Verbosity::kQueryPlanner;
  return name == "executionStats" ? query::Verbosity::kExecutionStats : query::Verbosity::kAllPlans;
}

constexpr auto kExplainable =
    std::to_array<std::string_view>({"aggregate", "count", "delete", "distinct", "find",
                                     "findAndModify", "findandmodify", "update"});

// The first statement of an update or delete command, which is all that can be explained.
Result<Fields> only_statement(const Fields& fields, std::string_view field) {
  const std::vector<bson::View> statements = NACRE_TRY(fields.batch(field));
  if (statements.size() != 1 || statements[0].empty()) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                format("explained {} must hold one statement", field));
  }
  return Fields(statements[0], nullptr);
}

Result<bson::Document> explain_one(const query::Scope& scope, const Fields& inner,
                                   query::Verbosity verbosity) {
  const std::string_view name = inner.command();
  if (name == "find") {
    const query::FindRequest request = NACRE_TRY(find_request(inner));
    return query::explain(scope, request, verbosity);
  }
  if (name == "count") {
    const query::CountRequest request = NACRE_TRY(count_request(inner));
    return query::explain(scope, request, verbosity);
  }
  if (name == "aggregate") {
    const AggregateCommand command = NACRE_TRY(parse_aggregate(inner));
    return aggregation::explain(scope, command.request, verbosity);
  }
  if (name == "distinct") {
    query::FindRequest request;
    const query::DistinctRequest asked = NACRE_TRY(distinct_request(inner));
    request.collection = asked.collection;
    request.filter = asked.filter;
    request.hint = asked.hint;
    request.collation = asked.collation;
    return query::explain(scope, request, verbosity);
  }
  if (name == "findAndModify" || name == "findandmodify") {
    query::FindRequest request;
    request.limit = 1;
    request.collection = NACRE_TRY(inner.collection());
    request.filter = NACRE_TRY(inner.document("query"));
    request.sort = NACRE_TRY(inner.document("sort"));
    request.hint = NACRE_TRY(inner.hint());
    request.let = NACRE_TRY(inner.document("let"));
    request.collation = NACRE_TRY(inner.collation());
    return query::explain(scope, request, verbosity);
  }
  if (name == "update") {
    const Fields statement = NACRE_TRY(only_statement(inner, "updates"));
    query::UpdateRequest request;
    request.collection = NACRE_TRY(inner.collection());
    request.filter = NACRE_TRY(statement.required_document("q"));
    request.update = NACRE_TRY(statement.required_document("u"));
    request.multi = NACRE_TRY(statement.boolean("multi", false));
    request.upsert = NACRE_TRY(statement.boolean("upsert", false));
    request.hint = NACRE_TRY(statement.hint());
    request.let = NACRE_TRY(inner.document("let"));
    request.collation = NACRE_TRY(statement.collation());
    return query::explain(scope, request, verbosity);
  }
  NACRE_CHECK(name == "delete", "kExplainable lists what is told apart here");
  const Fields statement = NACRE_TRY(only_statement(inner, "deletes"));
  const std::int64_t limit = NACRE_TRY(statement.integer("limit", 0));
  query::RemoveRequest request;
  request.collection = NACRE_TRY(inner.collection());
  request.filter = NACRE_TRY(statement.required_document("q"));
  request.multi = limit == 0;
  request.hint = NACRE_TRY(statement.hint());
  request.let = NACRE_TRY(inner.document("let"));
  request.collation = NACRE_TRY(statement.collation());
  return query::explain(scope, request, verbosity);
}

// The aggregate that the command is when it reads a view.
Result<std::optional<aggregation::ViewRead>> read_of_view(const document::Catalog& catalog,
                                                          const Fields& inner) {
  const std::string_view name = inner.command();
  if (name == "find") {
    const query::FindRequest request = NACRE_TRY(find_request(inner));
    return aggregation::read_of_view(catalog, request);
  }
  if (name == "count") {
    const query::CountRequest request = NACRE_TRY(count_request(inner));
    return aggregation::read_of_view(catalog, request);
  }
  if (name == "distinct") {
    const query::DistinctRequest request = NACRE_TRY(distinct_request(inner));
    return aggregation::read_of_view(catalog, request);
  }
  if (name != "aggregate") return std::nullopt;
  const AggregateCommand command = NACRE_TRY(parse_aggregate(inner));
  return aggregation::read_of_view(catalog, command.request);
}

// A plan, and the command it is the plan of.
struct Explained {
  bson::Document plan;
  bson::Document command;
};

Result<Explained> explain_anything(const query::Scope& scope, const Fields& inner,
                                   query::Verbosity verbosity) {
  const document::Snapshot snapshot = NACRE_TRY(scope.database.snapshot());
  const auto view = NACRE_TRY(read_of_view(snapshot.catalog(), inner));
  if (view) {
    return Explained{.plan = NACRE_TRY(aggregation::explain(scope, view->request(), verbosity)),
                     .command = view->command()};
  }
  return Explained{.plan = NACRE_TRY(explain_one(scope, inner, verbosity)),
                   .command = bson::Document(inner.body())};
}

// The plan over a database that does not exist.
bson::Document explain_nothing(const Request& request, const Fields& inner) {
  const bson::Element collection = *inner.body().begin();
  bson::Builder plan;
  plan.append("explainVersion", "1");
  const bson::Element pipeline = inner.get("pipeline");
  if (collection.is_number() && pipeline.is(bson::Type::kArray)) {
    return plan.append_array("stages", pipeline.array()).finish();
  }
  plan.begin_document("queryPlanner");
  plan.append("namespace", format("{}.{}", request.database,
                                  collection.is(bson::Type::kString) ? collection.string() : ""));
  plan.begin_document("winningPlan").append("stage", "EOF").end();
  plan.begin_array("rejectedPlans").end().end();
  return plan.finish();
}

}  // namespace

Result<> explain_into(const Request& request, const Fields& inner, query::Verbosity verbosity,
                      bson::Builder& reply) {
  if (std::ranges::find(kExplainable, inner.command()) == kExplainable.end()) {
    return fail(Code::kUnsupported, wire_code::kCommandNotFound,
                format("Explain failed due to unknown command: {}", inner.command()));
  }
  const std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  Explained explained{.plan = explain_nothing(request, inner),
                      .command = bson::Document(inner.body())};
  if (database) {
    explained = NACRE_TRY(explain_anything(scope_of(request, **database), inner, verbosity));
  }
  reply.append_all(explained.plan).append("command", explained.command);
  reply.begin_document("serverInfo").append("host", request.services.facts.host_name);
  reply.append("version", "8.0.0").append("gitVersion", "nacre").end();
  reply.begin_document("serverParameters");
  reply.append_number("internalQueryMaxBlockingSortMemoryUsageBytes",
                      static_cast<std::int64_t>(query::kStageBytesMax));
  reply.append_number("internalDocumentSourceGroupMaxMemoryBytes",
                      static_cast<std::int64_t>(query::kStageBytesMax));
  reply.end().append("queryShapeHash", query_shape_hash(inner.body()));
  return {};
}

namespace {

Result<Rows> open_rows(const query::Scope& scope, const query::FindRequest& asked) {
  if (!asked.tailable) return Rows(NACRE_TRY(aggregation::find(scope, asked)));
  const document::Snapshot snapshot = NACRE_TRY(scope.database.snapshot());
  NACRE_TRY(aggregation::read_of_view(snapshot.catalog(), asked));  // refuses it of a view
  if (scope.transaction != nullptr) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                "a tailable cursor cannot be part of a transaction");
  }
  return Rows(NACRE_TRY(query::Tail::open(scope, asked)));
}

}  // namespace

Result<> find(const Request& request, bson::Builder& reply) {
  const Fields& fields = request.fields;
  const query::FindRequest asked = NACRE_TRY(find_request(fields));
  const std::optional<std::int64_t> batch_size = NACRE_TRY(batch_size_of(fields));
  const bool single_batch = NACRE_TRY(fields.boolean("singleBatch", false));
  const bool times_out = !NACRE_TRY(fields.boolean("noCursorTimeout", false));
  const std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  if (!database) {
    // A filter that makes no sense is an error even where nothing can be found.
    NACRE_TRY(query::check(asked));
    append_empty_batch(request, asked.collection, reply);
    return {};
  }
  const bool awaits_data = NACRE_TRY(fields.boolean("awaitData", false));
  const query::Scope scope = scope_of(request, **database);
  Rows rows = NACRE_TRY(open_rows(scope, asked));
  return append_first_batch(request,
                            StoredCursor{.database = std::string(request.database),
                                         .collection = std::string(asked.collection),
                                         .rows = std::move(rows),
                                         .times_out = times_out,
                                         .awaits_data = awaits_data},
                            {.batch_size = batch_size, .single_batch = single_batch}, reply);
}

Result<> get_more(const Request& request, bson::Builder& reply) {
  const Fields& fields = request.fields;
  const bson::Element first = *fields.body().begin();
  if (!first.is(bson::Type::kInt64)) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field 'getMore.getMore' is the wrong type '{}', expected type 'long'",
                       bson::name(first.type())));
  }
  const std::string_view collection = NACRE_TRY(fields.required_string("collection"));
  const std::optional<std::int64_t> batch_size = NACRE_TRY(batch_size_of(fields));
  const std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  return append_next_batch(request, database ? &**database : nullptr, first.int64(), collection,
                           batch_size, reply);
}

Result<> kill_cursors(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const bson::View ids = NACRE_TRY(request.fields.required_array("cursors"));
  bson::Builder killed = bson::Builder::array();
  bson::Builder unknown = bson::Builder::array();
  for (const bson::Element& id : ids) {
    if (!id.is(bson::Type::kInt64)) {
      return fail(Code::kInvalid, wire_code::kTypeMismatch,
                  "BSON field 'killCursors.cursors' must hold values of type 'long'");
    }
    const bool found = request.services.cursors.kill(id.int64(), request.database, collection);
    (found ? killed : unknown).push(id);
  }
  reply.append_array("cursorsKilled", killed.finish());
  reply.append_array("cursorsNotFound", unknown.finish());
  reply.begin_array("cursorsAlive").end().begin_array("cursorsUnknown").end();
  return {};
}

Result<> count(const Request& request, bson::Builder& reply) {
  const query::CountRequest asked = NACRE_TRY(count_request(request.fields));
  const std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  std::int64_t n = 0;
  if (database) {
    n = NACRE_TRY(aggregation::count(scope_of(request, **database), asked));
  } else {
    NACRE_TRY(match::Filter::parse(asked.filter));
  }
  reply.append_number("n", n);
  return {};
}

namespace {

// MongoDB answers from a pipeline then, whose `ok` is an int32.
Result<bool> is_read_by_pipeline(const Request& request, document::Database& database,
                                 std::string_view collection) {
  const auto has_pipeline = [&](const document::Catalog& catalog) {
    const document::CollectionInfo* info = catalog.find(collection);
    return info != nullptr && (info->settings.is_view || info->settings.series);
  };
  if (request.transaction != nullptr) {
    return has_pipeline(request.transaction->transaction.catalog());
  }
  const document::Snapshot now = NACRE_TRY(database.snapshot());
  return has_pipeline(now.catalog());
}

}  // namespace

Result<> distinct(const Request& request, bson::Builder& reply) {
  const query::DistinctRequest asked = NACRE_TRY(distinct_request(request.fields));
  const std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  bson::Document values;
  bool by_pipeline = false;
  if (database) {
    by_pipeline = NACRE_TRY(is_read_by_pipeline(request, **database, asked.collection));
    values = NACRE_TRY(aggregation::distinct(scope_of(request, **database), asked));
  } else {
    NACRE_TRY(match::Filter::parse(asked.filter));
  }
  reply.append_array("values", values);
  if (by_pipeline) {
    reply.append("ok", 1);
  } else {
    reply.append("ok", 1.0);
  }
  return {};
}

Result<> explain(const Request& request, bson::Builder& reply) {
  const bson::Element inner = *request.fields.body().begin();
  if (!inner.is(bson::Type::kDocument) || inner.document().empty()) {
    return fail(Code::kInvalid, wire_code::kFailedToParse,
                "explain command requires a nested object");
  }
  std::string_view verbosity = "allPlansExecution";
  if (request.fields.get("verbosity")) {
    verbosity = NACRE_TRY(request.fields.required_string("verbosity"));
  }
  if (verbosity != "queryPlanner" && verbosity != "executionStats" &&
      verbosity != "allPlansExecution") {
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("verbosity is '{}', expected queryPlanner, executionStats or "
                       "allPlansExecution",
                       verbosity));
  }
  return explain_into(request, Fields(inner.document(), nullptr), verbosity_of(verbosity), reply);
}

}  // namespace nacre::server
