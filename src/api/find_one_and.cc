// One document found and changed in one commit.
#include <functional>
#include <utility>

#include "api/write_internal.h"
#include "base/text.h"
#include "bson/json.h"
#include "document/envelope.h"
#include "document/index_keys.h"

namespace nacre {

using detail::Access;
using detail::explained;
using detail::in_transaction;

namespace detail {

std::unexpected<Error> no_document(const std::string& collection, const Value& id) {
  return fail(Code::kNotFound, format("{} has no document of _id {}", collection, id.to_json()));
}

Result<> refuse_series(const document::CollectionInfo& info) {
  if (!info.settings.series) return {};
  return fail(Code::kUnsupported,
              format("{} is a time series: an _id does not name one of its documents; find shows "
                     "them",
                     info.name));
}

Result<VersionedDocument> get_inside(const query::Scope& scope, const std::string& collection,
                                     const Value& id) {
  const document::CollectionInfo* info = scope.transaction->catalog().find(collection);
  if (info == nullptr) return no_document(collection, id);
  NACRE_TRY(refuse_series(*info));
  const std::string key = document::id_key(Access::element(id));
  const auto row = NACRE_TRY(scope.transaction->rows().get(info->table, as_bytes(key)));
  if (!row) return no_document(collection, id);
  const document::StoredDocument stored = NACRE_TRY(document::decode(as_bytes(*row)));
  return VersionedDocument{.document = Access::document(stored.bson),
                           .version = stored.envelope.version,
                           .created = instant(stored.envelope.created),
                           .updated = instant(stored.envelope.updated)};
}

}  // namespace detail

namespace {

struct FindAndChange {
  const bson::Document& filter;
  const detail::ReadUpdate& update;
  const FindOneAndOptions& options;
};

Result<bson::Document> sort_of(const FindOneAndOptions& options) {
  if (!options.sort.is_given()) return bson::Document();
  return Access::read(options.sort);
}

Result<std::optional<Document>> find_one_and(const Collection& collection,
                                             const FindAndChange& wanted) {
  const bson::Document sort = NACRE_TRY(sort_of(wanted.options));
  const bson::Document array_filters = detail::array_of(wanted.options.array_filters);
  const bool before = wanted.options.returned == Returned::kBefore;
  std::optional<bson::Document> found;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    auto result = NACRE_TRY(
        query::update(scope, {.collection = collection.name(),
                              .filter = wanted.filter,
                              .update = wanted.update.document,
                              .is_pipeline = wanted.update.is_pipeline,
                              .array_filters = array_filters,
                              .upsert = wanted.options.upsert,
                              .hint = {},
                              .sort = sort,
                              .image = before ? query::Image::kBefore : query::Image::kAfter}));
    found = std::move(result.image);
    return {};
  };
  const std::size_t hot_key = std::hash<std::string_view>()(wanted.filter.bytes());
  NACRE_TRY(explained(in_transaction(collection, body, hot_key), collection));
  if (!found) return std::nullopt;
  return Access::document(std::move(*found).release());
}

// {$inc: {path: by}} on the document of that _id; the document afterwards.
Result<Document> incremented(const Collection& collection, const Value& id, std::string_view path,
                             const Value& by) {
  const auto after = NACRE_TRY(
      collection.find_one_and_update(Filter(Document::of({{"_id", id}})), Update().inc(path, by)));
  if (!after) return detail::no_document(collection.name(), id);
  return *after;
}

}  // namespace

Result<std::optional<Document>> Collection::find_one_and_update(
    DocumentInput filter, DocumentInput update, const FindOneAndOptions& options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const detail::ReadUpdate wanted = NACRE_TRY(detail::read_operators(update));
  return find_one_and(*this, {.filter = condition, .update = wanted, .options = options});
}

Result<std::optional<Document>> Collection::find_one_and_replace(
    DocumentInput filter, DocumentInput document, const FindOneAndOptions& options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const detail::ReadUpdate wanted = NACRE_TRY(detail::read_replacement(document));
  return find_one_and(*this, {.filter = condition, .update = wanted, .options = options});
}

Result<std::optional<Document>> Collection::find_one_and_delete(
    DocumentInput filter, const FindOneAndOptions& options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document sort = NACRE_TRY(sort_of(options));
  std::optional<bson::Document> found;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    found = NACRE_TRY(
        query::take(scope, {.collection = name_, .filter = condition, .hint = {}, .sort = sort}));
    return {};
  };
  const std::size_t hot_key = std::hash<std::string_view>()(condition.bytes());
  NACRE_TRY(explained(in_transaction(*this, body, hot_key), *this));
  if (!found) return std::nullopt;
  return Access::document(std::move(*found).release());
}

Result<std::int64_t> Collection::increment(const Value& id, std::string_view path,
                                           std::int64_t by) const {
  const Document after = NACRE_TRY(incremented(*this, id, path, by));
  return after.require_int64(path);
}

Result<double> Collection::increment_float(const Value& id, std::string_view path,
                                           double by) const {
  const Document after = NACRE_TRY(incremented(*this, id, path, by));
  return after.require_double(path);
}

}  // namespace nacre
