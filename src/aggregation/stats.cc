// $collStats, $indexStats, $planCacheStats, $currentOp, $listSessions and $listLocalSessions: what
// is known about the server instead of documents.
#include <utility>

#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "query/collection_stats.h"
#include "query/plan_cache.h"

namespace nacre::aggregation {
namespace {

// Rows that were made when the stage was opened.
class MadeRows final : public query::Operator {
 public:
  MadeRows(std::string_view stage, std::vector<bson::Document> rows)
      : stage_(stage), rows_(std::move(rows)) {}
  Result<std::optional<query::Row>> next() override {
    if (at_ == rows_.size()) return std::nullopt;
    ++counters_.returned;
    return query::Row{.key = {}, .document = rows_[at_++].view()};
  }
  [[nodiscard]] std::string_view stage() const override { return stage_; }

 private:
  std::string_view stage_;
  std::vector<bson::Document> rows_;
  std::size_t at_ = 0;
};

// A source whose rows a function makes.
class StatsStage final : public StageSpec {
 public:
  using Make = Result<std::vector<bson::Document>> (*)(const bson::View& options,
                                                       std::string_view collection,
                                                       Context& context);
  StatsStage(std::string_view name, const bson::View& options, std::string_view collection,
             Make make)
      : name_(name), options_(options), collection_(collection), make_(make) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  Result<OperatorPtr> open(OperatorPtr, Context& context) const override {
    std::vector<bson::Document> rows = NACRE_TRY(make_(options_, collection_, context));
    return std::make_unique<MadeRows>(name_, std::move(rows));
  }
  [[nodiscard]] bool is_source() const override { return true; }

 private:
  std::string_view name_;
  bson::Document options_;
  std::string collection_;
  Make make_;
};

std::string namespace_of(const Context& context, std::string_view collection) {
  return format("{}.{}", context.scope.database.name(), collection);
}

Result<std::vector<bson::Document>> coll_stats(const bson::View& options,
                                               std::string_view collection, Context& context) {
  const document::CollectionInfo* info = context.execution.reader.catalog().find(collection);
  if (info == nullptr) {
    return fail(Code::kNotFound, error_codes::kNamespaceNotFound,
                format("Unable to retrieve storageStats in $collStats stage :: caused by :: "
                       "Collection [{}] not found.",
                       namespace_of(context, collection)));
  }
  bson::Builder row;
  row.append("ns", namespace_of(context, collection)).append("host", "localhost:27017");
  row.append("localTime", bson::Date{.milliseconds = static_cast<std::int64_t>(
                                         number(context.scope.database.now()) / 1000)});
  const bson::Element latency = options.find("latencyStats");
  if (latency) {
    row.begin_document("latencyStats");
    for (const std::string_view kind : {"reads", "writes", "commands", "transactions"}) {
      row.begin_document(kind).append("latency", std::int64_t{0}).append("ops", std::int64_t{0});
      row.end();
    }
    row.end();
  }
  const bson::Element storage = options.find("storageStats");
  const bson::Element count = options.find("count");
  if (storage || count) {
    const query::CollectionStats stats =
        NACRE_TRY(query::collection_stats(context.execution, collection));
    if (storage) {
      row.begin_document("storageStats");
      const std::int64_t scale = storage.document().find("scale").as_int64().value_or(1);
      query::append_storage_stats(stats, scale, row);
      row.end();
    }
    if (count) row.append_number("count", stats.documents);
  }
  if (options.find("queryExecStats")) {
    row.begin_document("queryExecStats").begin_document("collectionScans");
    row.append("total", std::int64_t{0}).append("nonTailable", std::int64_t{0}).end().end();
  }
  std::vector<bson::Document> rows;
  rows.push_back(row.finish());
  return rows;
}

Result<std::vector<bson::Document>> index_stats(const bson::View&, std::string_view collection,
                                                Context& context) {
  std::vector<bson::Document> rows;
  const document::CollectionInfo* info = context.execution.reader.catalog().find(collection);
  if (info == nullptr) return rows;
  for (const bson::Document& spec : info->index_specifications()) {
    bson::Builder row;
    row.append("name", spec.find("name")).append("key", spec.find("key"));
    row.append("host", "localhost:27017");
    row.begin_document("accesses").append("ops", std::int64_t{0});
    row.append("since", context.environment.now()).end();
    row.append("spec", spec);
    rows.push_back(row.finish());
  }
  return rows;
}

Result<std::vector<bson::Document>> plan_cache_stats(const bson::View&, std::string_view collection,
                                                     Context& context) {
  const document::Catalog& catalog = context.execution.reader.catalog();
  if (catalog.find(collection) == nullptr) {
    return fail(Code::kNotFound, 50933,
                format("collection '{}' does not exist", namespace_of(context, collection)));
  }
  return query::plan_cache_rows(context.scope.database, catalog, collection);
}

Result<std::vector<bson::Document>> current_op(const bson::View&, std::string_view,
                                               Context& context) {
  std::vector<bson::Document> rows;
  bson::Builder row;
  row.append("type", "op").append("host", "localhost:27017").append("desc", "conn");
  row.append("active", true).append("op", "command");
  row.append("ns", namespace_of(context, "$cmd.aggregate"));
  row.begin_document("command").append("aggregate", 1).end();
  rows.push_back(row.finish());
  return rows;
}

Result<std::vector<bson::Document>> no_rows(const bson::View&, std::string_view, Context&) {
  return std::vector<bson::Document>();
}

}  // namespace

Result<StagePtr> parse_coll_stats(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(
        Code::kInvalid, 5447000,
        format("$collStats must take a nested object but found: {}", bson::name(stage.type())));
  }
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name != "latencyStats" && name != "storageStats" && name != "count" &&
        name != "queryExecStats" && name != "targetAllNodes" && name != "operationStats") {
      return unknown_field("$collStats", field);
    }
    if (name == "targetAllNodes") continue;
    if (!field.is(bson::Type::kDocument)) return wrong_type("$collStats", field, "object");
    const bool takes_nothing = name == "count" || name == "queryExecStats";
    if (takes_nothing && !field.document().empty()) {
      return fail(Code::kInvalid, 31170, format("$collStats: '{}' takes no options", name));
    }
    const bson::Element scale = field.document().find("scale");
    if (scale && scale.as_int64().value_or(0) < 1) {
      return fail(Code::kInvalid, 51024, "$collStats: scale must be a number of at least 1");
    }
  }
  return std::make_unique<StatsStage>("$collStats", stage.document(), context.collection,
                                      coll_stats);
}

