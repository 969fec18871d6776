#include "server/write_statements.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

Result<std::int64_t> read_limit(const Fields& fields) {
  const bson::Element limit = fields.get("limit");
  if (!limit) {
    return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
                "BSON field 'delete.deletes.limit' is missing but a required field");
  }
  if (!limit.is_number()) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field 'delete.deletes.limit' is the wrong type '{}', expected a "
                       "number",
                       bson::name(limit.type())));
  }
  const double value = limit.as_double().value_or(0);
  if (value == 0 || value == 1) return static_cast<std::int64_t>(value);
  return fail(Code::kInvalid, wire_code::kFailedToParse,
              format("The limit field in delete objects must be 0 or 1. Got {}", value));
}

}  // namespace

Result<WriteOptions> read_write_options(const Fields& fields) {
  WriteOptions options;
  options.ordered = NACRE_TRY(fields.strict_boolean("ordered", true));
  options.bypass_validation = NACRE_TRY(fields.boolean("bypassDocumentValidation", false));
  options.let = NACRE_TRY(fields.document("let"));
  return options;
}

Result<bson::Element> read_write_hint(const Fields& fields) {
  const bson::Element hint = fields.get("hint");
  if (!hint || hint.is(bson::Type::kString)) return hint;
  if (hint.is(bson::Type::kDocument)) return hint.document().empty() ? bson::Element() : hint;
  return fail(Code::kInvalid, wire_code::kFailedToParse, "Hint must be a string or an object");
}

Result<> read_update_value(const Fields& fields, std::string_view field, query::UpdateRequest& to) {
  const bson::Element value = fields.get(field);
  if (!value) {
    return fail(
        Code::kInvalid, wire_code::kIDLFailedToParse,
        format("BSON field '{}.{}' is missing but a required field", fields.command(), field));
  }
  if (!value.is(bson::Type::kDocument) && !value.is(bson::Type::kArray)) {
    return fail(Code::kInvalid, wire_code::kFailedToParse,
                "Update argument must be either an object or an array");
  }
  to.update = value.document();
  to.is_pipeline = value.is(bson::Type::kArray);
  return {};
}

Result<query::UpdateRequest> read_update(const Fields& fields, const StatementNames& names,
                                         const WriteOptions& options) {
  query::UpdateRequest request;
  request.filter = NACRE_TRY(fields.required_document(names.filter));
  NACRE_TRY(read_update_value(fields, names.update, request));
  request.constants = NACRE_TRY(fields.document(names.constants));
  request.array_filters = NACRE_TRY(fields.array("arrayFilters"));
  request.multi = NACRE_TRY(fields.strict_boolean("multi", false));
  request.upsert = NACRE_TRY(fields.strict_boolean("upsert", false));
  request.hint = NACRE_TRY(read_write_hint(fields));
  request.sort = NACRE_TRY(fields.document("sort"));
  request.collation = NACRE_TRY(fields.collation());
  request.let = options.let;
  request.bypass_validation = options.bypass_validation;
  if (request.multi && !request.sort.empty()) {
    return fail(Code::kInvalid, wire_code::kFailedToParse, "Cannot specify sort with multi=true");
  }
  return request;
}

Result<query::RemoveRequest> read_delete(const Fields& fields, const WriteOptions& options) {
  query::RemoveRequest request;
  request.filter = NACRE_TRY(fields.required_document("q"));
  const std::int64_t limit = NACRE_TRY(read_limit(fields));
  request.multi = limit == 0;
  request.hint = NACRE_TRY(read_write_hint(fields));
  request.collation = NACRE_TRY(fields.collation());
  request.let = options.let;
  return request;
}

Result<query::RemoveRequest> read_bulk_delete(const Fields& fields, const WriteOptions& options) {
  query::RemoveRequest request;
  request.filter = NACRE_TRY(fields.required_document("filter"));
  request.multi = NACRE_TRY(fields.strict_boolean("multi", false));
  request.hint = NACRE_TRY(read_write_hint(fields));
  request.collation = NACRE_TRY(fields.collation());
  request.let = options.let;
  return request;
}

Result<> check_collection_uuid(document::Database& database, std::string_view collection,
                               const bson::Element& asked) {
  if (!asked || asked.is_null_like()) return {};
  if (!asked.is(bson::Type::kBinary) || asked.binary().subtype != 4 ||
      asked.binary().bytes.size() != sizeof(document::Uuid)) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field 'collectionUUID' is the wrong type '{}', expected a UUID",
                       bson::name(asked.type())));
  }
  const document::Snapshot snapshot = NACRE_TRY(database.snapshot());
  const Bytes wanted = asked.binary().bytes;
  bson::Builder details;
  details.append("db", database.name()).append("collectionUUID", asked);
  details.append("expectedCollection", collection);
  bool found = false;
  for (const std::string& name : snapshot.catalog().collection_names()) {
    if (!std::ranges::equal(snapshot.catalog().find(name)->uuid, wanted)) continue;
    if (name == collection) return {};
    details.append("actualCollection", name);
    found = true;
  }
  if (!found) details.append("actualCollection", bson::Null());
  return std::unexpected(Error(Code::kInvalid, "Collection UUID does not match that specified")
                             .with_number(wire_code::kCollectionUUIDMismatch)
                             .with_details(std::move(details).finish().release()));
}

}  // namespace nacre::server
