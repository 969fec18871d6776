// findAndModify: writes one document and answers with it, as it was or as it became.
#include <optional>
#include <utility>

#include "expression/environment.h"
#include "match/filter.h"
#include "query/operations.h"
#include "query/projection.h"
#include "query/variables.h"
#include "server/commands.h"
#include "server/scope.h"
#include "server/wire_error.h"
#include "server/write_statements.h"

namespace nacre::server {
namespace {

// What goes together; `wrong` names what does not.
Result<> check_choice(const Fields& fields, bool removes, bool upserts, bool returns_new) {
  const bool updates = static_cast<bool>(fields.get("update"));
  const char* wrong = nullptr;
  if (removes && updates) wrong = "Cannot specify both an update and remove=true";
  if (!removes && !updates) wrong = "Either an update or remove=true must be specified";
  if (removes && upserts) wrong = "Cannot specify both upsert=true and remove=true";
  if (removes && returns_new) {
    wrong =
        "Cannot specify both new=true and remove=true; 'remove' always returns the deleted "
        "document";
  }
  if (removes && !NACRE_TRY(fields.array("arrayFilters")).empty()) {
    wrong = "Cannot specify arrayFilters and remove=true";
  }
  if (wrong != nullptr) return fail(Code::kInvalid, wire_code::kFailedToParse, wrong);
  return {};
}

// {_id: value}: one document at most, for which no order is looked at.
bool names_one_id(const bson::View& filter) {
  if (filter.count() != 1) return false;
  const bson::Element id = *filter.begin();
  if (id.name() != "_id") return false;
  const bool is_condition = id.is(bson::Type::kDocument) && !id.document().empty() &&
                            id.document().begin()->name().starts_with('$');
  return !is_condition && !id.is(bson::Type::kRegex) && !id.is(bson::Type::kArray) &&
         !id.is_null_like();
}

Result<> append_value(bson::Builder& reply, const query::Projection& projection,
                      const std::optional<bson::Document>& image) {
  if (!image) {
    reply.append("value", bson::Null());
  } else if (projection.keeps_everything()) {
    reply.append("value", *image);
  } else {
    expression::Environment environment;
    reply.append("value", NACRE_TRY(projection.apply(*image, environment)));
  }
  return {};
}

Result<> remove_one(const Request& request, const query::UpdateRequest& asked,
                    const query::Projection& projection, bson::Builder& reply) {
  const Databases::Lease database = NACRE_TRY(open_database(request));
  NACRE_TRY(
      check_collection_uuid(*database, asked.collection, request.fields.get("collectionUUID")));
  const auto taken =
      NACRE_TRY(query::take(scope_of(request, *database), {.collection = asked.collection,
                                                           .filter = asked.filter,
                                                           .hint = asked.hint,
                                                           .sort = asked.sort,
                                                           .collation = asked.collation,
                                                           .let = asked.let}));
  reply.begin_document("lastErrorObject").append("n", taken ? 1 : 0).end();
  return append_value(reply, projection, taken);
}

Result<> update_one(const Request& request, const query::UpdateRequest& asked,
                    const query::Projection& projection, bson::Builder& reply) {
  const Databases::Lease database = NACRE_TRY(open_database(request));
  NACRE_TRY(
      check_collection_uuid(*database, asked.collection, request.fields.get("collectionUUID")));
  const query::UpdateResult result = NACRE_TRY(query::update(scope_of(request, *database), asked));
  const bool found = result.matched > 0;
  reply.begin_document("lastErrorObject").append("n", found || result.did_upsert() ? 1 : 0);
  reply.append("updatedExisting", found);
  if (result.did_upsert()) reply.append("upserted", result.upserted.find("_id"));
  reply.end();
  return append_value(reply, projection, result.image);
}

}  // namespace

Result<> find_and_modify(const Request& request, bson::Builder& reply) {
  const Fields& fields = request.fields;
  const bool removes = NACRE_TRY(fields.boolean("remove", false));
  const bool returns_new = NACRE_TRY(fields.boolean("new", false));
  query::UpdateRequest asked;
  asked.collection = NACRE_TRY(fields.collection());
  asked.filter = NACRE_TRY(fields.document("query"));
  asked.sort = NACRE_TRY(fields.document("sort"));
  if (names_one_id(asked.filter)) asked.sort = {};
  asked.upsert = NACRE_TRY(fields.boolean("upsert", false));
  asked.hint = NACRE_TRY(read_write_hint(fields));
  asked.collation = NACRE_TRY(fields.collation());
  asked.let = NACRE_TRY(fields.document("let"));
  asked.array_filters = NACRE_TRY(fields.array("arrayFilters"));
  asked.bypass_validation = NACRE_TRY(fields.boolean("bypassDocumentValidation", false));
  asked.image = returns_new ? query::Image::kAfter : query::Image::kBefore;
  const bson::View shown = NACRE_TRY(fields.document("fields"));
  NACRE_TRY(check_choice(fields, removes, asked.upsert, returns_new));
  // A positional projection shows the element that the query met.
  expression::Scope names;
  expression::Environment unused;
  NACRE_TRY(query::define_variables(asked.let, names, unused));
  const match::Filter filter = NACRE_TRY(match::Filter::parse(
      asked.filter, {.scope = &names, .collator = query::collator_for(asked.collation, nullptr)}));
  query::Projection projection =
      NACRE_TRY(query::Projection::parse(shown, {.scope = &names, .query = asked.filter}));
  projection.set_query(filter);
  if (removes) return remove_one(request, asked, projection, reply);
  NACRE_TRY(read_update_value(fields, "update", asked));
  return update_one(request, asked, projection, reply);
}

}  // namespace nacre::server