Result<StagePtr> parse_index_stats(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument) || !stage.document().empty()) {
    return fail(Code::kInvalid, 28803,
                "The $indexStats stage specification must be an empty object");
  }
  return std::make_unique<StatsStage>("$indexStats", stage.document(), context.collection,
                                      index_stats);
}

Result<StagePtr> parse_plan_cache_stats(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(
        Code::kInvalid, 9,
        format("$planCacheStats value must be an object. Found: {}", bson::name(stage.type())));
  }
  for (const bson::Element& field : stage.document()) {
    if (field.name() != "allHosts") {
      return fail(Code::kInvalid, error_codes::kFailedToParse,
                  format("$planCacheStats parameters object may contain only 'allHosts' field. "
                         "Found: {}",
                         field.name()));
    }
    if (!field.is(bson::Type::kBool)) {
      return fail(Code::kInvalid, error_codes::kFailedToParse,
                  format("$planCacheStats 'allHosts' parameter must be a boolean. Found: {}",
                         bson::name(field.type())));
    }
    if (field.boolean()) {
      return fail(Code::kInvalid, 4503200,
                  "$planCacheStats stage supports allHosts parameter only for sharded clusters");
    }
  }
  return std::make_unique<StatsStage>("$planCacheStats", stage.document(), context.collection,
                                      plan_cache_stats);
}

namespace {

// The collections of the database at hand.
Result<std::vector<bson::Document>> cluster_catalog(const bson::View&, std::string_view,
                                                    Context& context) {
  const document::Catalog& catalog = context.execution.reader.catalog();
  const std::string_view database = context.scope.database.name();
  std::vector<bson::Document> rows;
  for (const std::string& name : catalog.collection_names()) {
    const document::CollectionInfo& info = *catalog.find(name);
    const bool is_view = info.settings.is_view;
    const bool is_series = info.settings.series.has_value();
    bson::Builder row;
    row.append("ns", format("{}.{}", database, name)).append("db", database);
    row.append("type", is_view ? "view" : is_series ? "timeseries" : "collection");
    row.append("options", info.options);
    row.begin_document("info").append("readOnly", is_view);
    if (!is_view) row.append("uuid", bson::Binary{.subtype = 4, .bytes = info.uuid});
    row.end();
    if (!is_view && !is_series) {
      row.begin_document("idIndex").append("v", 2).begin_document("key").append("_id", 1).end();
      row.append("name", document::kIdIndexName).end();
    }
    row.append("sharded", false);
    rows.push_back(row.finish());
  }
  return rows;
}

std::unexpected<Error> only_on_admin(const bson::Element& stage) {
  return fail(
      Code::kInvalid, 73,
      format("{} must be run against the 'admin' database with {{aggregate: 1}}", stage.name()));
}

}  // namespace

