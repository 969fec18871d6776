#include "cli/statements.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "query/operations.h"

namespace nacre::cli {
namespace {

[[nodiscard]] Result<bson::View> require_document(const bson::View& in, std::string_view name) {
  const auto element = in.find(name);
  if (element.is(bson::Type::kDocument)) return element.document();
  return fail(Code::kInvalid,
              format("field \"{}\": is {}, expected a document", name, bson::name(element.type())));
}

// The documents of the array `name`; nothing else may be in it.
[[nodiscard]] Result<std::vector<bson::View>> require_documents(const bson::View& in,
                                                                std::string_view name) {
  const auto element = in.find(name);
  if (!element.is(bson::Type::kArray)) {
    return fail(Code::kInvalid, format("field \"{}\": is {}, expected an array of documents", name,
                                       bson::name(element.type())));
  }
  std::vector<bson::View> documents;
  for (const auto& each : element.array()) {
    if (!each.is(bson::Type::kDocument)) {
      return fail(Code::kInvalid, format("field \"{}.{}\": is {}, expected a document", name,
                                         each.name(), bson::name(each.type())));
    }
    documents.push_back(each.document());
  }
  return documents;
}

// A misspelled option must not silently change what a write does.
[[nodiscard]] Result<> allow_only(const bson::View& in,
                                  std::initializer_list<std::string_view> names) {
  for (const auto& element : in) {
    bool known = false;
    for (const std::string_view name : names) known = known || element.name() == name;
    if (!known) {
      return fail(Code::kInvalid, format("field \"{}\" is not known here", element.name()));
    }
  }
  return {};
}

[[nodiscard]] Result<> insert(const query::Scope& scope, std::string_view collection,
                              const bson::View& statement, StatementCounts& counts) {
  NACRE_TRY(allow_only(statement, {"insert", "documents"}));
  const auto documents = NACRE_TRY(require_documents(statement, "documents"));
  auto result = NACRE_TRY(query::insert(scope, {.collection = collection, .documents = documents}));
  if (!result.errors.empty()) return std::unexpected(std::move(result.errors.front().error));
  counts.inserted += static_cast<std::int64_t>(result.inserted);
  return {};
}

[[nodiscard]] Result<> update(const query::Scope& scope, std::string_view collection,
                              const bson::View& statement, StatementCounts& counts) {
  NACRE_TRY(allow_only(statement, {"update", "updates"}));
  const auto updates = NACRE_TRY(require_documents(statement, "updates"));
  for (const bson::View& each : updates) {
    NACRE_TRY(allow_only(each, {"q", "u", "multi", "upsert"}));
    const auto filter = NACRE_TRY(require_document(each, "q"));
    const auto change = NACRE_TRY(require_document(each, "u"));
    const auto result = NACRE_TRY(query::update(scope, {.collection = collection,
                                                        .filter = filter,
                                                        .update = change,
                                                        .multi = each.find("multi").truthy(),
                                                        .upsert = each.find("upsert").truthy()}));
    counts.modified += result.modified;
    if (result.did_upsert()) ++counts.inserted;
  }
  return {};
}

[[nodiscard]] Result<> remove(const query::Scope& scope, std::string_view collection,
                              const bson::View& statement, StatementCounts& counts) {
  NACRE_TRY(allow_only(statement, {"delete", "deletes"}));
  const auto deletes = NACRE_TRY(require_documents(statement, "deletes"));
  for (const bson::View& each : deletes) {
    NACRE_TRY(allow_only(each, {"q", "limit"}));
    const auto filter = NACRE_TRY(require_document(each, "q"));
    const auto limit = each.find("limit").as_int64();
    if (!limit.has_value() || (*limit != 0 && *limit != 1)) {
      return fail(Code::kInvalid, "field \"limit\": expected 0 (all) or 1");
    }
    counts.deleted += NACRE_TRY(
        query::remove(scope, {.collection = collection, .filter = filter, .multi = *limit == 0}));
  }
  return {};
}

}  // namespace

Result<> run_statement(document::Database& database, document::Transaction& transaction,
                       const bson::View& statement, StatementCounts& counts) {
  if (statement.empty()) return fail(Code::kInvalid, "the statement is empty");
  const auto verb = *statement.begin();
  if (!verb.is(bson::Type::kString)) {
    return fail(Code::kInvalid, format("field \"{}\": is {}, expected the name of a collection",
                                       verb.name(), bson::name(verb.type())));
  }
  const query::Scope scope{.database = database, .transaction = &transaction};
  if (verb.name() == "insert") return insert(scope, verb.string(), statement, counts);
  if (verb.name() == "update") return update(scope, verb.string(), statement, counts);
  if (verb.name() == "delete") return remove(scope, verb.string(), statement, counts);
  return fail(Code::kInvalid, format("statement \"{}\" is not known, expected insert, update or "
                                     "delete",
                                     verb.name()));
}

}  // namespace nacre::cli
