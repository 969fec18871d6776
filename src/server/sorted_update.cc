#include "server/sorted_update.h"

#include <optional>

#include "bson/builder.h"
#include "server/scope.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

// The _id of the first document in the order, as a filter; nothing when none matches.
Result<std::optional<bson::Document>> first_of(const query::Scope& scope,
                                               const query::UpdateRequest& request,
                                               bson::View sort) {
  const bson::Document only_id = bson::Builder().append("_id", 1).finish();
  query::FindRequest search;
  search.collection = request.collection;
  search.filter = request.filter;
  search.projection = only_id;
  search.sort = sort;
  search.hint = request.hint;
  search.limit = 1;
  query::Cursor cursor = NACRE_TRY(query::find(scope, search));
  const std::optional<bson::View> row = NACRE_TRY(cursor.next());
  if (!row) return std::nullopt;
  return bson::Document(*row);
}

}  // namespace

Result<query::UpdateResult> update_sorted(const query::Scope& scope,
                                          const query::UpdateRequest& request, bson::View sort) {
  if (sort.empty()) return query::update(scope, request);
  if (request.multi) {
    return fail(Code::kInvalid, wire_code::kFailedToParse, "Cannot specify sort with multi=true");
  }
  query::UpdateResult result;
  const auto body = [&](const query::Scope& inside) -> Result<> {
    const std::optional<bson::Document> first = NACRE_TRY(first_of(inside, request, sort));
    query::UpdateRequest named = request;
    if (first) {
      named.filter = first->view();
      named.hint = bson::Element();
    }
    result = query::UpdateResult();
    if (first || request.upsert) result = NACRE_TRY(query::update(inside, named));
    return {};
  };
  NACRE_TRY(in_transaction(scope, body));
  return result;
}

}  // namespace nacre::server
