// Commands about the plans that are remembered for shapes of queries. There are no index filters:
// none can be set, so that there are none to list or to clear.
#include "base/text.h"
#include "query/plan_cache.h"
#include "server/commands.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

Result<bson::View> object_field(const Fields& fields, std::string_view name) {
  const bson::Element field = fields.get(name);
  if (!field) return bson::View();
  if (field.is(bson::Type::kDocument)) return field.document();
  return fail(Code::kInvalid, wire_code::kBadValue,
              format("optional field {} must be an object", name));
}

// What is left unsaid of a shape is empty.
Result<query::FindRequest> shape_request(const Fields& fields) {
  query::FindRequest request;
  request.collection = NACRE_TRY(fields.collection());
  request.filter = NACRE_TRY(object_field(fields, "query"));
  request.sort = NACRE_TRY(object_field(fields, "sort"));
  request.projection = NACRE_TRY(object_field(fields, "projection"));
  NACRE_TRY(object_field(fields, "collation"));
  request.collation = NACRE_TRY(fields.collation());
  return request;
}

bool names_shape(const Fields& fields) {
  return fields.get("query") || fields.get("sort") || fields.get("projection") ||
         fields.get("collation");
}

Result<> check_shape(const Fields& fields) {
  NACRE_TRY(shape_request(fields));
  if (!names_shape(fields) || fields.get("query")) return {};
  return fail(Code::kInvalid, wire_code::kBadValue,
              "sort, projection, or collation provided without query");
}

}  // namespace

Result<> plan_cache_clear(const Request& request, bson::Builder&) {
  const query::FindRequest shape = NACRE_TRY(shape_request(request.fields));
  NACRE_TRY(check_shape(request.fields));
  const auto database = NACRE_TRY(request.services.databases.find(request.database));
  if (!database) return {};
  if (names_shape(request.fields)) return query::forget_plans(**database, shape);
  query::forget_plans(**database, shape.collection);
  return {};
}

Result<> plan_cache_clear_filters(const Request& request, bson::Builder&) {
  return check_shape(request.fields);
}

Result<> plan_cache_list_filters(const Request& request, bson::Builder& reply) {
  NACRE_TRY(request.fields.collection());
  reply.begin_array("filters").end();
  return {};
}

Result<> plan_cache_set_filter(const Request& request, bson::Builder&) {
  NACRE_TRY(request.fields.collection());
  return fail(Code::kUnsupported, wire_code::kCommandNotSupported,
              "index filters are not carried out by this version; a query may carry a hint");
}

}  // namespace nacre::server
