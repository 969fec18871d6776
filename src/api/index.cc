// The indexes of a collection, and the collection as a whole.
#include <utility>

#include "api/state_internal.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "document/index_spec.h"
#include "query/collection_change.h"

namespace nacre {

using detail::Access;
using detail::explained;

namespace {

using error_codes::kOperationNotSupportedInTransaction;

Result<> refuse_in_transaction(const Collection& collection, const char* what) {
  if (Access::transaction(collection) == nullptr) return {};
  return fail(Code::kUnsupported, kOperationNotSupportedInTransaction,
              std::string(what) + " cannot be done inside a transaction");
}

std::vector<std::string> index_names(const document::CollectionInfo& info) {
  std::vector<std::string> names;
  if (!info.settings.series) names.emplace_back(document::kIdIndexName);
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

Result<std::vector<std::string>> known_indexes(const query::Scope& scope,
                                               const std::string& collection) {
  const auto info = NACRE_TRY(collection_info(scope, collection));
  return info ? index_names(*info) : std::vector<std::string>();
}

Result<> append_option(bson::Builder& to, std::string_view name, const DocumentOption& option) {
  if (!option.is_given()) return {};
  auto value = Access::read(option);
  if (!value) {
    return std::unexpected(
        std::move(value).error().while_doing(format("reading the index option {}", name)));
  }
  to.append(name, *value);
  return {};
}

// As a client would send it to createIndexes.
Result<bson::Document> specification_of(const bson::Document& keys, const IndexOptions& options) {
  bson::Builder asked;
  asked.append("key", keys);
  const auto append_text = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) asked.append(name, text);
  };
  const auto append_flag = [&](std::string_view name, bool flag) {
    if (flag) asked.append(name, true);
  };
  append_text("name", options.name);
  append_flag("unique", options.unique);
  append_flag("sparse", options.sparse);
  append_flag("hidden", options.hidden);
  NACRE_TRY(append_option(asked, "partialFilterExpression", options.partial_filter));
  if (options.expire_after) {
    asked.append_number("expireAfterSeconds", std::int64_t{options.expire_after->count()});
  }
  NACRE_TRY(append_option(asked, "collation", options.collation));
  NACRE_TRY(append_option(asked, "wildcardProjection", options.wildcard_projection));
  NACRE_TRY(append_option(asked, "weights", options.weights));
  append_text("default_language", options.default_language);
  append_text("language_override", options.language_override);
  return asked.finish();
}

}  // namespace

Result<std::string> Collection::create_index(DocumentInput keys,
                                             const IndexOptions& options) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "create_index"));
  const bson::Document pattern = NACRE_TRY(Access::read(keys));
  const bson::Document asked = NACRE_TRY(specification_of(pattern, options));
  const document::IndexSpec spec = NACRE_TRY(explained(document::parse_index_spec(asked), *this));
  document::IndexBuildWatch watch;
  if (options.progress) {
    watch = [&](const document::IndexBuildProgress& progress) {
      return options.progress(
          {.documents = progress.documents_done, .total = progress.documents_total});
    };
  }
  NACRE_TRY(explained(
      scope.database.create_indexes(name_, std::span(&spec, 1), scope.durability, watch), *this));
  return spec.name;
}

Result<> Collection::change_index(std::string_view name, const IndexChange& change) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "change_index"));
  document::Transaction::IndexChange wanted{.hidden = change.hidden};
  if (change.expire_after) wanted.expire_after_seconds = change.expire_after->count();
  const auto body = [&](document::Transaction& transaction) {
    return transaction.change_index(name_, name, wanted);
  };
  auto changed = scope.database.transact(body, scope.durability);
  if (changed) return {};
  if (changed.error().code() != Code::kNotFound) {
    return std::unexpected(explained(std::move(changed).error(), name_));
  }
  const auto known = NACRE_TRY(known_indexes(scope, name_));
  return std::unexpected(detail::unknown_name(Code::kNotFound, changed.error().number(),
                                              changed.error().what(), name_, name, known));
}

Result<> Collection::drop_index(std::string_view name) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "drop_index"));
  auto dropped = scope.database.drop_index(name_, name);
  if (dropped || dropped.error().code() != Code::kNotFound)
    return explained(std::move(dropped), *this);
  const auto known = NACRE_TRY(known_indexes(scope, name_));
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

Result<Collection> Collection::rename(std::string_view to, bool drop_target) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "rename"));
  const auto body = [&](document::Transaction& transaction) {
    return transaction.rename_collection(name_, to, drop_target);
  };
  NACRE_TRY(explained(scope.database.transact(body, scope.durability), *this));
  return Collection(database_, nullptr, nullptr, to);
}

Result<> Collection::change_options(DocumentInput options) const {
  const query::Scope scope = NACRE_TRY(Access::writing(*this));
  NACRE_TRY(refuse_in_transaction(*this, "change_options"));
  const bson::Document changes = NACRE_TRY(Access::read(options));
  const auto body = [&](document::Transaction& transaction) -> Result<> {
    NACRE_TRY(query::check_changes(changes));
    return query::change_collection(transaction, name_, changes);
  };
  NACRE_TRY(explained(scope.database.transact(body, scope.durability), *this));
  return {};
}

}  // namespace nacre
