// Inserts, updates, replacements and deletes of Collection.
#include <functional>
#include <utility>

#include "api/state_internal.h"
#include "api/write_internal.h"
#include "base/text.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "document/writer.h"

namespace nacre {

using detail::Access;
using detail::explained;
using detail::in_transaction;

namespace detail {

bool starts_with_operator(const bson::View& update) {
  return !update.empty() && update.begin()->name().starts_with('$');
}

Result<> check_operators(const bson::View& update) {
  if (starts_with_operator(update)) return {};
  return fail(Code::kInvalid, 9,
              "an update needs operators such as $set; replace_one takes whole documents");
}

Result<> check_replacement(const bson::View& document) {
  if (!starts_with_operator(document)) return {};
  return fail(Code::kInvalid, 9, "replace_one takes a whole document, not update operators");
}

Result<> insert_all(const query::Scope& scope, const std::string& collection,
                    std::span<const bson::View> documents) {
  auto result = NACRE_TRY(query::insert(scope, {.collection = collection, .documents = documents}));
  if (!result.errors.empty()) return std::unexpected(std::move(result.errors.front().error));
  return {};
}

Document id_document(const bson::View& document) {
  bson::Builder id;
  id.append(document.find("_id"));
  return Access::document(id.finish().view());
}

}  // namespace detail

namespace {

Result<UpdateResult> run_update(const query::Scope& scope, const std::string& collection,
                                const bson::Document& filter, const bson::Document& update,
                                bool multi, bool upsert) {
  const auto result = NACRE_TRY(query::update(scope, {.collection = collection,
                                                      .filter = filter,
                                                      .update = update,
                                                      .multi = multi,
                                                      .upsert = upsert,
                                                      .hint = {}}));
  UpdateResult answer{.matched = result.matched, .modified = result.modified, .upserted = {}};
  if (result.did_upsert()) answer.upserted = Access::document(result.upserted.view());
  return answer;
}

std::size_t hot_key_of(const std::string& collection, const bson::Document& filter) {
  return std::hash<std::string_view>()(filter.bytes()) ^ std::hash<std::string>()(collection);
}

// The version of the first document that matches; 0 when none does.
Result<std::uint64_t> version_of_match(const query::Scope& scope, const std::string& collection,
                                       const bson::Document& filter) {
  auto cursor = NACRE_TRY(
      query::find(scope, {.collection = collection, .filter = filter, .limit = 1, .hint = {}}));
  const auto found = NACRE_TRY(cursor.next());
  const document::CollectionInfo* info = scope.transaction->catalog().find(collection);
  if (!found || info == nullptr) return 0;
  const std::string key = document::id_key(found->find("_id"));
  const auto row = NACRE_TRY(scope.transaction->rows().get(info->table, as_bytes(key)));
  if (!row) return 0;
  const document::StoredDocument stored = NACRE_TRY(document::decode(as_bytes(*row)));
  return stored.envelope.version;
}

// kConflict unless the document that matches is at that version.
Result<> check_version(const query::Scope& scope, const std::string& collection,
                       const bson::Document& filter, std::uint64_t expected) {
  const std::uint64_t found = NACRE_TRY(version_of_match(scope, collection, filter));
  if (found == expected && found != 0) return {};
  bson::Document details = bson::Builder()
                               .append("collection", collection)
                               .append("expectedVersion", static_cast<std::int64_t>(expected))
                               .append("foundVersion", static_cast<std::int64_t>(found))
                               .finish();
  std::string what = found == 0 ? format("expected a document of {} at version {}, found none",
                                         collection, expected)
                                : format("the document of {} is at version {}, expected version {}",
                                         collection, found, expected);
  return std::unexpected(
      Error(Code::kConflict, std::move(what)).with_details(std::move(details).release()));
}

struct WantedChange {
  const bson::Document& filter;
  const bson::Document& update;
  bool multi = false;
  UpdateOptions options;
};

Result<UpdateResult> change(const Collection& collection, const WantedChange& wanted) {
  const query::Scope scope = NACRE_TRY(Access::writing(collection));
  const UpdateOptions& options = wanted.options;
  if (!options.expected_version) {
    return explained(run_update(scope, collection.name(), wanted.filter, wanted.update,
                                wanted.multi, options.upsert),
                     collection);
  }
  if (options.upsert || wanted.multi) {
    return fail(Code::kInvalid, 2, "expected_version is for one document, and not with upsert");
  }
  UpdateResult result;
  const auto body = [&](const query::Scope& inside) -> Result<> {
    NACRE_TRY(check_version(inside, collection.name(), wanted.filter, *options.expected_version));
    result = NACRE_TRY(
        run_update(inside, collection.name(), wanted.filter, wanted.update, false, false));
    return {};
  };
  NACRE_TRY(explained(
      in_transaction(collection, body, hot_key_of(collection.name(), wanted.filter)), collection));
  return result;
}

}  // namespace

Result<Document> Collection::insert_one(DocumentInput document) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  const bson::Document given = NACRE_TRY(Access::read(document));
  bson::Document holder;
  const bson::View whole = NACRE_TRY(document::with_id_first(given, holder));
  NACRE_TRY(explained(detail::insert_all(scope, name_, std::span(&whole, 1)), *this));
  return detail::id_document(whole);
}

