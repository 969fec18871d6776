#include <utility>

#include "aggregation/aggregate.h"
#include "api/state_internal.h"
#include "bson/json.h"
#include "document/writer.h"

namespace nacre {

using detail::Access;
using detail::scope_of;

namespace {

constexpr std::int32_t kNotInTransaction = 263;

Result<> refuse_in_transaction(const detail::TransactionState* transaction, const char* what) {
  if (transaction == nullptr) return {};
  return fail(Code::kUnsupported, kNotInTransaction,
              std::string(what) + " cannot be done inside a transaction");
}

bool starts_with_operator(const bson::View& update) {
  return !update.empty() && update.begin()->name().starts_with('$');
}

Result<UpdateResult> run_update(const query::Scope& scope, const std::string& collection,
                                const bson::Document& filter, const bson::Document& update,
                                bool multi, UpdateOptions options) {
  const auto result = NACRE_TRY(query::update(scope, {.collection = collection,
                                                      .filter = filter,
                                                      .update = update,
                                                      .multi = multi,
                                                      .upsert = options.upsert,
                                                      .hint = {}}));
  UpdateResult answer{.matched = result.matched, .modified = result.modified, .upserted = {}};
  if (result.did_upsert()) answer.upserted = Access::document(result.upserted.view());
  return answer;
}

Result<UpdateResult> update_documents(const query::Scope& scope, const std::string& collection,
                                      const DocumentInput& filter, const DocumentInput& update,
                                      bool multi, UpdateOptions options) {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document change = NACRE_TRY(Access::read(update));
  if (!starts_with_operator(change)) {
    return fail(Code::kInvalid, 9,
                "an update needs operators such as $set; replace_one takes whole documents");
  }
  return run_update(scope, collection, condition, change, multi, options);
}

Result<std::int64_t> delete_documents(const query::Scope& scope, const std::string& collection,
                                      const DocumentInput& filter, bool multi) {
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  return query::remove(scope,
                       {.collection = collection, .filter = condition, .multi = multi, .hint = {}});
}

// The first error of a document, if any, is the answer: all or none.
Result<> insert_all(const query::Scope& scope, const std::string& collection,
                    std::span<const bson::View> documents) {
  auto result = NACRE_TRY(query::insert(scope, {.collection = collection, .documents = documents}));
  if (!result.errors.empty()) return std::unexpected(std::move(result.errors.front().error));
  return {};
}

}  // namespace

Result<Document> Collection::insert_one(DocumentInput document) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  const bson::Document given = NACRE_TRY(Access::read(document));
  bson::Document holder;
  const bson::View whole = NACRE_TRY(document::with_id_first(given, holder));
  NACRE_TRY(insert_all(scope, name_, std::span(&whole, 1)));
  bson::Builder id;
  id.append(*whole.begin());
  return Access::document(id.finish().view());
}

Result<std::int64_t> Collection::insert_many(std::span<const Document> documents) const {
  query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  std::vector<bson::View> views;
  views.reserve(documents.size());
  for (const Document& document : documents) views.push_back(Access::view(document));
  if (transaction_ != nullptr) {
    NACRE_TRY(insert_all(scope, name_, views));
  } else {
    const auto body = [&](document::Transaction& transaction) {
      scope.transaction = &transaction;
      return insert_all(scope, name_, views);
    };
    NACRE_TRY(database_->database->transact(body, database_->durability));
  }
  return static_cast<std::int64_t>(documents.size());
}

Query Collection::find(DocumentInput filter) const {
  detail::QueryState state{.database = database_,
                           .transaction = transaction_,
                           .collection = name_,
                           .problem = {},
                           .filter = {},
                           .sort = {},
                           .projection = {},
                           .hint = {}};
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

Result<std::int64_t> Collection::count(DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  return query::count(scope, {.collection = name_, .filter = condition, .hint = {}});
}

Result<Cursor> Collection::aggregate(std::string_view pipeline) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  const bson::Document stages = NACRE_TRY(bson::array_from_json(pipeline));
  auto cursor = NACRE_TRY(
      aggregation::aggregate(scope, {.collection = name_, .pipeline = stages, .hint = {}}));
  return Access::cursor(std::move(cursor));
}

Result<UpdateResult> Collection::update_one(DocumentInput filter, DocumentInput update,
                                            UpdateOptions options) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  return update_documents(scope, name_, filter, update, false, options);
}

Result<UpdateResult> Collection::update_many(DocumentInput filter, DocumentInput update,
                                             UpdateOptions options) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  return update_documents(scope, name_, filter, update, true, options);
}

Result<UpdateResult> Collection::replace_one(DocumentInput filter, DocumentInput document,
                                             UpdateOptions options) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  const bson::Document condition = NACRE_TRY(Access::read(filter));
  const bson::Document whole = NACRE_TRY(Access::read(document));
  if (starts_with_operator(whole)) {
    return fail(Code::kInvalid, 9, "replace_one takes a whole document, not update operators");
  }
  return run_update(scope, name_, condition, whole, false, options);
}

Result<std::int64_t> Collection::delete_one(DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  return delete_documents(scope, name_, filter, false);
}

Result<std::int64_t> Collection::delete_many(DocumentInput filter) const {
  const query::Scope scope = NACRE_TRY(scope_of(*database_, transaction_));
  return delete_documents(scope, name_, filter, true);
}

Result<std::string> Collection::create_index(DocumentInput keys,
                                             const IndexOptions& options) const {
  NACRE_TRY(refuse_in_transaction(transaction_, "create_index"));
  const bson::Document pattern = NACRE_TRY(Access::read(keys));
  document::IndexSpec spec = NACRE_TRY(document::parse_key_pattern(pattern));
  if (!options.name.empty()) spec.name = options.name;
  spec.unique = options.unique;
  spec.sparse = options.sparse;
  NACRE_TRY(database_->database->create_indexes(name_, std::span(&spec, 1), database_->durability));
  return spec.name;
}

Result<> Collection::drop_index(std::string_view name) const {
  NACRE_TRY(refuse_in_transaction(transaction_, "drop_index"));
  return database_->database->drop_index(name_, name);
}

Result<std::vector<Document>> Collection::indexes() const {
  const document::Snapshot snapshot = NACRE_TRY(database_->database->snapshot());
  std::vector<Document> all;
  const document::CollectionInfo* info = snapshot.catalog().find(name_);
  if (info == nullptr) return all;
  for (const bson::Document& index : info->index_specifications()) {
    all.push_back(Access::document(index.view()));
  }
  return all;
}

Result<bool> Collection::drop() const {
  NACRE_TRY(refuse_in_transaction(transaction_, "drop"));
  return database_->database->drop_collection(name_);
}

}  // namespace nacre