Result<StagePtr> parse_list_cluster_catalog(const bson::Element& stage, ParseContext& context) {
  if (!context.collection.empty()) {
    return fail(Code::kInvalid, 9621301,
                "The $listClusterCatalog stage must run on a database, not a collection.");
  }
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 9621302, "$listClusterCatalog must take an object");
  }
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name != "shards" && name != "tracked" && name != "balancingConfiguration") {
      return unknown_field("$listClusterCatalog", field);
    }
    if (!field.is(bson::Type::kBool)) return wrong_type("$listClusterCatalog", field, "bool");
  }
  return std::make_unique<StatsStage>("$listClusterCatalog", stage.document(), context.collection,
                                      cluster_catalog);
}

// No query has settings, and no shape of one is counted.
Result<StagePtr> parse_query_settings(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 7746800, "$querySettings must take an object");
  }
  for (const bson::Element& field : stage.document()) {
    if (field.name() != "showDebugQueryShape") return unknown_field("$querySettings", field);
    if (!field.is(bson::Type::kBool)) return wrong_type("$querySettings", field, "bool");
  }
  if (!context.collection.empty()) return only_on_admin(stage);
  return std::make_unique<StatsStage>("$querySettings", stage.document(), context.collection,
                                      no_rows);
}

Result<StagePtr> parse_query_stats(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kFailedToParse, "$queryStats value must be an object");
  }
  for (const bson::Element& field : stage.document()) {
    if (field.name() != "transformIdentifiers") return unknown_field("$queryStats", field);
    if (!field.is(bson::Type::kDocument)) return wrong_type("$queryStats", field, "object");
  }
  if (!context.collection.empty() || context.database.name() != "admin") {
    return only_on_admin(stage);
  }
  return std::make_unique<StatsStage>("$queryStats", stage.document(), context.collection, no_rows);
}

Result<StagePtr> parse_current_op(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "$currentOp options must be specified in an object");
  }
  if (!context.collection.empty() || context.database.name() != "admin") {
    return fail(Code::kInvalid, error_codes::kInvalidNamespace,
                "$currentOp must be run against the 'admin' database with {aggregate: 1}");
  }
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name != "allUsers" && name != "idleConnections" && name != "idleCursors" &&
        name != "idleSessions" && name != "localOps" && name != "backtrace" &&
        name != "targetAllNodes" && name != "truncateOps") {
      return fail(Code::kInvalid, error_codes::kFailedToParse,
                  format("Unrecognized option '{}' in $currentOp stage.", name));
    }
    if (!field.is(bson::Type::kBool)) {
      return fail(
          Code::kInvalid, 9,
          format("The '{}' parameter of the $currentOp stage must be a boolean value", name));
    }
  }
  return std::make_unique<StatsStage>("$currentOp", stage.document(), context.collection,
                                      current_op);
}

namespace {

// The one session that is known: that of the command.
Result<std::vector<bson::Document>> own_session(const bson::View&, std::string_view,
                                                Context& context) {
  std::vector<bson::Document> rows;
  if (context.session.empty()) return rows;
  rows.push_back(bson::Builder()
                     .append("_id", context.session)
                     .append("lastUse", context.environment.now())
                     .finish());
  return rows;
}

}  // namespace

Result<StagePtr> parse_list_sessions(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kTypeMismatch,
                format("{} options must be specified in an object", stage.name()));
  }
  const bool is_local = stage.name() == "$listLocalSessions";
  for (const bson::Element& field : stage.document()) {
    if (field.name() != "allUsers" && field.name() != "users" &&
        field.name() != "$_internalPredicate") {
      return unknown_field(stage.name(), field);
    }
  }
  const bool fits =
      is_local ? context.collection.empty()
               : context.collection == "system.sessions" && context.database.name() == "config";
  if (!fits) {
    return fail(Code::kInvalid, error_codes::kInvalidNamespace,
                format("{} may only be run against {}", stage.name(),
                       is_local ? "a database, with {aggregate: 1}" : "config.system.sessions"));
  }
  return std::make_unique<StatsStage>(is_local ? "$listLocalSessions" : "$listSessions",
                                      stage.document(), context.collection,
                                      is_local ? own_session : no_rows);
}

}  // namespace nacre::aggregation