Result<std::vector<Document>> Collection::insert_many(std::span<const Document> documents) const {
  std::vector<bson::Document> holders(documents.size());
  std::vector<bson::View> views;
  std::vector<Document> ids;
  views.reserve(documents.size());
  ids.reserve(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    views.push_back(NACRE_TRY(document::with_id_first(Access::view(documents[i]), holders[i])));
    ids.push_back(detail::id_document(views.back()));
  }
  const auto body = [&](const query::Scope& scope) {
    return detail::insert_all(scope, name_, views);
  };
  NACRE_TRY(explained(in_transaction(*this, body, std::hash<std::string>()(name_)), *this));
  return ids;
}

Result<UpdateResult> Collection::update_one(DocumentInput filter, DocumentInput update,
                                            UpdateOptions options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document wanted = NACRE_TRY(Access::read(update));
  NACRE_TRY(detail::check_operators(wanted));
  return change(*this, {.filter = condition, .update = wanted, .options = options});
}

Result<UpdateResult> Collection::update_many(DocumentInput filter, DocumentInput update,
                                             UpdateOptions options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document wanted = NACRE_TRY(Access::read(update));
  NACRE_TRY(detail::check_operators(wanted));
  return change(*this, {.filter = condition, .update = wanted, .multi = true, .options = options});
}

Result<UpdateResult> Collection::replace_one(DocumentInput filter, DocumentInput document,
                                             UpdateOptions options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document whole = NACRE_TRY(Access::read(document));
  NACRE_TRY(detail::check_replacement(whole));
  return change(*this, {.filter = condition, .update = whole, .options = options});
}

Result<std::int64_t> Collection::delete_one(DocumentInput filter, DeleteOptions options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  std::int64_t removed = 0;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    if (options.expected_version) {
      NACRE_TRY(check_version(scope, name_, condition, *options.expected_version));
    }
    removed = NACRE_TRY(query::remove(
        scope, {.collection = name_, .filter = condition, .multi = false, .hint = {}}));
    return {};
  };
  NACRE_TRY(explained(in_transaction(*this, body, hot_key_of(name_, condition)), *this));
  return removed;
}

Result<std::int64_t> Collection::delete_many(DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  return explained(
      query::remove(scope, {.collection = name_, .filter = condition, .multi = true, .hint = {}}),
      *this);
}

Result<VersionedDocument> Collection::update_fields(const Value& id, const Update& update,
                                                    UpdateOptions options) const {
  const bson::Document filter = Access::id_filter(id);
  const bson::Document wanted = NACRE_TRY(Access::read(update));
  NACRE_TRY(detail::check_operators(wanted));
  VersionedDocument after;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    if (options.expected_version) {
      NACRE_TRY(check_version(scope, name_, filter, *options.expected_version));
    }
    const UpdateResult result =
        NACRE_TRY(run_update(scope, name_, filter, wanted, false, options.upsert));
    if (result.matched == 0 && !result.upserted) return detail::no_document(name_, id);
    after = NACRE_TRY(detail::get_inside(scope, name_, id));
    return {};
  };
  NACRE_TRY(explained(in_transaction(*this, body, hot_key_of(name_, filter)), *this));
  return after;
}

}  // namespace nacre
