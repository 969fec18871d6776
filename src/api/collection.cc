#include <utility>

#include "aggregation/aggregate.h"
#include "api/state_internal.h"
#include "bson/json.h"
#include "document/envelope.h"
#include "document/index_keys.h"

namespace nacre {

using detail::Access;
using detail::explained;

namespace {

constexpr std::int32_t kNotInTransaction = 263;

Result<> refuse_in_transaction(const Collection& collection, const char* what) {
  if (Access::transaction(collection) == nullptr) return {};
  return fail(Code::kUnsupported, kNotInTransaction,
              std::string(what) + " cannot be done inside a transaction");
}

std::vector<std::string> index_names(const document::CollectionInfo& info) {
  std::vector<std::string> names{std::string(document::kIdIndexName)};
  for (const document::IndexInfo& index : info.indexes) {
    if (index.name != document::kIdIndexName) names.push_back(index.name);
  }
  return names;
}

// What the collection is where `scope` reads.
Result<std::optional<document::CollectionInfo>> collection_info(const query::Scope& scope,
                                                                const std::string& name) {
  const auto in = [&](const document::Catalog& catalog) -> std::optional<document::CollectionInfo> {
    const document::CollectionInfo* info = catalog.find(name);
    if (info == nullptr) return std::nullopt;
    return *info;
  };
  if (scope.transaction != nullptr) return in(scope.transaction->catalog());
  if (scope.at != nullptr) return in(scope.at->catalog());
  const document::Snapshot snapshot = NACRE_TRY(scope.database.snapshot());
  return in(snapshot.catalog());
}

// A document as it was found, in a row that need not stay.
struct FoundRow {
  Result<> whole{};
  document::Envelope envelope{};
  std::string bson{};

  void take(Bytes row) {
    const auto stored = document::decode(row);
    if (!stored) {
      whole = std::unexpected(stored.error().clone());
      return;
    }
    envelope = stored->envelope;
    bson.assign(as_text(stored->bson.bytes()));
  }
};

// The row of the document of that key where `scope` reads; nothing when it is not there.
Result<std::optional<std::string>> row_of(const query::Scope& scope, const std::string& collection,
                                          const std::string& key) {
  if (scope.transaction != nullptr) {
    const document::CollectionInfo* info = scope.transaction->catalog().find(collection);
    if (info == nullptr) return std::nullopt;
    return scope.transaction->rows().get(info->table, as_bytes(key));
  }
  const document::Snapshot snapshot =
      scope.at != nullptr ? *scope.at : NACRE_TRY(scope.database.snapshot());
  const document::CollectionInfo* info = snapshot.catalog().find(collection);
  if (info == nullptr) return std::nullopt;
  return snapshot.rows().get(info->table, as_bytes(key));
}

Result<query::Cursor> run_pipeline(const Collection& collection, const bson::View& pipeline) {
  const query::Scope scope = NACRE_TRY(Access::reading(collection));
  return explained(aggregation::aggregate(
                       scope, {.collection = collection.name(), .pipeline = pipeline, .hint = {}}),
                   collection);
}

// [{$match: filter}, {$group: {_id: null, count, sum, average, min, max}}]
bson::Document summary_pipeline(const bson::View& filter, std::string_view path) {
  const std::string field = "$" + std::string(path);
  bson::Builder stages = bson::Builder::array();
  stages.push_begin_document().append("$match", filter).end();
  stages.push_begin_document().begin_document("$match").begin_document(path);
  stages.append("$exists", true).end().end().end();
  stages.push_begin_document().begin_document("$group").append("_id", bson::Null{});
  stages.begin_document("count").append("$sum", 1).end();
  const auto accumulate = [&](std::string_view name, std::string_view operation) {
    stages.begin_document(name).append(operation, field).end();
  };
  accumulate("sum", "$sum");
  accumulate("average", "$avg");
  accumulate("min", "$min");
  accumulate("max", "$max");
  stages.end().end();
  return stages.finish();
}

}  // namespace

Query Collection::find(DocumentInput filter) const {
  detail::QueryState state{
      .collection = *this, .problem = {}, .filter = {}, .sort = {}, .projection = {}, .hint = {}};
  auto condition = Access::read(filter);
  if (condition) {
    state.filter = *std::move(condition);
  } else {
    state.problem = std::move(condition).error();
  }
  return Access::query(std::move(state));
}

Result<std::optional<Document>> Collection::find_one(DocumentInput filter) const {
  return find(filter).limit(1).first();
}

Result<std::optional<VersionedDocument>> Collection::get(const Value& id) const {
  const query::Scope scope = NACRE_TRY(Access::reading(*this));
  const std::string key = document::id_key(Access::element(id));
  FoundRow found;
  std::optional<bool> is_there;
  if (scope.transaction == nullptr && scope.at == nullptr) {
    is_there =
        NACRE_TRY(scope.database.visit(name_, as_bytes(key), [&](Bytes row) { found.take(row); }));
  }
  if (!is_there) {
    const auto row = NACRE_TRY(row_of(scope, name_, key));
    is_there = row.has_value();
    if (row) found.take(as_bytes(*row));
  }
  if (!*is_there) return std::nullopt;
  NACRE_TRY(std::move(found.whole));
  return VersionedDocument{.document = Access::document(std::move(found.bson)),
                           .version = found.envelope.version,
                           .created = detail::instant(found.envelope.created),
                           .updated = detail::instant(found.envelope.updated)};
}

Result<std::int64_t> Collection::count(DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(Access::reading(*this));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  return explained(query::count(scope, {.collection = name_, .filter = condition, .hint = {}}),
                   *this);
}

Result<std::vector<Value>> Collection::distinct(std::string_view path, DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(Access::reading(*this));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document found = NACRE_TRY(explained(
      query::distinct(scope, {.collection = name_, .path = path, .filter = condition}), *this));
  std::vector<Value> values;
  for (const bson::Element& value : found.view()) values.push_back(Access::value(value));
  return values;
}

Result<Summary> Collection::summarize(std::string_view path, DocumentInput filter) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document pipeline = summary_pipeline(condition, path);
  auto cursor = NACRE_TRY(run_pipeline(*this, pipeline));
  const auto group = NACRE_TRY(cursor.next());
  Summary summary;
  if (!group) return summary;
  summary.count = group->find("count").as_int64().value_or(0);
  summary.sum = group->find("sum").as_double().value_or(0);
  summary.average = group->find("average").as_double();
  summary.min = Access::value(group->find("min"));
  summary.max = Access::value(group->find("max"));
  return summary;
}

