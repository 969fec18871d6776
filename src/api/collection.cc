#include <utility>

#include "aggregation/view_reads.h"
#include "api/state_internal.h"
#include "api/write_internal.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "bson/json.h"
#include "document/envelope.h"
#include "document/index_keys.h"

namespace nacre {

using detail::Access;
using detail::explained;

namespace {

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

Result<> refuse_view(const document::CollectionInfo& info) {
  using error_codes::kCommandNotSupportedOnView;
  NACRE_TRY(detail::refuse_series(info));
  if (!info.settings.is_view) return {};
  return fail(Code::kInvalid, kCommandNotSupportedOnView,
              format("{} is a view: its documents have no version; find shows them", info.name));
}

// The row of the document of that key where `scope` reads; nothing when it is not there.
Result<std::optional<std::string>> row_of(const query::Scope& scope, const std::string& collection,
                                          const std::string& key) {
  if (scope.transaction != nullptr) {
    const document::CollectionInfo* info = scope.transaction->catalog().find(collection);
    if (info == nullptr) return std::nullopt;
    NACRE_TRY(refuse_view(*info));
    return scope.transaction->rows().get(info->table, as_bytes(key));
  }
  const document::Snapshot snapshot =
      scope.at != nullptr ? *scope.at : NACRE_TRY(scope.database.snapshot());
  const document::CollectionInfo* info = snapshot.catalog().find(collection);
  if (info == nullptr) return std::nullopt;
  NACRE_TRY(refuse_view(*info));
  return snapshot.rows().get(info->table, as_bytes(key));
}

Result<query::Cursor> run_pipeline(const Collection& collection, const bson::View& pipeline,
                                   const AggregateOptions& options) {
  const query::Scope scope = NACRE_TRY(Access::reading(collection));
  const auto read = [](const DocumentOption& option) -> Result<bson::Document> {
    if (!option.is_given()) return bson::Document();
    return Access::read(option);
  };
  const bson::Document let = NACRE_TRY(read(options.let));
  const bson::Document collation = NACRE_TRY(read(options.collation));
  const bson::Value hint = NACRE_TRY(Access::read_hint(options.hint));
  return explained(aggregation::aggregate(scope, {.collection = collection.name(),
                                                  .pipeline = pipeline,
                                                  .hint = hint.element(),
                                                  .let = let,
                                                  .collation = collation}),
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
  detail::QueryState state{.collection = *this};
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
  return explained(
      aggregation::count(scope, {.collection = name_, .filter = condition, .hint = {}}), *this);
}

Result<std::vector<Value>> Collection::distinct(std::string_view path, DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(Access::reading(*this));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document found = NACRE_TRY(
      explained(aggregation::distinct(
                    scope, {.collection = name_, .path = path, .filter = condition, .hint = {}}),
                *this));
  std::vector<Value> values;
  for (const bson::Element& value : found.view()) values.push_back(Access::value(value));
  return values;
}

Result<Summary> Collection::summarize(std::string_view path, DocumentInput filter) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document pipeline = summary_pipeline(condition, path);
  auto cursor = NACRE_TRY(run_pipeline(*this, pipeline, {}));
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

Result<Cursor> Collection::aggregate(std::string_view pipeline,
                                     const AggregateOptions& options) const {
  const bson::Document stages = NACRE_TRY(bson::array_from_json(pipeline));
  const bool writes = aggregation::writes(stages);
  if (writes) NACRE_TRY(Access::writing(*this));
  auto cursor = NACRE_TRY(run_pipeline(*this, stages, options));
  if (writes) NACRE_TRY(explained(cursor.next(), *this));
  return Access::cursor(std::move(cursor));
}

}  // namespace nacre
