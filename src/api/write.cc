// Inserts, updates, replacements and deletes of Collection.
#include <functional>
#include <utility>

#include "api/state_internal.h"
#include "api/write_internal.h"
#include "base/error_codes.h"
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
  return fail(Code::kInvalid, error_codes::kFailedToParse,
              "an update needs operators such as $set; replace_one takes whole documents");
}

Result<> check_replacement(const bson::View& document) {
  if (!starts_with_operator(document)) return {};
  return fail(Code::kInvalid, error_codes::kFailedToParse,
              "replace_one takes a whole document, not update operators");
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

// Which document a statement is about, and how it is found.
struct Matching {
  std::string_view collection;
  bson::View filter;
  bson::Element hint;
  query::Collation collation;
};

// The version of the first document that matches; 0 when none does.
Result<std::uint64_t> version_of_match(const query::Scope& scope, const Matching& matching) {
  const std::string_view collection = matching.collection;
  auto cursor = NACRE_TRY(query::find(scope, {.collection = collection,
                                              .filter = matching.filter,
                                              .limit = 1,
                                              .hint = matching.hint,
                                              .collation = matching.collation}));
  const auto found = NACRE_TRY(cursor.next());
  const document::CollectionInfo* info = scope.transaction->catalog().find(collection);
  if (!found || info == nullptr) return 0;
  NACRE_TRY(detail::refuse_series(*info));
  const std::string key = document::id_key(found->find("_id"));
  const auto row = NACRE_TRY(scope.transaction->rows().get(info->table, as_bytes(key)));
  if (!row) return 0;
  const document::StoredDocument stored = NACRE_TRY(document::decode(as_bytes(*row)));
  return stored.envelope.version;
}

// kConflict unless the document that matches is at that version.
Result<> check_version(const query::Scope& scope, const Matching& matching,
                       std::uint64_t expected) {
  const std::string_view collection = matching.collection;
  const std::uint64_t found = NACRE_TRY(version_of_match(scope, matching));
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

}  // namespace

namespace detail {

Result<ReadUpdate> read_operators(const DocumentInput& input) {
  ReadUpdate update = NACRE_TRY(Access::read_update(input));
  if (!update.is_pipeline) NACRE_TRY(check_operators(update.document));
  return update;
}

Result<ReadUpdate> read_replacement(const DocumentInput& input) {
  ReadUpdate update = NACRE_TRY(Access::read_whole(input));
  NACRE_TRY(check_replacement(update.document));
  return update;
}

bson::Document array_of(const std::vector<Document>& documents) {
  bson::Builder array = bson::Builder::array();
  for (const Document& each : documents) array.push(Access::view(each));
  return array.finish();
}

Result<query::UpdateResult> run_update(const query::Scope& scope, const std::string& collection,
                                       const WantedChange& wanted) {
  const UpdateOptions& options = wanted.options;
  const query::Collation collation = NACRE_TRY(Access::read_collation(options.collation));
  const bson::Value hint = NACRE_TRY(Access::read_hint(options.hint));
  if (options.expected_version) {
    if (options.upsert || wanted.multi) {
      return fail(Code::kInvalid, error_codes::kBadValue,
                  "expected_version is for one document, and not with upsert");
    }
    NACRE_TRY(check_version(scope,
                            {.collection = collection,
                             .filter = wanted.filter,
                             .hint = hint.element(),
                             .collation = collation},
                            *options.expected_version));
  }
  const bson::Document array_filters = array_of(options.array_filters);
  return query::update(scope, {.collection = collection,
                               .filter = wanted.filter,
                               .update = wanted.update,
                               .is_pipeline = wanted.is_pipeline,
                               .array_filters = array_filters,
                               .multi = wanted.multi,
                               .upsert = options.upsert,
                               .hint = hint.element(),
                               .collation = collation,
                               .bypass_validation = options.bypass_validation});
}

Result<std::int64_t> run_delete(const query::Scope& scope, const std::string& collection,
                                const WantedDelete& wanted) {
  const DeleteOptions& options = wanted.options;
  const query::Collation collation = NACRE_TRY(Access::read_collation(options.collation));
  const bson::Value hint = NACRE_TRY(Access::read_hint(options.hint));
  if (options.expected_version) {
    if (wanted.multi)
      return fail(Code::kInvalid, error_codes::kBadValue, "expected_version is for one document");
    NACRE_TRY(check_version(scope,
                            {.collection = collection,
                             .filter = wanted.filter,
                             .hint = hint.element(),
                             .collation = collation},
                            *options.expected_version));
  }
  return query::remove(scope, {.collection = collection,
                               .filter = wanted.filter,
                               .multi = wanted.multi,
                               .hint = hint.element(),
                               .collation = collation});
}

}  // namespace detail

namespace {

using detail::ReadUpdate;
using detail::WantedChange;

std::size_t hot_key_of(const std::string& collection, const bson::Document& filter) {
  return std::hash<std::string_view>()(filter.bytes()) ^ std::hash<std::string>()(collection);
}

Result<UpdateResult> change(const Collection& collection, const DocumentInput& filter,
                            const ReadUpdate& update, bool multi, const UpdateOptions& options) {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const WantedChange wanted{.filter = condition,
                            .update = update.document,
                            .is_pipeline = update.is_pipeline,
                            .multi = multi,
                            .options = options};
  query::UpdateResult result;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    result = NACRE_TRY(detail::run_update(scope, collection.name(), wanted));
    return {};
  };
  if (options.expected_version) {
    NACRE_TRY(explained(in_transaction(collection, body, hot_key_of(collection.name(), condition)),
                        collection));
  } else {
    // By itself it may be carried out in several commits.
    const query::Scope scope = NACRE_TRY(Access::writing(collection));
    NACRE_TRY(explained(body(scope), collection));
  }
  UpdateResult answer{.matched = result.matched, .modified = result.modified, .upserted = {}};
  if (result.did_upsert()) answer.upserted = Access::document(result.upserted.view());
  return answer;
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
                                            const UpdateOptions& options) const {
  const ReadUpdate wanted = NACRE_TRY(detail::read_operators(update));
  return change(*this, filter, wanted, /*multi=*/false, options);
}

Result<UpdateResult> Collection::update_many(DocumentInput filter, DocumentInput update,
                                             const UpdateOptions& options) const {
  const ReadUpdate wanted = NACRE_TRY(detail::read_operators(update));
  return change(*this, filter, wanted, /*multi=*/true, options);
}

Result<UpdateResult> Collection::replace_one(DocumentInput filter, DocumentInput document,
                                             const UpdateOptions& options) const {
  const ReadUpdate wanted = NACRE_TRY(detail::read_replacement(document));
  return change(*this, filter, wanted, /*multi=*/false, options);
}

Result<std::int64_t> Collection::delete_one(DocumentInput filter,
                                            const DeleteOptions& options) const {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  std::int64_t removed = 0;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    removed = NACRE_TRY(detail::run_delete(
        scope, name_, {.filter = condition, .multi = false, .options = options}));
    return {};
  };
  NACRE_TRY(explained(in_transaction(*this, body, hot_key_of(name_, condition)), *this));
  return removed;
}

Result<std::int64_t> Collection::delete_many(DocumentInput filter,
                                             const DeleteOptions& options) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  return explained(
      detail::run_delete(scope, name_, {.filter = condition, .multi = true, .options = options}),
      *this);
}

Result<VersionedDocument> Collection::update_fields(const Value& id, const Update& update,
                                                    const UpdateOptions& options) const {
  const bson::Document filter = Access::id_filter(id);
  const ReadUpdate wanted = NACRE_TRY(detail::read_operators(update));
  VersionedDocument after;
  const auto body = [&](const query::Scope& scope) -> Result<> {
    const query::UpdateResult result = NACRE_TRY(detail::run_update(
        scope, name_,
        {.filter = filter, .update = wanted.document, .multi = false, .options = options}));
    if (result.matched == 0 && !result.did_upsert()) return detail::no_document(name_, id);
    after = NACRE_TRY(detail::get_inside(scope, name_, id));
    return {};
  };
  NACRE_TRY(explained(in_transaction(*this, body, hot_key_of(name_, filter)), *this));
  return after;
}

}  // namespace nacre