Result<Cursor> Collection::aggregate(std::string_view pipeline) const {
  const bson::Document stages = NACRE_TRY(bson::array_from_json(pipeline));
  auto cursor = NACRE_TRY(run_pipeline(*this, stages));
  return Access::cursor(std::move(cursor));
}

Result<std::string> Collection::create_index(DocumentInput keys,
                                             const IndexOptions& options) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "create_index"));
  const bson::Document pattern = NACRE_TRY(Access::read(keys));
  bson::Builder asked;
  asked.append("key", pattern);
  if (!options.name.empty()) asked.append("name", options.name);
  if (options.unique) asked.append("unique", true);
  if (options.sparse) asked.append("sparse", true);
  const bson::Document whole = asked.finish();
  const document::IndexSpec spec = NACRE_TRY(explained(document::parse_index_spec(whole), *this));
  NACRE_TRY(explained(scope.database.create_indexes(name_, std::span(&spec, 1), scope.durability),
                      *this));
  return spec.name;
}

Result<> Collection::drop_index(std::string_view name) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "drop_index"));
  const auto info = NACRE_TRY(collection_info(scope, name_));
  const std::vector<std::string> known = info ? index_names(*info) : std::vector<std::string>();
  auto dropped = scope.database.drop_index(name_, name);
  if (dropped || dropped.error().code() != Code::kNotFound)
    return explained(std::move(dropped), *this);
  return std::unexpected(detail::unknown_name(Code::kNotFound, dropped.error().number(),
                                              dropped.error().what(), name_, name, known));
}

Result<std::vector<Document>> Collection::indexes() const {
  const query::Scope scope = NACRE_TRY(Access::reading(*this));
  const auto info = NACRE_TRY(collection_info(scope, name_));
  std::vector<Document> all;
  if (!info) return all;
  for (const bson::Document& index : info->index_specifications()) {
    all.push_back(Access::document(index.view()));
  }
  return all;
}

Result<bool> Collection::drop() const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "drop"));
  return explained(scope.database.drop_collection(name_), *this);
}

}  // namespace nacre
