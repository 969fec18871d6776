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

Result<VersionedDocument> get_inside(const query::Scope& scope, const std::string& collection,
                                     const Value& id) {
  const document::CollectionInfo* info = scope.transaction->catalog().find(collection);
  if (info == nullptr) return no_document(collection, id);
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

// The first match in the order of the options, or nothing.
Result<std::optional<bson::Document>> first_match(const query::Scope& scope,
                                                  const std::string& collection,
                                                  const bson::Document& filter,
                                                  const FindOneAndOptions& options) {
  bson::Document sort;
  if (!options.sort.empty()) sort = NACRE_TRY(bson::from_json(options.sort));
  auto cursor = NACRE_TRY(query::find(
      scope, {.collection = collection, .filter = filter, .sort = sort, .limit = 1, .hint = {}}));
  const auto found = NACRE_TRY(cursor.next());
  if (!found) return std::nullopt;
  return bson::Document(*found);
}

Result<std::optional<bson::Document>> by_id(const query::Scope& scope,
                                            const std::string& collection,
                                            const bson::Element& id) {
  const bson::Document filter = bson::Builder().append("_id", id).finish();
  return first_match(scope, collection, filter, {});
}

// The filter for that document alone, with what the positional $ stands for.
bson::Document narrowed(const bson::View& document, const bson::View& filter) {
  bson::Builder builder;
  const bson::Element id = filter.find("_id");
  if (!id) return builder.append(document.find("_id")).append_all(filter).finish();
  if (filter.count() == 1 && id.type() == document.find("_id").type()) {
    return bson::Document(filter);
  }
  builder.begin_array("$and").push_begin_document().append(document.find("_id")).end();
  builder.push(filter).end();
  return builder.finish();
}

struct FindAndChange {
  const bson::Document& filter;
  const bson::Document& update;
  const FindOneAndOptions& options;
};

Result<std::optional<bson::Document>> find_and_change(const query::Scope& scope,
                                                      const std::string& collection,
                                                      const FindAndChange& wanted) {
  auto before = NACRE_TRY(first_match(scope, collection, wanted.filter, wanted.options));
  if (!before && !wanted.options.upsert) return std::nullopt;
  const bson::Document filter = before ? narrowed(*before, wanted.filter) : wanted.filter;
  const auto result = NACRE_TRY(query::update(scope, {.collection = collection,
                                                      .filter = filter,
                                                      .update = wanted.update,
                                                      .upsert = !before,
                                                      .hint = {}}));
  if (wanted.options.returned == Returned::kBefore) return before;
  return by_id(scope, collection, before ? before->find("_id") : result.upserted.find("_id"));
}

Result<std::optional<Document>> find_one_and(const Collection& collection,
                                             const FindAndChange& wanted) {
  std::optional<bson::Document> found;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    found = NACRE_TRY(find_and_change(scope, collection.name(), wanted));
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
  const bson::Document wanted = NACRE_TRY(Access::read(update));
  NACRE_TRY(detail::check_operators(wanted));
  return find_one_and(*this, {.filter = condition, .update = wanted, .options = options});
}

Result<std::optional<Document>> Collection::find_one_and_replace(
    DocumentInput filter, DocumentInput document, const FindOneAndOptions& options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document whole = NACRE_TRY(Access::read(document));
  NACRE_TRY(detail::check_replacement(whole));
  return find_one_and(*this, {.filter = condition, .update = whole, .options = options});
}

Result<std::optional<Document>> Collection::find_one_and_delete(
    DocumentInput filter, const FindOneAndOptions& options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  std::optional<bson::Document> found;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    found = NACRE_TRY(first_match(scope, name_, condition, options));
    if (!found) return {};
    const bson::Document that = bson::Builder().append(found->find("_id")).finish();
    NACRE_TRY(
        query::remove(scope, {.collection = name_, .filter = that, .multi = false, .hint = {}}));
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
